// Command syspass is the Lambda function that serves the sysPass JSON-RPC API.
package main

import (
	"net/http"

	"tresor/shared/dialect/syspass"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.Start("syspass", func(s *wire.System) http.Handler {
		return syspass.NewHandler(s.Vault, s.Auth, bucket.Depot(s))
	}, syspass.Fail)
}
