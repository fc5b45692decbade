package tpm

import (
	"slices"
	"strings"
	"unicode/utf8"

	"tresor/shared/vault"
)

// maxGroupName is how long a group's name may be, in characters. The contract names no limit.
const maxGroupName = 255

// decodeGroup reads a group's name, which is all that a create or an update can set (tpm 7.3).
func decodeGroup(f fields) (string, error) {
	name, err := f.plain("name", maxLine)
	switch {
	case err != nil:
		return "", err
	case name == nil:
		return "", invalid("name is required")
	case strings.TrimSpace(*name) == "":
		return "", invalid("name cannot be empty")
	case utf8.RuneCountInString(*name) > maxGroupName:
		return "", invalid("name is too long")
	}
	return *name, nil
}

// mayWriteGroups is asked before anything about a group: who may not write learns nothing of it (tpm 4.6).
func mayWriteGroups(t *vault.Tx) error {
	if !t.MayAdmin(vault.WriteGroup, vault.AdminTarget{}) {
		return &vault.Error{Kind: vault.Forbidden, Msg: "You may not change groups."}
	}
	return nil
}

// writableGroup returns a group that the caller may change.
func writableGroup(t *vault.Tx, id uint64) (*vault.Group, error) {
	if err := mayWriteGroups(t); err != nil {
		return nil, err
	}
	return group(t.Reader, id)
}

// nameIsFree refuses the name of another group. Equal names that came by another API, which allows them, stay.
func nameIsFree(t *vault.Tx, name string, own vault.GroupID) error {
	all, err := t.GroupsByName()
	if err != nil {
		return err
	}
	key := vault.NameKey(name)
	if slices.ContainsFunc(all, func(g *vault.Group) bool { return g.ID != own && vault.NameKey(g.Name) == key }) {
		return &vault.Error{Kind: vault.Exists, Msg: "There is a group with this name."}
	}
	return nil
}

func createGroup(t *vault.Tx, name string) (uint64, error) {
	if err := mayWriteGroups(t); err != nil {
		return 0, err
	}
	if err := nameIsFree(t, name, 0); err != nil {
		return 0, err
	}
	id, err := t.CreateGroup(vault.Group{Name: name})
	return uint64(id), err
}

func renameGroup(t *vault.Tx, id uint64, name string) error {
	g, err := writableGroup(t, id)
	if err != nil {
		return err
	}
	if err := nameIsFree(t, name, g.ID); err != nil {
		return err
	}
	return t.EditGroup(g.ID, func(g *vault.Group) { g.Name = name })
}

func deleteGroup(t *vault.Tx, id uint64) error {
	g, err := writableGroup(t, id)
	if err != nil {
		return err
	}
	err = t.RemoveGroup(g.ID)
	if vault.KindOf(err) == vault.InUse {
		return &vault.Error{Kind: vault.InUse, Msg: "The group is the main group of users or passwords and cannot be deleted."}
	}
	return err
}

// membership makes the call that puts a user into a group or takes one out, by PUT both and with any body (tpm 1.4, 7.3). Asked again it changes nothing.
// Users that are deactivated may be members.
func membership(name string, in bool) endpoint {
	return endpoint{named(name, true, false), func(v *vault.Vault, c *call) (reply, error) {
		return done(v, c, func(t *vault.Tx) error { return setMember(t, c.id, vault.UserID(c.second), in) })
	}}
}

func setMember(t *vault.Tx, id uint64, user vault.UserID, in bool) error {
	g, err := writableGroup(t, id)
	switch {
	case err != nil:
		return err
	case t.User(user) == nil:
		return notFound("User not found.")
	}
	return t.SetMember(g.ID, user, in)
}
