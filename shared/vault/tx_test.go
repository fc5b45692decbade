package vault_test

import (
	"errors"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// office is a vault with a project, a user for each level on it, and an entry.
type office struct {
	*scenario.System
	users map[string]*auth.Founding
	entry vault.EntryID
}

const (
	room     vault.ProjectID = 1
	elsewhre vault.ProjectID = 2
	closed   vault.ProjectID = 3 // archived
	hidden   vault.ProjectID = 4
)

func newOffice(t *testing.T) *office {
	t.Helper()
	return newOfficeOn(t, vaulttest.NewMemory())
}

func newOfficeOn(t *testing.T, store vault.Store) *office {
	t.Helper()
	o := &office{System: scenario.On(t, store), users: map[string]*auth.Founding{}}
	levels := map[string]vault.ProjectLevel{"none": 0, "traverse": 10, "read": 20, "create": 30, "edit": 40, "manage": 50, "full": 60}
	var grants []vault.ProjectUserGrant
	for _, name := range []string{"none", "traverse", "read", "create", "edit", "manage", "full"} {
		o.users[name] = o.AddUser(t, name, vault.NormalUser)
		grants = append(grants, vault.ProjectUserGrant{User: o.users[name].AdminID, Level: levels[name]})
	}
	o.users["reader"] = o.AddUser(t, "reader", vault.NormalUser)
	grants = append(grants, vault.ProjectUserGrant{User: o.users["reader"].AdminID, Level: 60})
	o.users["admin"] = o.Founding
	o.Do(t, func(tx *vault.Tx) (err error) {
		for _, p := range []vault.Project{{Name: "room", Manager: 1}, {Name: "elsewhere", Manager: 1}, {Name: "closed", Manager: 1}, {Name: "hidden", Manager: 1}} {
			if _, err = tx.CreateProject(p); err != nil {
				return err
			}
		}
		for _, p := range []vault.ProjectID{room, elsewhre, closed} {
			if err = tx.SetGrants(vault.ProjectGrants{Project: p, All: vault.ProjectUnset, Users: grants}); err != nil {
				return err
			}
		}
		if err = tx.EditProject(closed, func(p *vault.Project) { p.Archived = true }); err != nil {
			return err
		}
		if err = tx.EditUser(o.users["reader"].AdminID, func(u *vault.User) { u.Role = vault.ReadOnly }); err != nil { // what it was granted stays
			return err
		}
		o.entry, err = tx.CreateEntry(vault.Entry{Name: "entry", Project: room, Manager: 1}, vault.Payload{Password: vault.NewSecret("1")})
		return err
	})
	return o
}

// try runs an Update as a user and returns its error's kind; Internal for none, because no rule answers Internal.
func (o *office) try(t *testing.T, who, reason string, fn func(*vault.Tx) error) vault.Kind {
	t.Helper()
	req := vault.Request{Auth: auth.Token(o.users[who].SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "test", Writes: true}, Reason: reason}
	_, err := vault.Update(t.Context(), o.Vault, req, func(tx *vault.Tx) (struct{}, error) { return struct{}{}, fn(tx) })
	if err != nil && errors.Is(err, vault.Internal) {
		t.Errorf("%s: %v", who, err)
	}
	if err == nil {
		return ok
	}
	return vault.KindOf(err)
}

const ok = vault.Internal

func create(p vault.ProjectID) func(*vault.Tx) error {
	return func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(vault.Entry{Name: "new", Project: p}, vault.Payload{})
		return err
	}
}

func (o *office) edit(change func(*vault.Entry)) func(*vault.Tx) error {
	return func(tx *vault.Tx) error {
		return tx.EditEntry(o.entry, func(e *vault.Entry) error { change(e); return nil })
	}
}

