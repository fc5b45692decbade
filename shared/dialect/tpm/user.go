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

// latestBody is the version and what is newer (tpm 7.6).
type latestBody struct {
	versionBody
	Latest string `json:"latest_version"` // always empty, which says that it could not be checked: tresor calls nobody
}

// checkLatest is for Admin and IT users (tpm 4.6).
func checkLatest(r *vault.Reader, c *call) (latestBody, error) {
	if role := r.Principal().Role(); role != vault.Admin && role != vault.IT {
		return latestBody{}, &vault.Error{Kind: vault.Forbidden, Msg: "Only Admin and IT users may check for a new version."}
	}
	version, err := showVersion(r, c)
	return latestBody{versionBody: version}, err
}
