// Command tpm-my-passwords is the Lambda function that serves TPM personal passwords.
package main

import (
	"net/http"

	"tresor/shared/dialect/tpm"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.Start("tpm-my-passwords", func(s *wire.System) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Files: bucket.Files(s)}, tpm.MyPasswords)
	}, tpm.Fail)
}
