// Command teampass-info is the Lambda function that answers TeamPass info, and refuses every TeamPass path or method that no other route takes.
package main

import (
	"net/http"

	"tresor/shared/auth"
	"tresor/shared/dialect/teampass"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-info", func(v *vault.Vault, a *auth.Service) http.Handler {
		return teampass.NewHandler(v, a, teampass.Info)
	}, teampass.Fail)
}
