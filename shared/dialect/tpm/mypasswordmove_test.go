package tpm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/vault"
)

// recorded returns whether an access record says that an action took the secret of an entry.
func (w *world) recorded(t testing.TB, action string, id uint64) bool {
	t.Helper()
	list, err := w.Log.Accesses(t.Context(), vault.HourOf(w.Clock.Now()), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		for _, s := range a.Secrets {
			if a.Action == action && !a.Withheld && s.Entry == vault.EntryID(id) {
				return true
			}
		}
	}
	return false
}

// TestCopiesOfAMyPassword moves, copies and duplicates: all have what the original has, and the record says that its secret was taken.
func TestCopiesOfAMyPassword(t *testing.T) {
	for _, c := range []struct {
		action, method, body, made, name string
		gone                             bool
	}{
		{"copy", "POST", `{"project_id":3}`, "passwords", "Bank", false},
		{"duplicate", "POST", `{"new_name":"Second"}`, "my_passwords", "Second", false},
		{"move", "PUT", `{"project_id":"3"}`, "passwords", "Bank", true},
	} {
		t.Run(c.action, func(t *testing.T) {
			w := newWorld(t)
			id := w.fullMine(t)
			old := fmt.Sprintf("my_passwords/%d", id)
			want := w.content(t, old)
			if want.Password != "canary-bank" || want.F2.Data != "canary-pin" || len(want.F3.Data) != 6 || want.F1.Label != "Branch" || want.Tags != "home,money" {
				t.Fatalf("the original: %+v", want)
			}
			status, text := w.my(t, "nora", c.method, old+"/"+c.action, c.body)
			var made created
			if err := json.Unmarshal([]byte(text), &made); err != nil || status != http.StatusCreated || made.ID != id+1 {
				t.Fatalf("got %d %s, want 201 and id %d", status, text, id+1)
			}
			if !w.recorded(t, "tpm my_passwords/"+c.action, id) {
				t.Error("no access record")
			}
			want.Name = c.name
			if diff := cmp.Diff(want, w.content(t, fmt.Sprintf("%s/%d", c.made, made.ID))); diff != "" {
				t.Errorf("-original +new:\n%s", diff)
			}
			kind := map[string]string{"passwords": "my_passwords", "my_passwords": "passwords"}[c.made]
			if status, _ := w.my(t, "nora", "GET", fmt.Sprintf("%s/%d", kind, made.ID), ""); status != 404 {
				t.Errorf("as %s: got %d, want 404", kind, status)
			}
			status, _ = w.my(t, "nora", "GET", old, "")
			if list := w.ids(t, "my_passwords/search/bank"); (status == 404) != c.gone || (len(list) == 0) != c.gone {
				t.Errorf("the original: got %d, listed %v; gone: %v", status, list, c.gone)
			}
			if status, _ = w.my(t, "admin", "GET", fmt.Sprintf("%s/%d", c.made, made.ID), ""); (status == 200) != (c.made == "passwords") {
				t.Errorf("for an Admin: got %d", status)
			}
		})
	}
}

// TestWhereAMyPasswordCanGo tries targets without the right, and what is archived.
func TestWhereAMyPasswordCanGo(t *testing.T) {
	w := newWorld(t)
	archived := w.makeMine(t, `{"name":"Archived","password":"canary-archived"}`)
	path := fmt.Sprintf("my_passwords/%d", archived)
	if status, text := w.my(t, "nora", "PUT", path+"/archive", ""); status != 204 {
		t.Fatal(status, text)
	}
	var readable, old, others, own vault.ProjectID
	w.as(t, "admin", func(tx *vault.Tx) (err error) {
		if readable, err = tx.CreateProject(vault.Project{Name: "Readable"}); err != nil {
			return err
		}
		if err := tx.SetGrants(vault.ProjectGrants{Project: readable, All: vault.ProjectRead}); err != nil {
			return err
		}
		if old, err = tx.CreateProject(vault.Project{Name: "Over"}); err != nil {
			return err
		}
		if err := tx.SetGrants(vault.ProjectGrants{Project: old, All: vault.ProjectEdit}); err != nil {
			return err
		}
		if err := tx.EditProject(old, func(p *vault.Project) { p.Archived = true }); err != nil {
			return err
		}
		if others, err = tx.CreatePersonalRoot(2, "pam's own"); err != nil {
			return err
		}
		own, err = tx.CreatePersonalRoot(3, "nora's own")
		return err
	})
	before := w.heads()
	for name, c := range map[string]struct {
		id      uint64
		project vault.ProjectID
		want    int
	}{
		"a project that one may read":      {7, readable, 403},
		"a project that is archived":       {7, old, 403},
		"a project of which only the name": {7, 2, 403},
		"a project of others":              {7, 4, 404},
		"no project":                       {7, 999, 404},
		"another's personal folder":        {7, others, 404},
		"one's own personal folder":        {7, own, 404},
	} {
		for _, action := range []string{"PUT move", "POST copy"} {
			method, action, _ := strings.Cut(action, " ")
			if status, text := w.my(t, "nora", method, fmt.Sprintf("my_passwords/%d/%s", c.id, action), fmt.Sprintf(`{"project_id":%d}`, c.project)); status != c.want {
				t.Errorf("%s into %s: got %d %s, want %d", action, name, status, text, c.want)
			}
		}
	}
	for call, body := range map[string]string{"": `{"notes":"x"}`, "/custom_fields": `{"custom_label1":"x"}`, "/move": `{"project_id":3}`} {
		if status, text := w.my(t, "nora", "PUT", path+call, body); status != 403 {
			t.Errorf("archived: PUT %s: got %d %s, want 403", call, status, text)
		}
	}
	if after := w.heads(); after != before {
		t.Errorf("heads %v became %v", before, after)
	}
	if status, text := w.my(t, "nora", "POST", path+"/copy", `{"project_id":3}`); status != 201 {
		t.Errorf("archived: copy: got %d %s", status, text)
	}
	if status, text := w.my(t, "nora", "PUT", path+"/unarchive", "null"); status != 204 {
		t.Errorf("unarchive: got %d %s", status, text)
	}
	if status, text := w.my(t, "nora", "PUT", path, `{"notes":"x"}`); status != 204 {
		t.Errorf("out of the archive: got %d %s", status, text)
	}
}
