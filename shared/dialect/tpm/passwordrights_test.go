package tpm

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// rightsRow is a call and what each of the users of TestWhoMayDoWhat gets for it.
type rightsRow struct {
	method, path, body                             string
	reader, editor, manager, admin, capped, notHis int
}

// rights says which permission each call needs (tpm 4.6).
var rights = []rightsRow{
	{"GET", "passwords/ID", "", 200, 200, 200, 200, 200, 404},
	{"PUT", "passwords/ID", `{"notes":"x"}`, 403, 204, 204, 204, 403, 404},
	{"PUT", "passwords/ID", `{"password":"x"}`, 403, 204, 204, 204, 403, 404},
	{"DELETE", "passwords/ID", "", 403, 403, 204, 204, 403, 404},
	{"GET", "passwords/ID/security", "", 403, 403, 200, 200, 403, 404},
	{"PUT", "passwords/ID/security", `{"users_permissions":[]}`, 403, 403, 204, 204, 403, 404},
	{"PUT", "passwords/ID/custom_fields", `{"custom_label1":"x"}`, 403, 403, 204, 204, 403, 404},
	{"PUT", "passwords/ID/move", `{"project_id":6}`, 403, 403, 204, 204, 403, 404},
	{"PUT", "passwords/ID/move", `{"project_id":4}`, 403, 403, 204, 204, 403, 404}, // where it is
	{"POST", "passwords/ID/copy", `{"project_id":6}`, 201, 201, 201, 201, 403, 404},
	{"POST", "passwords/ID/duplicate", `{"new_name":"x"}`, 403, 403, 201, 201, 403, 404},
	{"PUT", "passwords/ID/archive", "", 403, 403, 204, 204, 403, 404},
	{"PUT", "passwords/ID/unarchive", "", 403, 403, 204, 204, 403, 404},
	{"PUT", "passwords/ID/lock", "", 403, 204, 204, 204, 403, 404},
	{"PUT", "passwords/ID/unlock", "", 403, 204, 204, 204, 403, 404},
	{"GET", "passwords/ID/files", "", 200, 200, 200, 200, 200, 404},
	{"POST", "favorite_passwords/ID", "", 204, 204, 204, 204, 204, 404},
	{"DELETE", "favorite_passwords/ID", "", 204, 204, 204, 204, 204, 404},
}

