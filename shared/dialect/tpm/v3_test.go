package tpm

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// held writes down who may do what with a project or a password.
func (w *world) held(t *testing.T, path string) string {
	t.Helper()
	var text string
	w.view(t, "admin", func(r *vault.Reader) error {
		var id uint64
		if n, _ := fmt.Sscanf(path, "projects/%d", &id); n == 1 {
			p, _, err := r.Project(vault.ProjectID(id))
			if err != nil {
				return err
			}
			g, _ := r.Grants(p.ID)
			text = fmt.Sprintf("manager %d all %d users %v groups %v", p.Manager, g.All, g.Users, g.Groups)
			return nil
		}
		_, _ = fmt.Sscanf(path, "passwords/%d", &id)
		e, _, err := r.Entry(vault.EntryID(id))
		if err == nil {
			text = fmt.Sprintf("manager %d users %v groups %v", e.Manager, e.Users, e.Groups)
		}
		return err
	})
	return text
}

// TestFlatWrites changes who has access in v3's form, each on a world of its own, and looks at what that made (tpm 1.2, 4.2, 4.5).
func TestFlatWrites(t *testing.T) {
	for _, c := range []struct{ user, call, body, at, want string }{
		{"admin", "POST projects", `{"name":"N"}`, "projects/6", "manager 1 all -1 users [] groups []"},
		{"admin", "POST projects", `{"name":"N","managed_by":"3","everyone_has_access":true}`, "projects/6", "manager 3 all 30 users [] groups []"},
		{"admin", "POST projects", `{"name":"N","everyone_has_access":false,"users_access":[4,"3"],"groups_access":["1"]}`, "projects/6", "manager 1 all -1 users [{3 30} {4 20}] groups [{1 30}]"},
		{"pam", "POST projects", `{"name":"N","managed_by":3,"users_access":[2]}`, "projects/6", "manager 3 all -1 users [{2 30}] groups []"}, // gives it out of the hand, at once
		{"admin", "POST projects", `{"name":"N","parent_id":3,"users_access":[]}`, "projects/6", "manager 1 all 99 users [] groups []"},
		{"admin", "POST projects", `{"name":"N","parent_id":null,"managed_by":null,"everyone_has_access":null,"users_access":null,"groups_access":null}`, "projects/6", "manager 1 all -1 users [] groups []"},
		{"admin", "POST projects", `{"name":"N","grant_all_permission":60,"users_permissions":[[3,60]],"groups_permissions":"x"}`, "projects/6", "manager 1 all -1 users [] groups []"}, // v4's names
		{"admin", "PUT projects/3", `{"name":"N"}`, "projects/3", "manager 1 all -1 users [{3 40} {4 20}] groups []"},
		{"admin", "PUT projects/3", `{"users_access":[4,2]}`, "projects/3", "manager 1 all -1 users [{2 30} {4 20}] groups []"},
		{"admin", "PUT projects/3", `{"users_access":[]}`, "projects/3", "manager 1 all -1 users [] groups []"},
		{"admin", "PUT projects/3", `{"groups_access":[1]}`, "projects/3", "manager 1 all -1 users [{3 40} {4 20}] groups [{1 30}]"},
		{"admin", "PUT projects/3", `{"everyone_has_access":true,"users_permissions":[],"grant_all_permission":60}`, "projects/3", "manager 1 all 30 users [{3 40} {4 20}] groups []"},
		{"admin", "PUT projects/2", `{"everyone_has_access":false}`, "projects/2", "manager 1 all -1 users [] groups []"}, // it was so already
		{"admin", "PUT projects/3", `{"managed_by":2}`, "projects/3", "manager 2 all -1 users [{3 40} {4 20}] groups []"},
		{"admin", "PUT projects/3/security", `{"managed_by":2,"everyone_has_access":true,"users_access":[4],"groups_access":[1],"users_permissions":[[3,60]]}`, "projects/3", "manager 2 all 30 users [{4 20}] groups [{1 30}]"},
		{"admin", "PUT passwords/1/security", `{"managed_by":3,"users_access":[4,2],"groups_access":[1]}`, "passwords/1", "manager 3 users [{2 30} {4 10}] groups [{1 0}]"}, // whoever was there keeps what was set,
		{"admin", "PUT passwords/1/security", `{"users_access":[]}`, "passwords/1", "manager 1 users [] groups [{1 0}]"},
		{"admin", "PUT passwords/1/security", `{"groups_access":[]}`, "passwords/1", "manager 1 users [{2 30} {3 10}] groups []"},
		{"pam", "PUT passwords/1/security", `{"users_permissions":[[3,30]],"groups_permissions":"x","everyone_has_access":true}`, "passwords/1", "manager 1 users [{2 30} {3 10}] groups [{1 0}]"},
		{"admin", "PUT projects/3", `{"managed_by":{"id":2},"users_access":[{"id":4,"name":"Rita"},{"id":"2"}],"groups_access":[{"id":1}]}`, "projects/3", "manager 2 all -1 users [{2 30} {4 20}] groups [{1 30}]"},
	} {
		w := newWorld(t)
		method, path, _ := strings.Cut(c.call, " ")
		out := w.ask(t, c.user, method, "/index.php/api/v3/"+path+".json", c.body)
		if want := map[string]int{"POST": 201, "PUT": 204}[method]; out.StatusCode != want {
			t.Errorf("%s %s: got %d %s", c.call, c.body, out.StatusCode, out.Body)
			continue
		}
		if diff := cmp.Diff(c.want, w.held(t, c.at)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.call, c.body, diff)
		}
	}
}

