// Command tpm-users is the Lambda function that serves TPM users.
package main

import (
	"net/http"

	"tresor/shared/dialect/tpm"
	"tresor/shared/wire"
)

func main() {
	wire.Start("tpm-users", func(s *wire.System) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth}, tpm.Users)
	}, tpm.Fail)
}
