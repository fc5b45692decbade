// Command teampass-users is the Lambda function that adds and updates TeamPass users.
package main

import (
	"net/http"

	"tresor/shared/dialect/teampass"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-users", func(s *wire.System) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Users)
	}, teampass.Fail)
}
