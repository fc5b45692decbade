package vault_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/compact"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

func remove(id vault.UserID) func(*vault.Tx) error {
	return func(tx *vault.Tx) error { return tx.RemoveUser(id) }
}

// team is an office with an IT user and a user "gone" who has something of everything.
type team struct {
	*office
	gone      vault.UserID
	group     vault.GroupID
	own       vault.EntryID // personal, of gone
	ownFolder vault.ProjectID
}

func newTeam(t *testing.T) *team {
	t.Helper()
	m := &team{office: newOffice(t)}
	m.users["it"], m.users["gone"] = m.AddUser(t, "it", vault.IT), m.AddUser(t, "gone", vault.NormalUser)
	m.gone = m.users["gone"].AdminID
	m.Do(t, func(tx *vault.Tx) (err error) {
		m.group, err = tx.CreateGroup(vault.Group{Name: "crew", Members: []vault.UserID{1, m.gone}})
		return err
	})
	m.must(t, "gone", "", func(tx *vault.Tx) (id vault.EntryID, err error) {
		m.own, err = tx.CreateEntry(vault.Entry{Name: "own", Owner: m.gone}, vault.Payload{Password: vault.NewSecret("x")})
		return m.own, err
	})
	m.Do(t, func(tx *vault.Tx) (err error) {
		m.ownFolder, err = tx.CreateProject(vault.Project{Name: "folder", Owner: m.gone})
		return err
	})
	return m
}

func TestARemovedUserLeavesNothingButAName(t *testing.T) {
	m := newTeam(t)
	token := m.users["gone"].SysPass.AuthToken
	if got := m.try(t, "it", "", remove(m.gone)); got != ok {
		t.Fatal(got)
	}
	request := vault.Request{Auth: auth.Token(token), Action: vault.Action{Dialect: vault.SysPass, Name: "test"}}
	if _, kind := see(t, m.office, request, func(*vault.Reader) (int, error) { return 0, nil }); kind != vault.Unauthenticated {
		t.Errorf("the removed user's token: got %v", kind)
	}
	_, kind := see(t, m.office, m.request("admin", ""), func(r *vault.Reader) (int, error) {
		if u := r.User(m.gone); u != nil {
			t.Errorf("still there: %v", u)
		}
		if u := r.FormerUser(m.gone); u == nil || u.Username != "gone" || u.Password != nil {
			t.Errorf("got former user %v", u)
		}
		if u := r.UserNamed("gone"); u != nil {
			t.Errorf("still has its username: %v", u)
		}
		if g := r.Group(m.group); !slices.Equal(g.Members, []vault.UserID{1}) {
			t.Errorf("got members %v", g.Members)
		}
		all, err := r.Credentials()
		for _, c := range all {
			if c.User == m.gone && c.Revoked == 0 {
				t.Errorf("credential %d is alive", c.ID)
			}
		}
		return 0, err
	})
	if kind != ok {
		t.Fatal(kind)
	}
	again := m.AddUser(t, "gone", vault.NormalUser)
	if again.AdminID == m.gone {
		t.Error("an id was given again")
	}
	if got := m.try(t, "admin", "", remove(m.gone)); got != vault.NotFound {
		t.Errorf("removed twice: got %v", got)
	}
}

// appended is a log that keeps what was appended last.
type appended struct {
	vault.Log
	last vault.Attempt
}

func (a *appended) Append(ctx context.Context, attempt vault.Attempt) error {
	a.last = attempt
	return a.Log.Append(ctx, attempt)
}

func TestWhatWasARemovedUsersAloneGoesToTheTrash(t *testing.T) {
	m := newTeam(t)
	log := &appended{Log: m.Log}
	_, err := vault.Update(t.Context(), vault.New(log, vault.Options{Now: m.Clock.Now}), m.request("it", ""), func(tx *vault.Tx) (int, error) { return 0, tx.RemoveUser(m.gone) })
	if err != nil {
		t.Fatal(err)
	}
	it := m.users["it"].AdminID
	var entries []uint64
	var folders []vault.ProjectID
	for _, c := range log.last.Ops[0][0].Changes {
		switch {
		case c.TrashBulk != nil && c.TrashBulk.Trashed.By == it:
			entries = append(entries, c.TrashBulk.Deltas...)
		case c.Project != nil && c.Project.Trashed.By == it:
			folders = append(folders, c.Project.ID)
		}
	}
	if !slices.Equal(entries, []uint64{uint64(m.own)}) || !slices.Equal(folders, []vault.ProjectID{m.ownFolder}) {
		t.Errorf("got entries %v and folders %v in the trash, want %d and %d", entries, folders, m.own, m.ownFolder)
	}
}