// targets makes the project Open (6), where all may create, and the group Leads (2: rita), and returns what makes a password of Secret on which reader reads, nora
// edits and pam manages, and rita, a Read only user, would manage by her group.
func targets(t *testing.T, w *world) func() string {
	w.users["reader"] = w.AddUser(t, "reader", vault.NormalUser)
	w.users["nobody"] = w.AddUser(t, "nobody", vault.NormalUser)
	w.as(t, "admin", func(tx *vault.Tx) error {
		if _, err := tx.CreateGroup(vault.Group{Name: "Leads", Members: []vault.UserID{4}}); err != nil {
			return err
		}
		id, err := tx.CreateProject(vault.Project{Name: "Open"})
		if err != nil {
			return err
		}
		return tx.SetGrants(vault.ProjectGrants{Project: id, All: vault.ProjectCreate})
	})
	reader := w.users["reader"].AdminID
	return func() (id string) {
		w.as(t, "admin", func(tx *vault.Tx) error {
			n, err := tx.CreateEntry(vault.Entry{
				Name: "Target", Project: 4, Groups: []vault.GroupGrant{{Group: 2, Level: vault.LevelManage}},
				Users: []vault.UserGrant{{User: 2, Level: vault.LevelManage}, {User: 3, Level: vault.LevelEdit}, {User: reader, Level: vault.LevelRead}},
			}, vault.Payload{Password: vault.NewSecret("canary-target")})
			id = strconv.FormatUint(uint64(n), 10)
			return err
		})
		return id
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	target := targets(t, w)
	for _, row := range rights {
		for user, want := range map[string]int{"reader": row.reader, "nora": row.editor, "pam": row.manager, "admin": row.admin, "rita": row.capped, "nobody": row.notHis} {
			id := target()
			before := w.heads()
			out := w.ask(t, user, row.method, at(row.path, id), row.body)
			what := user + " " + row.method + " " + row.path + " " + row.body
			checkReply(t, what, out)
			if out.StatusCode != want {
				t.Errorf("%s: got %d %s, want %d", what, out.StatusCode, out.Body, want)
			}
			if want >= 400 && w.heads() != before {
				t.Errorf("%s: the vault has changed", what)
			}
			if want != 404 {
				continue
			}
			if absent := w.ask(t, user, row.method, at(row.path, "99999"), row.body); absent.Body != out.Body || absent.StatusCode != out.StatusCode {
				t.Errorf("%s: got %s, and for a password that is not there %s", what, out.Body, absent.Body)
			}
		}
	}
}

// TestWhoMayUpload: who may edit may (tpm 4.6), and nobody else changes anything.
func TestWhoMayUpload(t *testing.T) {
	w := newWorld(t)
	id := targets(t, w)()
	for user, want := range map[string]string{
		"reader": "not allowed", "nora": `{"id":`, "pam": `{"id":`, "admin": `{"id":`, "rita": "not allowed", "nobody": "Password not found.",
	} {
		before := w.heads()
		out := w.ask(t, user, "POST", at("passwords/ID/upload", id), `{"file_data_base64":"eA==","file_name":"x.pdf","notes":null}`)
		checkReply(t, user, out)
		if !strings.Contains(out.Body, want) {
			t.Errorf("%s: got %d %s, want %s", user, out.StatusCode, out.Body, want)
		}
		if made := out.StatusCode == http.StatusCreated; made != (want == `{"id":`) || made != (w.heads() != before) {
			t.Errorf("%s: got %d, and the vault has changed: %v", user, out.StatusCode, w.heads() != before)
		}
	}
}

// TestTargetProjects moves and copies to where the caller may create, may only read, may not see, and to what is archived.
func TestTargetProjects(t *testing.T) {
	w := newWorld(t)
	target := targets(t, w)
	w.as(t, "admin", func(tx *vault.Tx) error { // pam creates in 1, reads 2, traverses 3, and does not see Old
		if err := tx.SetGrants(vault.ProjectGrants{Project: 2, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: 2, Level: vault.ProjectRead}}}); err != nil {
			return err
		}
		if err := tx.SetGrants(vault.ProjectGrants{Project: 3, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: 2, Level: vault.ProjectTraverse}}}); err != nil {
			return err
		}
		return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: 2, Level: vault.ProjectCreate}}})
	})
	for _, c := range []struct {
		user, project string
		want          int
	}{{"pam", "1", 0}, {"pam", "2", 403}, {"pam", "3", 403}, {"pam", "5", 404}, {"pam", "99", 404}, {"admin", "5", 403}, {"admin", "99", 404}, {"admin", "3", 0}} {
		for call, done := range map[string]int{"PUT move": 204, "POST copy": 201} {
			method, verb, _ := strings.Cut(call, " ")
			want := c.want
			if want == 0 {
				want = done
			}
			id := target()
			before := w.heads()
			out := w.ask(t, c.user, method, at("passwords/ID/"+verb, id), `{"project_id":`+c.project+`}`)
			if out.StatusCode != want || (w.heads() != before) != (want < 400) {
				t.Errorf("%s %s to %s: got %d %s, want %d", c.user, verb, c.project, out.StatusCode, out.Body, want)
			}
		}
	}
}

// TestReadOnlyKeysWriteNothing holds every call to its method: a key that may only read is kept from what is named a write.
func TestReadOnlyKeysWriteNothing(t *testing.T) {
	for _, r := range routes {
		for method, e := range r.calls {
			if writes := method != "GET"; e.action.Writes != writes {
				t.Errorf("%s %s: writes is %v, want %v", method, r.path, e.action.Writes, writes)
			}
		}
	}
}
