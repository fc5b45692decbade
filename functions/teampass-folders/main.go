// Command teampass-folders is the Lambda function that adds TeamPass folders.
package main

import (
	"net/http"

	"tresor/shared/auth"
	"tresor/shared/dialect/teampass"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-folders", func(v *vault.Vault, a *auth.Service) http.Handler {
		return teampass.NewHandler(v, a, teampass.Folders)
	}, teampass.Fail)
}