func TestWhoMayRemoveWhom(t *testing.T) {
	m := newTeam(t)
	other := m.AddUser(t, "boss", vault.Admin)
	for _, test := range []struct {
		who  string
		whom vault.UserID
		want vault.Kind
	}{
		{"full", m.gone, vault.Forbidden},
		{"it", 1, vault.Forbidden},
		{"it", m.users["it"].AdminID, vault.Forbidden},
		{"admin", 1, vault.Forbidden},
		{"admin", 4711, vault.NotFound},
		{"admin", other.AdminID, ok},
	} {
		if got := m.try(t, test.who, "", remove(test.whom)); got != test.want {
			t.Errorf("%s removes %d: got %v, want %v", test.who, test.whom, got, test.want)
		}
	}
	_, err := vault.Update(t.Context(), m.Vault, scenario.Operator(), func(tx *vault.Tx) (int, error) { return 0, tx.RemoveUser(1) })
	if vault.KindOf(err) != vault.InUse {
		t.Errorf("an operator removes the last Admin: got %v", err)
	}
}

func TestAManagerOfPrivateEntriesStays(t *testing.T) {
	m := newTeam(t)
	m.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(vault.Entry{Name: "private", Project: room, Manager: m.gone, Private: true}, vault.Payload{})
		return err
	})
	if got := m.try(t, "admin", "", remove(m.gone)); got != vault.InUse {
		t.Errorf("got %v", got)
	}
}

func TestMembership(t *testing.T) {
	m := newTeam(t)
	member := func(in bool, user vault.UserID) func(*vault.Tx) error {
		return func(tx *vault.Tx) error { return tx.SetMember(m.group, user, in) }
	}
	heads := func() (h vault.Heads) { m.Vault.Peek(func(s *vault.State) { h = s.Heads() }); return h }
	full := m.users["full"].AdminID
	for _, test := range []struct {
		who     string
		in      bool
		user    vault.UserID
		want    vault.Kind
		changes bool
	}{
		{"full", true, full, vault.Forbidden, false},
		{"it", true, 4711, vault.BadReference, false},
		{"it", true, full, ok, true},
		{"it", true, full, ok, false},
		{"it", false, full, ok, true},
		{"it", false, full, ok, false},
	} {
		before := heads()
		if got := m.try(t, test.who, "", member(test.in, test.user)); got != test.want || (heads() != before) != test.changes {
			t.Errorf("%+v: got %v, changed %v", test, got, heads() != before)
		}
	}
	if got := m.try(t, "it", "", func(tx *vault.Tx) error { return tx.SetMember(4711, full, true) }); got != vault.NotFound {
		t.Errorf("an unknown group: got %v", got)
	}
}

func TestLeavingAGroupEndsItAsMainGroup(t *testing.T) {
	m := newTeam(t)
	full := m.users["full"].AdminID
	m.Do(t, func(tx *vault.Tx) error {
		return tx.EditUser(full, func(u *vault.User) { u.MainGroup = m.group })
	})
	if got := m.try(t, "it", "", func(tx *vault.Tx) error { return tx.SetMember(m.group, full, false) }); got != ok {
		t.Fatal(got)
	}
	m.Vault.Peek(func(s *vault.State) {
		if g := s.UserByName("full").MainGroup; g != 0 {
			t.Errorf("got main group %d", g)
		}
	})
}