// TestWhoMayWhat is the table of contracts TPM 4.6 for entries. In each row the users that may, and the answer for the others in order.
func TestWhoMayWhat(t *testing.T) {
	o := newOffice(t)
	rename := o.edit(func(e *vault.Entry) { e.Name += "." })
	password := func(tx *vault.Tx) error { return tx.SetPassword(o.entry, vault.NewSecret("2")) }
	lock := func(tx *vault.Tx) error {
		if err := tx.SetLock(o.entry, vault.LockReason); err != nil {
			return err
		}
		return tx.SetLock(o.entry, vault.Unlocked)
	}
	none, no, nf := ok, vault.Forbidden, vault.NotFound
	order := []string{"none", "traverse", "read", "create", "edit", "manage", "full", "reader", "admin"}
	for _, row := range []struct {
		name   string
		reason string
		do     func(*vault.Tx) error
		want   [9]vault.Kind
	}{
		{"create", "", create(room), [9]vault.Kind{nf, no, no, none, none, none, none, no, none}},
		{"create where nobody may look", "", create(hidden), [9]vault.Kind{nf, nf, nf, nf, nf, nf, nf, nf, none}},
		{"create in an archived project", "", create(closed), [9]vault.Kind{nf, no, no, no, no, no, no, no, no}},
		{"create in no project", "", create(99), [9]vault.Kind{vault.BadReference, vault.BadReference, vault.BadReference, vault.BadReference, vault.BadReference, vault.BadReference, vault.BadReference, vault.BadReference, vault.BadReference}},
		{"edit", "", rename, [9]vault.Kind{nf, nf, no, no, none, none, none, no, none}},
		{"set the password", "", password, [9]vault.Kind{nf, nf, no, no, none, none, none, no, none}},
		{"lock and unlock", "because", lock, [9]vault.Kind{nf, nf, no, no, none, none, none, no, none}},
		{"set private", "", o.edit(func(e *vault.Entry) {
			e.PrivateGroup = !e.PrivateGroup
			e.PrivateGroup = false
			e.AnyoneMayEdit = !e.AnyoneMayEdit
		}), [9]vault.Kind{nf, nf, no, no, no, none, none, no, none}},
	} {
		for i, who := range order {
			if got := o.try(t, who, row.reason, row.do); got != row.want[i] {
				t.Errorf("%s by %s: got %v, want %v", row.name, who, got, row.want[i])
			}
		}
	}
}

func TestWhatNeedsManage(t *testing.T) {
	for name, change := range map[string]func(*vault.Entry){
		"the manager":    func(e *vault.Entry) { e.Manager = 2 },
		"the main group": func(e *vault.Entry) { e.MainGroup = 1 },
		"private":        func(e *vault.Entry) { e.Private = true },
		"privateGroup":   func(e *vault.Entry) { e.PrivateGroup = true },
		"the project":    func(e *vault.Entry) { e.Project = elsewhre },
		"archived":       func(e *vault.Entry) { e.Archived = true },
		"user grants":    func(e *vault.Entry) { e.Users = []vault.UserGrant{{User: 2, Level: vault.LevelRead}} },
		"group grants":   func(e *vault.Entry) { e.Groups = []vault.GroupGrant{{Group: 1, Level: vault.LevelRead}} },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateGroup(vault.Group{Name: "group"}); return err })
			if got := o.try(t, "edit", "", o.edit(change)); got != vault.Forbidden {
				t.Errorf("with edit: got %v, want Forbidden", got)
			}
			if got := o.try(t, "manage", "", o.edit(change)); got != ok {
				t.Errorf("with manage: got %v", got)
			}
		})
	}
}

func TestAMoveNeedsTheRightToCreateThere(t *testing.T) {
	o := newOffice(t)
	if got := o.try(t, "manage", "", o.edit(func(e *vault.Entry) { e.Project = hidden })); got != vault.NotFound {
		t.Errorf("got %v, want NotFound", got)
	}
	if got := o.try(t, "manage", "", o.edit(func(e *vault.Entry) { e.Project = closed })); got != vault.Forbidden {
		t.Errorf("got %v, want Forbidden", got)
	}
}

