package teampass_test

import (
	"net/http"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

const refused = `{"err":"Method not authorized","code":"METHOD_NOT_AUTHORIZED"}`

// stored returns the newest shared entry of a name, whoever may see it, and how many have it.
func (s *system) stored(t *testing.T, name string) (newest *vault.Entry, n int) {
	t.Helper()
	_, err := vault.View(t.Context(), s.Vault, scenario.Operator(), func(r *vault.Reader) (struct{}, error) {
		page, total := r.Entries(vault.ByUpdated, func(row *vault.Row) bool { return row.Name == name }, 0, 1)
		if total > 0 {
			newest = page[0]
		}
		n = total
		return struct{}{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return newest, n
}

// TestSetMakesItsFolderOnce: by a key that may make folders at the root, and open to those who may not.
func TestSetMakesItsFolderOnce(t *testing.T) {
	s := newSystem(t)
	s.user(t, "pam", vault.ProjectManager, "pam's")
	bob := s.user(t, "bob", vault.NormalUser, "bob's")
	s.Do(t, func(tx *vault.Tx) error { // a personal folder of that title is another
		_, err := tx.CreatePersonalRoot(bob.AdminID, "teampass-connect")
		return err
	})
	before := s.heads()
	for key, user := range map[string]string{"bob": "bob/bob's", "pam": "bob/bob's"} { // the last: only an admin stores for others
		if status, body := s.get(t, key, "set/me/pw/example.org/"+user); status != http.StatusMethodNotAllowed || body != refused {
			t.Errorf("%s for %s: got %d %s", key, user, status, body)
		}
	}
	if s.heads() != before {
		t.Fatal("a refused call changed the vault")
	}
	for _, c := range [][2]string{{"admin", "pam/pam's"}, {"bob", "bob/bob's"}, {"bob", "bob/bob's"}} {
		if status, body := s.get(t, c[0], "set/me/pw/example.org/"+c[1]); status != http.StatusOK || body != `{"status":"ok"}` {
			t.Fatalf("%s: got %d %s", c[0], status, body)
		}
	}
	e, n := s.stored(t, "Credentials for example.org")
	if n != 3 {
		t.Errorf("%d items are stored, want 3: a second one replaces no other", n)
	}
	if e == nil || !e.Private || e.Manager != bob.AdminID || e.Owner != 0 || e.Username != "me" || e.URL != "example.org" || e.Notes != "Imported with Teampass-Connect" {
		t.Errorf("stored as %+v", e)
	}
	// pam may store in the folder, and not see what bob has in it.
	if _, body := s.get(t, "pam", "read/items/7"); body != `{"err":"No results"}` {
		t.Errorf("pam sees %s", body)
	}
}

// TestSetNeedsBothCallers: key and user each need the right to store there, and the key the right to store for another.
func TestSetNeedsBothCallers(t *testing.T) {
	s := newSystem(t)
	bob := s.user(t, "bob", vault.NormalUser, "bob's")
	s.user(t, "eva", vault.NormalUser, "eva's")
	s.keys["set"] = s.credential(t, vault.Credential{User: bob.AdminID, Actions: []string{"set"}})
	s.keys["auth"] = s.credential(t, vault.Credential{User: bob.AdminID, Actions: []string{"auth"}})
	s.keys["project"] = s.credential(t, vault.Credential{User: bob.AdminID, Projects: []vault.ProjectID{1}})
	s.Do(t, func(tx *vault.Tx) error {
		id, err := tx.CreateProject(vault.Project{Name: "TeamPass-Connect", Manager: s.Founding.AdminID})
		if err != nil {
			return err
		}
		return tx.SetGrants(vault.ProjectGrants{Project: id, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: bob.AdminID, Level: vault.ProjectCreate}}})
	})
	for _, c := range []struct {
		name, key, user, want string
	}{
		{"his own", "bob", "bob/bob's", `{"status":"ok"}`},
		{"an admin may store for others", "admin", "bob/bob's", `{"status":"ok"}`},
		{"a key for this call", "set", "bob/bob's", `{"status":"ok"}`},
		{"a key for another call", "auth", "bob/bob's", refused},
		{"a key for another project", "project", "bob/bob's", refused},
		{"for another", "bob", "eva/eva's", refused},
		{"a folder that is not hers to know", "eva", "eva/eva's", refused},
		{"nor by an admin's key", "admin", "eva/eva's", refused},
		{"nor by bob's password", "eva", "bob/bob's", refused},
	} {
		before := s.heads()
		if _, body := s.get(t, c.key, "set/me/pw/example.org/"+c.user); body != c.want {
			t.Errorf("%s: got %s, want %s", c.name, body, c.want)
		}
		if c.want == refused && s.heads() != before {
			t.Errorf("%s: a refused call changed the vault", c.name)
		}
	}
}

// TestARefusedStoreLeavesNoFolder: what cannot be stored makes none.
func TestARefusedStoreLeavesNoFolder(t *testing.T) {
	s := newSystem(t)
	s.user(t, "pam", vault.ProjectManager, "pam's")
	before := s.heads()
	for _, call := range []string{"set/" + auth.NewHexToken() + "/" + auth.NewHexToken() + "/x/pam/pam's", "set//x/x/pam/pam's", "set/x//x/pam/pam's", "set/x/x//pam/pam's",
		"set/" + random(300) + "/x/x/pam/pam's", "set/x/x/" + random(600) + "/pam/pam's", "set/x/x/x/pam", "set/x/x/x//pam's"} {
		if status, body := s.get(t, "pam", call); status != http.StatusOK || body == `{"status":"ok"}` {
			t.Errorf("%s: got %d %s", call, status, body)
		}
	}
	if s.heads() != before {
		t.Error("a refused call changed the vault")
	}
}
