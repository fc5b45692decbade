package vault_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

func entrySecurity(id vault.EntryID) func(*vault.Reader) ([]vault.UserAccess, error) {
	return func(r *vault.Reader) ([]vault.UserAccess, error) { return r.EntrySecurity(id) }
}

func projectSecurity(id vault.ProjectID) func(*vault.Reader) ([]vault.UserProjectAccess, error) {
	return func(r *vault.Reader) ([]vault.UserProjectAccess, error) { return r.ProjectSecurity(id) }
}

// entryLevels writes the list down, in its order.
func entryLevels(list []vault.UserAccess) (out []string) {
	for _, a := range list {
		out = append(out, fmt.Sprint(a.User.Username, " ", a.Access.Level))
	}
	return out
}

func projectLevels(list []vault.UserProjectAccess) (out []string) {
	for _, a := range list {
		out = append(out, fmt.Sprint(a.User.Username, " ", a.Access.Level))
	}
	return out
}

func TestWhoMaySeeAndSetSecurity(t *testing.T) {
	o := newOffice(t)
	link := o.must(t, "admin", "", newEntry(vault.Entry{Name: "link", Project: room, Source: o.entry}, ""))
	grants := []vault.UserGrant{}
	full := [9]vault.Kind{vault.NotFound, vault.Forbidden, vault.Forbidden, vault.Forbidden, vault.Forbidden, vault.Forbidden, ok, vault.Forbidden, ok}
	editors := managers
	editors[4] = ok
	see1 := func(who string, id vault.EntryID) vault.Kind {
		_, got := see(t, o, o.request(who, ""), entrySecurity(id))
		return got
	}
	entry := func(id vault.EntryID) func(string) vault.Kind {
		return func(who string) vault.Kind { return see1(who, id) }
	}
	update := func(fn func(*vault.Tx) error) func(string) vault.Kind {
		return func(who string) vault.Kind { return o.try(t, who, "because", fn) }
	}
	twice := func(fn func(*vault.Tx, bool) error) func(string) vault.Kind {
		return update(func(tx *vault.Tx) error { return errors.Join(fn(tx, true), fn(tx, false)) })
	}
	lock := func(id vault.EntryID) func(*vault.Tx, bool) error {
		return func(tx *vault.Tx, on bool) error {
			return tx.SetLock(id, map[bool]vault.Lock{true: vault.LockReason}[on])
		}
	}
	for _, row := range []struct {
		name string
		do   func(who string) vault.Kind
		want [9]vault.Kind
	}{
		{"an entry's list", entry(o.entry), managers},
		{"a link's list", entry(link), managers},
		{"a project's list", func(who string) vault.Kind {
			_, got := see(t, o, o.request(who, ""), projectSecurity(room))
			return got
		}, full},
		{"a hidden project's list", func(who string) vault.Kind {
			_, got := see(t, o, o.request(who, ""), projectSecurity(hidden))
			return got
		}, theAdmin},
		{"an entry's grants", update(func(tx *vault.Tx) error {
			return tx.SetEntrySecurity(o.entry, vault.EntrySecurityChange{Users: &grants})
		}), managers},
		{"a link's grants", update(func(tx *vault.Tx) error {
			return tx.SetEntrySecurity(link, vault.EntrySecurityChange{Users: &grants})
		}), managers},
		{"an entry's archive", twice(func(tx *vault.Tx, on bool) error { return tx.SetArchived(o.entry, on) }), managers},
		{"a link's archive", twice(func(tx *vault.Tx, on bool) error { return tx.SetArchived(link, on) }), managers},
		{"an entry's lock", twice(lock(o.entry)), editors},
		{"a link's lock", twice(lock(link)), editors},
		{"a project's grants", update(func(tx *vault.Tx) error {
			all := vault.ProjectUnset
			return tx.SetProjectSecurity(room, vault.ProjectSecurityChange{All: &all})
		}), full},
		{"an archived project's grants", update(func(tx *vault.Tx) error {
			all := vault.ProjectUnset
			return tx.SetProjectSecurity(closed, vault.ProjectSecurityChange{All: &all})
		}), [9]vault.Kind{vault.NotFound, 4, 4, 4, 4, 4, 4, 4, 4}},
	} {
		for i, who := range staff {
			if got := row.do(who); got != row.want[i] {
				t.Errorf("%s by %s: got %v, want %v", row.name, who, got, row.want[i])
			}
		}
	}
}

