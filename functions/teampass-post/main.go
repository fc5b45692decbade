// Command teampass-post is the Lambda function that serves the whole TeamPass API by POST, where the call is in the body.
package main

import (
	"net/http"

	"tresor/shared/auth"
	"tresor/shared/dialect/teampass"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-post", func(v *vault.Vault, a *auth.Service) http.Handler {
		return teampass.NewHandler(v, a)
	}, teampass.Fail)
}
