package tpm

import (
	"cmp"
	"slices"

	"tresor/shared/vault"
)

// userBody is a user in full (tpm 7.2). What is only known for single sign-on products is always off.
type userBody struct {
	userObject
	IsActive       bool          `json:"is_active"`
	IsLDAP         bool          `json:"is_ldap"`
	LoginDN        string        `json:"login_dn"`
	IsSAML         bool          `json:"is_saml" since:"5"`
	IsAPIOnly      bool          `json:"is_api_only" since:"5"`
	MayCreateRoots bool          `json:"can_create_projects_in_root" since:"5"`
	Is2FA          bool          `json:"is_2fa_enabled"`
	ValidHash      bool          `json:"valid_hash"`
	Groups         []namedObject `json:"groups"` // null when there is none
	LastLogin      *string       `json:"last_login"`
	LastAPIRequest *string       `json:"last_api_request"`
	fullStamps
}

// userMetadata is what X-Metadata-Only leaves of a user: nobody manages one (tpm 5).
type userMetadata struct {
	ID uint64 `json:"id"`
	stamps
}

func metadataOfUser(u *vault.User) userMetadata {
	return userMetadata{uint64(u.ID), stampsOf(u.CreatedBy, u.Created, u.UpdatedBy, u.Updated)}
}

// showMe shows the caller: it works for every role (tpm 7.2).
func showMe(r *vault.Reader, c *call) (any, error) {
	u := r.Principal().User()
	if u == nil {
		return nil, errNoUser
	}
	return shownUser(r, c, u), nil
}

// showUser shows any user to Admin and IT. Others that may list users see themselves, and of nobody else whether there is one (tpm 4.6, 7.2).
func showUser(r *vault.Reader, c *call) (any, error) {
	own := vault.UserID(c.id) == r.Principal().ID() && r.MayAdmin(vault.ListUsers, vault.AdminTarget{})
	if !own && !r.MayAdmin(vault.ReadUsers, vault.AdminTarget{}) {
		return nil, errMayNotSee
	}
	u := r.User(vault.UserID(c.id))
	if u == nil {
		return nil, errNoUser
	}
	return shownUser(r, c, u), nil
}

func shownUser(r *vault.Reader, c *call, u *vault.User) any {
	if c.flag("X-Metadata-Only") {
		return metadataOfUser(u)
	}
	return render(r).userBody(u)
}

func (r *renderer) userBody(u *vault.User) userBody {
	seen := r.LastSeen(u.ID)
	body := userBody{
		userObject: r.user(u.ID), IsActive: !u.Disabled, IsAPIOnly: u.APIOnly, MayCreateRoots: u.MayCreateRoots, ValidHash: len(u.Password) > 0,
		LastLogin: momentText(seen.Login), LastAPIRequest: momentText(seen.Request),
		fullStamps: r.fullStamps(u.CreatedBy, u.Created, u.UpdatedBy, u.Updated),
	}
	for _, g := range groupsOf(r.Reader, u) {
		body.Groups = append(body.Groups, namedObject{uint64(g.ID), g.Name})
	}
	return body
}

// groupsOf returns the groups that a user is in, by id. The main group of sysPass, which the original does not have, is one of them.
func groupsOf(r *vault.Reader, u *vault.User) []*vault.Group {
	list := r.GroupsOf(u.ID)
	if main := r.Group(u.MainGroup); main != nil && !slices.Contains(list, main) {
		list = append(list, main)
		slices.SortFunc(list, func(a, b *vault.Group) int { return cmp.Compare(a.ID, b.ID) })
	}
	return list
}
