package trail_test

import (
	"slices"
	"testing"
	"time"

	"tresor/shared/scenario"
	"tresor/shared/trail"
	"tresor/shared/vault"
)

// TestEveryEvent makes each of the events by the vault's own rules and reads it back from the records.
func TestEveryEvent(t *testing.T) {
	s := scenario.New(t)
	seen := map[trail.Event]bool{}
	tr := trail.New(s.Log)
	rows := 0
	nora := vault.UserID(2)
	s.AddUser(t, "nora", vault.NormalUser)
	newest := func() trail.Row {
		t.Helper()
		s.Clock.Add(1e9)
		if err := tr.CatchUp(t.Context(), heads(s)); err != nil {
			t.Fatal(err)
		}
		list, total, err := tr.Page(t.Context(), s.Clock.Now(), 0, 1)
		if err != nil || len(list) == 0 {
			t.Fatalf("%d rows, %v", len(list), err)
		}
		rows = total
		return list[0]
	}
	if r := newest(); r.Event != trail.UserCreated || r.Object != uint64(nora) || r.Context.Actor != 0 || r.Context.Action != "tresor test" {
		t.Errorf("a user: %+v", r)
	}
	seen[trail.UserCreated] = true
	var project vault.ProjectID
	var entry, second vault.EntryID
	var group vault.GroupID
	var file vault.FileID
	var category vault.CategoryID
	var tag vault.TagID
	var credential vault.CredentialID
	none := func(vault.CredentialID) ([]byte, error) { return nil, nil }
	hash := func(vault.UserID, uint32) ([]byte, error) { return []byte("x"), nil }
	password := func(s string) vault.Payload { return vault.Payload{Password: vault.NewSecret(s)} }
	var own vault.EntryID
	for i, step := range []struct {
		want trail.Event
		do   func(*vault.Tx) error
	}{
		{trail.ProjectCreated, func(tx *vault.Tx) (err error) {
			project, err = tx.CreateProject(vault.Project{Name: "P"})
			return err
		}},
		{trail.ProjectUpdated, func(tx *vault.Tx) error {
			return tx.EditProject(project, func(p *vault.Project) { p.Notes = "n" })
		}},
		{trail.ProjectGranted, func(tx *vault.Tx) error {
			return tx.SetGrants(vault.ProjectGrants{Project: project, All: vault.ProjectManage})
		}},
		{trail.EntryCreated, func(tx *vault.Tx) (err error) {
			if _, err := tx.EnsureTags([]string{"new"}); err != nil { // the tag comes first in the record
				return err
			}
			entry, err = tx.CreateEntry(vault.Entry{Name: "E", Project: project}, password("a"))
			return err
		}},
		{trail.EntryUpdated, func(tx *vault.Tx) error { return tx.SetPassword(entry, vault.NewSecret("b")) }},
		{trail.EntryCreated, func(tx *vault.Tx) (err error) {
			second, err = tx.CreateEntry(vault.Entry{Name: "F", Project: project}, vault.Payload{})
			return err
		}},
		{trail.EntryDeleted, func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{second}, false); return err }},
		{trail.FileAdded, func(tx *vault.Tx) (err error) {
			file, err = tx.AddFile(vault.File{Entry: entry, Name: "a.txt", Object: "o"})
			return err
		}},
		{trail.FileUpdated, func(tx *vault.Tx) error { return tx.SetFileNotes(file, "n") }},
		{trail.FileDeleted, func(tx *vault.Tx) error { return tx.TrashFile(file) }},
		{trail.CategoryCreated, func(tx *vault.Tx) (err error) {
			category, err = tx.CreateCategory(vault.Category{Name: "C"})
			return err
		}},
		{trail.CategoryUpdated, func(tx *vault.Tx) error { return tx.EditCategory(vault.Category{ID: category, Name: "D"}) }},
		{trail.CategoryDeleted, func(tx *vault.Tx) error { return tx.RemoveCategory(category) }},
		{trail.TagCreated, func(tx *vault.Tx) (err error) { tag, err = tx.CreateTag("t"); return err }},
		{trail.TagUpdated, func(tx *vault.Tx) error { return tx.EditTag(vault.Tag{ID: tag, Name: "u"}) }},
		{trail.TagDeleted, func(tx *vault.Tx) error { return tx.RemoveTag(tag) }},
		{trail.GroupCreated, func(tx *vault.Tx) (err error) { group, err = tx.CreateGroup(vault.Group{Name: "G"}); return err }},
		{trail.GroupJoined, func(tx *vault.Tx) error { return tx.SetMember(group, nora, true) }},
		{trail.GroupLeft, func(tx *vault.Tx) error {
			return tx.EditGroup(group, func(g *vault.Group) { g.Members = nil })
		}},
		{trail.GroupUpdated, func(tx *vault.Tx) error {
			return tx.EditGroup(group, func(g *vault.Group) { g.Members = []vault.UserID{1, nora} })
		}},
		{trail.GroupUpdated, func(tx *vault.Tx) error {
			return tx.EditGroup(group, func(g *vault.Group) { g.Name, g.Members = "H", []vault.UserID{1} })
		}},
		{trail.GroupDeleted, func(tx *vault.Tx) error { return tx.RemoveGroup(group) }},
		{trail.UserUpdated, func(tx *vault.Tx) error { return tx.EditUser(nora, func(u *vault.User) { u.Name = "Nora" }) }},
		{trail.UserPassword, func(tx *vault.Tx) error { return tx.SetUserPassword(nora, hash) }},
		{trail.UserDeactivated, func(tx *vault.Tx) error { return tx.EditUser(nora, func(u *vault.User) { u.Disabled = true }) }},
		{trail.UserActivated, func(tx *vault.Tx) error { return tx.EditUser(nora, func(u *vault.User) { u.Disabled = false }) }},
		{trail.CredentialCreated, func(tx *vault.Tx) (err error) {
			credential, err = tx.CreateCredential(vault.Credential{User: nora, Dialect: vault.TeamPass, TokenHash: vault.Hash{9}}, none)
			return err
		}},
		{trail.CredentialUpdated, func(tx *vault.Tx) error {
			return tx.RefreshCredential(credential, vault.Credential{TokenHash: vault.Hash{10}}, none)
		}},
		{trail.CredentialRevoked, func(tx *vault.Tx) error { return tx.RevokeCredential(credential) }},
		{trail.SettingChanged, func(tx *vault.Tx) error { return tx.SetSetting("a", "b") }},
		{trail.LockedOut, func(tx *vault.Tx) error {
			return tx.LockOut("syspass", "192.0.2.1", vault.StampOf(tx.Now())+60)
		}},
		{trail.FavouritesChanged, func(tx *vault.Tx) error { return tx.SetFavourite(entry, true) }},
		{trail.OwnCreated, func(tx *vault.Tx) (err error) {
			own, err = tx.CreateEntry(vault.Entry{Name: "own", Owner: 1}, password("o"))
			return err
		}},
		{trail.OwnUpdated, func(tx *vault.Tx) error { return tx.SetPassword(own, vault.NewSecret("p")) }},
		{trail.OwnDeleted, func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{own}, false); return err }},
		{trail.ProjectDeleted, func(tx *vault.Tx) error { return tx.TrashTree(project) }},
		{trail.Purged, func(tx *vault.Tx) error {
			_, _, err := tx.Purge(vault.StampOf(s.Clock.Now().Add(time.Hour)))
			return err
		}},
	} {
		before := rows
		if step.want == trail.LockedOut || step.want == trail.Purged {
			s.Do(t, step.do)
		} else {
			as(t, s, vault.Action{Dialect: vault.TPM, Name: "do", Writes: true}, step.do)
		}
		r := newest()
		if r.Event != step.want || rows != before+1 {
			t.Errorf("step %d: event %d and %d rows, want event %d and one", i, r.Event, rows-before, step.want)
		}
		if about := step.want >= trail.FileAdded && step.want <= trail.FileDeleted; about && (r.Object != uint64(file) || !r.About(entry)) {
			t.Errorf("step %d: a file's row says %+v", i, r)
		}
		seen[step.want] = true
		if (r.Event == trail.GroupJoined || r.Event == trail.GroupLeft) && !slices.Equal(r.Members(), []vault.UserID{nora}) {
			t.Errorf("step %d: members %v", i, r.Members())
		}
		if r.Event == trail.SettingChanged && r.Setting() != "a" {
			t.Errorf("step %d: setting %q", i, r.Setting())
		}
		if (step.want == trail.ProjectDeleted || step.want == trail.Purged) && (r.Project != project || !r.About(entry)) {
			t.Errorf("a project goes with its entries: %+v", r)
		}
	}
	// Access records have their own test; nothing deletes a user yet, and Other is what is not known.
	elsewhere := []trail.Event{trail.Other, trail.Revealed, trail.Withheld, trail.Viewed, trail.UserDeleted, trail.FileDownloaded}
	for _, e := range trail.Events() {
		if !seen[e] && !slices.Contains(elsewhere, e) {
			t.Errorf("event %d was not made", e)
		}
	}
}
