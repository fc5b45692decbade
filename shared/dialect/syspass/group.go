package syspass

import (
	"slices"

	"tresor/shared/vault"
)

// groupObject is a user group, in a search and by itself (syspass 3.10). Users are those who are in it beside their main group.
type groupObject struct {
	ID          int64   `json:"id"` // 0 in the answer to create: the new id is itemId
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Users       []int64 `json:"users"` // null in a search, and where the input is echoed that named none
}

func groupSearch(r *reading, s search) (result, error) { // syspass 3.11
	groups, err := r.GroupsByName()
	if err != nil {
		return result{}, err
	}
	list, err := pick(s, groups, func(g *vault.Group) (string, string) { return g.Name, g.Description })
	if err != nil {
		return result{}, err
	}
	rows := make([]groupObject, len(list))
	for i, g := range list {
		rows[i] = groupObject{int64(g.ID), g.Name, g.Description, nil}
	}
	return result{payload: rows, count: len(rows)}, nil
}

func (r *reading) group(id vault.GroupID, message string) (result, error) {
	if !r.MayAdmin(vault.ListGroups, vault.AdminTarget{}) {
		return result{}, vault.Forbidden
	}
	g := r.Group(id)
	if g == nil {
		return result{}, vault.NotFound
	}
	users := make([]int64, len(g.Members)) // [] for nobody, not null
	for i, u := range g.Members {
		users[i] = int64(u)
	}
	return itemResult(int64(id), groupObject{int64(id), g.Name, g.Description, users}, message), nil
}

func groupView(r *reading, id vault.GroupID) (result, error) { return r.group(id, "") }

// groupItem is what userGroup/create and userGroup/edit take. No users at all: those of an edited group stay; an empty list removes them.
type groupItem struct {
	item
	users []int64
}

func decodeGroup(p params) (groupItem, error) {
	i, _ := decodeItem(p) // never fails
	users, err := p.integers("usersId")
	return groupItem{i, users}, err
}

func groupCreate(w *writing, g groupItem) (result, error) {
	members, err := w.freeGroup(g, 0)
	if err != nil {
		return result{}, err
	}
	if err := g.fit(); err != nil {
		return result{}, err
	}
	id, err := w.CreateGroup(vault.Group{Name: g.name, Description: g.description, Members: members})
	return itemResult(int64(id), groupObject{0, g.name, g.description, g.users}, "Group added"), err
}

func groupEdit(w *writing, g groupItem) (result, error) {
	id := ref[vault.GroupID](g.id)
	members, err := w.freeGroup(g, id)
	if err != nil {
		return result{}, err
	}
	out := itemResult(g.id, groupObject{g.id, g.name, g.description, g.users}, "Group updated")
	switch {
	case w.Group(id) == nil && len(g.users) > 0:
		return result{}, errReference
	case w.Group(id) == nil: // an UPDATE of no row is none that fails (syspass 3.12)
		return out, nil
	}
	if err := g.fit(); err != nil {
		return result{}, err
	}
	return out, w.EditGroup(id, func(group *vault.Group) {
		group.Name, group.Description = g.name, g.description
		if g.users != nil {
			group.Members = members
		}
	})
}

func groupDelete(w *writing, id vault.GroupID) (result, error) {
	out, err := w.view.group(id, "Group deleted")
	if err != nil {
		return result{}, err
	}
	return out, w.RemoveGroup(id)
}

func (g *groupItem) fit() error {
	return fit(column{"name", g.name, maxGroupName}, column{"description", g.description, maxDescription})
}

// freeGroup refuses a name that another group has (syspass 3.12), and returns the members.
func (w *writing) freeGroup(g groupItem, except vault.GroupID) ([]vault.UserID, error) {
	if !w.MayAdmin(vault.WriteGroup, vault.AdminTarget{}) {
		return nil, vault.Forbidden
	}
	groups, err := w.GroupsByName()
	if err != nil {
		return nil, err
	}
	same := func(other *vault.Group) bool { return other.ID != except && vault.EqualFold(other.Name, g.name) }
	if slices.ContainsFunc(groups, same) {
		return nil, vault.Exists
	}
	return distinct[vault.UserID](g.users)
}