func TestALockedEntryTakesNothingWithoutAReason(t *testing.T) {
	o := newOffice(t)
	writes := map[string]func(*vault.Tx) error{
		"relock":   func(tx *vault.Tx) error { return tx.SetLock(o.entry, vault.Unlocked) },
		"edit":     o.edit(func(e *vault.Entry) { e.Name += "." }),
		"password": func(tx *vault.Tx) error { return tx.SetPassword(o.entry, vault.NewSecret("2")) },
		"unlock":   func(tx *vault.Tx) error { return tx.SetLock(o.entry, vault.Unlocked) },
		"trash":    func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{o.entry}, false); return err },
	}
	for _, state := range []struct {
		lock    vault.Lock
		reason  string
		want    vault.Kind
		locking string
	}{
		{vault.LockReason, "", vault.Locked, "a reason lock, none given"},
		{vault.LockReason, " \t", vault.Locked, "a reason lock, a blank one given"},
		{vault.LockPermission, "", vault.Locked, "a permission lock, no reason"},
		{vault.LockPermission, "because", vault.LockedFirmly, "a permission lock, a reason"},
	} {
		*o = *newOffice(t)
		o.Do(t, func(tx *vault.Tx) error { return tx.SetLock(o.entry, state.lock) })
		for name, do := range writes {
			if got := o.try(t, "admin", state.reason, do); got != state.want {
				t.Errorf("%s: %s: got %v, want %v", state.locking, name, got, state.want)
			}
		}
		_, err := vault.View(t.Context(), o.Vault, vault.Request{Auth: auth.Token(o.Founding.SysPass.AuthToken), Reason: state.reason, Action: vault.Action{Dialect: vault.SysPass, Name: "test", Reveals: true}},
			func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(o.entry) })
		if !errors.Is(err, state.want) {
			t.Errorf("%s: reveal: got %v, want %v", state.locking, err, state.want)
		}
	}
	*o = *newOffice(t)
	o.Do(t, func(tx *vault.Tx) error { return tx.SetLock(o.entry, vault.LockReason) })
	if got := o.try(t, "edit", "", func(tx *vault.Tx) error { return tx.SetLock(o.entry, vault.LockReason) }); got != ok {
		t.Errorf("locking again: got %v", got)
	}
	for _, name := range []string{"edit", "password", "trash"} {
		if got := o.try(t, "admin", "because", writes[name]); got != ok {
			t.Errorf("with a reason: %s: got %v", name, got)
		}
	}
}

func TestAnArchivedEntryIsNotChanged(t *testing.T) {
	o := newOffice(t)
	o.Do(t, o.edit(func(e *vault.Entry) { e.Archived = true }))
	if got := o.try(t, "admin", "", o.edit(func(e *vault.Entry) { e.Name = "x" })); got != vault.Forbidden {
		t.Errorf("edit: got %v, want Forbidden", got)
	}
	if got := o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.SetPassword(o.entry, vault.NewSecret("2")) }); got != vault.Forbidden {
		t.Errorf("password: got %v, want Forbidden", got)
	}
	if got := o.try(t, "admin", "", o.edit(func(e *vault.Entry) { e.Archived = false })); got != ok {
		t.Errorf("unarchive: got %v", got)
	}
}

func TestAnArchivedEntryIsNotChangedByMovingIt(t *testing.T) {
	o := newOffice(t)
	o.Do(t, o.edit(func(e *vault.Entry) { e.Archived = true }))
	if got := o.try(t, "admin", "", o.edit(func(e *vault.Entry) { e.Name, e.Project = "changed", elsewhre })); got != vault.Forbidden {
		t.Errorf("got %v, want Forbidden", got)
	}
	if got := o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.SetLock(o.entry, vault.LockReason) }); got != vault.Forbidden {
		t.Errorf("lock: got %v, want Forbidden", got)
	}
}

func TestAPermissionLockOpensByNoCall(t *testing.T) {
	o := newOffice(t)
	o.Do(t, func(tx *vault.Tx) error { return tx.SetLock(o.entry, vault.LockPermission) })
	for _, lock := range []vault.Lock{vault.LockReason, vault.Unlocked} {
		for reason, want := range map[string]vault.Kind{"": vault.Locked, "because": vault.LockedFirmly} {
			if got := o.try(t, "admin", reason, func(tx *vault.Tx) error { return tx.SetLock(o.entry, lock) }); got != want {
				t.Errorf("to %d with reason %q: got %v, want %v", lock, reason, got, want)
			}
		}
	}
}

