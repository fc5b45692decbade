// Command tpm-version is the Lambda function that serves TPM version.json, and the whole API on every path that no other route takes.
package main

import (
	"net/http"

	"tresor/shared/auth"
	"tresor/shared/dialect/tpm"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

func main() {
	wire.Start("tpm-version", func(v *vault.Vault, a *auth.Service) http.Handler {
		return tpm.NewHandler(v, a)
	}, tpm.Fail)
}
