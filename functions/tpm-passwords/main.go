// Command tpm-passwords is the Lambda function that serves TPM passwords.
package main

import (
	"net/http"

	"tresor/shared/dialect/tpm"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.Start("tpm-passwords", func(s *wire.System) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Files: bucket.Files(s)}, tpm.Passwords)
	}, tpm.Fail)
}