func TestSecurityListsSayWhatEachUserMay(t *testing.T) {
	o := newOffice(t)
	o.AddUser(t, "stranger", vault.NormalUser)
	private := o.must(t, "manage", "", newEntry(vault.Entry{Name: "private", Project: room, Private: true}, "x"))
	personal := o.must(t, "manage", "", newEntry(vault.Entry{Name: "personal", Owner: o.users["manage"].AdminID}, "x"))
	locked := o.must(t, "manage", "", newEntry(vault.Entry{Name: "locked", Project: room, Lock: vault.LockReason}, "x"))
	o.Do(t, func(tx *vault.Tx) error {
		list := []vault.UserGrant{{User: o.users["read"].AdminID, Level: vault.LevelManage}, {User: o.users["full"].AdminID, Level: vault.LevelNone}}
		return errors.Join(tx.SetEntrySecurity(o.entry, vault.EntrySecurityChange{Users: &list}),
			tx.EditUser(o.users["edit"].AdminID, func(u *vault.User) { u.Disabled = true }))
	})
	for _, row := range []struct {
		id   vault.EntryID
		want []string
	}{
		{o.entry, []string{"admin 30", "create 10", "edit 20", "full 0", "manage 30", "none 0", "read 30", "reader 10", "traverse 0"}},
		{private, []string{"manage 30"}},
		{personal, []string{"manage 30"}},
		{locked, []string{"admin 30", "create 10", "edit 20", "full 30", "manage 30", "none 0", "read 10", "reader 10", "traverse 0"}},
	} {
		got, kind := see(t, o, o.request("manage", "because"), entrySecurity(row.id))
		if d := cmp.Diff(row.want, entryLevels(got)); kind != ok || d != "" {
			t.Errorf("entry %d: %v (-want +got):\n%s", row.id, kind, d)
		}
	}
	got, _ := see(t, o, o.request("full", ""), projectSecurity(room))
	if d := cmp.Diff([]string{"admin 60", "create 30", "edit 40", "full 60", "manage 50", "none 0", "read 20", "reader 20", "traverse 10"}, projectLevels(got)); d != "" {
		t.Errorf("the room (-want +got):\n%s", d)
	}
	for reason, want := range map[string]vault.Kind{"": vault.Locked, "because": ok} {
		if _, got := see(t, o, o.request("manage", reason), entrySecurity(locked)); got != want {
			t.Errorf("locked, reason %q: got %v, want %v", reason, got, want)
		}
	}
	for _, id := range []vault.EntryID{private, personal} {
		if _, got := see(t, o, o.request("admin", ""), entrySecurity(id)); got != vault.NotFound {
			t.Errorf("entry %d by the admin: got %v, want NotFound", id, got)
		}
	}
}

// security sets an entry's security as the admin.
func (o *office) security(t *testing.T, id vault.EntryID, c vault.EntrySecurityChange) vault.Kind {
	t.Helper()
	return o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.SetEntrySecurity(id, c) })
}