func TestAPersonalEntryNamesNoProjectOfOthers(t *testing.T) {
	o := newOffice(t)
	for _, p := range []vault.ProjectID{hidden, room, 99} {
		if got := o.try(t, "full", "", func(tx *vault.Tx) error {
			_, err := tx.CreateEntry(vault.Entry{Name: "x", Owner: o.users["full"].AdminID, Project: p}, vault.Payload{})
			return err
		}); got != vault.BadReference {
			t.Errorf("in project %d: got %v, want BadReference", p, got)
		}
	}
}

func TestTrashedEntriesAreGoneEverywhere(t *testing.T) {
	o := newOffice(t)
	o.Do(t, func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{o.entry}, false); return err })
	for name, do := range map[string]func(*vault.Tx) error{
		"edit":  o.edit(func(e *vault.Entry) { e.Name = "x" }),
		"trash": func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{o.entry}, false); return err },
		"show":  func(tx *vault.Tx) error { _, _, err := tx.Entry(o.entry); return err },
	} {
		if got := o.try(t, "admin", "", do); got != vault.NotFound {
			t.Errorf("%s: got %v, want NotFound", name, got)
		}
	}
	o.Do(t, func(tx *vault.Tx) error {
		if tx.EntryNamed("entry") {
			t.Error("a trashed entry's name must be free")
		}
		return nil
	})
}

func TestTrashingManyIsOneChange(t *testing.T) {
	o := newOffice(t)
	var ids []vault.EntryID
	for range 5 {
		o.Do(t, func(tx *vault.Tx) error {
			for range 60 {
				id, err := tx.CreateEntry(vault.Entry{Name: "x", Project: room}, vault.Payload{})
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return nil
		})
	}
	o.Do(t, func(tx *vault.Tx) error {
		n, err := tx.TrashEntries(append(ids, 4711, ids[0]), true)
		if n != 300 {
			t.Errorf("got %d, want 300", n)
		}
		return err
	})
	if got := o.try(t, "edit", "", func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{o.entry}, true); return err }); got != vault.Forbidden {
		t.Errorf("lenient is about unknown ids only: got %v, want Forbidden", got)
	}
}

func TestPersonalEntriesAreTheirOwnersAlone(t *testing.T) {
	o := newOffice(t)
	var id vault.EntryID
	me := o.users["read"].AdminID
	if got := o.try(t, "read", "", func(tx *vault.Tx) (err error) {
		id, err = tx.CreateEntry(vault.Entry{Name: "mine", Owner: me}, vault.Payload{Password: vault.NewSecret("1")})
		return err
	}); got != ok {
		t.Fatal(got)
	}
	for who, want := range map[string]vault.Kind{"read": ok, "admin": vault.NotFound, "full": vault.NotFound} {
		if got := o.try(t, who, "", func(tx *vault.Tx) error { _, _, err := tx.Entry(id); return err }); got != want {
			t.Errorf("%s: got %v, want %v", who, got, want)
		}
	}
	for name, e := range map[string]vault.Entry{"for another": {Name: "x", Owner: 1}} {
		if got := o.try(t, "read", "", func(tx *vault.Tx) error { _, err := tx.CreateEntry(e, vault.Payload{}); return err }); got != vault.Forbidden {
			t.Errorf("%s: got %v, want Forbidden", name, got)
		}
	}
	if got := o.try(t, "reader", "", func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(vault.Entry{Name: "x", Owner: o.users["reader"].AdminID}, vault.Payload{})
		return err
	}); got != vault.Forbidden {
		t.Errorf("Read only: got %v, want Forbidden", got)
	}
}

