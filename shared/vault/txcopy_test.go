package vault_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/auth"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// staff lists the office's users in the order of the tables, from the least to the most.
var staff = []string{"none", "traverse", "read", "create", "edit", "manage", "full", "reader", "admin"}

// The answers for all of the staff, by what an action on an entry needs.
var (
	managers = [9]vault.Kind{vault.NotFound, vault.NotFound, vault.Forbidden, vault.Forbidden, vault.Forbidden, ok, ok, vault.Forbidden, ok}
	creators = [9]vault.Kind{vault.NotFound, vault.NotFound, vault.Forbidden, ok, ok, ok, ok, vault.Forbidden, ok}
	nobody   = [9]vault.Kind{vault.NotFound, vault.NotFound, vault.Forbidden, vault.Forbidden, vault.Forbidden, vault.Forbidden, vault.Forbidden, vault.Forbidden, vault.Forbidden}
	theAdmin = [9]vault.Kind{vault.NotFound, vault.NotFound, vault.NotFound, vault.NotFound, vault.NotFound, vault.NotFound, vault.NotFound, vault.NotFound, ok}
)

// request is a user's, of an action that writes and reveals.
func (o *office) request(who, reason string) vault.Request {
	return vault.Request{Auth: auth.Token(o.users[who].SysPass.AuthToken), Reason: reason, Action: vault.Action{Dialect: vault.SysPass, Name: "test", Writes: true, Reveals: true}}
}

// make runs an Update that makes something, as try does.
func (o *office) make(t *testing.T, req vault.Request, fn func(*vault.Tx) (vault.EntryID, error)) (vault.EntryID, vault.Kind) {
	t.Helper()
	id, err := vault.Update(t.Context(), o.Vault, req, fn)
	if err == nil {
		return id, ok
	}
	if id != 0 {
		t.Errorf("an id besides the error %v", err)
	}
	return 0, vault.KindOf(err)
}

// must is make for what may not fail.
func (o *office) must(t *testing.T, who, reason string, fn func(*vault.Tx) (vault.EntryID, error)) vault.EntryID {
	t.Helper()
	id, got := o.make(t, o.request(who, reason), fn)
	if got != ok {
		t.Fatalf("%s: got %v", who, got)
	}
	return id
}

// see runs a View as a user.
func see[T any](t *testing.T, o *office, req vault.Request, fn func(*vault.Reader) (T, error)) (T, vault.Kind) {
	t.Helper()
	got, err := vault.View(t.Context(), o.Vault, req, fn)
	if err == nil {
		return got, ok
	}
	return got, vault.KindOf(err)
}

// show returns an entry as the user sees it, and its secrets in clear: the password under 0.
func (o *office) show(t *testing.T, who string, id vault.EntryID) (vault.Entry, map[uint8]string) {
	t.Helper()
	type shown struct {
		entry   vault.Entry
		secrets map[uint8]string
	}
	got, kind := see(t, o, o.request(who, "because"), func(r *vault.Reader) (shown, error) {
		e, _, err := r.Entry(id)
		if err != nil {
			return shown{}, err
		}
		p, err := r.Reveal(id)
		s := shown{*e, map[uint8]string{}}
		if !p.Password.IsEmpty() {
			s.secrets[0] = p.Password.Reveal()
		}
		for n, secret := range p.Fields {
			if !secret.IsEmpty() {
				s.secrets[n] = secret.Reveal()
			}
		}
		return s, err
	})
	if kind != ok {
		t.Fatalf("%s shows entry %d: %v", who, id, kind)
	}
	return got.entry, got.secrets
}

