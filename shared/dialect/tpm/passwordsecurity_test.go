package tpm

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/vault"
)

// via returns what a security list says of each user: permission and reason.
func (w *world) via(t *testing.T, user, id string) map[string]string {
	t.Helper()
	out := w.ask(t, user, "GET", at("passwords/ID/security", id), "")
	var list []securityItem
	if err := json.Unmarshal([]byte(out.Body), &list); err != nil || out.StatusCode != 200 {
		t.Fatalf("got %d %s", out.StatusCode, out.Body)
	}
	got := map[string]string{}
	for _, i := range list {
		got[i.User.Username] = i.Permission.Label + ", " + i.GrantedVia
	}
	return got
}

// TestGrantedVia goes through every reason there is (tpm 4.4, 4.5).
func TestGrantedVia(t *testing.T) {
	w := newWorld(t)
	w.users["root"] = w.AddUser(t, "root", vault.Admin)
	w.users["main"] = w.AddUser(t, "main", vault.NormalUser)
	w.as(t, "admin", func(tx *vault.Tx) error {
		main, err := tx.CreateGroup(vault.Group{Name: "Main", Members: []vault.UserID{w.users["main"].AdminID}})
		if err != nil {
			return err
		}
		_, err = tx.CreateEntry(vault.Entry{Name: "Of a group", Project: 4, MainGroup: main}, vault.Payload{})
		return err
	})
	grants := func(project vault.ProjectID, g vault.ProjectGrants) {
		g.Project = project
		w.as(t, "admin", func(tx *vault.Tx) error { return tx.SetGrants(g) })
	}
	check := func(name, id string, want map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, w.via(t, "admin", id)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	check("main group", "8", map[string]string{"admin": "Manage, Password manager", "root": "Manage, Admin rights", "main": "Manage, Group: Main"})
	w.as(t, "admin", func(tx *vault.Tx) error {
		return tx.SetEntrySecurity(5, vault.EntrySecurityChange{Manager: &w.users["pam"].AdminID})
	})
	check("undefined", "5", map[string]string{"admin": "Manage, Project: Project manager", "root": "Manage, Admin rights", "pam": "Manage, Password manager"})
	grants(4, vault.ProjectGrants{All: vault.ProjectEdit, Users: []vault.ProjectUserGrant{{User: w.users["main"].AdminID, Level: vault.ProjectNone}}, Groups: []vault.ProjectGroupGrant{{Group: 1, Level: vault.ProjectTraverse}}})
	check("by the project", "5", map[string]string{
		"admin": "Manage, Project: Project manager", "root": "Manage, Admin rights", "pam": "Manage, Password manager", "main": "No access, Project: User direct",
		"nora": "No access, Project: Group: Ops", "rita": "Read, Project: Grant all users", "dora": "Edit data, Project: Grant all users",
	})
	check("a main group that the project bars", "8", map[string]string{
		"admin": "Manage, Password manager", "root": "Manage, Admin rights", "main": "No access, Project: User direct", "pam": "Edit data, Project: Grant all users",
		"nora": "No access, Project: Group: Ops", "rita": "Read, Project: Grant all users", "dora": "Edit data, Project: Grant all users",
	})
	if out := w.ask(t, "admin", "PUT", at("passwords/ID/security", "5"), `{"users_permissions":[[4,10],[3,0],[1,0]],"groups_permissions":[[2,20],[1,30]]}`); out.StatusCode != 204 {
		t.Fatalf("got %d %s", out.StatusCode, out.Body)
	}
	check("its own", "5", map[string]string{
		"admin": "Manage, Project: Project manager", "root": "Manage, Admin rights", "pam": "Manage, Password manager", "main": "Edit data, Group: Main",
		"nora": "No access, User direct", "rita": "Read, User direct", "dora": "Edit data, Project: Grant all users",
	})
}

// TestSecurityListsReplace changes one list, and then the other: what is not named stays, what is named is all there is.
func TestSecurityListsReplace(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ body, users, groups, manager string }{
		{`{}`, `[[2,30],[3,10]]`, `[[1,0]]`, "admin"},
		{`{"users_permissions":[["4","10"],[2,20],[3,-1]]}`, `[[2,20],[4,10]]`, `[[1,0]]`, "admin"}, // in any order; -1 is not set
		{`{"groups_permissions":[[1,10]]}`, `[[2,20],[4,10]]`, `[[1,10]]`, "admin"},
		{`{"groups_permissions":[]}`, `[[2,20],[4,10]]`, `null`, "admin"},
		{`{"managed_by":"2","users_permissions":[],"groups_permissions":null}`, `null`, `null`, "pam"},
	} {
		if out := w.ask(t, "admin", "PUT", at("passwords/ID/security", "1"), c.body); out.StatusCode != 204 {
			t.Fatalf("%s: got %d %s", c.body, out.StatusCode, out.Body)
		}
		var got struct {
			Users []struct {
				User       idObject
				Permission permission
			} `json:"users_permissions"`
			Groups []struct {
				Group      idObject
				Permission permission
			} `json:"groups_permissions"`
			Manager userObject `json:"managed_by"`
		}
		out := w.ask(t, "admin", "GET", at("passwords/ID", "1"), "")
		if err := json.Unmarshal([]byte(out.Body), &got); err != nil {
			t.Fatal(err)
		}
		var users, groups [][2]int
		for _, u := range got.Users {
			users = append(users, [2]int{int(u.User.ID), u.Permission.ID})
		}
		for _, g := range got.Groups {
			groups = append(groups, [2]int{int(g.Group.ID), g.Permission.ID})
		}
		u, _ := json.Marshal(users)
		g, _ := json.Marshal(groups)
		if string(u) != c.users || string(g) != c.groups || got.Manager.Username != c.manager {
			t.Errorf("%s: got %s, %s, %s; want %s, %s, %s", c.body, u, g, got.Manager.Username, c.users, c.groups, c.manager)
		}
		if c.users == "null" && !strings.Contains(out.Body, `"users_permissions":null`) {
			t.Errorf("%s: an empty list is null (tpm 5): %s", c.body, out.Body)
		}
	}
}

// TestSecurityOfPrivateOnes leaves out those from whom another dialect's private flag hides a password, Admins too.
func TestSecurityOfPrivateOnes(t *testing.T) {
	w := newWorld(t)
	w.users["root"] = w.AddUser(t, "root", vault.Admin)
	w.as(t, "admin", func(tx *vault.Tx) error {
		return tx.EditEntry(1, func(e *vault.Entry) error { e.Private = true; return nil })
	})
	if diff := cmp.Diff(map[string]string{"admin": "Manage, Password manager"}, w.via(t, "admin", "1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, user := range []string{"root", "pam"} {
		if out := w.ask(t, user, "GET", at("passwords/ID/security", "1"), ""); out.StatusCode != 404 {
			t.Errorf("%s: got %d, want 404", user, out.StatusCode)
		}
	}
}
