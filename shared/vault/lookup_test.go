package vault_test

import (
	"testing"

	"tresor/shared/vault"
)

func TestTagsAndGroupsAreListedByName(t *testing.T) {
	o := newOffice(t)
	var first vault.TagID
	o.Do(t, func(tx *vault.Tx) (err error) {
		first, err = tx.CreateTag("beta")
		return err
	})
	o.Do(t, func(tx *vault.Tx) error { // what this very Update changes is listed as it leaves it
		for _, name := range []string{"Ålpha", "gamma"} {
			if _, err := tx.CreateTag(name); err != nil {
				return err
			}
			if _, err := tx.CreateGroup(vault.Group{Name: name}); err != nil {
				return err
			}
		}
		if err := tx.RemoveTag(first); err != nil {
			return err
		}
		var tags, groups []string
		for _, tag := range tx.TagsByName() {
			tags = append(tags, tag.Name)
		}
		list, err := tx.GroupsByName()
		for _, g := range list {
			groups = append(groups, g.Name)
		}
		for kind, names := range map[string][]string{"tags": tags, "groups": groups} {
			if len(names) != 2 || names[0] != "Ålpha" || names[1] != "gamma" {
				t.Errorf("got %s %v", kind, names)
			}
		}
		return err
	})
	list := func(tx *vault.Tx) error { _, err := tx.GroupsByName(); return err }
	if got := o.try(t, "reader", "", list); got != vault.Forbidden {
		t.Errorf("groups listed by a Read only user: got %v, want Forbidden", got)
	}
	if got := o.try(t, "full", "", list); got != ok {
		t.Errorf("groups listed by a Normal user: got %v", got)
	}
}
