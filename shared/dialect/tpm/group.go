package tpm

import (
	"slices"

	"tresor/shared/vault"
)

// groupItem is a group in a list (tpm 7.3).
type groupItem struct {
	ID       uint64 `json:"id"`
	Name     string `json:"name"`
	IsLDAP   bool   `json:"is_ldap" since:"6"`
	NumUsers int    `json:"num_users"`
	stamps   `since:"6"`
}

// groupMetadata is what X-Metadata-Only leaves of a group, which nobody manages.
type groupMetadata struct {
	ID uint64 `json:"id"`
	stamps
}

// groupObject is a group in full (tpm 7.3). There are no directories: what tells of one is always empty.
type groupObject struct {
	ID         uint64       `json:"id"`
	Name       string       `json:"name"`
	IsLDAP     bool         `json:"is_ldap" since:"5"`
	LDAPServer uint64       `json:"ldap_server_id" since:"5"`
	GroupDN    string       `json:"group_dn" since:"5"`
	Users      []userObject `json:"users"` // null when there is none
	fullStamps
}

// mayListGroups refuses Read only users, whether there is a group or not (tpm 4.6).
func mayListGroups(r *vault.Reader) error {
	if !r.MayAdmin(vault.ListGroups, vault.AdminTarget{}) {
		return &vault.Error{Kind: vault.Forbidden, Msg: "You may not see groups."}
	}
	return nil
}

// group returns a group. Whether the caller may know of any was asked before.
func group(r *vault.Reader, id uint64) (*vault.Group, error) {
	if g := r.Group(vault.GroupID(id)); g != nil {
		return g, nil
	}
	return nil, notFound("Group not found.")
}

// groupMembers are who is in each group: its members, and those whose main group it is (in another API), ascending.
type groupMembers map[vault.GroupID][]vault.UserID

// membersOf finds the members of groups in one pass over the users.
func membersOf(r *vault.Reader, groups ...*vault.Group) groupMembers {
	m := groupMembers{}
	for _, g := range groups {
		m[g.ID] = slices.Clone(g.Members)
	}
	for _, u := range r.Users() {
		list, asked := m[u.MainGroup]
		if i, in := slices.BinarySearch(list, u.ID); asked && !in {
			m[u.MainGroup] = slices.Insert(list, i, u.ID)
		}
	}
	return m
}

// groupList lists every group by name.
func groupList(r *vault.Reader, c *call, skip, take int) (page, error) {
	if err := mayListGroups(r); err != nil {
		return page{}, err
	}
	all, err := r.GroupsByName()
	if err != nil {
		return page{}, err
	}
	shown := all[min(skip, len(all)):min(skip+take, len(all))]
	in := membersOf(r, shown...)
	items := []any{}
	for _, g := range shown {
		if c.flag("X-Metadata-Only") {
			items = append(items, groupMetadataOf(g))
		} else {
			items = append(items, groupItem{ID: uint64(g.ID), Name: g.Name, NumUsers: len(in[g.ID]), stamps: groupStamps(g)})
		}
	}
	return page{items, len(all)}, nil
}

func groupStamps(g *vault.Group) stamps {
	return stampsOf(g.CreatedBy, g.Created, g.UpdatedBy, g.Updated)
}

func groupMetadataOf(g *vault.Group) groupMetadata {
	return groupMetadata{uint64(g.ID), groupStamps(g)}
}

func showGroup(r *vault.Reader, c *call) (any, error) {
	if err := mayListGroups(r); err != nil {
		return nil, err
	}
	g, err := group(r, c.id)
	if err != nil {
		return nil, err
	}
	if c.flag("X-Metadata-Only") {
		return groupMetadataOf(g), nil
	}
	out := render(r)
	body := groupObject{ID: uint64(g.ID), Name: g.Name, fullStamps: out.fullStamps(g.CreatedBy, g.Created, g.UpdatedBy, g.Updated)}
	for _, id := range membersOf(r, g)[g.ID] {
		body.Users = append(body.Users, out.user(id))
	}
	return body, nil
}