// records returns the access records so far, without what only chains them.
func (o *office) records(t *testing.T) (list []vault.AccessRecord) {
	t.Helper()
	all, err := o.Log.Accesses(t.Context(), vault.HourOf(o.Clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		list = append(list, vault.AccessRecord{User: a.User, Action: a.Action, Reason: a.Reason, Secrets: a.Secrets, Withheld: a.Withheld, Used: a.Used, Files: a.Files})
	}
	return list
}

func copyOf(id vault.EntryID, to vault.ProjectID) func(*vault.Tx) (vault.EntryID, error) {
	return func(tx *vault.Tx) (vault.EntryID, error) { return tx.CopyEntry(id, to) }
}

func duplicateOf(id vault.EntryID) func(*vault.Tx) (vault.EntryID, error) {
	return func(tx *vault.Tx) (vault.EntryID, error) { return tx.DuplicateEntry(id, "duplicate") }
}

func shareOf(id vault.EntryID, to vault.ProjectID) func(*vault.Tx) (vault.EntryID, error) {
	return func(tx *vault.Tx) (vault.EntryID, error) { return tx.ShareEntry(id, to) }
}

func newEntry(e vault.Entry, password string) func(*vault.Tx) (vault.EntryID, error) {
	return func(tx *vault.Tx) (vault.EntryID, error) {
		return tx.CreateEntry(e, vault.Payload{Password: vault.NewSecret(password)})
	}
}

// inClosed makes an entry in the archived project.
func (o *office) inClosed(t *testing.T) (id vault.EntryID) {
	t.Helper()
	o.Do(t, func(tx *vault.Tx) (err error) {
		if err = tx.EditProject(closed, func(p *vault.Project) { p.Archived = false }); err != nil {
			return err
		}
		if id, err = tx.CreateEntry(vault.Entry{Name: "old", Project: closed, Manager: 1}, vault.Payload{Password: vault.NewSecret("old")}); err != nil {
			return err
		}
		return tx.EditProject(closed, func(p *vault.Project) { p.Archived = true })
	})
	return id
}

func TestWhoMayCopy(t *testing.T) {
	o := newOffice(t)
	old := o.inClosed(t)
	secret := o.must(t, "admin", "", newEntry(vault.Entry{Name: "hidden", Project: hidden}, "h"))
	bad := func(k vault.Kind) [9]vault.Kind {
		return [9]vault.Kind{vault.NotFound, vault.NotFound, k, k, k, k, k, k, k}
	}
	for _, row := range []struct {
		name string
		do   func(*vault.Tx) (vault.EntryID, error)
		want [9]vault.Kind
	}{
		{"a copy elsewhere", copyOf(o.entry, elsewhre), creators},
		{"a copy beside it", copyOf(o.entry, room), creators},
		{"a copy to where nobody may look", copyOf(o.entry, hidden), theAdmin},
		{"a copy to an archived project", copyOf(o.entry, closed), nobody},
		{"a copy to no project", copyOf(o.entry, 99), bad(vault.BadReference)},
		{"a copy to project 0", copyOf(o.entry, 0), bad(vault.BadReference)},
		{"a copy from an archived project", copyOf(old, room), creators},
		{"a copy of what nobody may see", copyOf(secret, room), theAdmin},
		{"a copy of nothing", copyOf(999, room), [9]vault.Kind{5, 5, 5, 5, 5, 5, 5, 5, 5}},
		{"a duplicate", duplicateOf(o.entry), creators},
		{"a duplicate in an archived project", duplicateOf(old), nobody},
		{"to share what is shared", shareOf(o.entry, room), bad(vault.Invalid)},
	} {
		for i, who := range staff {
			if _, got := o.make(t, o.request(who, ""), row.do); got != row.want[i] {
				t.Errorf("%s by %s: got %v, want %v", row.name, who, got, row.want[i])
			}
		}
	}
}

// TestADuplicateNeedsManageOrTheRightToCreate: who was given manage on the entry alone may duplicate it where it may create nothing.
func TestADuplicateNeedsManageOrTheRightToCreate(t *testing.T) {
	o := newOffice(t)
	grants := []vault.UserGrant{{User: o.users["none"].AdminID, Level: vault.LevelManage}, {User: o.users["read"].AdminID, Level: vault.LevelEdit}}
	o.Do(t, func(tx *vault.Tx) error {
		return tx.SetEntrySecurity(o.entry, vault.EntrySecurityChange{Users: &grants})
	})
	for who, want := range map[string]vault.Kind{"none": ok, "read": vault.Forbidden} {
		if _, got := o.make(t, o.request(who, ""), duplicateOf(o.entry)); got != want {
			t.Errorf("%s: got %v, want %v", who, got, want)
		}
		if _, got := o.make(t, o.request(who, ""), copyOf(o.entry, room)); got == ok {
			t.Errorf("%s made a copy", who)
		}
	}
}

func TestACopyHasTheDataAndNoneOfTheRights(t *testing.T) {
	o := newOffice(t)
	var full vault.EntryID
	o.Do(t, func(tx *vault.Tx) error {
		group, err1 := tx.CreateGroup(vault.Group{Name: "group"})
		tags, err2 := tx.EnsureTags([]string{"stays", "goes"})
		category, err3 := tx.CreateCategory(vault.Category{Name: "category"})
		id, err4 := tx.CreateEntry(vault.Entry{Name: "name", Username: "user", Email: "e@example.com", URL: "url", Notes: "notes", Tags: tags, Category: category, Expiry: 7, Project: room,
			Manager: 1, MainGroup: group, AnyoneMayEdit: true, Users: []vault.UserGrant{{User: 2, Level: vault.LevelManage}}, Groups: []vault.GroupGrant{{Group: group, Level: vault.LevelRead}},
			Lock: vault.LockReason, Archived: true, ParentHint: 3,
			Fields: []vault.CustomField{{Number: 2, Label: "clear", Data: "data"}, {Number: 4, Type: vault.FieldPassword, Label: "sealed"}},
		}, vault.Payload{Password: vault.NewSecret("first"), Fields: map[uint8]vault.Secret{4: vault.NewSecret("four"), 9: vault.NewSecret("of no definition")}})
		full = id
		return errors.Join(err1, err2, err3, err4)
	})
	o.Do(t, func(tx *vault.Tx) error { return tx.RemoveTag(2) })
	source, secrets := o.show(t, "admin", full)
	for name, do := range map[string]func(*vault.Tx) (vault.EntryID, error){
		"copy": copyOf(full, elsewhre), "duplicate": duplicateOf(full),
	} {
		id := o.must(t, "manage", "because", do)
		got, gotSecrets := o.show(t, "manage", id)
		want := vault.Entry{ID: id, Project: elsewhre, Category: source.Category, Name: "name", Username: "user", Email: "e@example.com", URL: "url", Notes: "notes", Tags: []vault.TagID{1}, Expiry: 7,
			Manager: o.users["manage"].AdminID, ParentHint: 3, Fields: source.Fields, SecretVersion: 1, HasPassword: true, SecretFields: source.SecretFields, Strength: source.Strength,
			SecretChanged: source.SecretChanged, Created: source.Created, CreatedBy: o.users["manage"].AdminID, Updated: source.Updated, UpdatedBy: o.users["manage"].AdminID}
		if name == "duplicate" {
			want.Project, want.Name = room, "duplicate"
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if d := cmp.Diff(secrets, gotSecrets); d != "" {
			t.Errorf("%s: secrets (-want +got):\n%s", name, d)
		}
	}
	if after, _ := o.show(t, "admin", full); !cmp.Equal(after, source) {
		t.Errorf("the source changed: %+v", after)
	}
}

func TestACopyOfWhatIsPrivateIsPrivate(t *testing.T) {
	o := newOffice(t)
	mine := o.must(t, "full", "", newEntry(vault.Entry{Name: "mine", Project: room, Private: true}, "x"))
	grouped := o.must(t, "full", "", newEntry(vault.Entry{Name: "grouped", Project: room, PrivateGroup: true}, "x"))
	for _, id := range []vault.EntryID{mine, grouped} {
		for _, do := range []func(*vault.Tx) (vault.EntryID, error){copyOf(id, elsewhre), duplicateOf(id)} {
			if _, got := o.make(t, o.request("admin", ""), do); got != vault.NotFound {
				t.Errorf("entry %d by the admin: got %v, want NotFound", id, got)
			}
			c := o.must(t, "full", "", do)
			if _, got := see(t, o, o.request("admin", ""), func(r *vault.Reader) (int, error) { _, _, err := r.Entry(c); return 0, err }); got != vault.NotFound {
				t.Errorf("the copy of entry %d: got %v, want NotFound", id, got)
			}
		}
	}
}

func TestCopiesOfLockedLinkedAndArchivedEntries(t *testing.T) {
	o := newOffice(t)
	link := o.must(t, "admin", "", newEntry(vault.Entry{Name: "link", Project: room, Source: o.entry}, ""))
	firmly := o.must(t, "admin", "", newEntry(vault.Entry{Name: "firmly", Project: room, Lock: vault.LockPermission}, "x"))
	locked := o.must(t, "admin", "", newEntry(vault.Entry{Name: "locked", Project: room, Lock: vault.LockReason}, "x"))
	archived := o.must(t, "admin", "", newEntry(vault.Entry{Name: "archived", Project: room, Archived: true}, "x"))
	for _, row := range []struct {
		name   string
		id     vault.EntryID
		reason string
		want   vault.Kind
	}{
		{"a link", link, "because", vault.Forbidden},
		{"locked firmly, a reason", firmly, "because", vault.LockedFirmly},
		{"locked firmly", firmly, "", vault.Locked},
		{"locked", locked, " ", vault.Locked},
		{"locked, a reason", locked, "because", ok},
		{"archived", archived, "", ok},
	} {
		for name, do := range map[string]func(*vault.Tx) (vault.EntryID, error){"copy": copyOf(row.id, elsewhre), "duplicate": duplicateOf(row.id)} {
			before := len(o.records(t))
			if _, got := o.make(t, o.request("manage", row.reason), do); got != row.want {
				t.Errorf("%s of %s: got %v, want %v", name, row.name, got, row.want)
			}
			if after := len(o.records(t)); (after > before) != (row.want == ok) {
				t.Errorf("%s of %s: %d access records", name, row.name, after-before)
			}
		}
	}
}

func TestAPersonalEntryIsCopiedAndSharedByItsOwner(t *testing.T) {
	o := newOffice(t)
	owner := o.users["create"].AdminID
	personal := o.must(t, "create", "", newEntry(vault.Entry{Name: "mine", Owner: owner}, "mine"))
	for _, do := range []func(*vault.Tx) (vault.EntryID, error){copyOf(personal, room), duplicateOf(personal), shareOf(personal, room)} {
		if _, got := o.make(t, o.request("admin", ""), do); got != vault.NotFound {
			t.Errorf("by the admin: got %v, want NotFound", got)
		}
	}
	d := o.must(t, "create", "", duplicateOf(personal))
	if e, secrets := o.show(t, "create", d); e.Owner != owner || e.Project != 0 || e.Name != "duplicate" || secrets[0] != "mine" {
		t.Errorf("the duplicate: %+v", e)
	}
	c := o.must(t, "create", "", copyOf(personal, room))
	if e, secrets := o.show(t, "admin", c); e.Owner != 0 || e.Project != room || secrets[0] != "mine" {
		t.Errorf("the copy: %+v", e)
	}
	for _, row := range []struct {
		name   string
		change vault.Entry
		to     vault.ProjectID
		want   vault.Kind
	}{
		{"archived", vault.Entry{Archived: true}, room, vault.Forbidden},
		{"locked", vault.Entry{Lock: vault.LockReason}, room, vault.Locked},
		{"to an archived project", vault.Entry{}, closed, vault.Forbidden},
		{"to a hidden project", vault.Entry{}, hidden, vault.NotFound},
		{"to no project", vault.Entry{}, 0, vault.BadReference},
		{"shared", vault.Entry{}, room, ok},
	} {
		row.change.Name, row.change.Owner = row.name, owner
		id := o.must(t, "create", "", newEntry(row.change, "s"))
		shared, got := o.make(t, o.request("create", ""), shareOf(id, row.to))
		if got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
		_, left := see(t, o, o.request("create", ""), func(r *vault.Reader) (int, error) { _, _, err := r.Entry(id); return 0, err })
		if (left == vault.NotFound) != (got == ok) {
			t.Errorf("%s: the personal entry: %v", row.name, left)
		}
		if got != ok {
			continue
		}
		if e, secrets := o.show(t, "admin", shared); e.Owner != 0 || e.Manager != owner || secrets[0] != "s" {
			t.Errorf("the shared one: %+v", e)
		}
	}
}

// TestWhatIsSharedLiesInNoPersonalFolder: neither one's own nor another's.
func TestWhatIsSharedLiesInNoPersonalFolder(t *testing.T) {
	o := newOffice(t)
	pm := o.AddUser(t, "pm", vault.ProjectManager)
	o.users["pm"] = pm
	var folder vault.ProjectID
	o.must(t, "pm", "", func(tx *vault.Tx) (_ vault.EntryID, err error) {
		folder, err = tx.CreateProject(vault.Project{Name: "own", Owner: pm.AdminID})
		return 0, err
	})
	mine := o.must(t, "pm", "", newEntry(vault.Entry{Name: "mine", Project: folder}, "m"))
	for _, who := range []string{"pm", "admin"} {
		source := o.must(t, "admin", "", newEntry(vault.Entry{Name: "source", Project: room, Users: []vault.UserGrant{{User: pm.AdminID, Level: vault.LevelManage}}}, "s"))
		if _, got := o.make(t, o.request(who, ""), copyOf(source, folder)); got != vault.NotFound {
			t.Errorf("a copy by %s: got %v, want NotFound", who, got)
		}
	}
	if _, got := o.make(t, o.request("pm", ""), shareOf(mine, folder)); got != vault.NotFound {
		t.Errorf("to share there: got %v, want NotFound", got)
	}
	d := o.must(t, "pm", "", duplicateOf(mine))
	if e, _ := o.show(t, "pm", d); e.Owner != pm.AdminID || e.Project != folder {
		t.Errorf("the duplicate: %+v", e)
	}
}

// narrow adds a user that is a narrowed credential of an existing one.
func (o *office) narrow(t *testing.T, name, of string, c vault.Credential) {
	t.Helper()
	token := auth.NewHexToken()
	c.User, c.Dialect, c.TokenHash = o.users[of].AdminID, vault.SysPass, auth.HashToken(token)
	o.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateCredential(c, func(vault.CredentialID) ([]byte, error) { return nil, nil })
		return err
	})
	o.users[name] = &auth.Founding{AdminID: c.User, SysPass: auth.SysPassToken{AuthToken: token}}
}

