package tpm

import (
	"bytes"
	"encoding/json"
	"slices"

	"tresor/shared/vault"
)

// inV3 makes an endpoint that v3 has in a form of its own: before there were permissions, projects and passwords had lists of who has access (tpm 1.2). The names of
// the one form are in the other unknown ones, which are ignored.
func (e endpoint) inV3(old endpoint) endpoint {
	return endpoint{e.action, func(v *vault.Vault, c *call) (reply, error) {
		if c.version == "3" {
			return old.run(v, c)
		}
		return e.run(v, c)
	}}
}

// flatChange is who is to have access; nil is what it leaves alone, a list replaces what is there.
type flatChange struct {
	manager  *vault.UserID
	everyone *bool
	users    *[]vault.UserID
	groups   *[]vault.GroupID
}

func decodeFlatChange(f fields) (c flatChange, err error) {
	if raw, there := f["managed_by"]; there {
		f["managed_by"] = idIn(raw)
	}
	manager, there, err := f.id("managed_by")
	if err != nil {
		return c, err
	}
	if there {
		id := vault.UserID(manager)
		c.manager = &id
	}
	if c.users, err = idList[vault.UserID](f, "users_access"); err != nil {
		return c, err
	}
	c.groups, err = idList[vault.GroupID](f, "groups_access")
	return c, err
}

func decodeFlatProject(f fields) (flatChange, error) {
	c, err := decodeFlatChange(f)
	if err == nil {
		c.everyone, err = f.truth("everyone_has_access")
	}
	return c, err
}

// idList returns a list of ids that names no one twice; nil is one that is absent or null. An id may be a numeric text, as ids may be elsewhere, or the object that
// shows give it in: clients write back what they have read.
func idList[ID ~uint64](f fields, name string) (*[]ID, error) {
	raw, ok := f[name]
	if !ok || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	var rows []json.RawMessage
	if json.Unmarshal(raw, &rows) != nil {
		return nil, invalid(name + " is not a list of ids")
	}
	list, named := []ID{}, map[ID]bool{}
	for _, row := range rows {
		n, err := integer(idIn(row))
		id := ID(n)
		switch {
		case err != nil || n <= 0:
			return nil, invalid(name + " is not a list of ids")
		case named[id]:
			return nil, invalid(name + " names an id twice")
		}
		named[id] = true
		list = append(list, id)
	}
	return &list, nil
}

// idIn returns the id of an object, and anything else as it is.
func idIn(raw json.RawMessage) json.RawMessage {
	var object struct {
		ID json.RawMessage `json:"id"`
	}
	if len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &object) == nil {
		return object.ID
	}
	return raw
}

// truth returns true or false, or nil where it is absent or null. Nothing else stands for either: it decides who has access.
func (f fields) truth(name string) (*bool, error) {
	var value *bool
	if raw, ok := f[name]; ok && json.Unmarshal(raw, &value) != nil {
		return nil, invalid(name + " is not true or false")
	}
	return value, nil
}

// projectV3 is a create or an update, of which the access is a part.
type projectV3[T any] struct {
	data   T
	access flatChange
}

// decodeProjectV3 takes parent_id as optional: there were no subprojects. It is not ignored as unknown names are: a project that was meant for a parent would be one at
// the root, for others to see.
func decodeProjectV3(f fields) (n projectV3[newProject], err error) {
	if n.access, err = decodeFlatProject(f); err != nil {
		return n, err
	}
	for _, name := range securityFields { // managed_by is taken; the others are v4's
		delete(f, name)
	}
	if raw, there := f["parent_id"]; !there || bytes.Equal(raw, []byte("null")) {
		f["parent_id"] = json.RawMessage("0")
	}
	n.data, err = decodeProject(f)
	return n, err
}

func decodeProjectChangeV3(f fields) (c projectV3[projectChange], err error) {
	if c.access, err = decodeFlatProject(f); err != nil {
		return c, err
	}
	c.data, err = decodeProjectChange(f)
	return c, err
}

