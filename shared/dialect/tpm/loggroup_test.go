package tpm

import (
	"fmt"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// rawOf returns what the newest row of the log says of its action, and more.
func (w *world) rawOf(t *testing.T, user, search string) (action, raw string) {
	t.Helper()
	w.Clock.Add(1e9)
	items := w.searched(t, user, search)
	if len(items) == 0 {
		t.Fatalf("%q finds nothing", search)
	}
	return items[0].Action.ID, items[0].Data.Raw
}

// TestTheLogNamesMembers who joined or left, and a group that was removed, by its last name.
func TestTheLogNamesMembers(t *testing.T) {
	w, _ := logWorld(t)
	var group vault.GroupID
	edit := func(name string, change func(*vault.Group)) func(*vault.Tx) error {
		return func(tx *vault.Tx) error {
			return tx.EditGroup(group, func(g *vault.Group) { g.Name = name; change(g) })
		}
	}
	members := func(ids ...vault.UserID) func(*vault.Group) { return func(g *vault.Group) { g.Members = ids } }
	w.as(t, "admin", func(tx *vault.Tx) (err error) {
		group, err = tx.CreateGroup(vault.Group{Name: "Crew"})
		return err
	})
	var many []vault.UserID
	w.Do(t, func(tx *vault.Tx) error {
		for i := range maxMembers + 2 {
			id, err := tx.CreateUser(vault.User{Username: fmt.Sprint("m", i), Role: vault.NormalUser}, func(vault.UserID, uint32) ([]byte, error) { return []byte("x"), nil })
			if err != nil {
				return err
			}
			many = append(many, id)
		}
		return nil
	})
	for _, step := range []struct {
		do          func(*vault.Tx) error
		action, raw string
	}{
		{edit("Crew", members(3)), "add_user_to_group", "group 2|Crew; user 3|nora"},
		{edit("Crew", members(4)), "update_group", "group 2|Crew; user 4|rita; user 3|nora"},
		{edit("Crew", members()), "delete_user_from_group", "group 2|Crew; user 4|rita"},
		{edit("Crew", members(many...)), "update_group", "; 2 more users"},
		{edit("Last", members(3)), "update_group", "group 2|Last"},
		{func(tx *vault.Tx) error { return tx.RemoveGroup(group) }, "delete_group", "group 2|Last"},
	} {
		w.as(t, "admin", step.do)
		action, raw := w.rawOf(t, "admin", "2|")
		if action != step.action || !strings.HasSuffix(raw, step.raw) {
			t.Errorf("got %s %q, want %s %q", action, raw, step.action, step.raw)
		}
	}
	if got := w.searched(t, "admin", "last rita"); len(got) != 2 {
		t.Errorf("%d rows about rita and a group that is gone, want 2", len(got))
	}
}

// TestTheLogNamesSettings by their keys: the value may be a secret.
func TestTheLogNamesSettings(t *testing.T) {
	w, _ := logWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error { return tx.SetSetting("mail", "canary-value") })
	if action, raw := w.rawOf(t, "admin", "setting mail"); action != "change_settings" || !strings.HasSuffix(raw, "; setting mail") {
		t.Errorf("got %s %q", action, raw)
	}
	if got := w.searched(t, "admin", "canary"); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
}
