package tpm

import (
	"encoding/json"
	"errors"

	"tresor/shared/vault"
)

// showProjectSecurity lists the users for whom something is defined, be it no access (tpm 4.4).
func showProjectSecurity(r *vault.Reader, c *call) ([]securityItem, error) {
	p, _, err := project(r, c.id)
	if err != nil {
		return nil, err
	}
	list, err := r.ProjectSecurity(p.ID)
	if err != nil {
		return nil, err
	}
	out := render(r)
	items := make([]securityItem, 0, len(list))
	for _, u := range list {
		items = append(items, securityItem{out.user(u.User.ID), projectLevelObject(u.Access.Level), out.via(u.Access.Via), projectLabels[u.Access.Level]})
	}
	return items, nil
}

// The members of a change of a project's security, which a create must not have (tpm 7.1).
var securityFields = [...]string{"managed_by", "grant_all_permission", "users_permissions", "groups_permissions"}

func decodeProjectSecurity(f fields) (c vault.ProjectSecurityChange, err error) {
	manager, there, err := f.id("managed_by")
	switch {
	case err != nil:
		return c, err
	case there && manager == 0:
		return c, invalid("managed_by is not a user")
	case there:
		id := vault.UserID(manager)
		c.Manager = &id
	}
	if c.All, err = f.projectLevel("grant_all_permission"); err != nil {
		return c, err
	}
	users, err := f.subjects("users_permissions")
	if err != nil {
		return c, err
	}
	groups, err := f.subjects("groups_permissions")
	if err != nil {
		return c, err
	}
	if users != nil {
		list := make([]vault.ProjectUserGrant, 0, len(users))
		for _, p := range users {
			list = append(list, vault.ProjectUserGrant{User: vault.UserID(p.id), Level: vault.ProjectLevel(p.permission)})
		}
		c.Users = &list
	}
	if groups != nil {
		list := make([]vault.ProjectGroupGrant, 0, len(groups))
		for _, p := range groups {
			list = append(list, vault.ProjectGroupGrant{Group: vault.GroupID(p.id), Level: vault.ProjectLevel(p.permission)})
		}
		c.Groups = &list
	}
	return c, nil
}

// subjects returns a list of [id, permission] that names no one twice; nil is one that is not there.
func (f fields) subjects(name string) ([]pair, error) {
	list, there, err := f.pairs(name)
	if err != nil || !there {
		return nil, err
	}
	named := map[uint64]bool{}
	for _, p := range list {
		if named[p.id] {
			return nil, invalid(name + " names someone twice")
		}
		named[p.id] = true
	}
	return append([]pair{}, list...), nil
}

// projectLevel returns a permission on a project, or nil. Which ones there are, and where, the vault knows; here they need only fit.
func (f fields) projectLevel(name string) (*vault.ProjectLevel, error) {
	s, err := f.text(name, maxLine)
	if s == nil || err != nil {
		return nil, err
	}
	n, err := integer(json.RawMessage(*s))
	if err != nil || int64(int8(n)) != n {
		return nil, invalid(name + " is not a permission")
	}
	level := vault.ProjectLevel(n)
	return &level, nil
}

// setProjectSecurity changes who may do what with a project. A user or group that does not exist is a wrong value here, and no unknown path.
func setProjectSecurity(t *vault.Tx, id uint64, c vault.ProjectSecurityChange) error {
	p, _, err := project(t.Reader, id)
	if err != nil {
		return err
	}
	err = t.SetProjectSecurity(p.ID, c)
	if errors.Is(err, vault.BadReference) {
		return invalid("a user or group named does not exist")
	}
	return err
}