func TestNarrowedCredentialsCopyWithinTheirLimits(t *testing.T) {
	o := newOffice(t)
	personal := o.must(t, "admin", "", newEntry(vault.Entry{Name: "mine", Owner: 1}, "m"))
	o.narrow(t, "in the room", "admin", vault.Credential{Projects: []vault.ProjectID{room}})
	o.narrow(t, "reading", "admin", vault.Credential{ReadOnly: true})
	o.narrow(t, "for this", "admin", vault.Credential{Actions: []string{"test"}})
	o.narrow(t, "for that", "admin", vault.Credential{Actions: []string{"that"}})
	for _, row := range []struct {
		who                            string
		copy, elsewhere, dup, personal vault.Kind
	}{
		{"in the room", ok, vault.NotFound, ok, vault.NotFound},
		{"reading", vault.Forbidden, vault.Forbidden, vault.Forbidden, vault.Forbidden},
		{"for this", ok, ok, ok, ok},
		{"for that", vault.Forbidden, vault.Forbidden, vault.Forbidden, vault.Forbidden},
	} {
		for i, do := range []func(*vault.Tx) (vault.EntryID, error){copyOf(o.entry, room), copyOf(o.entry, elsewhre), duplicateOf(o.entry), copyOf(personal, room)} {
			want := []vault.Kind{row.copy, row.elsewhere, row.dup, row.personal}[i]
			if _, got := o.make(t, o.request(row.who, ""), do); got != want {
				t.Errorf("%s, copy %d: got %v, want %v", row.who, i, got, want)
			}
		}
	}
}

