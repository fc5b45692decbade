package vault_test

import (
	"fmt"
	"testing"
	"time"

	"tresor/shared/compact"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

const day = 24 * time.Hour

// secretOf returns an entry's password as an Admin reads it.
func (o *office) secretOf(t *testing.T, id vault.EntryID) (string, vault.Kind) {
	t.Helper()
	p, kind := see(t, o, o.request("admin", ""), func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(id) })
	if kind != ok {
		return "", kind
	}
	return p.Password.Reveal(), ok
}

func (o *office) purge(t *testing.T) int {
	t.Helper()
	n, err := compact.Purge(t.Context(), o.Vault)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func trash(id vault.EntryID) func(*vault.Tx) error {
	return func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{id}, false); return err }
}

func TestUndelete(t *testing.T) {
	o := newOffice(t)
	undelete := func(id vault.EntryID, to vault.ProjectID) vault.Kind {
		_, err := vault.Update(t.Context(), o.Vault, scenario.Operator(), func(tx *vault.Tx) (int, error) { return 0, tx.Undelete(id, to) })
		if err == nil {
			return ok
		}
		return vault.KindOf(err)
	}
	if got := undelete(o.entry, 0); got != vault.NotFound {
		t.Errorf("a living one: got %v", got)
	}
	o.Do(t, trash(o.entry))
	if _, got := o.secretOf(t, o.entry); got != vault.NotFound {
		t.Fatalf("in the trash: got %v", got)
	}
	if got := o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.Undelete(o.entry, 0) }); got != vault.Forbidden {
		t.Errorf("by an Admin: got %v", got)
	}
	if got := undelete(o.entry, 0); got != ok {
		t.Fatal(got)
	}
	if secret, got := o.secretOf(t, o.entry); got != ok || secret != "1" {
		t.Errorf("back again: got %q, %v", secret, got)
	}
	o.Do(t, func(tx *vault.Tx) error { return tx.TrashLeaf(room) })
	if got := undelete(o.entry, 0); got != vault.BadReference {
		t.Errorf("its project is gone: got %v", got)
	}
	if got := undelete(o.entry, 4711); got != vault.BadReference {
		t.Errorf("into no project: got %v", got)
	}
	if got := undelete(o.entry, elsewhre); got != ok {
		t.Errorf("into another: got %v", got)
	}
	if e, _ := o.show(t, "admin", o.entry); e.Project != elsewhre {
		t.Errorf("got project %d", e.Project)
	}
}

func TestRevert(t *testing.T) {
	o := newOffice(t)
	for _, password := range []string{"2", "3"} {
		o.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(o.entry, vault.NewSecret(password)) })
	}
	revert := func(version uint32) vault.Kind {
		_, err := vault.Update(t.Context(), o.Vault, scenario.Operator(), func(tx *vault.Tx) (int, error) { return 0, tx.Revert(o.entry, version) })
		if err == nil {
			return ok
		}
		return vault.KindOf(err)
	}
	for _, c := range []struct { // in this order: the last makes a version 4
		version uint32
		want    vault.Kind
	}{{0, vault.NotFound}, {4, vault.NotFound}, {1, ok}} {
		if got := revert(c.version); got != c.want {
			t.Errorf("version %d: got %v, want %v", c.version, got, c.want)
		}
	}
	if secret, got := o.secretOf(t, o.entry); got != ok || secret != "1" {
		t.Errorf("got %q, %v", secret, got)
	}
	if e, _ := o.show(t, "admin", o.entry); e.SecretVersion != 4 || !e.HasPassword {
		t.Errorf("got version %d", e.SecretVersion)
	}
	if got := o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.Revert(o.entry, 2) }); got != vault.Forbidden {
		t.Errorf("by an Admin: got %v", got)
	}
	if got := revert(3); got != ok { // and what was newest before
		t.Error(got)
	}
	if secret, _ := o.secretOf(t, o.entry); secret != "3" {
		t.Errorf("got %q", secret)
	}
}

