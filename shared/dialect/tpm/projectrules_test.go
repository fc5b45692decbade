package tpm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// step is a call and what it must answer.
type step struct {
	user, call, body string
	want             int
	in               string
}

func (w *world) walk(t *testing.T, steps []step) {
	t.Helper()
	for _, s := range steps {
		method, path, _ := strings.Cut(s.call, " ")
		out := w.ask(t, s.user, method, "/index.php/api/v6/"+path+".json", s.body)
		if out.StatusCode != s.want || !strings.Contains(out.Body, s.in) {
			t.Errorf("%s: %s %s: got %d %s, want %d %s", s.user, s.call, s.body, out.StatusCode, out.Body, s.want, s.in)
		}
	}
}

// TestNormalUserMakesRootsByFlag: the flag is for roots alone, and for no delete (tpm 4.1).
func TestNormalUserMakesRootsByFlag(t *testing.T) {
	w := newWorld(t)
	w.users["flo"] = w.AddUser(t, "flo", vault.NormalUser, func(u *vault.User) { u.MayCreateRoots = true })
	w.walk(t, []step{
		{"flo", "POST projects", `{"name":"Flo's","parent_id":0}`, 201, `{"id":6}`},
		{"flo", "GET projects/6", "", 200, `"user_permission":{"id":60`},
		{"flo", "POST projects", `{"name":"Below","parent_id":6}`, 403, ""},
		{"flo", "PUT projects/6", `{"name":"Flo's own"}`, 204, ""},
		{"flo", "PUT projects/6/change_parent", `{"parent_id":0}`, 204, ""}, // it is there
		{"flo", "PUT projects/6/archive", "", 204, ""},
		{"flo", "PUT projects/6/unarchive", "", 204, ""},
		{"flo", "DELETE projects/6", "", 403, ""},
		{"admin", "DELETE projects/6", "", 204, ""},
	})
}

// granted returns what is set on a project.
func (w *world) granted(t *testing.T, id int) (all int, subjects string) {
	t.Helper()
	var p struct {
		All    permission `json:"grant_all_permission"`
		UsersP []struct {
			User       userObject
			Permission permission
		} `json:"users_permissions"`
		GroupsP []struct {
			Group      namedObject
			Permission permission
		} `json:"groups_permissions"`
	}
	if err := json.Unmarshal([]byte(w.ask(t, "admin", "GET", fmt.Sprintf("/index.php/api/v6/projects/%d.json", id), "").Body), &p); err != nil {
		t.Fatal(err)
	}
	for _, u := range p.UsersP {
		subjects += fmt.Sprint(u.User.Username, u.Permission.ID, " ")
	}
	for _, g := range p.GroupsP {
		subjects += fmt.Sprint(g.Group.Name, g.Permission.ID, " ")
	}
	return p.All.ID, subjects
}

// TestSubprojectInherits makes a project under one with grants: it has each of its subjects at 99 and follows the parent, until it moves to where there is no parent.
func TestSubprojectInherits(t *testing.T) {
	w := newWorld(t)
	w.walk(t, []step{
		{"admin", "PUT projects/4/security", `{"managed_by":2,"grant_all_permission":10,"users_permissions":[[4,20]],"groups_permissions":[[1,40]]}`, 204, ""},
		{"admin", "POST projects", `{"name":"Child","parent_id":4}`, 201, `{"id":6}`},
		{"admin", "POST projects", `{"name":"Grandchild","parent_id":6}`, 201, `{"id":7}`},
	})
	if all, subjects := w.granted(t, 7); all != 99 || subjects != "rita99 Ops99 " {
		t.Errorf("got %d, %s; want all that the parent has, at 99", all, subjects)
	}
	w.walk(t, []step{
		{"nora", "GET projects/7", "", 200, `"user_permission":{"id":40`},
		{"rita", "GET projects/7", "", 200, `"user_permission":{"id":20`},
		{"pam", "GET projects/7", "", 200, `"user_permission":{"id":10`}, // manages the parent, which is not inherited here
		{"pam", "PUT projects/4/security", `{"groups_permissions":[[1,50]]}`, 204, ""},
		{"nora", "GET projects/7", "", 200, `"user_permission":{"id":50`},
		{"admin", "PUT projects/7/change_parent", `{"parent_id":0}`, 204, ""},
		{"nora", "GET projects/7", "", 404, ""},
	})
	if all, subjects := w.granted(t, 7); all != -1 || subjects != "" {
		t.Errorf("at the root: got %d, %s; want nothing", all, subjects)
	}
	w.walk(t, []step{ // a root that granted nothing does not begin to by a move
		{"admin", "PUT projects/7/change_parent", `{"parent_id":4}`, 204, ""},
		{"nora", "GET projects/7", "", 404, ""},
		{"admin", "PUT projects/7/security", `{"groups_permissions":[[1,99]]}`, 204, ""},
		{"nora", "GET projects/7", "", 200, `"user_permission":{"id":50`},
	})
}