func TestBadReferencesAndDefinitionsChangeNothing(t *testing.T) {
	o := newOffice(t)
	for name, c := range map[string]struct {
		entry vault.Entry
		want  vault.Kind
	}{
		"category":          {vault.Entry{Category: 9}, vault.BadReference},
		"manager":           {vault.Entry{Manager: 99}, vault.BadReference},
		"main group":        {vault.Entry{MainGroup: 9}, vault.BadReference},
		"tag":               {vault.Entry{Tags: []vault.TagID{9}}, vault.BadReference},
		"user grant":        {vault.Entry{Users: []vault.UserGrant{{User: 99, Level: 10}}}, vault.BadReference},
		"group grant":       {vault.Entry{Groups: []vault.GroupGrant{{Group: 9, Level: 10}}}, vault.BadReference},
		"level":             {vault.Entry{Users: []vault.UserGrant{{User: 1, Level: 11}}}, vault.Invalid},
		"unsorted grants":   {vault.Entry{Users: []vault.UserGrant{{User: 2, Level: 10}, {User: 1, Level: 10}}}, vault.Invalid},
		"field number":      {vault.Entry{Fields: []vault.CustomField{{Number: 11}}}, vault.Invalid},
		"field type":        {vault.Entry{Fields: []vault.CustomField{{Number: 1, Type: 99}}}, vault.Invalid},
		"a field twice":     {vault.Entry{Fields: []vault.CustomField{{Number: 1}, {Number: 1}}}, vault.Invalid},
		"a lock of no kind": {vault.Entry{Lock: 3}, vault.Invalid},
	} {
		c.entry.Name, c.entry.Project = "new", room
		if got := o.try(t, "admin", "", func(tx *vault.Tx) error { _, err := tx.CreateEntry(c.entry, vault.Payload{}); return err }); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	var n int
	o.Do(t, func(tx *vault.Tx) error {
		_, n = tx.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, 0)
		return nil
	})
	if n != 1 {
		t.Errorf("got %d entries, want 1", n)
	}
}

func TestAPasswordChangeKeepsTheOtherSecrets(t *testing.T) {
	o := newOffice(t)
	var id vault.EntryID
	o.Do(t, func(tx *vault.Tx) (err error) {
		id, err = tx.CreateEntry(vault.Entry{Name: "x", Project: room, Fields: []vault.CustomField{{Number: 3, Type: vault.FieldPassword, Label: "root"}}},
			vault.Payload{Password: vault.NewSecret("1"), Fields: map[uint8]vault.Secret{3: vault.NewSecret("three")}})
		return err
	})
	o.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(id, vault.NewSecret("2")) })
	other := o.Another(t, o.Store)
	other.Do(t, func(tx *vault.Tx) error {
		return tx.SetSecrets(id, nil, map[uint8]vault.Secret{3: vault.NewSecret("3")})
	})
	got, err := vault.View(t.Context(), o.Vault, vault.Request{Auth: auth.Token(o.Founding.SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "test", Reveals: true}},
		func(r *vault.Reader) (string, error) {
			p, err := r.Reveal(id)
			return p.Password.Reveal() + " " + p.Fields[3].Reveal(), err
		})
	if err != nil || got != "2 3" {
		t.Errorf("got %q, %v; want both secrets", got, err)
	}
}

func TestAnUpdateRevealsNothing(t *testing.T) {
	o := newOffice(t)
	_, err := vault.Update(t.Context(), o.Vault, scenario.Operator(), func(tx *vault.Tx) (vault.Payload, error) { return tx.Reveal(o.entry) })
	if err == nil || !strings.Contains(err.Error(), "update") {
		t.Errorf("got %v, want an error", err)
	}
	_, err = vault.View(t.Context(), o.Vault, vault.Request{Auth: auth.Token(o.Founding.SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "test"}},
		func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(o.entry) })
	if err == nil {
		t.Error("an action that is not declared to reveal did")
	}
}

