package tpm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// Values that a member of some kind cannot have.
var (
	noTexts = []string{`{}`, `[]`, `true`, `"\ud800"`, `"a\u0000b"`, `["x"]`}
	noIDs   = []string{`{}`, `[]`, `true`, `"x"`, `""`, `-1`, `1.5`, `1e3`, `9223372036854775808`, `"99999999999999999999"`, `[4]`}
	noLevel = []string{`{}`, `[]`, `true`, `"x"`, `""`, `-2`, `1`, `15`, `61`, `98`, `99`, `100`, `127`, `128`, `300`, `20.0`, `9223372036854775808`}
	noPairs = []string{`{}`, `"x"`, `5`, `true`, `[1]`, `[null]`, `[[]]`, `[[1]]`, `[[1,20,30]]`, `[["x",20]]`, `[[0,20]]`, `[[-1,20]]`, `[[1,-2]]`, `[[1,15]]`, `[[1,99]]`, `[[1,100]]`, `[[1,null]]`,
		`[[1.5,20]]`, `[[1,20],[1,20]]`, `[[99,20]]`, `[[9223372036854775807,20]]`, `[[9223372036854775808,20]]`, `[{"1":20}]`, `{"1":20}`}
)

func with(values []string, more ...string) []string { return append(slices.Clone(values), more...) }

// TestBadProjectBodies sends every body with each of its members gone wrong: 4xx, and the vault is as it was.
func TestBadProjectBodies(t *testing.T) {
	w := newWorld(t)
	long := func(n int) string { return `"` + strings.Repeat("x", n+1) + `"` }
	for _, c := range []struct {
		call, body string // with %s in the place of the member's value
		values     []string
	}{
		{"PUT projects/4", `{"name":%s}`, with(noTexts, `""`, `"  "`, `"Internal"`, `"INTERNAL"`, long(maxLine))},
		{"PUT projects/4", `{"notes":%s,"name":"x"}`, with(noTexts, long(maxNotes))},
		{"PUT projects/4", `{"tags":%s,"name":"x"}`, with(noTexts, long(maxLine))},
		{"POST projects", `{"parent_id":0,"name":%s}`, with(noTexts, `""`, `"  "`, `null`, `"Internal"`, `"secret"`, long(maxLine))},
		{"POST projects", `{"parent_id":%s,"name":"x"}`, with(noIDs, `null`, `99`, `9223372036854775807`)},
		{"POST projects", `{"parent_id":0,"name":"x","notes":%s}`, with(noTexts, long(maxNotes))},
		{"POST projects", `{"parent_id":0,"name":"x","tags":%s}`, with(noTexts, long(maxLine))},
		{"POST projects", `{"parent_id":0,"name":"x","managed_by":%s}`, []string{`1`, `""`, `{}`}},
		{"POST projects", `{"parent_id":0,"name":"x","grant_all_permission":%s}`, []string{`20`, `-1`}},
		{"POST projects", `{"parent_id":0,"name":"x","groups_permissions":%s}`, []string{`[]`, `[[1,20]]`}},
		{"PUT projects/1/change_parent", `{"parent_id":%s}`, with(noIDs, `null`, `1`, `2`, `3`, `99`, `9223372036854775807`)},
		{"PUT projects/4/security", `{"managed_by":%s,"grant_all_permission":20}`, with(noIDs, `0`, `4`, `99`, `9223372036854775807`)},
		{"PUT projects/4/security", `{"grant_all_permission":%s,"managed_by":2}`, with(noLevel, `"+10"`, `"276"`)},
		{"PUT projects/4/security", `{"users_permissions":%s,"managed_by":2}`, with(noPairs, `[["+3",20]]`, `[[4,30]]`, `[[4,60]]`, `[[3,20],[4,30]]`)},
		{"PUT projects/4/security", `{"groups_permissions":%s,"managed_by":2,"users_permissions":[]}`, noPairs},
		{"POST projects/4/upload", `{"file_data_base64":"aGVsbG8=","file_name":%s}`, with(noTexts, `null`, `""`, `"a/b"`)},
		{"POST projects/4/upload", `{"file_name":"x","file_data_base64":%s}`, with(noTexts, `null`, `"%"`)},
	} {
		for _, v := range c.values {
			w.refuses(t, c.call, fmt.Sprintf(c.body, v))
		}
	}
	for _, call := range []string{"PUT projects/4", "POST projects", "PUT projects/4/change_parent", "PUT projects/4/security", "POST projects/4/upload"} {
		for _, body := range []string{"", "null", "[]", `"x"`, "1", "{", `{"name":"x"`, "{\"name\":\"\xff\"}", `{"a":1}{"b":2}`} {
			w.refuses(t, call, body)
		}
	}
	for _, call := range []string{"POST projects", "PUT projects/4/change_parent", "POST projects/4/upload"} { // what must be there is not
		w.refuses(t, call, "{}")
	}
}

