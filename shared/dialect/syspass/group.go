package syspass

import (
	"errors"

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

// newGroup is what userGroup/create and userGroup/edit take. No users at all: those of an edited group stay; an empty list removes them.
type newGroup struct {
	item
	users    []int64
	members  []vault.UserID
	repeated error
}

func decodeGroup(p params) (g newGroup, err error) {
	g.item, _ = groupItem.decode(p) // never fails
	if g.users, err = p.integers("usersId"); err == nil {
		g.members, g.repeated = distinct[vault.UserID](g.users)
	}
	return g, err
}

func groupCreate(w *writing, g newGroup) (result, error) {
	if err := g.check(w, 0); err != nil {
		return result{}, err
	}
	id, err := w.CreateGroup(vault.Group{Name: g.name, Description: g.description, Members: g.members})
	return itemResult(int64(id), groupObject{0, g.name, g.description, g.users}, "Group added"), err
}

func groupEdit(w *writing, g newGroup) (result, error) {
	id := ref[vault.GroupID](g.id)
	out := itemResult(g.id, groupObject{g.id, g.name, g.description, g.users}, "Group updated")
	err := g.check(w, id)
	switch {
	case errors.Is(err, vault.Exists):
		return result{}, err
	case w.Group(id) == nil && len(g.users) > 0:
		return result{}, errReference
	case w.Group(id) == nil: // an UPDATE of no row is none that fails (syspass 3.12)
		return out, nil
	case err != nil:
		return result{}, err
	}
	return out, w.EditGroup(id, func(group *vault.Group) {
		group.Name, group.Description = g.name, g.description
		if g.users != nil {
			group.Members = g.members
		}
	})
}

// check refuses what is taken, what does not fit, and a user who is named twice: the members are stored last.
func (g *newGroup) check(w *writing, id vault.GroupID) error {
	groups, err := w.GroupsByName()
	if err != nil {
		return err
	}
	if err := g.free(except(groups, id, func(other *vault.Group) (vault.GroupID, string) { return other.ID, other.Name })); err != nil {
		return err
	}
	return g.repeated
}

func groupDelete(w *writing, id vault.GroupID) (result, error) {
	out, err := w.view.group(id, "Group deleted")
	if err != nil {
		return result{}, err
	}
	return out, w.RemoveGroup(id)
}