// lastSeen returns what the office's process knows of a user.
func lastSeen(t *testing.T, o *office, id vault.UserID) (seen vault.Seen) {
	t.Helper()
	_, err := vault.View(t.Context(), o.Vault, scenario.Operator(), func(r *vault.Reader) (int, error) { seen = r.LastSeen(id); return 0, nil })
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestWhenAUserWasLastThere(t *testing.T) {
	m := newOffice(t)
	full := m.users["full"].AdminID
	if got := lastSeen(t, m, full); got != (vault.Seen{}) {
		t.Fatalf("got %v before any request", got)
	}
	look := func(o *office, reveals bool) vault.Stamp {
		t.Helper()
		m.Clock.Add(time.Minute)
		req := vault.Request{Auth: auth.Token(m.users["full"].SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "test", Reveals: reveals}}
		_, err := vault.View(t.Context(), o.Vault, req, func(r *vault.Reader) (int, error) {
			if !reveals {
				return 0, nil
			}
			_, err := r.Reveal(m.entry)
			return 0, err
		})
		if err != nil {
			t.Fatal(err)
		}
		return vault.StampOf(m.Clock.Now())
	}
	here := look(m, false)
	if got := lastSeen(t, m, full); got != (vault.Seen{Request: here}) {
		t.Errorf("in this process: got %v, want a request at %d", got, here)
	}

	// Another process learns of a read of a list never, of a read of a secret when its hour is closed, and of a write at once.
	other := &office{System: m.Another(t, m.Store)}
	if got := lastSeen(t, other, full); got != (vault.Seen{}) {
		t.Errorf("in another process: got %v", got)
	}
	revealed := look(m, true)
	m.Clock.Add(2 * time.Hour)
	if _, err := compact.Close(t.Context(), m.Vault, m.Log, m.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if got := lastSeen(t, other, full); got != (vault.Seen{Request: revealed}) {
		t.Errorf("after the hour: got %v, want a request at %d", got, revealed)
	}
	wrote := vault.StampOf(m.Clock.Now())
	if got := m.try(t, "full", "", m.edit(func(e *vault.Entry) { e.Notes = "n" })); got != ok {
		t.Fatal(got)
	}
	if got := lastSeen(t, other, full); got != (vault.Seen{Request: wrote}) {
		t.Errorf("after a write: got %v, want a request at %d", got, wrote)
	}
}

func TestARefusedCallerWasNotThere(t *testing.T) {
	m := newOffice(t)
	full := m.users["full"].AdminID
	m.Do(t, func(tx *vault.Tx) error { return tx.EditUser(full, func(u *vault.User) { u.Disabled = true }) })
	if got := m.try(t, "full", "", func(*vault.Tx) error { return nil }); got != vault.Disabled {
		t.Fatal(got)
	}
	if _, kind := see(t, m, m.request("full", ""), func(*vault.Reader) (int, error) { return 0, nil }); kind != vault.Disabled {
		t.Fatal(kind)
	}
	if got := lastSeen(t, m, full); got != (vault.Seen{}) {
		t.Errorf("got %v", got)
	}
}

// TestWhatARemovedUserManagedGoesOn changes everything that a removed user managed or had a permission on: what is said of the user is no reason to refuse.
func TestWhatARemovedUserManagedGoesOn(t *testing.T) {
	m := newTeam(t)
	project := vault.ProjectID(0)
	var managed, granted vault.EntryID
	m.Do(t, func(tx *vault.Tx) (err error) {
		if project, err = tx.CreateProject(vault.Project{Name: "theirs", Manager: m.gone}); err != nil {
			return err
		}
		grants := vault.ProjectGrants{Project: project, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: m.gone, Level: vault.ProjectRead}}, Groups: []vault.ProjectGroupGrant{{Group: m.group, Level: vault.ProjectRead}}}
		if err = tx.SetGrants(grants); err != nil {
			return err
		}
		if managed, err = tx.CreateEntry(vault.Entry{Name: "managed", Project: project, Manager: m.gone}, vault.Payload{}); err != nil {
			return err
		}
		granted, err = tx.CreateEntry(vault.Entry{Name: "granted", Project: project, Manager: 1, Users: []vault.UserGrant{{User: m.gone, Level: vault.LevelEdit}}, Groups: []vault.GroupGrant{{Group: m.group, Level: vault.LevelRead}}}, vault.Payload{})
		return err
	})
	m.Do(t, remove(m.gone))
	m.Do(t, func(tx *vault.Tx) error { return tx.RemoveGroup(m.group) })
	for name, write := range map[string]func(*vault.Tx, vault.EntryID) error{
		"edit": func(tx *vault.Tx, id vault.EntryID) error {
			return tx.EditEntry(id, func(e *vault.Entry) error { e.Notes += "n"; return nil })
		},
		"secret": func(tx *vault.Tx, id vault.EntryID) error { return tx.SetPassword(id, vault.NewSecret("x")) },
		"security": func(tx *vault.Tx, id vault.EntryID) error {
			return tx.SetEntrySecurity(id, vault.EntrySecurityChange{Groups: &[]vault.GroupGrant{}})
		},
		"archive": func(tx *vault.Tx, id vault.EntryID) error { return tx.SetArchived(id, true) },
		"project": func(tx *vault.Tx, _ vault.EntryID) error {
			return tx.EditProject(project, func(p *vault.Project) { p.Notes += "n" })
		},
		"project's home": func(tx *vault.Tx, _ vault.EntryID) error { return tx.MoveProject(project, room) },
		"grants": func(tx *vault.Tx, _ vault.EntryID) error {
			return tx.SetProjectSecurity(project, vault.ProjectSecurityChange{Users: &[]vault.ProjectUserGrant{}})
		},
	} {
		for _, id := range []vault.EntryID{managed, granted} {
			if got := m.try(t, "admin", "", func(tx *vault.Tx) error {
				if err := write(tx, id); err != nil {
					return err
				}
				return &vault.Error{Kind: vault.Throttled} // nothing is kept
			}); got != vault.Throttled {
				t.Errorf("%s of entry %d: got %v", name, id, got)
			}
		}
	}
	_, kind := see(t, m.office, m.request("admin", ""), func(r *vault.Reader) (int, error) {
		e, _, err := r.Entry(granted)
		if err != nil {
			return 0, err
		}
		users, groups := r.EntryGrants(e)
		g, _ := r.Grants(project)
		if len(users)+len(groups)+len(g.Users)+len(g.Groups) != 0 {
			t.Errorf("got %v %v %v", users, groups, g)
		}
		return 0, nil
	})
	if kind != ok {
		t.Fatal(kind)
	}
	for _, write := range []func(*vault.Tx) error{ // nobody is given to them anew
		func(tx *vault.Tx) error {
			return tx.EditEntry(granted, func(e *vault.Entry) error { e.Manager = m.gone; return nil })
		},
		func(tx *vault.Tx) error {
			_, err := tx.CreateEntry(vault.Entry{Name: "new", Project: project, Manager: m.gone}, vault.Payload{})
			return err
		},
		func(tx *vault.Tx) error {
			_, err := tx.CreateProject(vault.Project{Name: "new", Manager: m.gone})
			return err
		},
		func(tx *vault.Tx) error {
			return tx.SetEntrySecurity(granted, vault.EntrySecurityChange{Manager: &m.gone})
		},
	} {
		if got := m.try(t, "admin", "", write); got != vault.BadReference {
			t.Errorf("given to a removed user: got %v", got)
		}
	}
}

func TestITMakesNobodyOneWhosePasswordItSets(t *testing.T) {
	m := newTeam(t)
	m.users["it2"], m.users["pm"] = m.AddUser(t, "it2", vault.IT), m.AddUser(t, "pm", vault.ProjectManager)
	for _, test := range []struct {
		by, whom string
		to       vault.Role
		want     vault.Kind
	}{
		{"it", "pm", vault.NormalUser, vault.Forbidden}, {"it", "it2", vault.ReadOnly, vault.Forbidden}, {"it", "it", vault.NormalUser, vault.Forbidden},
		{"it", "pm", vault.IT, ok}, {"it", "gone", vault.ProjectManager, ok}, {"admin", "pm", vault.NormalUser, ok}, {"it", "pm", vault.ReadOnly, ok},
	} {
		if got := m.try(t, test.by, "", func(tx *vault.Tx) error {
			return tx.EditUser(m.users[test.whom].AdminID, func(u *vault.User) { u.Role = test.to })
		}); got != test.want {
			t.Errorf("%s makes %s %s: got %v, want %v", test.by, test.whom, test.to, got, test.want)
		}
	}
}