func TestAnEntrysSecurityIsReplacedListByList(t *testing.T) {
	o := newOffice(t)
	var group vault.GroupID
	o.Do(t, func(tx *vault.Tx) (err error) { group, err = tx.CreateGroup(vault.Group{Name: "group"}); return err })
	two := vault.UserID(2)
	users := []vault.UserGrant{{User: 3, Level: vault.LevelEdit}, {User: 2, Level: vault.LevelRead}}
	groups := []vault.GroupGrant{{Group: group, Level: vault.LevelManage}}
	sorted := []vault.UserGrant{{User: 2, Level: vault.LevelRead}, {User: 3, Level: vault.LevelEdit}}
	for _, row := range []struct {
		name    string
		change  vault.EntrySecurityChange
		manager vault.UserID
		users   []vault.UserGrant
		groups  []vault.GroupGrant
	}{
		{"users", vault.EntrySecurityChange{Users: &users}, 1, sorted, nil},
		{"groups", vault.EntrySecurityChange{Groups: &groups}, 1, sorted, groups},
		{"the manager", vault.EntrySecurityChange{Manager: &two}, 2, sorted, groups},
		{"nothing", vault.EntrySecurityChange{}, 2, sorted, groups},
		{"no users", vault.EntrySecurityChange{Users: &[]vault.UserGrant{}}, 2, nil, groups},
		{"no groups", vault.EntrySecurityChange{Groups: &[]vault.GroupGrant{}}, 2, nil, nil},
	} {
		if got := o.security(t, o.entry, row.change); got != ok {
			t.Errorf("%s: got %v", row.name, got)
		}
		e, _ := o.show(t, "admin", o.entry)
		if e.Manager != row.manager || !slices.Equal(e.Users, row.users) || !slices.Equal(e.Groups, row.groups) {
			t.Errorf("%s: manager %d, users %v, groups %v", row.name, e.Manager, e.Users, e.Groups)
		}
	}
	if users[0].User != 3 {
		t.Error("the caller's list was sorted")
	}
}

func TestWhatCannotBeGrantedOnAnEntry(t *testing.T) {
	o := newOffice(t)
	link := o.must(t, "admin", "", newEntry(vault.Entry{Name: "link", Project: room, Source: o.entry}, ""))
	archived := o.must(t, "admin", "", newEntry(vault.Entry{Name: "archived", Project: room, Archived: true}, "x"))
	locked := o.must(t, "admin", "", newEntry(vault.Entry{Name: "locked", Project: room, Lock: vault.LockReason}, "x"))
	o.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateGroup(vault.Group{Name: "group"}); return err })
	reader := o.users["reader"].AdminID
	user := func(u vault.UserID, l vault.Level) vault.EntrySecurityChange {
		return vault.EntrySecurityChange{Users: &[]vault.UserGrant{{User: u, Level: l}}}
	}
	group := func(g vault.GroupID, l vault.Level) vault.EntrySecurityChange {
		return vault.EntrySecurityChange{Groups: &[]vault.GroupGrant{{Group: g, Level: l}}}
	}
	manager := func(u vault.UserID) vault.EntrySecurityChange { return vault.EntrySecurityChange{Manager: &u} }
	for _, row := range []struct {
		name   string
		id     vault.EntryID
		change vault.EntrySecurityChange
		want   vault.Kind
	}{
		{"no such level", o.entry, user(2, 15), vault.Invalid},
		{"no such user", o.entry, user(99, 10), vault.BadReference},
		{"no such group", o.entry, group(9, 10), vault.BadReference},
		{"no such manager", o.entry, manager(99), vault.BadReference},
		{"no manager", o.entry, manager(0), vault.BadReference},
		{"a user twice", o.entry, vault.EntrySecurityChange{Users: &[]vault.UserGrant{{User: 2, Level: 10}, {User: 2, Level: 20}}}, vault.Invalid},
		{"a group twice", o.entry, vault.EntrySecurityChange{Groups: &[]vault.GroupGrant{{Group: 1, Level: 10}, {Group: 1, Level: 10}}}, vault.Invalid},
		{"none to a Read only user", o.entry, user(reader, vault.LevelNone), ok},
		{"read to a Read only user", o.entry, user(reader, vault.LevelRead), ok},
		{"edit to a Read only user", o.entry, user(reader, vault.LevelEdit), vault.Invalid},
		{"manage to a Read only user", o.entry, user(reader, vault.LevelManage), vault.Invalid},
		{"a Read only manager", o.entry, manager(reader), vault.Invalid},
		{"edit on a link", link, user(2, vault.LevelEdit), vault.Exists},
		{"edit for a group on a link", link, group(1, vault.LevelEdit), vault.Exists},
		{"manage on a link", link, user(2, vault.LevelManage), ok},
		{"read for a group on a link", link, group(1, vault.LevelRead), ok},
		{"archived", archived, user(2, 10), vault.Forbidden},
		{"locked", locked, user(2, 10), vault.Locked},
	} {
		before, _ := o.show(t, "admin", row.id)
		if got := o.security(t, row.id, row.change); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
		if after, _ := o.show(t, "admin", row.id); row.want != ok && !cmp.Equal(before, after) {
			t.Errorf("%s: changed all the same", row.name)
		}
	}
}

