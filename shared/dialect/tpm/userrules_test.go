package tpm

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// through sends a call of the admin to another process.
func through(t *testing.T, w *world, h http.Handler, method, path, body string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	w.basic(r.Header, "admin")
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out.Code
}

// TestDeactivationEndsEveryCredential: of all three dialects, at the next request, and in another process.
func TestDeactivationEndsEveryCredential(t *testing.T) {
	w := newWorld(t)
	other := w.Another(t, w.Store)
	enter := func(v *vault.Vault, token string, d vault.Dialect) error {
		_, err := vault.View(t.Context(), v, vault.Request{Auth: auth.Token(token), Action: vault.Action{Dialect: d, Name: "test"}}, func(*vault.Reader) (int, error) { return 0, nil })
		return err
	}
	check := func(in bool) {
		t.Helper()
		for _, v := range []*vault.Vault{w.Vault, other.Vault} {
			for d, token := range map[vault.Dialect]string{vault.SysPass: w.users["nora"].SysPass.AuthToken, vault.TeamPass: w.users["nora"].APIKey} {
				if err := enter(v, token, d); in && err != nil || !in && !errors.Is(err, vault.Disabled) {
					t.Errorf("%s, active %v: got %v", d, in, err)
				}
			}
		}
		want := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[in]
		w.wantStatus(t, "by signature", w.signed("nora", "GET", "api/v6/users/me.json", ""), want)
		if out := w.ask(t, "nora", "GET", usersAPI+"/me.json", ""); out.StatusCode != want {
			t.Errorf("by password: got %d, want %d", out.StatusCode, want)
		}
	}
	check(true)
	for _, step := range []struct {
		what string
		in   bool
	}{{"deactivate", false}, {"activate", true}, {"deactivate", false}} {
		for i := range 2 {
			before := w.heads()
			if out := w.ask(t, "admin", "PUT", usersAPI+"/3/"+step.what+".json", ""); out.StatusCode != http.StatusNoContent {
				t.Fatalf("%s: got %d %s", step.what, out.StatusCode, out.Body)
			}
			if again := i > 0; again != (w.heads() == before) {
				t.Errorf("%s, again %v: changed %v", step.what, again, w.heads() != before)
			}
			check(step.in)
		}
	}
}

// TestChangedPassword ends what was signed in with the old one, here and elsewhere; keys stay.
func TestChangedPassword(t *testing.T) {
	w := newWorld(t)
	other := w.Another(t, w.Store)
	elsewhere := NewHandler(Services{Vault: other.Vault, Auth: other.Auth})
	if got := through(t, w, elsewhere, "GET", usersAPI+"/me.json", ""); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	if out := w.ask(t, "admin", "PUT", usersAPI+"/1/change_password.json", `{"password":"new"}`); out.StatusCode != http.StatusNoContent {
		t.Fatalf("got %d %s", out.StatusCode, out.Body)
	}
	if got := through(t, w, elsewhere, "GET", usersAPI+"/me.json", ""); got != http.StatusUnauthorized {
		t.Errorf("the old password in another process: got %d, want 401", got)
	}
	w.wantStatus(t, "a key", w.signed("admin", "GET", "api/v6/users/me.json", ""), http.StatusOK)
	w.users["admin"].Password = "new"
	if got := through(t, w, elsewhere, "GET", usersAPI+"/me.json", ""); got != http.StatusOK {
		t.Errorf("the new password: got %d, want 200", got)
	}
}

// refusal is a call about users that is refused; %d is the user that it is about.
type refusal struct{ method, path, body string }

var userWrites = []refusal{
	{"PUT", "%d.json", `{"name":"x"}`}, {"PUT", "%d.json", `{"role":"Read only"}`}, {"PUT", "%d.json", `{"role":"Admin"}`}, {"PUT", "%d.json", `{"username":"x"}`},
	{"PUT", "%d.json", `{"email_address":"x@example.com"}`}, {"PUT", "%d.json", `{"is_api_only":true}`}, {"PUT", "%d.json", `{}`}, {"PUT", "%d.json", `{`},
	{"PUT", "%d/change_password.json", `{"password":"x"}`}, {"PUT", "%d/change_password.json", `{`}, {"PUT", "%d/activate.json", ""}, {"PUT", "%d/deactivate.json", ""},
	{"PUT", "%d/convert_to_ldap.json", ""}, {"PUT", "%d/convert_to_saml.json", ""}, {"PUT", "%d/convert_to_normal.json", ""}, {"DELETE", "%d.json", ""},
}

