// Command tpm-files is the Lambda function that serves TPM files, but for their lists and uploads, which lie under what they are attached to.
package main

import (
	"net/http"

	"tresor/shared/dialect/tpm"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.Start("tpm-files", func(s *wire.System) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Files: bucket.Files(s)}, tpm.Files)
	}, tpm.Fail)
}