// TestFlatRefusals sends what cannot be: nothing changes, not even the part of it that could.
func TestFlatRefusals(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error { // where nora manages, and pam may look
		manager := vault.UserID(3)
		return tx.SetProjectSecurity(4, vault.ProjectSecurityChange{Manager: &manager, Users: &[]vault.ProjectUserGrant{{User: 2, Level: vault.ProjectManage}}})
	})
	all := []string{"POST projects", "PUT projects/3", "PUT projects/3/security", "PUT passwords/1/security"}
	projects := all[:3]
	for _, c := range []struct {
		user   string
		calls  []string
		body   string
		status int
	}{
		{"admin", all, `"users_access":[9]`, 400},
		{"admin", all, `"groups_access":[9]`, 400},
		{"admin", all, `"managed_by":9`, 400},
		{"admin", all, `"managed_by":4`, 400}, // Read only
		{"admin", all, `"managed_by":0`, 400},
		{"admin", all, `"managed_by":[3]`, 400},
		{"admin", all, `"users_access":3`, 400},
		{"admin", all, `"users_access":{"3":30}`, 400},
		{"admin", all, `"users_access":[[3,30]]`, 400}, // v4's form
		{"admin", all, `"users_access":[0]`, 400},
		{"admin", all, `"users_access":[-3]`, 400},
		{"admin", all, `"users_access":[3.5]`, 400},
		{"admin", all, `"users_access":[null]`, 400},
		{"admin", all, `"users_access":[4294967299]`, 400}, // 3, were it cut
		{"admin", all, `"users_access":[3,"3"]`, 400},
		{"admin", all, `"groups_access":[1,1]`, 400},
		{"admin", all, `"groups_access":"1"`, 400},
		{"admin", projects, `"everyone_has_access":1`, 400},
		{"admin", projects, `"everyone_has_access":"true"`, 400},
		{"admin", projects, `"everyone_has_access":30`, 400},
		{"nora", all[:1], `"users_access":[3]`, 403},                                                // makes no projects
		{"nora", all[1:], `"users_access":[3]`, 403},                                                // edits passwords there, no more
		{"rita", all, `"users_access":[4]`, 403},                                                    //
		{"pam", all[1:3], `"users_access":[2]`, 403},                                                // sees its name, for a password in it
		{"pam", []string{"PUT projects/4"}, `"users_access":[2]`, 403},                              // manages what is in it, not itself
		{"nora", []string{"PUT projects/5"}, `"users_access":[3]`, 404},                             //
		{"admin", []string{"PUT projects/5", "PUT projects/5/security"}, `"users_access":[3]`, 403}, // archived
		{"admin", []string{"PUT passwords/2/security"}, `"users_access":[3]`, 403},                  // locked
		{"admin", []string{"PUT projects/77", "PUT passwords/77/security"}, `"users_access":[3]`, 404},
		{"admin", []string{"PUT passwords/7/security"}, `"users_access":[1]`, 404}, // nora's own
	} {
		for _, call := range c.calls {
			before := w.heads()
			method, path, _ := strings.Cut(call, " ")
			out := w.ask(t, c.user, method, "/index.php/api/v3/"+path+".json", `{"name":"Changed","tags":"new",`+c.body+`}`)
			if out.StatusCode != c.status || w.heads() != before {
				t.Errorf("%s as %s: %s: got %d %s, want %d; changed: %v", call, c.user, c.body, out.StatusCode, out.Body, c.status, w.heads() != before)
			}
		}
	}
}

// TestFlatRefusalsSayWhy reads what a client is told of the lists.
func TestFlatRefusalsSayWhy(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]string{
		`{"users_access":[3,"3"]}`:    "users_access names an id twice",
		`{"groups_access":[1,1]}`:     "groups_access names an id twice",
		`{"groups_access":[[1,10]]}`:  "groups_access is not a list of ids",
		`{"users_access":[9]}`:        "no such user or group",
		`{"managed_by":0}`:            "no such user or group",
		`{"managed_by":"nora"}`:       "managed_by is not an id",
		`{"users_access":[],"x":1}x`:  "the request body is not a JSON object",
		`{"managed_by":4,"access":1}`: "a Read only user manages nothing",
	} {
		out := w.ask(t, "admin", "PUT", "/index.php/api/v3/passwords/1/security.json", body)
		if out.StatusCode != 400 || !strings.Contains(out.Body, `"message":"`+want+`"`) {
			t.Errorf("%s: got %d %s, want %s", body, out.StatusCode, out.Body, want)
		}
	}
}

