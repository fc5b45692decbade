// Command teampass-post is the Lambda function that serves the whole TeamPass API by POST, where the call is in the body.
package main

import (
	"net/http"

	"tresor/shared/dialect/teampass"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-post", func(s *wire.System) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth)
	}, teampass.Fail)
}
