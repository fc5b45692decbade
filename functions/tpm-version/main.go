// Command tpm-version is the Lambda function that serves TPM version.json, and the whole API on every path that no other route takes.
package main

import (
	"net/http"

	"tresor/shared/dialect/tpm"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.Start("tpm-version", func(s *wire.System) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Log: s.Trail, Files: bucket.Files(s)})
	}, tpm.Fail)
}