func createProjectV3(t *vault.Tx, n projectV3[newProject]) (uint64, error) {
	id, err := createProject(t, n.data)
	if err != nil {
		return 0, err
	}
	return id, n.access.include(t, id)
}

func updateProjectV3(t *vault.Tx, id uint64, c projectV3[projectChange]) error {
	if err := updateProject(t, id, c.data); err != nil {
		return err
	}
	return c.access.include(t, id)
}

// include makes a change of the access a part of another call. It takes what it takes by itself: a credential that is narrowed to the other call cannot change grants
// through it.
func (c flatChange) include(t *vault.Tx, id uint64) error {
	switch {
	case c == flatChange{}:
		return nil
	case !t.Principal().MayCall("projects/security/update"):
		return &vault.Error{Kind: vault.Forbidden, Msg: "the credential may not change grants"}
	}
	return setFlatProject(t, id, c)
}

// setFlatProject gives those who newly have access what access was: to read a project and to create passwords in it, to Read only users to read. Whoever is in the lists
// already keeps the permission that is set, be it less or more: a client that writes back what it has read, where "No access" has an entry too, changes nothing.
func setFlatProject(t *vault.Tx, id uint64, c flatChange) error {
	now, _ := t.Grants(vault.ProjectID(id))
	to := vault.ProjectSecurityChange{Manager: c.manager}
	if c.everyone != nil && *c.everyone != (t.GrantedToAll(vault.ProjectID(id)) != vault.ProjectUnset) {
		all := vault.ProjectUnset
		if *c.everyone {
			all = vault.ProjectCreate
		}
		to.All = &all
	}
	to.Users = listed(c.users, now.Users, func(g vault.ProjectUserGrant) vault.UserID { return g.User }, func(id vault.UserID) vault.ProjectUserGrant {
		if u := t.User(id); u != nil && u.Role == vault.ReadOnly {
			return vault.ProjectUserGrant{User: id, Level: vault.ProjectRead}
		}
		return vault.ProjectUserGrant{User: id, Level: vault.ProjectCreate}
	})
	to.Groups = listed(c.groups, now.Groups, func(g vault.ProjectGroupGrant) vault.GroupID { return g.Group }, func(id vault.GroupID) vault.ProjectGroupGrant {
		return vault.ProjectGroupGrant{Group: id, Level: vault.ProjectCreate}
	})
	return setProjectSecurity(t, id, to)
}

// listed returns the grants of those who are to have access, nil for a list that is left alone: what is set already where something is, and else fresh.
func listed[ID comparable, G any](ids *[]ID, set []G, of func(G) ID, fresh func(ID) G) *[]G {
	if ids == nil {
		return nil
	}
	list := make([]G, 0, len(*ids))
	for _, id := range *ids {
		if i := slices.IndexFunc(set, func(g G) bool { return of(g) == id }); i >= 0 {
			list = append(list, set[i])
		} else {
			list = append(list, fresh(id))
		}
	}
	return &list
}

// setFlatPassword gives those who newly have access to a password what access to its project gives on it: read (tpm 4.5).
func setFlatPassword(t *vault.Tx, id uint64, c flatChange) error {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	users, groups := t.EntryGrants(e)
	return setPasswordSecurity(t, id, vault.EntrySecurityChange{
		Manager: c.manager,
		Users: listed(c.users, users, func(g vault.UserGrant) vault.UserID { return g.User }, func(id vault.UserID) vault.UserGrant {
			return vault.UserGrant{User: id, Level: vault.LevelRead}
		}),
		Groups: listed(c.groups, groups, func(g vault.GroupGrant) vault.GroupID { return g.Group }, func(id vault.GroupID) vault.GroupGrant {
			return vault.GroupGrant{Group: id, Level: vault.LevelRead}
		}),
	})
}