func TestTwoCallersCopyWhatBothMay(t *testing.T) {
	o := newOffice(t)
	for _, row := range []struct {
		first, second string
		want          vault.Kind
	}{
		{"full", "full", ok}, {"full", "read", vault.Forbidden}, {"read", "full", vault.Forbidden}, {"full", "none", vault.NotFound}, {"none", "full", vault.NotFound}, {"full", "reader", vault.Forbidden},
	} {
		req := o.request(row.first, "")
		req.Also = auth.Token(o.users[row.second].SysPass.AuthToken)
		for name, do := range map[string]func(*vault.Tx) (vault.EntryID, error){"copy": copyOf(o.entry, elsewhre), "duplicate": duplicateOf(o.entry)} {
			if _, got := o.make(t, req, do); got != row.want {
				t.Errorf("%s by %s and %s: got %v, want %v", name, row.first, row.second, got, row.want)
			}
		}
	}
}

func TestACopiedSecretIsOnRecord(t *testing.T) {
	o := newOffice(t)
	locked := o.must(t, "admin", "", newEntry(vault.Entry{Name: "locked", Project: room, Lock: vault.LockReason}, "x"))
	o.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(o.entry, vault.NewSecret("2")) })
	var none vault.EntryID
	o.Do(t, func(tx *vault.Tx) (err error) {
		none, err = tx.CreateEntry(vault.Entry{Name: "without a secret", Project: room}, vault.Payload{})
		return err
	})
	me := o.users["manage"].AdminID
	for _, row := range []struct {
		name   string
		reason string
		do     func(*vault.Tx) (vault.EntryID, error)
		want   []vault.AccessRecord
	}{
		{"a copy", "", copyOf(o.entry, elsewhre), []vault.AccessRecord{{User: me, Action: "syspass test", Secrets: []vault.SecretKey{{Entry: o.entry, Version: 2}}}}},
		{"a duplicate", "", duplicateOf(o.entry), []vault.AccessRecord{{User: me, Action: "syspass test", Secrets: []vault.SecretKey{{Entry: o.entry, Version: 2}}}}},
		{"of a locked one", "because", duplicateOf(locked), []vault.AccessRecord{{User: me, Action: "syspass test", Reason: "because", Secrets: []vault.SecretKey{{Entry: locked, Version: 1}}}}},
		{"of several", "because", func(tx *vault.Tx) (vault.EntryID, error) {
			_, err := tx.CopyEntry(locked, elsewhre)
			id, failed := tx.CopyEntry(o.entry, elsewhre)
			return id, errors.Join(err, failed)
		}, []vault.AccessRecord{{User: me, Action: "syspass test", Reason: "because", Secrets: []vault.SecretKey{{Entry: o.entry, Version: 2}, {Entry: locked, Version: 1}}}}},
		{"of no secret", "", duplicateOf(none), nil},
		{"where the caller may not", "", copyOf(o.entry, hidden), nil},
	} {
		before := o.records(t)
		_, _ = o.make(t, o.request("manage", row.reason), row.do)
		added := o.records(t)
		for _, a := range before {
			if i := slices.IndexFunc(added, func(b vault.AccessRecord) bool { return cmp.Equal(a, b) }); i >= 0 {
				added = slices.Delete(added, i, i+1)
			}
		}
		if d := cmp.Diff(row.want, added); d != "" && len(row.want)+len(added) > 0 {
			t.Errorf("%s (-want +got):\n%s", row.name, d)
		}
	}
}

