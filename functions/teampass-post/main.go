// Command teampass-post is the Lambda function that serves the whole TeamPass API by POST, where the call is in the body.
package main

import (
	"net/http"

	"tresor/shared/dialect/teampass"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.Start("teampass-post", func(s *wire.System) http.Handler {
		return teampass.NewHandlerWithFiles(s.Vault, s.Auth, bucket.Files(s))
	}, teampass.Fail)
}
