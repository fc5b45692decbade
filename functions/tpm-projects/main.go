// Command tpm-projects is the Lambda function that serves TPM projects.
package main

import (
	"net/http"

	"tresor/shared/dialect/tpm"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.Start("tpm-projects", func(s *wire.System) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Files: bucket.Files(s)}, tpm.Projects)
	}, tpm.Fail)
}
