package tpm

import (
	"tresor/shared/vault"
)

// userBody is a user in full (tpm 7.2). What is only known for single sign-on products is always off.
type userBody struct {
	userObject
	IsActive       bool          `json:"is_active"`
	IsLDAP         bool          `json:"is_ldap"`
	LoginDN        string        `json:"login_dn"`
	IsSAML         bool          `json:"is_saml"`
	IsAPIOnly      bool          `json:"is_api_only"`
	Is2FA          bool          `json:"is_2fa_enabled"`
	ValidHash      bool          `json:"valid_hash"`
	Groups         []namedObject `json:"groups"` // null when there is none
	LastLogin      *string       `json:"last_login"`
	LastAPIRequest *string       `json:"last_api_request"`
	fullStamps
}

// showMe shows the caller: it works for every role (tpm 7.2).
func showMe(r *vault.Reader, _ *call) (userBody, error) {
	u := r.Principal().User()
	if u == nil {
		return userBody{}, notFound("User not found.")
	}
	out := render(r)
	body := userBody{
		userObject: out.user(u.ID), IsActive: !u.Disabled, IsAPIOnly: u.APIOnly, ValidHash: len(u.Password) > 0,
		fullStamps: out.fullStamps(u.CreatedBy, u.Created, u.UpdatedBy, u.Updated),
	}
	seen := r.LastSeen(u.ID)
	body.LastLogin, body.LastAPIRequest = momentText(seen.Login), momentText(seen.Request)
	for _, g := range r.GroupsOf(u.ID) {
		body.Groups = append(body.Groups, namedObject{uint64(g.ID), g.Name})
	}
	return body, nil
}

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