// TestPersonalFolderIsNoProject: another dialect's personal folders do not exist here, and make no project a parent.
func TestPersonalFolderIsNoProject(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		_, err := tx.CreateProject(vault.Project{Name: "Nora's", Parent: 4, Owner: 3})
		return err
	})
	for _, user := range []string{"admin", "nora"} {
		for _, call := range []string{"GET projects/6", "PUT projects/6", "DELETE projects/6", "GET projects/6/security", "PUT projects/6/security", "PUT projects/6/archive", "PUT projects/6/unarchive",
			"GET projects/6/subprojects", "GET projects/6/subprojects/new_pwd", "GET projects/6/passwords", "GET projects/6/passwords/count", "GET projects/6/files", "POST favorite_projects/6", "DELETE favorite_projects/6"} {
			w.walk(t, []step{{user, call, "{}", 404, ""}})
		}
		w.walk(t, []step{
			{user, "PUT projects/6/change_parent", `{"parent_id":0}`, 404, ""},
			{user, "POST projects/6/upload", `{"file_name":"x","file_data_base64":"eA=="}`, 404, ""},
			{user, "POST projects", `{"name":"x","parent_id":6}`, 404, ""},
		})
	}
	w.walk(t, []step{
		{"admin", "PUT projects/1/change_parent", `{"parent_id":6}`, 404, ""},
		{"admin", "GET projects/4", "", 200, `"is_leaf":true`},
		{"admin", "DELETE projects/4", "", 204, ""},
	})
}

// TestNarrowedCredentialGrantsNothing: a key for some projects changes them and no grants, unless it is for that very call.
func TestNarrowedCredentialGrantsNothing(t *testing.T) {
	w := newWorld(t)
	keys := map[string]vault.Credential{
		"some":  {Projects: []vault.ProjectID{4}},
		"named": {Projects: []vault.ProjectID{4}, Actions: []string{"projects/security/update"}},
	}
	for name, c := range keys {
		pair := auth.KeyPair{Public: auth.NewHexToken(), Private: auth.NewHexToken()}
		w.as(t, "admin", func(tx *vault.Tx) error {
			c.User, c.Dialect, c.TokenHash = 1, vault.TPM, auth.HashToken(pair.Public)
			_, err := tx.CreateCredential(c, auth.SealKey(w.Sealer, pair.Private))
			return err
		})
		w.users[name] = &auth.Founding{TPM: pair}
	}
	for _, c := range []struct {
		who, call, body string
		want            int
	}{
		{"some", "PUT projects/4", `{"notes":"x"}`, 204},
		{"some", "PUT projects/4/security", `{"grant_all_permission":60}`, 403},
		{"some", "PUT projects/1/security", `{"grant_all_permission":60}`, 404},
		{"some", "PUT projects/4/change_parent", `{"parent_id":1}`, 404},
		{"some", "GET projects/0/subprojects", ``, 200},
		{"named", "PUT projects/4", `{"notes":"x"}`, 403},
		{"named", "PUT projects/4/security", `{"grant_all_permission":60}`, 204},
	} {
		before := w.heads()
		method, path, _ := strings.Cut(c.call, " ")
		h := http.Header{}
		w.sign(h, c.who, "api/v6/"+path+".json", c.body)
		out := w.send(t, request{method: method, path: "/index.php/api/v6/" + path + ".json", header: h, body: c.body})
		if out.StatusCode != c.want {
			t.Errorf("%s: %s: got %d %s, want %d", c.who, c.call, out.StatusCode, out.Body, c.want)
		}
		if out.StatusCode != http.StatusNoContent && w.heads() != before {
			t.Errorf("%s: %s: the vault has changed", c.who, c.call)
		}
		var nodes []projectNode
		if method == "GET" && (json.Unmarshal([]byte(out.Body), &nodes) != nil || len(nodes) != 1 || nodes[0].ID != 4) {
			t.Errorf("%s: got %s, want project 4 alone", c.call, out.Body)
		}
	}
}

// TestArchivedProjects: what is archived, itself or above, takes nothing but a way out of the archive, new projects below and a delete (tpm 6.3).
func TestArchivedProjects(t *testing.T) {
	w := newWorld(t)
	w.walk(t, []step{
		{"admin", "PUT projects/1/archive", "", 204, ""},
		{"admin", "GET projects/3", "", 200, `"archived":true`},
		{"admin", "GET projects/3", "", 200, `"user_can_create_passwords":false`},
		{"admin", "PUT projects/3", `{"notes":"x"}`, 403, ""},
		{"admin", "PUT projects/3/security", `{}`, 403, ""},
		{"admin", "PUT projects/3/change_parent", `{"parent_id":0}`, 403, ""},
		{"admin", "POST passwords", `{"name":"x","project_id":3}`, 403, ""},
		{"admin", "PUT projects/3/unarchive", "", 204, ""}, // it is not, its root is
		{"admin", "GET projects/3", "", 200, `"archived":true`},
		{"admin", "PUT projects/3/archive", "", 204, ""},
		{"admin", "PUT projects/1/unarchive", "", 204, ""},
		{"admin", "GET projects/3", "", 200, `"archived":true`},
		{"admin", "GET projects/2", "", 200, `"archived":false`},
		{"admin", "POST projects", `{"name":"Late","parent_id":5}`, 201, `{"id":6}`},
		{"admin", "GET projects/6", "", 200, `"archived":true`},
		{"admin", "POST favorite_projects/6", "", 204, ""},
		{"admin", "DELETE projects/6", "", 204, ""},
		{"admin", "DELETE projects/5", "", 204, ""},
		{"admin", "GET projects/archived/count", "", 200, `"num_items":1`},
	})
}

// TestDeleteIsAllOrNothing: a password that the caller does not manage keeps its project, and whatever else is in it.
func TestDeleteIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		if _, err := tx.CreateEntry(vault.Entry{Name: "Kept", Project: 4, Users: []vault.UserGrant{{User: 2, Level: vault.LevelRead}}}, vault.Payload{}); err != nil {
			return err
		}
		return tx.SetGrants(vault.ProjectGrants{Project: 4, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: 2, Level: vault.ProjectFull}}})
	})
	w.walk(t, []step{
		{"pam", "DELETE projects/4", "", 403, ""},
		{"pam", "GET passwords/5", "", 200, ""},
		{"pam", "GET projects/4", "", 200, `"num_passwords":2`},
	})
}