// TestNothingIsCopiedWithoutARecord fails the access record, and then lets it through.
func TestNothingIsCopiedWithoutARecord(t *testing.T) {
	f := vaulttest.NewFaulty(vaulttest.NewMemory().Open(), 1)
	o := newOfficeOn(t, f)
	count := func() (n int) {
		n, _ = see(t, o, o.request("admin", ""), func(r *vault.Reader) (int, error) {
			_, total := r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, 0)
			return total, nil
		})
		return n
	}
	for name, do := range map[string]func(*vault.Tx) (vault.EntryID, error){"copy": copyOf(o.entry, elsewhre), "duplicate": duplicateOf(o.entry)} {
		f.Reset()
		f.FailAccess(100)
		if _, err := vault.Update(t.Context(), o.Vault, o.request("full", ""), do); err == nil || f.Count(vaulttest.Commit).Calls != 0 || count() != 1 {
			t.Errorf("%s: got %v, %d commits, %d entries", name, err, f.Count(vaulttest.Commit).Calls, count())
		}
		f.FailAccess(0)
	}
	f.Throttle(vaulttest.PutAccess, 2)
	o.must(t, "full", "", copyOf(o.entry, elsewhre))
	if got := len(o.records(t)); got != 1 {
		t.Errorf("%d records after a busy store, want 1", got)
	}
	f.LoseAnswer(1)
	c := o.must(t, "full", "", copyOf(o.entry, elsewhre))
	if _, secrets := o.show(t, "full", c); secrets[0] != "1" || count() != 3 {
		t.Errorf("after a lost answer: %v, %d entries, want 3", secrets, count())
	}
}

