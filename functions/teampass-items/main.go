// Command teampass-items is the Lambda function that reads, adds and deletes TeamPass items.
package main

import (
	"net/http"

	"tresor/shared/auth"
	"tresor/shared/dialect/teampass"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-items", func(v *vault.Vault, a *auth.Service) http.Handler {
		return teampass.NewHandler(v, a, teampass.Items)
	}, teampass.Fail)
}