// refuses holds a call to a documented error of the client's and to an unchanged vault.
func (w *world) refuses(t *testing.T, call, body string) {
	t.Helper()
	method, path, _ := strings.Cut(call, " ")
	before := w.heads()
	out := w.ask(t, "admin", method, "/index.php/api/v6/"+path+".json", body)
	checkReply(t, call, out)
	if out.StatusCode < 400 || out.StatusCode >= 500 {
		t.Errorf("%s %.80s: got %d, want 4xx", call, body, out.StatusCode)
	}
	if w.heads() != before {
		t.Errorf("%s %.80s: the vault has changed", call, body)
	}
}

// TestDeleteTakesAReason deletes a project with a locked password in it, which goes too.
func TestDeleteTakesAReason(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		id, err := tx.CreateProject(vault.Project{Name: "Locked"})
		if err == nil {
			_, err = tx.CreateEntry(vault.Entry{Name: "Bolt", Project: id, Lock: vault.LockReason}, vault.Payload{})
		}
		return err
	})
	for _, c := range []struct {
		method, path string
		header       []string
		want         int
	}{
		{"DELETE", "projects/6.json", nil, 403},
		{"DELETE", "projects/6.json", []string{"X-Unlock-Reason", "  "}, 403},
		{"GET", "passwords/8.json", nil, 200},
		{"DELETE", "projects/6.json", []string{"X-Unlock-Reason", "gone"}, 204},
		{"GET", "passwords/8.json", nil, 404},
		{"GET", "projects/6.json", nil, 404},
		{"DELETE", "projects/6.json", []string{"X-Unlock-Reason", "gone"}, 404},
	} {
		if out := w.ask(t, "admin", c.method, "/index.php/api/v6/"+c.path, "", c.header...); out.StatusCode != c.want {
			t.Errorf("%s %s %v: got %d %s, want %d", c.method, c.path, c.header, out.StatusCode, out.Body, c.want)
		}
	}
}

// TestLeafIsTheSameForAll: what is below counts whether or not the caller sees it; what is in the trash does not.
func TestLeafIsTheSameForAll(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		if _, err := tx.CreateProject(vault.Project{Name: "Hidden", Parent: 3}); err != nil {
			return err
		}
		return tx.SetGrants(vault.ProjectGrants{Project: 6, All: vault.ProjectUnset})
	})
	leaf := func(user string) (is bool) {
		var p struct {
			IsLeaf bool `json:"is_leaf"`
		}
		if err := json.Unmarshal([]byte(w.ask(t, user, "GET", "/index.php/api/v6/projects/3.json", "").Body), &p); err != nil {
			t.Fatal(err)
		}
		return p.IsLeaf
	}
	if leaf("admin") || leaf("rita") {
		t.Error("got a leaf, want none: a project is below")
	}
	if out := w.ask(t, "rita", "GET", "/index.php/api/v6/projects/3/subprojects.json", ""); out.Body != "[]\n" {
		t.Errorf("got %s, want nothing", out.Body)
	}
	w.ask(t, "admin", "DELETE", "/index.php/api/v6/projects/6.json", "")
	if !leaf("admin") || !leaf("rita") {
		t.Error("got no leaf after the project below was deleted")
	}
}

// TestTreePassesOverWhatIsHidden: a project below ones that the caller may not see stands where these would. It has no passwords, which would show them.
func TestTreePassesOverWhatIsHidden(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		parent := vault.ProjectID(4)
		for _, name := range []string{"Upper", "Lower"} {
			id, err := tx.CreateProject(vault.Project{Name: name, Parent: parent})
			if err != nil {
				return err
			}
			parent = id
		}
		return tx.SetGrants(vault.ProjectGrants{Project: 7, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: 3, Level: vault.ProjectRead}}})
	})
	var nodes []projectNode
	if err := json.Unmarshal([]byte(w.ask(t, "nora", "GET", "/index.php/api/v6/projects/0/subprojects.json", "").Body), &nodes); err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 2 || nodes[0].ID != 1 || nodes[1].ID != 7 || nodes[1].HasChildren {
		t.Errorf("got %+v, want Internal and Lower", nodes)
	}
	var shown struct {
		Path []pathElement `json:"full_path"`
	}
	if err := json.Unmarshal([]byte(w.ask(t, "nora", "GET", "/index.php/api/v6/projects/7.json", "").Body), &shown); err != nil || len(shown.Path) != 1 {
		t.Errorf("got the path %+v, %v; want the project alone", shown.Path, err)
	}
}