// queued is a context that says when its Update waits in the queue.
type queued struct {
	context.Context
	once sync.Once
	in   chan struct{}
}

func (q *queued) Done() <-chan struct{} {
	q.once.Do(func() { close(q.in) })
	return q.Context.Done()
}

// TestACopyWhoseRecordFailedIsNotMadeByALaterAttempt: two Updates share a transaction, the record of one's copy fails, and the race for the transaction is lost.
func TestACopyWhoseRecordFailedIsNotMadeByALaterAttempt(t *testing.T) {
	memory := vaulttest.NewMemory()
	f := vaulttest.NewFaulty(memory.Open(), 1)
	o := newOfficeOn(t, f)
	rival := o.Another(t, memory.Open())
	var wg sync.WaitGroup
	started, release := make(chan struct{}), make(chan struct{})
	var first sync.Once
	wg.Go(func() { // holds the turn until the two wait
		_ = o.try(t, "admin", "", func(tx *vault.Tx) error {
			first.Do(func() { close(started); <-release })
			return nil
		})
	})
	<-started
	var copied error
	enqueue := func(fn func(context.Context)) {
		q := &queued{Context: t.Context(), in: make(chan struct{})}
		wg.Go(func() { fn(q) })
		<-q.in
	}
	enqueue(func(ctx context.Context) {
		_, copied = vault.Update(ctx, o.Vault, o.request("full", ""), copyOf(o.entry, elsewhre))
	})
	runs := 0
	enqueue(func(ctx context.Context) {
		_, err := vault.Update(ctx, o.Vault, o.request("admin", ""), func(tx *vault.Tx) (int, error) {
			if runs++; runs == 2 { // behind the records: now the race is lost
				rival.Do(t, func(tx *vault.Tx) error { return create(room)(tx) })
			}
			return 0, create(room)(tx)
		})
		if err != nil {
			t.Errorf("the other update: %v", err)
		}
	})
	f.FailAccess(1)
	close(release)
	wg.Wait()
	if got := len(o.records(t)); copied == nil && got == 0 {
		t.Error("a copy was made that no record names")
	}
	if runs < 3 {
		t.Errorf("the race was not lost: %d runs", runs)
	}
}

