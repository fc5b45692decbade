// Command teampass-items is the Lambda function that reads, adds and deletes TeamPass items.
package main

import (
	"net/http"

	"tresor/shared/dialect/teampass"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-items", func(s *wire.System) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Items)
	}, teampass.Fail)
}
