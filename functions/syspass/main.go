// Command syspass is the Lambda function that serves the sysPass JSON-RPC API.
package main

import (
	"net/http"

	"tresor/shared/auth"
	"tresor/shared/dialect/syspass"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

func main() {
	wire.Start("syspass", func(v *vault.Vault, a *auth.Service) http.Handler {
		return syspass.NewHandler(v, a)
	}, syspass.Fail)
}
