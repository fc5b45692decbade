// Command teampass-folders is the Lambda function that adds TeamPass folders.
package main

import (
	"net/http"

	"tresor/shared/dialect/teampass"
	"tresor/shared/wire"
)

func main() {
	wire.Start("teampass-folders", func(s *wire.System) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Folders)
	}, teampass.Fail)
}