// TestWhatWasGrantedBeforeBlocksNoOtherChange: a group that was removed, a user that became Read only, the right to edit a link.
func TestWhatWasGrantedBeforeBlocksNoOtherChange(t *testing.T) {
	o := newOffice(t)
	var dead vault.GroupID
	o.Do(t, func(tx *vault.Tx) (err error) { dead, err = tx.CreateGroup(vault.Group{Name: "dead"}); return err })
	demoted := o.users["edit"].AdminID
	rights := vault.Entry{Project: room, Manager: demoted, Users: []vault.UserGrant{{User: demoted, Level: vault.LevelEdit}}, Groups: []vault.GroupGrant{{Group: dead, Level: vault.LevelEdit}}}
	rights.Name = "entry"
	entry := o.must(t, "admin", "", newEntry(rights, "x"))
	rights.Name, rights.Source, rights.Groups = "link", o.entry, nil
	link := o.must(t, "admin", "", newEntry(rights, ""))
	two, three := vault.UserID(2), vault.UserID(3)
	users := []vault.ProjectUserGrant{{User: demoted, Level: vault.ProjectFull}}
	groups := []vault.ProjectGroupGrant{{Group: dead, Level: vault.ProjectRead}}
	o.Do(t, func(tx *vault.Tx) error {
		return tx.SetProjectSecurity(hidden, vault.ProjectSecurityChange{Users: &users, Groups: &groups})
	})
	o.Do(t, func(tx *vault.Tx) error {
		return errors.Join(tx.RemoveGroup(dead), tx.EditUser(demoted, func(u *vault.User) { u.Role = vault.ReadOnly }))
	})
	more := []vault.ProjectUserGrant{{User: demoted, Level: vault.ProjectManage}}
	for name, got := range map[string]vault.Kind{
		"more on the entry": o.security(t, entry, vault.EntrySecurityChange{Users: &[]vault.UserGrant{{User: demoted, Level: vault.LevelManage}}}),
		"other on the project": o.try(t, "admin", "", func(tx *vault.Tx) error {
			return tx.SetProjectSecurity(hidden, vault.ProjectSecurityChange{Users: &more})
		}),
	} {
		if got != vault.Invalid {
			t.Errorf("%s: got %v, want Invalid", name, got)
		}
	}
	for name, got := range map[string]vault.Kind{
		"the entry as it is": o.security(t, entry, vault.EntrySecurityChange{Manager: &demoted, Users: &rights.Users}),
		"the project as it is": o.try(t, "admin", "", func(tx *vault.Tx) error {
			return tx.SetProjectSecurity(hidden, vault.ProjectSecurityChange{Users: &users})
		}),
		"the entry's manager": o.security(t, entry, vault.EntrySecurityChange{Manager: &two}),
		"the entry's groups":  o.security(t, entry, vault.EntrySecurityChange{Groups: &[]vault.GroupGrant{}}),
		"the link's manager":  o.security(t, link, vault.EntrySecurityChange{Manager: &two}),
		"the link's groups":   o.security(t, link, vault.EntrySecurityChange{Groups: &[]vault.GroupGrant{}}),
		"the entry's archive": o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.SetArchived(entry, true) }),
		"the link's archive":  o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.SetArchived(link, true) }),
		"the project's manager": o.try(t, "admin", "", func(tx *vault.Tx) error {
			return tx.SetProjectSecurity(hidden, vault.ProjectSecurityChange{Manager: &three})
		}),
		"the project's grant to all": o.try(t, "admin", "", func(tx *vault.Tx) error {
			all := vault.ProjectTraverse
			return tx.SetProjectSecurity(hidden, vault.ProjectSecurityChange{All: &all})
		}),
	} {
		if got != ok {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestArchivingKnowsLocksAndStates(t *testing.T) {
	o := newOffice(t)
	for _, row := range []struct {
		name   string
		entry  vault.Entry
		reason string
		on     bool
		want   vault.Kind
	}{
		{"archive", vault.Entry{}, "", true, ok},
		{"unarchive", vault.Entry{Archived: true}, "", false, ok},
		{"archived already", vault.Entry{Archived: true}, "", true, ok},
		{"locked", vault.Entry{Lock: vault.LockReason}, "", true, vault.Locked},
		{"locked, unchanged", vault.Entry{Lock: vault.LockReason}, "", false, vault.Locked},
		{"locked, a reason", vault.Entry{Lock: vault.LockReason}, "because", true, ok},
		{"locked firmly", vault.Entry{Lock: vault.LockPermission}, "because", true, vault.LockedFirmly},
		{"locked firmly, unchanged", vault.Entry{Lock: vault.LockPermission, Archived: true}, "because", true, vault.LockedFirmly},
	} {
		row.entry.Name, row.entry.Project = row.name, room
		id := o.must(t, "admin", "", newEntry(row.entry, "x"))
		if got := o.try(t, "manage", row.reason, func(tx *vault.Tx) error { return tx.SetArchived(id, row.on) }); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
		if e, _ := o.show(t, "admin", func() vault.EntryID {
			if row.entry.Lock == vault.LockPermission { // shown by no call
				return o.entry
			}
			return id
		}()); row.want == ok && e.Archived != row.on {
			t.Errorf("%s: archived is %t", row.name, e.Archived)
		}
	}
}

func TestANarrowedCredentialSetsNoSecurity(t *testing.T) {
	o := newOffice(t)
	o.narrow(t, "in the room", "admin", vault.Credential{Projects: []vault.ProjectID{room}})
	o.narrow(t, "for this", "admin", vault.Credential{Actions: []string{"test"}})
	o.narrow(t, "reading", "admin", vault.Credential{ReadOnly: true})
	two, all := vault.UserID(2), vault.ProjectFull
	for name, do := range map[string]func(*vault.Tx) error{
		"the manager": func(tx *vault.Tx) error {
			return tx.SetEntrySecurity(o.entry, vault.EntrySecurityChange{Manager: &two})
		},
		"grants": func(tx *vault.Tx) error {
			return tx.SetEntrySecurity(o.entry, vault.EntrySecurityChange{Users: &[]vault.UserGrant{{User: 3, Level: vault.LevelRead}}})
		},
		"project grants": func(tx *vault.Tx) error {
			return tx.SetProjectSecurity(room, vault.ProjectSecurityChange{All: &all})
		},
		"the project's manager": func(tx *vault.Tx) error {
			return tx.SetProjectSecurity(room, vault.ProjectSecurityChange{Manager: &two})
		},
	} {
		for _, row := range []struct {
			who  string
			want vault.Kind
		}{{"in the room", vault.Forbidden}, {"reading", vault.Forbidden}, {"for this", ok}} {
			if got := o.try(t, row.who, "", do); got != row.want {
				t.Errorf("%s %s: got %v, want %v", name, row.who, got, row.want)
			}
		}
	}
	if got := o.try(t, "in the room", "", func(tx *vault.Tx) error { return tx.SetArchived(o.entry, true) }); got != ok {
		t.Errorf("its archive: got %v", got)
	}
}

func TestTwoCallersSetTheSecurityThatBothMay(t *testing.T) {
	o := newOffice(t)
	admin, all := vault.UserID(1), vault.ProjectTraverse
	for _, row := range []struct {
		first, second  string
		entry, project vault.Kind
	}{{"manage", "full", ok, vault.Forbidden}, {"full", "edit", vault.Forbidden, vault.Forbidden}, {"edit", "full", vault.Forbidden, vault.Forbidden}, {"full", "none", vault.NotFound, vault.NotFound}, {"full", "admin", ok, ok}} {
		req := o.request(row.first, "")
		req.Also = auth.Token(o.users[row.second].SysPass.AuthToken)
		_, entry := o.make(t, req, func(tx *vault.Tx) (vault.EntryID, error) {
			return 0, tx.SetEntrySecurity(o.entry, vault.EntrySecurityChange{Manager: &admin})
		})
		_, project := o.make(t, req, func(tx *vault.Tx) (vault.EntryID, error) {
			return 0, tx.SetProjectSecurity(room, vault.ProjectSecurityChange{All: &all})
		})
		if entry != row.entry || project != row.project {
			t.Errorf("%s and %s: got %v, %v; want %v, %v", row.first, row.second, entry, project, row.entry, row.project)
		}
		if _, got := see(t, o, req, entrySecurity(o.entry)); got != row.entry {
			t.Errorf("%s and %s: the list: got %v, want %v", row.first, row.second, got, row.entry)
		}
	}
}

func TestWhatCanBeGrantedOnAProject(t *testing.T) {
	o := newOffice(t)
	var child vault.ProjectID
	o.Do(t, func(tx *vault.Tx) (err error) {
		_, err1 := tx.CreateGroup(vault.Group{Name: "group"})
		child, err = tx.CreateProject(vault.Project{Name: "child", Parent: room, Manager: 1})
		return errors.Join(err, err1)
	})
	reader := o.users["reader"].AdminID
	all := func(l vault.ProjectLevel) vault.ProjectSecurityChange { return vault.ProjectSecurityChange{All: &l} }
	user := func(u vault.UserID, l vault.ProjectLevel) vault.ProjectSecurityChange {
		return vault.ProjectSecurityChange{Users: &[]vault.ProjectUserGrant{{User: u, Level: l}}}
	}
	group := func(g vault.GroupID, l vault.ProjectLevel) vault.ProjectSecurityChange {
		return vault.ProjectSecurityChange{Groups: &[]vault.ProjectGroupGrant{{Group: g, Level: l}}}
	}
	manager := func(u vault.UserID) vault.ProjectSecurityChange {
		return vault.ProjectSecurityChange{Manager: &u}
	}
	for _, row := range []struct {
		name        string
		change      vault.ProjectSecurityChange
		root, child vault.Kind
	}{
		{"99 to all", all(99), vault.Invalid, ok},
		{"-1 to all", all(-1), ok, ok},
		{"60 to all", all(60), ok, ok},
		{"15 to all", all(15), vault.Invalid, vault.Invalid},
		{"99 to a user", user(2, 99), vault.Invalid, ok},
		{"-1 to a user", user(2, -1), vault.Invalid, vault.Invalid},
		{"60 to a user", user(2, 60), ok, ok},
		{"99 to a group", group(1, 99), vault.Invalid, ok},
		{"25 to a group", group(1, 25), vault.Invalid, vault.Invalid},
		{"no such user", user(99, 10), vault.BadReference, vault.BadReference},
		{"no such group", group(9, 10), vault.BadReference, vault.BadReference},
		{"a user twice", vault.ProjectSecurityChange{Users: &[]vault.ProjectUserGrant{{User: 2, Level: 10}, {User: 2, Level: 10}}}, vault.Invalid, vault.Invalid},
		{"0 to a Read only user", user(reader, 0), ok, ok},
		{"20 to a Read only user", user(reader, 20), ok, ok},
		{"30 to a Read only user", user(reader, 30), vault.Invalid, vault.Invalid},
		{"99 to a Read only user", user(reader, 99), vault.Invalid, ok},
		{"a Read only manager", manager(reader), vault.Invalid, vault.Invalid},
		{"no such manager", manager(99), vault.BadReference, vault.BadReference},
		{"no manager", manager(0), vault.BadReference, vault.BadReference},
		{"a manager", manager(2), ok, ok},
	} {
		for id, want := range map[vault.ProjectID]vault.Kind{hidden: row.root, child: row.child} {
			if got := o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.SetProjectSecurity(id, row.change) }); got != want {
				t.Errorf("%s on %d: got %v, want %v", row.name, id, got, want)
			}
		}
	}
}

