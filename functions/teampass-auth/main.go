// Command teampass-auth is the Lambda function that serves the TeamPass calls that bring a login and a password beside the key.
package main

import (
	"net/http"

	"tresor/shared/dialect/teampass"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-auth", func(s *wire.System) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Auth)
	}, teampass.Fail)
}
