package tpm

import (
	"tresor/shared/vault"
)

// versionBody says what is spoken (tpm 7.6).
type versionBody struct {
	Version     string `json:"version"`
	VersionDate string `json:"version_date"`
	APIVersion  string `json:"api_version"`
}

// The product whose API this is, as of the documentation that it follows. Clients compare these; they are not tresor's own.
const (
	productVersion = "13.166.291"
	productDate    = "2024-12-19"
)

func showVersion(_ *vault.Reader, c *call) (versionBody, error) {
	return versionBody{productVersion, productDate, c.version}, nil
}
