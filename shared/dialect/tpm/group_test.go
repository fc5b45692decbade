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

// members asks for a group and returns the ids of its users, and how many the list says there are.
func (w *world) members(t *testing.T, id int) (users []uint64, listed int) {
	t.Helper()
	var group struct{ Users []struct{ ID uint64 } }
	if status, text := w.my(t, "nora", "GET", fmt.Sprintf("groups/%d", id), ""); status != http.StatusOK || json.Unmarshal([]byte(text), &group) != nil {
		t.Fatalf("group %d: got %d %s", id, status, text)
	}
	for _, u := range group.Users {
		users = append(users, u.ID)
	}
	var list []struct {
		ID       int
		NumUsers int `json:"num_users"`
	}
	if status, text := w.my(t, "nora", "GET", "groups", ""); status != http.StatusOK || json.Unmarshal([]byte(text), &list) != nil {
		t.Fatalf("groups: got %d %s", status, text)
	}
	for _, g := range list {
		if g.ID == id {
			listed = g.NumUsers
		}
	}
	return users, listed
}

func (w *world) hasMembers(t *testing.T, what string, id int, want ...uint64) {
	t.Helper()
	users, listed := w.members(t, id)
	if diff := cmp.Diff(want, users); diff != "" || listed != len(want) {
		t.Errorf("%s: num_users is %d (-want +got):\n%s", what, listed, diff)
	}
}

// expect makes a call and holds it to its status; one that is refused changes nothing.
func (w *world) expect(t *testing.T, user, call, body string, want int) string {
	t.Helper()
	method, path, _ := strings.Cut(call, " ")
	before := w.heads()
	out := w.ask(t, user, method, "/index.php/api/v6/"+path+".json", body)
	checkReply(t, call, out)
	if out.StatusCode != want {
		t.Errorf("%s: %s %.80s: got %d %s, want %d", user, call, body, out.StatusCode, out.Body, want)
	}
	if want >= 400 && w.heads() != before {
		t.Errorf("%s: %s %.80s: the vault has changed", user, call, body)
	}
	return out.Body
}

// TestGroupsByRole: Admin and IT do everything, Read only users see none, the others only look (tpm 4.6).
func TestGroupsByRole(t *testing.T) {
	w := newWorld(t)
	w.users["ian"] = w.AddUser(t, "ian", vault.IT)
	reads := []string{"GET groups", "GET groups/count", "GET groups/page/1", "GET groups/1"}
	writes := [][2]string{{"POST groups", `{"name":"New"}`}, {"PUT groups/1", `{"name":"Operations"}`}, {"PUT groups/1/add_user/2", ""}, {"PUT groups/1/delete_user/3", "null"}, {"DELETE groups/1", ""}}
	for user, role := range map[string]vault.Role{"admin": vault.Admin, "pam": vault.ProjectManager, "nora": vault.NormalUser, "rita": vault.ReadOnly} {
		want := 200
		if role == vault.ReadOnly {
			want = 403
		}
		for _, call := range reads {
			w.expect(t, user, call, "", want)
		}
		if role == vault.Admin {
			continue
		}
		for _, c := range writes {
			w.expect(t, user, c[0], c[1], 403)
			w.expect(t, user, strings.Replace(c[0], "groups/1", "groups/99", 1), c[1], 403)
		}
	}
	for _, call := range reads {
		w.expect(t, "ian", call, "", 200)
	}
	for i, c := range writes {
		w.expect(t, "ian", c[0], c[1], []int{201, 204, 204, 204, 204}[i])
	}
	w.expect(t, "nora", "GET groups/1", "", 404)
	if text := w.expect(t, "nora", "GET groups/2", "", 200); !strings.Contains(text, `"created_by":{"id":6,"username":"ian"`) {
		t.Errorf("made by another: %s", text)
	}
}