func TestProjects(t *testing.T) {
	o := newOffice(t)
	manager := o.AddUser(t, "manager", vault.ProjectManager)
	o.users["pm"] = manager
	project := func(p vault.Project) func(*vault.Tx) error {
		return func(tx *vault.Tx) error { _, err := tx.CreateProject(p); return err }
	}
	for _, row := range []struct {
		name, who string
		p         vault.Project
		want      vault.Kind
	}{
		{"a Project manager makes a root", "pm", vault.Project{Name: "mine"}, ok},
		{"and below it", "pm", vault.Project{Name: "below", Parent: 5}, ok},
		{"the same name again", "pm", vault.Project{Name: "MINE "}, vault.Exists},
		{"the same name elsewhere", "pm", vault.Project{Name: "mine", Parent: 5}, ok},
		{"below what it may not see", "pm", vault.Project{Name: "x", Parent: hidden}, vault.NotFound},
		{"below nothing", "pm", vault.Project{Name: "x", Parent: 99}, vault.NotFound},
		{"a Normal user makes no root", "full", vault.Project{Name: "x"}, vault.Forbidden},
		{"a Normal user makes none below, either", "full", vault.Project{Name: "x", Parent: room}, vault.Forbidden},
		{"a personal folder for another", "pm", vault.Project{Name: "x", Owner: 1}, vault.Forbidden},
		{"a personal folder for nobody", "pm", vault.Project{Name: "x", Owner: 99}, vault.BadReference},
		{"a personal folder", "pm", vault.Project{Name: "personal", Owner: 10}, ok},
		{"a manager of no user", "pm", vault.Project{Name: "x", Manager: 99}, vault.BadReference},
	} {
		if got := o.try(t, row.who, "", project(row.p)); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

func TestALinkHandsOutOnlyWhatItsMakerMayRead(t *testing.T) {
	o := newOffice(t)
	var secret, personal, link vault.EntryID
	o.Do(t, func(tx *vault.Tx) (err error) {
		secret, err = tx.CreateEntry(vault.Entry{Name: "hidden", Project: hidden, Manager: 1}, vault.Payload{Password: vault.NewSecret("h")})
		return err
	})
	toLink := func(source vault.EntryID) func(*vault.Tx) error {
		return func(tx *vault.Tx) (err error) {
			link, err = tx.CreateEntry(vault.Entry{Name: "link", Project: room, Source: source}, vault.Payload{})
			return err
		}
	}
	if got := o.try(t, "create", "", toLink(secret)); got != vault.BadReference {
		t.Errorf("to a hidden entry: got %v, want BadReference", got)
	}
	_ = o.try(t, "create", "", func(tx *vault.Tx) (err error) {
		personal, err = tx.CreateEntry(vault.Entry{Name: "mine", Owner: o.users["create"].AdminID}, vault.Payload{Password: vault.NewSecret("p")})
		return err
	})
	if got := o.try(t, "create", "", toLink(personal)); got != vault.Invalid {
		t.Errorf("to a personal entry: got %v, want Invalid", got)
	}
	if got := o.try(t, "edit", "", toLink(o.entry)); got != vault.Forbidden {
		t.Errorf("to an entry that it does not manage: got %v, want Forbidden", got)
	}
	if got := o.try(t, "manage", "", toLink(o.entry)); got != ok {
		t.Fatalf("to an entry that it manages: got %v", got)
	}
	if got := o.try(t, "manage", "", func(tx *vault.Tx) error { return tx.SetPassword(link, vault.NewSecret("x")) }); got != vault.Forbidden {
		t.Errorf("writing through a link: got %v, want Forbidden", got)
	}
	reveal := func(reason string) (string, error) {
		return vault.View(t.Context(), o.Vault, vault.Request{Auth: auth.Token(o.Founding.SysPass.AuthToken), Reason: reason, Action: vault.Action{Dialect: vault.SysPass, Name: "test", Reveals: true}},
			func(r *vault.Reader) (string, error) {
				p, err := r.Reveal(link)
				return p.Password.Reveal(), err
			})
	}
	if got, err := reveal(""); got != "1" || err != nil {
		t.Errorf("got %q, %v; want the source's secret", got, err)
	}
	reader := auth.Token(o.users["read"].SysPass.AuthToken)
	asReader := func() (string, error) {
		return vault.View(t.Context(), o.Vault, vault.Request{Auth: reader, Action: vault.Action{Dialect: vault.SysPass, Name: "test", Reveals: true}},
			func(r *vault.Reader) (string, error) {
				p, err := r.Reveal(link)
				return p.Password.Reveal(), err
			})
	}
	if got, err := asReader(); got != "1" || err != nil {
		t.Errorf("as a reader: got %q, %v; want the source's secret", got, err)
	}
	o.Do(t, o.edit(func(e *vault.Entry) { e.Private = true }))
	if got, err := asReader(); got != "" || err != nil {
		t.Errorf("of a source made private since: got %q, %v; want nothing", got, err)
	}
	o.Do(t, func(tx *vault.Tx) error { return tx.SetLock(o.entry, vault.LockReason) })
	if got, err := reveal(""); !errors.Is(err, vault.Locked) {
		t.Errorf("of a locked source: got %q, %v; want Locked", got, err)
	}
}

func TestOnlyAdminsCreateForOthers(t *testing.T) {
	o := newOffice(t)
	o.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateGroup(vault.Group{Name: "group"}); return err })
	for name, e := range map[string]vault.Entry{"manager": {Manager: 1}, "main group": {MainGroup: 1}} {
		e.Name, e.Project = "new", room
		for who, want := range map[string]vault.Kind{"full": vault.Forbidden, "admin": ok} {
			if got := o.try(t, who, "", func(tx *vault.Tx) error { _, err := tx.CreateEntry(e, vault.Payload{}); return err }); got != want {
				t.Errorf("%s by %s: got %v, want %v", name, who, got, want)
			}
		}
	}
}

