// Command tpm-groups is the Lambda function that serves TPM groups.
package main

import (
	"net/http"

	"tresor/shared/dialect/tpm"
	"tresor/shared/wire"
)

func main() {
	wire.Start("tpm-groups", func(s *wire.System) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth}, tpm.Groups)
	}, tpm.Fail)
}