// TestAChangeOfOnePartLeavesTheOthersOnAProject, be they set there or inherited so far.
func TestAChangeOfOnePartLeavesTheOthersOnAProject(t *testing.T) {
	list := func(o *office, id vault.ProjectID) []string {
		got, kind := see(t, o, o.request("admin", ""), projectSecurity(id))
		if kind != ok {
			t.Fatal(kind)
		}
		return projectLevels(got)
	}
	o := newOffice(t)
	var child, below vault.ProjectID
	o.Do(t, func(tx *vault.Tx) error {
		id, err1 := tx.CreateProject(vault.Project{Name: "child", Parent: room, Manager: 1})
		below2, err2 := tx.CreateProject(vault.Project{Name: "below", Parent: id, Manager: 1})
		child, below = id, below2
		return errors.Join(err1, err2)
	})
	before := list(o, room)
	for _, id := range []vault.ProjectID{room, below, child} {
		for name, c := range map[string]vault.ProjectSecurityChange{
			"the manager": {Manager: new(vault.UserID)}, "the grant to all": {All: new(vault.ProjectLevel)}, "the groups": {Groups: &[]vault.ProjectGroupGrant{}},
		} {
			if c.Manager != nil {
				*c.Manager = 1
			}
			o.Do(t, func(tx *vault.Tx) error { return tx.SetProjectSecurity(id, c) })
			if d := cmp.Diff(before, list(o, id)); d != "" {
				t.Errorf("project %d, %s (-want +got):\n%s", id, name, d)
			}
		}
	}
	o.Do(t, func(tx *vault.Tx) error {
		return tx.SetProjectSecurity(child, vault.ProjectSecurityChange{Users: &[]vault.ProjectUserGrant{}})
	})
	if d := cmp.Diff([]string{"admin 60", "create 0", "edit 0", "full 0", "manage 0", "none 0", "read 0", "reader 0", "traverse 0"}, list(o, child)); d != "" {
		t.Errorf("a list of users replaces what was there (-want +got):\n%s", d)
	}
}