// TestMainGroups of another API count as membership, end by delete_user, and keep their group from being deleted.
func TestMainGroups(t *testing.T) {
	w := newWorld(t)
	w.hasMembers(t, "at first", 1, 3)
	w.Do(t, func(tx *vault.Tx) error {
		for _, id := range []vault.UserID{2, 3} { // nora is a member already
			if err := tx.EditUser(id, func(u *vault.User) { u.MainGroup = 1 }); err != nil {
				return err
			}
		}
		return nil
	})
	w.hasMembers(t, "with main groups", 1, 2, 3)
	if text := w.expect(t, "admin", "DELETE groups/1", "", 409); !strings.Contains(text, "The group is the main group of users or passwords and cannot be deleted.") {
		t.Errorf("in use: %s", text)
	}
	heads := w.heads()
	w.expect(t, "admin", "PUT groups/1/add_user/2", "", 204)
	if w.heads() != heads {
		t.Error("add_user of one whose main group it is: the vault has changed")
	}
	w.expect(t, "admin", "PUT groups/1/delete_user/2", "", 204)
	w.hasMembers(t, "without pam", 1, 3)
	w.expect(t, "admin", "DELETE groups/1", "", 409)
	w.expect(t, "admin", "PUT groups/1/delete_user/3", "", 204)
	w.hasMembers(t, "without anyone", 1)
	w.as(t, "admin", func(tx *vault.Tx) error {
		return tx.EditEntry(6, func(e *vault.Entry) error { e.MainGroup = 1; return nil })
	})
	w.expect(t, "admin", "DELETE groups/1", "", 409)
	w.as(t, "admin", func(tx *vault.Tx) error {
		return tx.EditEntry(6, func(e *vault.Entry) error { e.MainGroup = 0; return nil })
	})
	w.expect(t, "admin", "DELETE groups/1", "", 204)
}

// TestITLeavesAdminsAlone: the main group is a part of the user, and only Admins change Admins.
func TestITLeavesAdminsAlone(t *testing.T) {
	w := newWorld(t)
	w.users["ian"] = w.AddUser(t, "ian", vault.IT)
	w.Do(t, func(tx *vault.Tx) error { return tx.EditUser(1, func(u *vault.User) { u.MainGroup = 1 }) })
	w.expect(t, "ian", "PUT groups/1/delete_user/1", "", 403)
	w.hasMembers(t, "still", 1, 1, 3)
	w.expect(t, "admin", "PUT groups/1/delete_user/1", "", 204)
	w.hasMembers(t, "by an Admin", 1, 3)
}

// TestMembershipAskedAgainChangesNothing: 204, whatever the body.
func TestMembershipAskedAgainChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.expect(t, "admin", "PUT groups/1/add_user/5", "", 204) // deactivated
	w.hasMembers(t, "added", 1, 3, 5)
	heads := w.heads()
	for _, body := range []string{"", "null", "{}", "[]", `"x"`, "{"} {
		for _, call := range []string{"PUT groups/1/add_user/3", "PUT groups/1/add_user/5", "PUT groups/1/delete_user/4", "PUT groups/1/delete_user/1"} {
			w.expect(t, "admin", call, body, 204)
		}
	}
	if w.heads() != heads {
		t.Error("the vault has changed")
	}
	for _, call := range []string{"PUT groups/1/add_user/0", "PUT groups/0/add_user/1", "PUT groups/1/add_user/99", "PUT groups/99/delete_user/3", "PUT groups/1/delete_user/18446744073709551616", "PUT groups/1/add_user/-1", "PUT groups/x/add_user/1"} {
		w.expect(t, "admin", call, "", 404)
	}
}

// TestGroupNames: unique ignoring case and accents where they are written here; what another API made equal stays.
func TestGroupNames(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		_, err := tx.CreateGroup(vault.Group{Name: "ops", Description: "made by sysPass"})
		return err
	})
	name := func(s string) string {
		text, err := json.Marshal(map[string]string{"name": s})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	longest := strings.Repeat("é", maxGroupName)
	for _, c := range []struct {
		call, name string
		want       int
	}{
		{"POST groups", "OPS", 409}, {"POST groups", "öps", 409}, {"POST groups", "Ops ", 409}, {"PUT groups/2", "Ops", 409}, {"PUT groups/2", "Öps", 409},
		{"POST groups", "", 400}, {"POST groups", " \t\n", 400}, {"POST groups", "a\x00b", 400}, {"PUT groups/2", " ", 400}, {"POST groups", longest + "x", 400}, {"PUT groups/2", longest + "x", 400},
		{"PUT groups/2", "Other", 204}, {"PUT groups/2", "other", 204}, {"POST groups", longest, 201}, {"POST groups", longest, 409}, {"POST groups", `<&"'>`, 201},
	} {
		w.expect(t, "admin", c.call, name(c.name), c.want)
	}
	w.view(t, "admin", func(r *vault.Reader) error {
		if g := r.Group(2); g.Name != "other" || g.Description != "made by sysPass" {
			t.Errorf("an update changes the name only: %+v", g)
		}
		return nil
	})
	if text := w.expect(t, "nora", "GET groups", "", 200); !strings.Contains(text, `"name":"<&\"'>"`) || !strings.Contains(text, longest) {
		t.Errorf("names: %s", text)
	}
}

