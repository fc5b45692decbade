package vault_test

import (
	"errors"
	"testing"

	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// login is a user who has given a password; withKey one who uses a credential.
type login struct {
	user vault.UserID
	key  *vault.Credential
}

func (l login) Authenticate(*vault.State) (vault.UserID, *vault.Credential, error) {
	return l.user, l.key, nil
}

// TestLogNames is who is told what things are called by the log: of what is shared everything, of what is hidden nothing, and of what a key does
// not reach nothing either.
func TestLogNames(t *testing.T) {
	s := scenario.New(t)
	s.AddUser(t, "iris", vault.IT)         // 2
	s.AddUser(t, "nora", vault.NormalUser) // 3
	as := func(who login, fn func(*vault.Tx) error) {
		t.Helper()
		req := vault.Request{Auth: who, Action: vault.Action{Dialect: vault.TPM, Name: "make", Writes: true}}
		if _, err := vault.Update(t.Context(), s.Vault, req, func(tx *vault.Tx) (struct{}, error) { return struct{}{}, fn(tx) }); err != nil {
			t.Fatal(err)
		}
	}
	as(login{user: 1}, func(tx *vault.Tx) error {
		_, err1 := tx.CreateProject(vault.Project{Name: "one"})
		_, err2 := tx.CreateProject(vault.Project{Name: "two"})
		_, err3 := tx.CreateEntry(vault.Entry{Name: "shared", Project: 1}, vault.Payload{})                       // 1
		_, err4 := tx.CreateEntry(vault.Entry{Name: "private", Project: 1, Private: true}, vault.Payload{})       // 2
		_, err5 := tx.CreateEntry(vault.Entry{Name: "own", Owner: 1}, vault.Payload{})                            // 3
		_, err6 := tx.CreateEntry(vault.Entry{Name: "elsewhere", Project: 2}, vault.Payload{})                    // 4
		_, err7 := tx.CreateEntry(vault.Entry{Name: "trash", Project: 1}, vault.Payload{})                        // 5
		_, err8 := tx.CreateEntry(vault.Entry{Name: "private trash", Project: 1, Private: true}, vault.Payload{}) // 6
		_, err9 := tx.TrashEntries([]vault.EntryID{5, 6}, false)
		return errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9)
	})
	s.Do(t, func(tx *vault.Tx) error { _, err := tx.CreatePersonalRoot(3, "nora's folder"); return err }) // project 3
	as(login{user: 3}, func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(vault.Entry{Name: "in nora's", Project: 3}, vault.Payload{}) // 7
		return err
	})
	key := &vault.Credential{User: 1, Dialect: vault.TPM, Actions: []string{"log"}, Projects: []vault.ProjectID{1}}
	for _, c := range []struct {
		name    string
		who     login
		entries [8]string // by id
		folder  string
		places  [8]vault.ProjectID
		two     string
	}{
		{"an Admin", login{user: 1}, [8]string{1: "shared", 2: "private", 3: "own", 4: "elsewhere", 5: "trash", 6: "private trash"}, "", [8]vault.ProjectID{1: 1, 2: 1, 4: 2, 5: 1, 6: 1}, "two"},
		{"an IT user", login{user: 2}, [8]string{1: "shared", 4: "elsewhere", 5: "trash"}, "", [8]vault.ProjectID{1: 1, 2: 1, 4: 2, 5: 1, 6: 1}, "two"},
		{"an Admin's key for one project", login{1, key}, [8]string{1: "shared", 2: "private", 5: "trash", 6: "private trash"}, "", [8]vault.ProjectID{1: 1, 2: 1, 5: 1, 6: 1}, ""},
	} {
		req := vault.Request{Auth: c.who, Action: vault.Action{Dialect: vault.TPM, Name: "log"}}
		_, err := vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (struct{}, error) {
			names, err := r.LogNames()
			if err != nil {
				return struct{}{}, err
			}
			for id := vault.EntryID(1); id <= 7; id++ {
				name, deleted := names.Entry(id)
				if name != c.entries[id] || deleted != (id == 5 || id == 6) {
					t.Errorf("%s: entry %d is %q, deleted %v; want %q", c.name, id, name, deleted, c.entries[id])
				}
				if got := names.ProjectOf(id); got != c.places[id] {
					t.Errorf("%s: entry %d is in %d, want %d", c.name, id, got, c.places[id])
				}
			}
			if name, _ := names.Project(3); name != c.folder {
				t.Errorf("%s: nora's folder is %q", c.name, name)
			}
			if name, deleted := names.Project(2); name != c.two || deleted {
				t.Errorf("%s: project 2 is %q, want %q", c.name, name, c.two)
			}
			if name, deleted := names.Entry(99); name != "" || !deleted {
				t.Errorf("%s: an entry that is not there is %q", c.name, name)
			}
			if name, username, deleted := names.User(3); name != "nora" || username != "nora" || deleted {
				t.Errorf("%s: user 3 is %q %q", c.name, name, username)
			}
			return struct{}{}, nil
		})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	req := vault.Request{Auth: login{user: 3}, Action: vault.Action{Dialect: vault.TPM, Name: "log"}}
	_, err := vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (*vault.LogNames, error) { return r.LogNames() })
	if !errors.Is(err, vault.Forbidden) {
		t.Errorf("a Normal user: %v", err)
	}
}

// TestTheUseOfALockedEntryIsNamed although no secret leaves, once for each entry.
func TestTheUseOfALockedEntryIsNamed(t *testing.T) {
	s := scenario.New(t)
	req := vault.Request{Auth: login{user: 1}, Action: vault.Action{Dialect: vault.TPM, Name: "make", Writes: true}, Reason: "because"}
	_, err := vault.Update(t.Context(), s.Vault, req, func(tx *vault.Tx) (struct{}, error) {
		_, err1 := tx.CreateProject(vault.Project{Name: "one"})
		_, err2 := tx.CreateEntry(vault.Entry{Name: "a", Project: 1, Lock: vault.LockReason}, vault.Payload{})
		_, err3 := tx.CreateEntry(vault.Entry{Name: "b", Project: 1, Lock: vault.LockReason}, vault.Payload{})
		return struct{}{}, errors.Join(err1, err2, err3)
	})
	if err != nil {
		t.Fatal(err)
	}
	req.Action.Writes = false
	_, err = vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (struct{}, error) {
		_, _, err1 := r.Use(2)
		_, _, err2 := r.Use(1)
		_, _, err3 := r.Use(2)
		return struct{}{}, errors.Join(err1, err2, err3)
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Log.Accesses(t.Context(), vault.HourOf(s.Clock.Now()), "")
	if err != nil || len(list) != 1 {
		t.Fatalf("%d records, %v", len(list), err)
	}
	if a := list[0]; a.Reason != "because" || len(a.Secrets) != 0 || len(a.Used) != 2 || a.Used[0] != 1 || a.Used[1] != 2 {
		t.Errorf("got %+v", a)
	}
}