// wantRefused holds a call to a status, and to an unchanged vault.
func (w *world) wantRefused(t *testing.T, who, method, path, body string, want int) {
	t.Helper()
	before := w.heads()
	out := w.ask(t, who, method, usersAPI+path, body)
	checkReply(t, path, out)
	if out.StatusCode != want || w.heads() != before {
		t.Errorf("%s %s %s %s: got %d %s, want %d; changed %v", who, method, path, body, out.StatusCode, out.Body, want, w.heads() != before)
	}
}

// TestITChangesNoAdmin: neither what one is nor who is one, and nothing of an Admin who is kept out.
func TestITChangesNoAdmin(t *testing.T) {
	w := newWorld(t)
	w.users["ita"] = w.AddUser(t, "ita", vault.IT)                                                     // 6
	w.AddUser(t, "olga", vault.Admin, func(u *vault.User) { u.Disabled = true })                       // 7
	w.users["ivan"] = w.AddUser(t, "ivan", vault.IT, func(u *vault.User) { u.MayCreateRoots = false }) // 8
	for _, admin := range []int{1, 7} {
		for _, r := range userWrites {
			w.wantRefused(t, "ita", r.method, "/"+fmt.Sprintf(r.path, admin), r.body, http.StatusForbidden)
		}
	}
	for _, id := range []int{2, 3, 4, 5, 6, 8} {
		w.wantRefused(t, "ita", "PUT", fmt.Sprintf("/%d.json", id), `{"role":"admin","name":"x"}`, http.StatusForbidden)
	}
	w.wantRefused(t, "ita", "POST", ".json", strings.Replace(newUserBody("x"), "Normal user", "ADMIN", 1), http.StatusForbidden)
	for _, id := range []int{2, 6, 8} { // IT sets passwords of Normal and Read only users
		w.wantRefused(t, "ita", "PUT", fmt.Sprintf("/%d/change_password.json", id), `{"password":"x"}`, http.StatusForbidden)
	}
	w.wantRefused(t, "ita", "PUT", "/6/deactivate.json", "", http.StatusForbidden)
	w.wantRefused(t, "ita", "DELETE", "/6.json", "", http.StatusForbidden)
	for _, c := range [][3]string{{"POST", ".json", newUserBody("x")}, {"PUT", "/3/change_password.json", `{"password":"x"}`}, {"PUT", "/4/change_password.json", `{"password":"x"}`},
		{"PUT", "/2.json", `{"role":"IT"}`}, {"PUT", "/8/deactivate.json", ""}, {"DELETE", "/8.json", ""}} {
		if out := w.ask(t, "ita", c[0], usersAPI+c[1], c[2]); out.StatusCode >= 300 {
			t.Errorf("%v: got %d %s", c, out.StatusCode, out.Body)
		}
	}
}

// TestWhoWritesNoUsers holds every write by every lesser role to 403, whether or not there is the user.
func TestWhoWritesNoUsers(t *testing.T) {
	w := newWorld(t)
	for _, who := range []string{"pam", "nora", "rita"} {
		for _, id := range []int{1, 2, 3, 4, 99} {
			for _, r := range userWrites {
				w.wantRefused(t, who, r.method, "/"+fmt.Sprintf(r.path, id), r.body, http.StatusForbidden)
			}
		}
		for _, body := range []string{newUserBody("x"), "{", "{}"} {
			w.wantRefused(t, who, "POST", ".json", body, http.StatusForbidden)
			w.wantRefused(t, who, "POST", "_ldap.json", body, http.StatusForbidden)
			w.wantRefused(t, who, "POST", "_saml.json", body, http.StatusForbidden)
		}
	}
	for _, r := range userWrites {
		w.wantRefused(t, "admin", r.method, "/"+fmt.Sprintf(r.path, 99), r.body, http.StatusNotFound)
	}
}

