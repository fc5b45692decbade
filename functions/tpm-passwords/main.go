// Command tpm-passwords is the Lambda function that serves TPM passwords.
package main

import (
	"net/http"

	"tresor/shared/dialect/tpm"
	"tresor/shared/wire"
)

func main() {
	wire.Start("tpm-passwords", func(s *wire.System) http.Handler {
		return tpm.NewHandler(s.Vault, s.Auth, tpm.Passwords)
	}, tpm.Fail)
}