// TestFlatNamesAreV3s sends v3's names to later versions, which do not know them.
func TestFlatNamesAreV3s(t *testing.T) {
	w := newWorld(t)
	const flat = `"everyone_has_access":"x","users_access":[9],"groups_access":1`
	for _, version := range []string{"4", "5", "6"} {
		for call, want := range map[string]int{"POST projects": 201, "PUT projects/3": 204, "PUT projects/3/security": 204, "PUT passwords/1/security": 204} {
			method, path, _ := strings.Cut(call, " ")
			project, password := w.held(t, "projects/3"), w.held(t, "passwords/1")
			out := w.ask(t, "admin", method, "/index.php/api/v"+version+"/"+path+".json", `{"name":"N`+version+`","parent_id":0,`+flat+`}`)
			if out.StatusCode != want || w.held(t, "projects/3") != project || w.held(t, "passwords/1") != password {
				t.Errorf("v%s %s: got %d %s, want %d and nothing granted", version, call, out.StatusCode, out.Body, want)
			}
		}
		if out := w.ask(t, "admin", "POST", "/index.php/api/v"+version+"/projects.json", `{"name":"M","parent_id":0,"managed_by":3}`); out.StatusCode != 400 {
			t.Errorf("v%s: a create with a manager: got %d %s", version, out.StatusCode, out.Body)
		}
	}
}

// TestFlatWritesOfNarrowedCredentials: who has access is changed only by a key that is for that, whatever call it is a part of.
func TestFlatWritesOfNarrowedCredentials(t *testing.T) {
	const create, update, security = "projects/create", "projects/update", "projects/security/update"
	for _, c := range []struct {
		key            vault.Credential
		call           string
		plain, granted int
	}{
		{vault.Credential{}, "POST projects", 201, 201},
		{vault.Credential{Actions: []string{create}}, "POST projects", 201, 403},
		{vault.Credential{Actions: []string{create, security}}, "POST projects", 201, 201},
		{vault.Credential{Actions: []string{update}}, "PUT projects/3", 204, 403},
		{vault.Credential{Actions: []string{update, security}}, "PUT projects/3", 204, 204},
		{vault.Credential{Actions: []string{security}}, "PUT projects/3", 403, 403},
		{vault.Credential{Actions: []string{security}}, "PUT projects/3/security", 204, 204},
		{vault.Credential{Projects: []vault.ProjectID{3}}, "PUT projects/3", 204, 403},
	} {
		w := newWorld(t)
		pair := auth.KeyPair{Public: auth.NewHexToken(), Private: auth.NewHexToken()}
		c.key.User, c.key.Dialect, c.key.TokenHash = 1, vault.TPM, auth.HashToken(pair.Public)
		w.as(t, "admin", func(tx *vault.Tx) error {
			_, err := tx.CreateCredential(c.key, auth.SealKey(w.Sealer, pair.Private))
			return err
		})
		w.users["key"] = &auth.Founding{TPM: pair}
		method, path, _ := strings.Cut(c.call, " ")
		for body, want := range map[string]int{`{"name":"A"}`: c.plain, `{"name":"B","users_access":[3]}`: c.granted} {
			before, h := w.heads(), http.Header{}
			w.sign(h, "key", "api/v3/"+path+".json", body)
			out := w.send(t, request{method: method, path: "/index.php/api/v3/" + path + ".json", header: h, body: body})
			if out.StatusCode != want || want == 403 && w.heads() != before {
				t.Errorf("%v %s %s: got %d %s, want %d", c.key.Actions, c.call, body, out.StatusCode, out.Body, want)
			}
		}
	}
}

// TestWrittenBackAsRead sends what v3 shows of a project and a password back to where it is from: "No access" is in its lists too, and must not become access.
func TestWrittenBackAsRead(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		all := vault.ProjectNone
		users := []vault.ProjectUserGrant{{User: 2, Level: vault.ProjectNone}, {User: 3, Level: vault.ProjectTraverse}, {User: 4, Level: vault.ProjectRead}}
		groups := []vault.ProjectGroupGrant{{Group: 1, Level: vault.ProjectManage}}
		return tx.SetProjectSecurity(3, vault.ProjectSecurityChange{All: &all, Users: &users, Groups: &groups})
	})
	for _, c := range []struct{ show, put, held string }{{"projects/3", "projects/3", "projects/3"}, {"projects/3", "projects/3/security", "projects/3"}, {"passwords/1", "passwords/1/security", "passwords/1"}} {
		before := w.held(t, c.held)
		shown := w.ask(t, "admin", "GET", "/index.php/api/v3/"+c.show+".json", "")
		if !strings.Contains(shown.Body, `"groups_access":[{"id":1,`) {
			t.Fatal(shown.Body)
		}
		if out := w.ask(t, "admin", "PUT", "/index.php/api/v3/"+c.put+".json", shown.Body); out.StatusCode != 204 {
			t.Errorf("%s: got %d %s", c.put, out.StatusCode, out.Body)
		}
		if diff := cmp.Diff(before, w.held(t, c.held)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", c.put, diff)
		}
	}
}