// TestAChangeOfSecurityIsOneRecord, however many entries it concerns.
func TestAChangeOfSecurityIsOneRecord(t *testing.T) {
	o := newOffice(t)
	for range 20 {
		o.Do(t, func(tx *vault.Tx) error {
			for range 500 {
				if _, err := tx.CreateEntry(vault.Entry{Name: "one of many", Project: room, Manager: 1}, vault.Payload{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	heads := func() (h vault.Heads) {
		o.Vault.Peek(func(s *vault.State) { h = s.Heads() })
		return h
	}
	count := func(who string) int {
		n, _ := see(t, o, o.request(who, ""), func(r *vault.Reader) (int, error) {
			_, total := r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, 0)
			return total, nil
		})
		return n
	}
	if got := count("none"); got != 0 {
		t.Fatalf("before: %d entries", got)
	}
	before := heads()
	all := vault.ProjectRead
	if got := o.try(t, "full", "", func(tx *vault.Tx) error {
		return tx.SetProjectSecurity(room, vault.ProjectSecurityChange{All: &all, Users: &[]vault.ProjectUserGrant{{User: o.users["full"].AdminID, Level: vault.ProjectFull}}})
	}); got != ok {
		t.Fatal(got)
	}
	after := heads()
	if after.Entries.Seq != before.Entries.Seq || after.Permissions.Seq != before.Permissions.Seq+1 {
		t.Errorf("records: %d and %d, before %d and %d", after.Entries.Seq, after.Permissions.Seq, before.Entries.Seq, before.Permissions.Seq)
	}
	if got := count("none"); got != 10001 {
		t.Errorf("after: %d entries, want 10,001", got)
	}
}