// TestACopyOfWhatAnotherWritesInTheSameBatchIsOnRecord: the secret is that of the Update before it.
func TestACopyOfWhatAnotherWritesInTheSameBatchIsOnRecord(t *testing.T) {
	o := newOffice(t)
	var id vault.EntryID
	var set, copied error
	o.behind(t, func(ctx context.Context) {
		_, set = vault.Update(ctx, o.Vault, o.request("admin", ""), func(tx *vault.Tx) (int, error) { return 0, tx.SetPassword(o.entry, vault.NewSecret("2")) })
	}, func(ctx context.Context) {
		id, copied = vault.Update(ctx, o.Vault, o.request("full", ""), copyOf(o.entry, elsewhre))
	})
	if set != nil || copied != nil {
		t.Fatal(set, copied)
	}
	list := o.records(t)
	want := vault.SecretKey{Entry: o.entry, Version: 2}
	if !slices.ContainsFunc(list, func(a vault.AccessRecord) bool {
		return a.User == o.users["full"].AdminID && slices.Contains(a.Secrets, want)
	}) {
		t.Errorf("no record names what was copied: %+v", list)
	}
	if _, secrets := o.show(t, "full", id); secrets[0] != "2" {
		t.Errorf("copied: %v", secrets)
	}
}

// TestWhatTheCallerWroteItselfNeedsNoRecord: it knows it.
func TestWhatTheCallerWroteItselfNeedsNoRecord(t *testing.T) {
	o := newOffice(t)
	id := o.must(t, "full", "", func(tx *vault.Tx) (vault.EntryID, error) {
		id, err := tx.CreateEntry(vault.Entry{Name: "own", Project: room}, vault.Payload{Password: vault.NewSecret("own")})
		if err != nil {
			return 0, err
		}
		return tx.CopyEntry(id, elsewhre)
	})
	if list := o.records(t); len(list) != 0 {
		t.Errorf("records: %+v", list)
	}
	if _, secrets := o.show(t, "full", id); secrets[0] != "own" {
		t.Errorf("copied: %v", secrets)
	}
}