func TestPurge(t *testing.T) {
	o := newOffice(t)
	o.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(o.entry, vault.NewSecret("2")) })
	if _, got := o.attach(t, "admin", vault.File{Entry: o.entry, Name: "f"}); got != ok {
		t.Fatal(got)
	}
	lives := o.must(t, "full", "", newEntry(vault.Entry{Name: "lives", Project: room}, "x"))
	o.Do(t, trash(o.entry))
	o.Clock.Add(89 * day)
	if n := o.purge(t); n != 0 {
		t.Fatalf("after 89 days %d things went", n)
	}
	o.Clock.Add(2 * day)
	if n := o.purge(t); n != 2 {
		t.Errorf("%d things went, want the entry and its file", n)
	}
	stored, err := o.Store.Secrets(t.Context(), []vault.SecretKey{{Entry: o.entry, Version: 1}, {Entry: o.entry, Version: 2}, {Entry: lives, Version: 1}})
	if err != nil || len(stored) != 1 {
		t.Errorf("%d secrets are left, %v", len(stored), err)
	}
	if n := o.purge(t); n != 0 {
		t.Errorf("again: %d", n)
	}
	if secret, got := o.secretOf(t, lives); got != ok || secret != "x" {
		t.Errorf("what lives: got %q, %v", secret, got)
	}
	fresh := o.must(t, "full", "", newEntry(vault.Entry{Name: "new", Project: room}, "y"))
	if fresh <= lives {
		t.Errorf("an id was given again: %d", fresh)
	}
	other := &office{System: o.Another(t, o.Store), users: o.users}
	if secret, got := other.secretOf(t, lives); got != ok || secret != "x" {
		t.Errorf("a process that replays: got %q, %v", secret, got)
	}
}

func TestPurgeOfManyVersionsAndOfATree(t *testing.T) {
	o := newOffice(t)
	for i := range 200 { // of one entry's secret: more than fit a transaction
		o.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(o.entry, vault.NewSecret(fmt.Sprint(i))) })
	}
	var inner vault.ProjectID
	o.Do(t, func(tx *vault.Tx) (err error) {
		if inner, err = tx.CreateSubproject(vault.Project{Name: "inner", Parent: hidden}); err != nil {
			return err
		}
		_, err = tx.CreateEntry(vault.Entry{Name: "in it", Project: inner}, vault.Payload{Password: vault.NewSecret("x")})
		return err
	})
	o.Do(t, func(tx *vault.Tx) error { return tx.TrashLeaf(inner) })
	o.Do(t, func(tx *vault.Tx) error { return tx.TrashLeaf(hidden) })
	o.Do(t, trash(o.entry))
	o.Clock.Add(91 * day)
	o.purge(t)
	var keys []vault.SecretKey
	for v := range uint32(202) {
		keys = append(keys, vault.SecretKey{Entry: o.entry, Version: v + 1})
	}
	for range 3 {
		stored, err := o.Store.Secrets(t.Context(), keys[:100])
		if err != nil || len(stored) != 0 {
			t.Errorf("%d secrets are left, %v", len(stored), err)
		}
		keys = keys[min(100, len(keys)-100):]
	}
	_, kind := see(t, o, o.request("admin", ""), func(r *vault.Reader) (int, error) {
		for _, id := range []vault.ProjectID{inner, hidden} {
			if r.ProjectName(id) != "" {
				t.Errorf("project %d is still there", id)
			}
		}
		return 0, nil
	})
	if kind != ok {
		t.Error(kind)
	}
}

func TestTheTrashIsKeptAsLongAsTheSettingSays(t *testing.T) {
	for value, want := range map[string]int{"0": 0, "1000": 0, "10": 1, "nonsense": 1} {
		o := newOffice(t)
		o.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(vault.TrashDaysSetting, value) })
		o.Do(t, trash(o.entry))
		o.Clock.Add(91 * day)
		if n := o.purge(t); n != want {
			t.Errorf("%s: %d went, want %d", value, n, want)
		}
	}
}