// TestRemovedUser: what only the user could see goes to the trash, and keeps it where nobody else could find it.
func TestRemovedUser(t *testing.T) {
	w := newWorld(t)
	var private vault.EntryID
	w.as(t, "nora", func(tx *vault.Tx) (err error) {
		private, err = tx.CreateEntry(vault.Entry{Name: "Private", Project: 3, Private: true}, vault.Payload{})
		return err
	})
	w.wantRefused(t, "admin", "DELETE", "/3.json", "", http.StatusConflict)
	w.as(t, "nora", func(tx *vault.Tx) error {
		return tx.EditEntry(private, func(e *vault.Entry) error { e.Private = false; return nil })
	})
	if out := w.ask(t, "admin", "DELETE", usersAPI+"/3.json", ""); out.StatusCode != http.StatusNoContent {
		t.Fatalf("got %d %s", out.StatusCode, out.Body)
	}
	w.wantStatus(t, "a key of the removed user", w.signed("nora", "GET", "api/v6/users/me.json", ""), http.StatusUnauthorized)
	shown := decodedAs[passwordObject](t, w.ask(t, "admin", "GET", fmt.Sprintf("/index.php/api/v6/passwords/%d.json", private), ""))
	if shown.ManagedBy.Username != "nora" || shown.CreatedBy.Username != "nora" {
		t.Errorf("got %+v and %+v, want the removed user's name", shown.ManagedBy, shown.CreatedBy)
	}
	if out := w.ask(t, "admin", "POST", usersAPI+".json", newUserBody("nora")); out.StatusCode != http.StatusCreated || out.Body != "{\"id\":6}\n" {
		t.Errorf("the name again: got %d %s, want another user", out.StatusCode, out.Body)
	}
}

// TestNarrowedKeysAndUsers: a key that is narrowed writes users only if its list names the very call.
func TestNarrowedKeysAndUsers(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]vault.Credential{
		"create": {Actions: []string{"users/create", "users/list"}}, "update": {Actions: []string{"users/update"}, Projects: []vault.ProjectID{4}},
		"project": {Projects: []vault.ProjectID{4}}, "read": {ReadOnly: true}, "late": {Expires: vault.StampOf(w.Clock.Now()) + 9999},
	} {
		key := auth.KeyPair{Public: auth.NewHexToken(), Private: auth.NewHexToken()}
		c.User, c.Dialect, c.TokenHash = 1, vault.TPM, auth.HashToken(key.Public)
		w.as(t, "admin", func(tx *vault.Tx) error {
			_, err := tx.CreateCredential(c, auth.SealKey(w.Sealer, key.Private))
			return err
		})
		w.users[name] = &auth.Founding{TPM: key}
	}
	for i, c := range []struct {
		who, method, path, body string
		want                    int
	}{
		{"create", "POST", ".json", newUserBody("a"), 201},
		{"create", "GET", ".json", "", 200},
		{"create", "PUT", "/3.json", `{"name":"x"}`, 403},
		{"create", "PUT", "/3/change_password.json", `{"password":"x"}`, 403},
		{"update", "PUT", "/3.json", `{"name":"x"}`, 204},
		{"update", "DELETE", "/3.json", "", 403},
		{"project", "GET", "/3.json", "", 200},
		{"project", "POST", ".json", newUserBody("b"), 403},
		{"project", "PUT", "/3.json", `{"name":"y"}`, 403},
		{"project", "PUT", "/3/change_password.json", `{"password":"x"}`, 403},
		{"project", "PUT", "/3/deactivate.json", "", 403},
		{"project", "DELETE", "/3.json", "", 403},
		{"project", "GET", "/3/passwords/count.json", "", 200},
		{"read", "GET", ".json", "", 200},
		{"read", "PUT", "/3.json", `{"name":"y"}`, 403},
		{"late", "PUT", "/3/deactivate.json", "", 204},
	} {
		w.wantStatus(t, fmt.Sprint(i, c), w.signed(c.who, c.method, "api/v6/users"+c.path, c.body), c.want)
	}
	if out := w.send(t, w.signed("project", "GET", "api/v6/users/3/passwords/count.json", "")); !strings.Contains(out.Body, `"num_items":0`) {
		t.Errorf("a key for a project that nora may not read: got %s", out.Body)
	}
}
