package vault_test

import (
	"testing"

	"tresor/shared/vault"
)

// TestNoSharedCopyInAPersonalFolder copies and shares into the caller's own personal folder: a shared entry there would be in nobody's list.
func TestNoSharedCopyInAPersonalFolder(t *testing.T) {
	o := newOffice(t)
	me := o.users["create"].AdminID
	var folder vault.ProjectID
	var mine vault.EntryID
	o.Do(t, func(tx *vault.Tx) (err error) {
		folder, err = tx.CreatePersonalRoot(me, "own")
		return err
	})
	if got := o.try(t, "create", "", func(tx *vault.Tx) (err error) {
		mine, err = tx.CreateEntry(vault.Entry{Name: "mine", Owner: me}, vault.Payload{Password: vault.NewSecret("p")})
		return err
	}); got != ok {
		t.Fatal(got)
	}
	for name, c := range map[string]struct {
		run  func(*vault.Tx, vault.ProjectID) error
		to   vault.ProjectID
		want vault.Kind
	}{
		"a copy into the folder":   {func(tx *vault.Tx, to vault.ProjectID) error { _, err := tx.CopyEntry(mine, to); return err }, folder, vault.NotFound},
		"sharing into the folder":  {func(tx *vault.Tx, to vault.ProjectID) error { _, err := tx.ShareEntry(mine, to); return err }, folder, vault.NotFound},
		"a copy into a project":    {func(tx *vault.Tx, to vault.ProjectID) error { _, err := tx.CopyEntry(mine, to); return err }, room, ok},
		"a copy of one's readable": {func(tx *vault.Tx, to vault.ProjectID) error { _, err := tx.CopyEntry(o.entry, to); return err }, folder, vault.NotFound},
	} {
		if got := o.try(t, "create", "", func(tx *vault.Tx) error { return c.run(tx, c.to) }); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
