package tpm

import (
	"slices"
	"strings"

	"tresor/shared/vault"
)

// userItem is a user in a list, as Admin and IT see it (tpm 7.2).
type userItem struct {
	ID             uint64  `json:"id"`
	Name           string  `json:"name"`
	Username       string  `json:"username"`
	Email          string  `json:"email_address"`
	Role           string  `json:"role"`
	LastLogin      *string `json:"last_login" since:"5"`
	LastAPIRequest *string `json:"last_api_request" since:"5"`
	IsActive       bool    `json:"is_active"`
	IsLDAP         bool    `json:"is_ldap"`
	IsSAML         bool    `json:"is_saml" since:"5"`
	IsAPIOnly      bool    `json:"is_api_only" since:"5"`
	Is2FA          bool    `json:"is_2fa_enabled"`
	ValidHash      bool    `json:"valid_hash"`
	NumGroups      int     `json:"num_groups"`
	userStamps
}

// userStamps are stamps, which lists of users have since v6 (tpm 7.2).
type userStamps struct {
	CreatedBy idObject `json:"created_by" since:"6"`
	CreatedOn string   `json:"created_on" since:"6"`
	UpdatedBy idObject `json:"updated_by" since:"6"`
	UpdatedOn string   `json:"updated_on" since:"6"`
}

// userChoice says which users a list is about. Whoever sees only names finds by nothing else.
type userChoice func(c *call, full bool) func(*vault.User) bool

// userList makes the endpoint of a list of users, by name (tpm 2.4).
func userList(name string, which userChoice) endpoint {
	return list(name, func(r *vault.Reader, c *call, skip, take int) (page, error) {
		if !r.MayAdmin(vault.ListUsers, vault.AdminTarget{}) {
			return page{}, errMayNotList
		}
		full := r.MayAdmin(vault.ReadUsers, vault.AdminTarget{})
		match := which(c, full)
		all := slices.DeleteFunc(r.UsersByName(), func(u *vault.User) bool { return !match(u) })
		items := []any{}
		for _, u := range all[min(skip, len(all)):min(skip+take, len(all))] {
			switch {
			case !full: // metadata would be more than a name
				items = append(items, namedObject{uint64(u.ID), u.Name})
			case c.flag("X-Metadata-Only"):
				items = append(items, metadataOfUser(u))
			default:
				items = append(items, userItemOf(r, u))
			}
		}
		return page{items, len(all)}, nil
	})
}

func everyUser(*call, bool) func(*vault.User) bool {
	return func(*vault.User) bool { return true }
}

// searchUsers looks for one text; no operators are documented (tpm 9.5).
func searchUsers(c *call, full bool) func(*vault.User) bool {
	text := vault.Fold(strings.TrimSpace(strings.ToValidUTF8(c.search, "\uFFFD")))
	return func(u *vault.User) bool {
		has := func(s string) bool { return strings.Contains(vault.Fold(s), text) }
		return has(u.Name) || full && (has(u.Username) || has(u.Email))
	}
}

func userItemOf(r *vault.Reader, u *vault.User) userItem {
	seen := r.LastSeen(u.ID)
	return userItem{
		ID: uint64(u.ID), Name: u.Name, Username: u.Username, Email: u.Email, Role: u.Role.String(),
		LastLogin: momentText(seen.Login), LastAPIRequest: momentText(seen.Request), IsActive: !u.Disabled, IsAPIOnly: u.APIOnly,
		ValidHash: len(u.Password) > 0, NumGroups: len(groupsOf(r, u)),
		userStamps: userStamps(stampsOf(u.CreatedBy, u.Created, u.UpdatedBy, u.Updated)),
	}
}
