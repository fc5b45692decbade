// Command tpm-log is the Lambda function that serves TPM's log.
package main

import (
	"net/http"

	"tresor/shared/dialect/tpm"
	"tresor/shared/wire"
)

func main() {
	wire.Start("tpm-log", func(s *wire.System) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Log: s.Trail}, tpm.Log)
	}, tpm.Fail)
}
