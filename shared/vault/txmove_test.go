package vault_test

import (
	"testing"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// TestMoveEntry moves an entry as each user, and to each kind of project.
func TestMoveEntry(t *testing.T) {
	o := newOffice(t)
	var personal vault.ProjectID
	var mine vault.EntryID
	if got := o.try(t, "manage", "", func(tx *vault.Tx) (err error) {
		mine, err = tx.CreateEntry(vault.Entry{Name: "mine", Owner: o.users["manage"].AdminID}, vault.Payload{})
		return err
	}); got != ok {
		t.Fatal(got)
	}
	if got := o.try(t, "admin", "", func(tx *vault.Tx) (err error) {
		personal, err = tx.CreateProject(vault.Project{Name: "1", Owner: 1})
		return err
	}); got != ok {
		t.Fatal(got)
	}
	for _, c := range []struct {
		who  string
		id   vault.EntryID
		to   vault.ProjectID
		want vault.Kind
	}{
		{"none", o.entry, elsewhre, vault.NotFound}, {"read", o.entry, elsewhre, vault.Forbidden}, {"edit", o.entry, elsewhre, vault.Forbidden},
		{"edit", o.entry, room, vault.Forbidden}, // where it is, which it may not say either
		{"manage", o.entry, hidden, vault.NotFound}, {"manage", o.entry, closed, vault.Forbidden}, {"manage", o.entry, 99, vault.BadReference},
		{"admin", o.entry, personal, vault.Invalid}, {"manage", mine, elsewhre, vault.Invalid}, {"manage", 99, elsewhre, vault.NotFound},
		{"manage", o.entry, room, ok}, {"manage", o.entry, elsewhre, ok}, {"full", o.entry, room, ok},
	} {
		if got := o.try(t, c.who, "", func(tx *vault.Tx) error { return tx.MoveEntry(c.id, c.to) }); got != c.want {
			t.Errorf("%s moves %d to %d: got %v, want %v", c.who, c.id, c.to, got, c.want)
		}
	}
	o.Do(t, o.edit(func(e *vault.Entry) { e.Archived = true }))
	if got := o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.MoveEntry(o.entry, room) }); got != vault.Forbidden {
		t.Errorf("an archived one to where it is: got %v, want Forbidden", got)
	}
}

// TestUse asks for entries under each lock, and looks for the reason in the access records.
func TestUse(t *testing.T) {
	o := newOffice(t)
	use := func(who, reason string) error {
		req := vault.Request{Auth: auth.Token(o.users[who].SysPass.AuthToken), Reason: reason, Action: vault.Action{Dialect: vault.SysPass, Name: "use"}}
		_, err := vault.View(t.Context(), o.Vault, req, func(r *vault.Reader) (struct{}, error) {
			_, _, err := r.Use(o.entry)
			return struct{}{}, err
		})
		return err
	}
	kind := func(err error) vault.Kind {
		if err == nil {
			return ok
		}
		return vault.KindOf(err)
	}
	for _, lock := range []struct {
		lock         vault.Lock
		bare, reason vault.Kind
	}{{vault.Unlocked, ok, ok}, {vault.LockReason, vault.Locked, ok}, {vault.LockPermission, vault.Locked, vault.LockedFirmly}} {
		if got := o.try(t, "admin", "before", func(tx *vault.Tx) error { return tx.SetLock(o.entry, lock.lock) }); got != ok {
			t.Fatal(got)
		}
		if got := kind(use("read", "")); got != lock.bare {
			t.Errorf("lock %d: got %v, want %v", lock.lock, got, lock.bare)
		}
		if got := kind(use("read", "why")); got != lock.reason {
			t.Errorf("lock %d with a reason: got %v, want %v", lock.lock, got, lock.reason)
		}
		if got := kind(use("none", "why")); got != vault.NotFound {
			t.Errorf("lock %d by a stranger: got %v, want NotFound", lock.lock, got)
		}
	}
	records, err := o.Log.Accesses(t.Context(), vault.HourOf(o.Clock.Now()), "")
	if err != nil || len(records) != 1 || records[0].Reason != "why" || records[0].User != o.users["read"].AdminID || len(records[0].Secrets) != 0 {
		t.Errorf("got %+v, %v; want one record, of the use that took a reason", records, err)
	}
}

// TestAPlaceThatIsKnownIsForbidden tells those who know of a project by an entry in it that they may not create there; to others there is none.
func TestAPlaceThatIsKnownIsForbidden(t *testing.T) {
	o := newOffice(t)
	reader := o.users["read"].AdminID
	var shown vault.EntryID
	o.Do(t, func(tx *vault.Tx) (err error) {
		shown, err = tx.CreateEntry(vault.Entry{Name: "shown", Project: hidden, Manager: 1, Users: []vault.UserGrant{{User: reader, Level: vault.LevelRead}}}, vault.Payload{})
		return err
	})
	for who, want := range map[string]vault.Kind{"read": vault.Forbidden, "edit": vault.NotFound} {
		if got := o.try(t, who, "", create(hidden)); got != want {
			t.Errorf("%s creates: got %v, want %v", who, got, want)
		}
		if got := o.try(t, who, "", func(tx *vault.Tx) error { _, err := tx.DuplicateEntry(shown, "x"); return err }); got != want {
			t.Errorf("%s duplicates: got %v, want %v", who, got, want)
		}
	}
}

// TestAMarkThatIsThereIsNoChange marks an entry twice, and takes the mark off twice.
func TestAMarkThatIsThereIsNoChange(t *testing.T) {
	o := newOffice(t)
	heads := func() (h vault.Heads) {
		o.Log.Read(func(s *vault.State) { h = s.Heads() })
		return h
	}
	for _, marked := range []bool{true, false} {
		mark := func(tx *vault.Tx) error { return tx.SetFavourite(o.entry, marked) }
		before := heads()
		if got := o.try(t, "read", "", mark); got != ok || heads() == before {
			t.Errorf("marked %v: got %v, or nothing has changed", marked, got)
		}
		before = heads()
		if got := o.try(t, "read", "", mark); got != ok || heads() != before {
			t.Errorf("marked %v again: got %v, or the vault has changed", marked, got)
		}
	}
	if got := o.try(t, "none", "", func(tx *vault.Tx) error { return tx.SetFavourite(o.entry, false) }); got != vault.NotFound {
		t.Errorf("a stranger: got %v, want NotFound", got)
	}
}