// TestMembersSeeWhatTheirGroupMay from the next request on, and no longer once they or the group are gone.
func TestMembersSeeWhatTheirGroupMay(t *testing.T) {
	w := newWorld(t)
	w.expect(t, "admin", "POST groups", `{"name":"Secret keepers"}`, 201)
	w.as(t, "admin", func(tx *vault.Tx) error {
		return tx.SetGrants(vault.ProjectGrants{Project: 4, All: vault.ProjectUnset, Groups: []vault.ProjectGroupGrant{{Group: 2, Level: vault.ProjectRead}}})
	})
	other, _ := w.process(t)
	see := func(what string, want int) {
		t.Helper()
		for _, process := range []*world{w, other} {
			if status, _ := process.my(t, "nora", "GET", "passwords/5", ""); status != want {
				t.Errorf("%s: got %d, want %d", what, status, want)
			}
		}
	}
	see("outside", 404)
	w.expect(t, "admin", "PUT groups/2/add_user/3", "null", 204)
	see("inside", 200)
	w.expect(t, "admin", "PUT groups/2/delete_user/3", "null", 204)
	see("outside again", 404)
	w.expect(t, "admin", "PUT groups/2/add_user/3", "", 204)
	see("inside again", 200)
	w.expect(t, "admin", "DELETE groups/2", "", 204)
	see("the group is gone", 404)
}

// TestNarrowedKeysAndGroups: one narrowed to projects, or to reading, changes no group; one that names the call may make it.
func TestNarrowedKeysAndGroups(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]vault.Credential{"project": {Projects: []vault.ProjectID{3}}, "read": {ReadOnly: true}, "named": {Actions: []string{"groups/create"}}} {
		w.addKeyOf(t, 1, name, c)
	}
	for user, want := range map[string]int{"project": 403, "read": 403, "named": 201} {
		w.wantStatus(t, user, w.signed(user, "POST", "api/v6/groups.json", `{"name":"By `+user+`"}`), want)
	}
	for user, want := range map[string]int{"project": 200, "read": 200, "named": 403} {
		w.wantStatus(t, user, w.signed(user, "GET", "api/v6/groups/1.json", ""), want)
	}
}

// TestManyGroupsArePaged by name, ignoring case.
func TestManyGroupsArePaged(t *testing.T) {
	w := newWorld(t)
	for i := range 12 {
		w.expect(t, "admin", "POST groups", fmt.Sprintf(`{"name":"%c group"}`, "lKjIhGfEdCbA"[i]), 201)
	}
	var names []string
	for page := 1; page <= 4; page++ {
		var list []struct{ Name string }
		out := w.ask(t, "nora", "GET", fmt.Sprintf("/index.php/api/v6/groups/page/%d.json", page), "", "X-Page-Size", "5")
		if err := json.Unmarshal([]byte(out.Body), &list); err != nil || out.StatusCode != http.StatusOK {
			t.Fatalf("page %d: %d %s", page, out.StatusCode, out.Body)
		}
		if got, want := strings.Contains(link(out), `groups/page/`+fmt.Sprint(page+1)+`.json>; rel="next"`), page < 3; got != want {
			t.Errorf("page %d: Link %q", page, link(out))
		}
		for _, g := range list {
			names = append(names, g.Name)
		}
	}
	want := []string{"A group", "b group", "C group", "d group", "E group", "f group", "G group", "h group", "I group", "j group", "K group", "l group", "Ops"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
