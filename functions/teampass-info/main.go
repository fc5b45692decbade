// Command teampass-info is the Lambda function that answers TeamPass info, and refuses every TeamPass path or method that no other route takes.
package main

import (
	"net/http"

	"tresor/shared/dialect/teampass"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-info", func(s *wire.System) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Info)
	}, teampass.Fail)
}