// TestANarrowedCredentialTouchesNoManagersAndGrants: though its user may.
func TestANarrowedCredentialTouchesNoManagersAndGrants(t *testing.T) {
	o := newOffice(t)
	token := auth.NewHexToken()
	o.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateCredential(vault.Credential{User: 1, Dialect: vault.SysPass, TokenHash: auth.HashToken(token), Projects: []vault.ProjectID{room}}, func(vault.CredentialID) ([]byte, error) { return nil, nil })
		return err
	})
	o.users["narrowed"] = &auth.Founding{SysPass: auth.SysPassToken{AuthToken: token}}
	for name, do := range map[string]func(*vault.Tx) error{
		"manager":     o.edit(func(e *vault.Entry) { e.Manager = 2 }),
		"user grants": o.edit(func(e *vault.Entry) { e.Users = []vault.UserGrant{{User: 2, Level: vault.LevelRead}} }),
		"project grants": func(tx *vault.Tx) error {
			return tx.SetGrants(vault.ProjectGrants{Project: room, All: vault.ProjectFull})
		},
		"entry for others": func(tx *vault.Tx) error {
			_, err := tx.CreateEntry(vault.Entry{Name: "x", Project: room, Manager: 2}, vault.Payload{})
			return err
		},
		"root project": func(tx *vault.Tx) error { _, err := tx.CreateProject(vault.Project{Name: "x"}); return err },
		"user":         func(tx *vault.Tx) error { return tx.EditUser(2, func(u *vault.User) { u.Name = "x" }) },
		"setting":      func(tx *vault.Tx) error { return tx.SetSetting("k", "v") },
	} {
		if got := o.try(t, "narrowed", "", do); got != vault.Forbidden {
			t.Errorf("%s: got %v, want Forbidden", name, got)
		}
	}
	if got := o.try(t, "narrowed", "", o.edit(func(e *vault.Entry) { e.Name = "renamed" })); got != ok {
		t.Errorf("a name: got %v", got)
	}
}

func TestASharedEntryStaysOutOfPersonalFolders(t *testing.T) {
	o := newOffice(t)
	var folder vault.ProjectID
	if got := o.try(t, "admin", "", func(tx *vault.Tx) (err error) {
		folder, err = tx.CreateProject(vault.Project{Name: "1", Owner: 1})
		return err
	}); got != ok {
		t.Fatal(got)
	}
	if got := o.try(t, "admin", "", o.edit(func(e *vault.Entry) { e.Project = folder })); got != vault.NotFound {
		t.Errorf("got %v, want NotFound", got)
	}
	o.Do(t, func(tx *vault.Tx) error {
		if e, _, err := tx.Entry(o.entry); err != nil || e.Project != room {
			t.Errorf("the entry is in %v, %v", e, err)
		}
		return nil
	})
}
