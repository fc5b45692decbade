package tpm

import (
	"testing"

	"tresor/shared/vault"
)

// TestArchivedTakesNoChange calls all that changes something on an archived password (4), and on one of an archived project (8): out of the archive it comes, and
// copied it can be, but duplicated only where the project is not archived (tpm 6.3).
func TestArchivedTakesNoChange(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		project, err := tx.CreateProject(vault.Project{Name: "Closing"})
		if err != nil {
			return err
		}
		if _, err := tx.CreateEntry(vault.Entry{Name: "In it", Project: project}, vault.Payload{Password: vault.NewSecret("canary-in-it")}); err != nil {
			return err
		}
		return tx.EditProject(project, func(p *vault.Project) { p.Archived = true })
	})
	for _, c := range []struct {
		method, path, body string
		itself, project    int
	}{
		{"PUT", "passwords/ID", `{"notes":"x"}`, 403, 403},
		{"PUT", "passwords/ID", `{"password":"x"}`, 403, 403},
		{"PUT", "passwords/ID/security", `{"users_permissions":[]}`, 403, 403},
		{"PUT", "passwords/ID/custom_fields", `{"custom_label1":"x"}`, 403, 403},
		{"PUT", "passwords/ID/move", `{"project_id":4}`, 403, 403},
		{"PUT", "passwords/ID/lock", "", 403, 403},
		{"PUT", "passwords/ID/unlock", "", 204, 204}, // it is not locked
		{"POST", "passwords/ID/upload", `{"file_data_base64":"eA==","file_name":"x"}`, 403, 403},
		{"GET", "passwords/ID/security", "", 200, 200},
		{"GET", "passwords/ID/files", "", 200, 200},
		{"POST", "favorite_passwords/ID", "", 204, 204},
		{"POST", "passwords/ID/copy", `{"project_id":4}`, 201, 201},
		{"POST", "passwords/ID/duplicate", `{"new_name":"x"}`, 201, 403},
		{"PUT", "passwords/ID/archive", "", 204, 204},
		{"PUT", "passwords/ID/unarchive", "", 204, 204},
	} {
		for id, want := range map[string]int{"4": c.itself, "8": c.project} {
			before := w.heads()
			out := w.ask(t, "admin", c.method, at(c.path, id), c.body)
			what := c.method + " " + c.path + " of " + id
			checkReply(t, what, out)
			if out.StatusCode != want {
				t.Errorf("%s: got %d %s, want %d", what, out.StatusCode, out.Body, want)
			}
			if want >= 400 && w.heads() != before {
				t.Errorf("%s: the vault has changed", what)
			}
		}
	}
	for id, want := range map[string]int{"4": 204, "8": 403} { // the one is out, the other still in
		if out := w.ask(t, "admin", "PUT", at("passwords/ID", id), `{"notes":"x"}`); out.StatusCode != want {
			t.Errorf("after unarchive, of %s: got %d %s, want %d", id, out.StatusCode, out.Body, want)
		}
	}
}