// TestACopyIsBusyWhileItsRecordCannotBeWritten, and changes nothing.
func TestACopyIsBusyWhileItsRecordCannotBeWritten(t *testing.T) {
	f := vaulttest.NewFaulty(vaulttest.NewMemory().Open(), 1)
	o := newOfficeOn(t, f)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // leaves the commit the least time
	defer cancel()
	f.Reset()
	f.Throttle(vaulttest.PutAccess, 1<<30)
	if _, err := vault.Update(ctx, o.Vault, o.request("full", ""), copyOf(o.entry, elsewhre)); !errors.Is(err, vault.Busy) {
		t.Errorf("got %v, want Busy", err)
	}
	if got := f.Count(vaulttest.Commit).Calls; got != 0 {
		t.Errorf("%d commits", got)
	}
	f.Throttle(vaulttest.PutAccess, 0)
	o.must(t, "full", "", copyOf(o.entry, elsewhre))
}

// TestALostAnswerIsOneChange for whatever a function makes.
func TestALostAnswerIsOneChange(t *testing.T) {
	f := vaulttest.NewFaulty(vaulttest.NewMemory().Open(), 1)
	o := newOfficeOn(t, f)
	personal := o.must(t, "admin", "", newEntry(vault.Entry{Name: "mine", Owner: 1}, "x"))
	count := func() (entries, projects int) {
		_, _ = see(t, o, o.request("admin", ""), func(r *vault.Reader) (int, error) {
			_, entries = r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, 0)
			projects = len(r.Projects())
			return 0, nil
		})
		return entries, projects
	}
	for _, row := range []struct {
		name              string
		do                func(*vault.Tx) (vault.EntryID, error)
		entries, projects int
	}{
		{"a duplicate", duplicateOf(o.entry), 1, 0},
		{"a shared one", shareOf(personal, room), 0, 0},
		{"a subproject", func(tx *vault.Tx) (vault.EntryID, error) {
			_, err := tx.CreateSubproject(vault.Project{Name: "sub", Parent: room})
			return 0, err
		}, 0, 1},
		{"a leaf", func(tx *vault.Tx) (vault.EntryID, error) { return 0, tx.TrashLeaf(5) }, 0, -1},
	} {
		entries, projects := count()
		f.LoseAnswer(1)
		o.must(t, "admin", "", row.do)
		if e, p := count(); e != entries+row.entries || p != projects+row.projects {
			t.Errorf("%s: %d entries and %d projects, before %d and %d", row.name, e, p, entries, projects)
		}
	}
}
