package tpm

import (
	"strings"
	"testing"

	"tresor/shared/vault"
)

// TestLinkedIsReadOnly calls all there is on a linked password: its data is its source's, its place too, the rest its own (tpm 4.3, 6.3).
func TestLinkedIsReadOnly(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(vault.Entry{Name: "Link", Project: 4, Source: 1}, vault.Payload{})
		return err
	})
	for _, c := range []struct {
		method, path, body string
		want               int
		text               string
	}{
		{"PUT", "passwords/ID", `{"notes":"x"}`, 403, ""},
		{"PUT", "passwords/ID", `{"password":"x"}`, 403, ""},
		{"PUT", "passwords/ID", `{}`, 403, ""},
		{"PUT", "passwords/ID/custom_fields", `{"custom_label1":"x"}`, 403, ""},
		{"PUT", "passwords/ID/custom_fields", `{"custom_type1":""}`, 403, ""},
		{"PUT", "passwords/ID/move", `{"project_id":3}`, 403, ""},
		{"PUT", "passwords/ID/move", `{"project_id":4}`, 403, ""},
		{"POST", "passwords/ID/copy", `{"project_id":3}`, 403, ""},
		{"POST", "passwords/ID/duplicate", `{"new_name":"x"}`, 403, ""},
		{"DELETE", "passwords/ID", "", 403, ""},
		{"POST", "passwords/ID/upload", `{"file_data_base64":"eA==","file_name":"x"}`, 403, "read-only"},
		{"PUT", "passwords/ID/security", `{"users_permissions":[[3,20]]}`, 409, ""},
		{"PUT", "passwords/ID/security", `{"users_permissions":[[2,30]],"groups_permissions":[[1,20]]}`, 409, ""},
		{"PUT", "passwords/ID/security", `{"users_permissions":[[2,30],[3,0]],"groups_permissions":[[1,10]]}`, 204, ""},
		{"GET", "passwords/ID/security", "", 200, `"granted_via":"User direct"`},
		{"GET", "passwords/ID/files", "", 200, "[]"},
		{"PUT", "passwords/ID/lock", "", 204, ""},
		{"PUT", "passwords/ID/move", `{"project_id":3}`, 403, "X-Unlock-Reason"},
		{"PUT", "passwords/ID/unlock", "", 403, "X-Unlock-Reason"},
		{"POST", "favorite_passwords/ID", "", 204, ""},
	} {
		before := w.heads()
		out := w.ask(t, "admin", c.method, at(c.path, "8"), c.body)
		what := c.method + " " + c.path + " " + c.body
		checkReply(t, what, out)
		if out.StatusCode != c.want || !strings.Contains(out.Body, c.text) {
			t.Errorf("%s: got %d %s, want %d %s", what, out.StatusCode, out.Body, c.want, c.text)
		}
		if c.want >= 400 && w.heads() != before {
			t.Errorf("%s: the vault has changed", what)
		}
	}
	for _, call := range []string{"unlock", "archive", "unarchive"} {
		if out := w.ask(t, "admin", "PUT", at("passwords/ID/"+call, "8"), "", "X-Unlock-Reason", "x"); out.StatusCode != 204 {
			t.Errorf("%s: got %d %s, want 204", call, out.StatusCode, out.Body)
		}
	}
	if out := w.ask(t, "admin", "GET", at("passwords/ID", "8"), ""); !strings.Contains(out.Body, `"linked":true,"source_password_id":1`) || !strings.Contains(out.Body, `"project":{"id":4`) {
		t.Errorf("got %s, want a link to 1 in project 4", out.Body)
	}
}
