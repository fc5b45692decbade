package tpm

import (
	"errors"

	"tresor/shared/vault"
)

// securityItem is what a user may do with a password or a project, and through what (tpm 6.3, 7.1).
type securityItem struct {
	User       userObject `json:"user"`
	Permission permission `json:"permission" since:"4"`
	GrantedVia string     `json:"granted_via" since:"4"`
	AccessType string     `json:"access_type" until:"3"`
}

func passwordSecurity(r *vault.Reader, c *call) ([]securityItem, error) {
	e, _, err := password(r, c.id)
	if err != nil {
		return nil, err
	}
	all, err := r.EntrySecurity(e.ID)
	if err != nil {
		return nil, err
	}
	out := render(r)
	items := make([]securityItem, 0, len(all))
	for _, a := range all {
		items = append(items, securityItem{out.user(a.User.ID), levelObject(a.Access.Level), out.passwordVia(a.Access.Via), levelLabels[a.Access.Level]})
	}
	return items, nil
}

// passwordVia names what an access to a password was granted through; what comes from the project says so (tpm 4.5).
func (r *renderer) passwordVia(via vault.Reason) string {
	switch {
	case via.Project:
		return "Project: " + r.via(via)
	case via.Code == vault.ViaManager:
		return "Password manager"
	}
	return r.via(via)
}

// via names what an access to a project was granted through (tpm 4.4). The main group, which the original does not have, is a group here.
func (r *renderer) via(via vault.Reason) string {
	switch via.Code {
	case vault.ViaManager, vault.ViaOwner:
		return "Project manager"
	case vault.ViaAdmin:
		return "Admin rights"
	case vault.ViaUser:
		return "User direct"
	case vault.ViaGroup, vault.ViaMainGroup:
		return "Group: " + r.group(via.Group).Name
	case vault.ViaAll:
		return "Grant all users"
	case vault.ViaNothing: // of what is not defined, which is not listed
	}
	return ""
}

// decodePasswordSecurity reads what is to be changed. A list that is absent or null stays as it is; an empty one takes everything away (tpm 6.3).
func decodePasswordSecurity(f fields) (c vault.EntrySecurityChange, err error) {
	manager, there, err := f.id("managed_by")
	switch {
	case err != nil:
		return c, err
	case there && manager == 0:
		return c, invalid("managed_by cannot be 0")
	case there:
		id := vault.UserID(manager)
		c.Manager = &id
	}
	users, there, err := f.levels("users_permissions")
	if err != nil {
		return c, err
	}
	if there {
		grants := make([]vault.UserGrant, 0, len(users))
		for _, p := range users {
			grants = append(grants, vault.UserGrant{User: vault.UserID(p.id), Level: vault.Level(p.permission)})
		}
		c.Users = &grants
	}
	groups, there, err := f.levels("groups_permissions")
	if err != nil || !there {
		return c, err
	}
	grants := make([]vault.GroupGrant, 0, len(groups))
	for _, p := range groups {
		grants = append(grants, vault.GroupGrant{Group: vault.GroupID(p.id), Level: vault.Level(p.permission)})
	}
	c.Groups = &grants
	return c, nil
}

// levels is pairs whose permissions are those of passwords (tpm 4.3), and whose subjects are named once.
func (f fields) levels(name string) ([]pair, bool, error) {
	list, there, err := f.pairs(name)
	if err != nil {
		return nil, false, err
	}
	seen := map[uint64]bool{}
	for _, p := range list {
		if _, known := levelLabels[vault.Level(p.permission)]; !known {
			return nil, false, invalid(name + " has a permission that is not 0, 10, 20 or 30")
		}
		if seen[p.id] {
			return nil, false, invalid(name + " names an id twice")
		}
		seen[p.id] = true
	}
	return list, there, nil
}

// setPasswordSecurity answers an unknown user or group with 400: 404 would say that the password is not there.
func setPasswordSecurity(t *vault.Tx, id uint64, c vault.EntrySecurityChange) error {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	err = t.SetEntrySecurity(e.ID, c)
	if errors.Is(err, vault.BadReference) {
		return invalid("no such user or group")
	}
	return err
}
