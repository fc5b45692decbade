// Command tpm-projects is the Lambda function that serves TPM projects.
package main

import (
	"net/http"

	"tresor/shared/auth"
	"tresor/shared/dialect/tpm"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

func main() {
	wire.Start("tpm-projects", func(v *vault.Vault, a *auth.Service) http.Handler {
		return tpm.NewHandler(v, a, tpm.Projects)
	}, tpm.Fail)
}
