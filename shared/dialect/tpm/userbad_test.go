package tpm

import (
	"fmt"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// TestBadUserBodies sends every body with each of its members gone wrong: 4xx, and the vault is as it was.
func TestBadUserBodies(t *testing.T) {
	w := newWorld(t)
	long := `"` + strings.Repeat("ä", maxUserText+1) + `"`
	noNames := with(noTexts, `""`, `"  "`, `"\u00a0"`, `"a\u0000"`, long)
	noUsernames := with(noNames, `"a:b"`, `" a"`, `"a "`, `"a\n"`, `"\u0085a"`, `"a\u007fb"`, `"\u0301"`)
	noAddresses := with(noNames, `"a"`, `"@"`, `"a@"`, `"@a"`, `"a b@c"`, `"a@b c"`, `"a@b\n"`, `"a@b@"`, `5`)
	noRoles := with(noTexts, `""`, `"Owner"`, `"admins"`, `5`, `" IT"`)
	noFlags := []string{`{}`, `[]`, `"yes"`, `""`, `2`, `-1`, `"TRUE"`, `1.0`, `[true]`, `"true "`, `"\ud800"`}
	noPasswords := []string{`""`, `{}`, `[]`, `true`, `"\ud800"`, `"` + strings.Repeat("x", maxLine+1) + `"`}
	whole := func(member string) string { // a create that is right but for a member
		parts := []string{`"` + member + `":%s`}
		for _, m := range [][2]string{{"username", "new"}, {"email_address", "new@example.com"}, {"name", "New"}, {"role", "IT"}, {"password", "a password"}} {
			if m[0] != member {
				parts = append(parts, fmt.Sprintf("%q:%q", m[0], m[1]))
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	for _, c := range []struct {
		member         string
		values, create []string // refused, and refused in a create alone
	}{
		{"username", with(noUsernames, `"RITA"`, `"admin  "`), []string{`null`}}, {"email_address", noAddresses, []string{`null`}}, {"name", noNames, []string{`null`}},
		{"role", noRoles, []string{`null`}}, {"password", with(noPasswords, `"right"`), []string{`null`}}, {"is_api_only", noFlags, nil}, {"can_create_projects_in_root", noFlags, nil},
		{"login_dn", with(noTexts, `"cn=x"`, `" "`, `7`), nil},
	} {
		for _, v := range c.values {
			w.refuses(t, "PUT users/3", fmt.Sprintf(`{"name":"changed","`+c.member+`":%s}`, v))
		}
		for _, v := range append(c.values, c.create...) {
			if c.member != "password" || v != `"right"` {
				w.refuses(t, "POST users", fmt.Sprintf(whole(c.member), v))
			}
		}
	}
	for _, v := range with(noPasswords, `null`) {
		w.refuses(t, "PUT users/3/change_password", fmt.Sprintf(`{"password":%s}`, v))
	}
	for _, call := range []string{"POST users", "PUT users/3", "PUT users/3/change_password"} {
		for _, body := range []string{"", "null", "[]", `"x"`, "1", "{", `{"name":"x"`, "{\"name\":\"\xff\"}", `{"a":1}{"b":2}`} {
			w.refuses(t, call, body)
		}
	}
	w.refuses(t, "POST users", "{}")
	w.refuses(t, "PUT users/3/change_password", "{}")
	for _, call := range []string{"PUT users/0", "PUT users/9223372036854775807", "DELETE users/0", "PUT users/x/activate", "GET users/-1", "GET users/99999999999999999999"} {
		w.refuses(t, call, `{"name":"x"}`)
	}
}

// TestOddUserBodies sends what is right though it looks odd, and looks at what is stored.
func TestOddUserBodies(t *testing.T) {
	w := newWorld(t)
	longest := strings.Repeat("ä", maxUserText)
	for i, c := range []struct {
		body string
		want vault.User
	}{
		{`{"username":"a b","email_address":"\"q@x\"@y","name":" N ","role":"PROJECT manager","password":5}`, vault.User{Username: "a b", Email: `"q@x"@y`, Name: " N ", Role: vault.ProjectManager}},
		{`{"username":12,"email_address":"ü@ü","name":34,"role":"only READ","password":" ","is_api_only":true,"can_create_projects_in_root":"true","login_dn":""}`,
			vault.User{Username: "12", Email: "ü@ü", Name: "34", Role: vault.ReadOnly, APIOnly: true, MayCreateRoots: true}},
		{`{"username":"` + longest + `","email_address":"a@b","name":"` + longest + `","role":"it","password":"\u0000","is_api_only":"0","can_create_projects_in_root":1,"login_dn":null}`,
			vault.User{Username: longest, Email: "a@b", Name: longest, Role: vault.IT, MayCreateRoots: true}},
		{`{"username":"n","email_address":"a@b","name":"n","role":"Admin","password":"\ufffd","is_api_only":null,"can_create_projects_in_root":false,"groups":[1],"id":3}`,
			vault.User{Username: "n", Email: "a@b", Name: "n", Role: vault.Admin}},
	} {
		if out := w.ask(t, "admin", "POST", usersAPI+".json", c.body); out.StatusCode != 201 || out.Body != fmt.Sprintf("{\"id\":%d}\n", 6+i) {
			t.Fatalf("%.100s: got %d %s", c.body, out.StatusCode, out.Body)
		}
		w.view(t, "admin", func(r *vault.Reader) error {
			u := r.User(vault.UserID(6 + i))
			got := vault.User{Username: u.Username, Email: u.Email, Name: u.Name, Role: u.Role, Disabled: u.Disabled, APIOnly: u.APIOnly, MayCreateRoots: u.MayCreateRoots}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%.100s: got %+v, want %+v", c.body, got, c.want)
			}
			return nil
		})
	}
	before := w.heads()
	for _, body := range []string{`{}`, `{"unknown":1}`, `{"name":null,"password":null,"role":null}`, `{"name":"n","role":"ADMIN","is_api_only":"false"}`} { // as it is
		if out := w.ask(t, "admin", "PUT", usersAPI+"/9.json", body); out.StatusCode != 204 || w.heads() != before {
			t.Errorf("%s: got %d %s, changed %v", body, out.StatusCode, out.Body, w.heads() != before)
		}
	}
	if out := w.ask(t, "admin", "PUT", usersAPI+"/9.json", `{"username":"N"}`); out.StatusCode != 204 || w.heads() == before { // its own name in another case
		t.Errorf("got %d %s", out.StatusCode, out.Body)
	}
}

// TestUpdateWithWhatTheUserHas sends whole users whose names or address this API would not give: what stays is no reason to refuse the rest.
func TestUpdateWithWhatTheUserHas(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		return tx.EditUser(3, func(u *vault.User) { u.Username, u.Email = "a:b", "" })
	})
	if out := w.ask(t, "admin", "PUT", usersAPI+"/3.json", `{"username":"a:b","email_address":"","name":"New"}`); out.StatusCode != 204 {
		t.Errorf("got %d %s", out.StatusCode, out.Body)
	}
	for _, body := range []string{`{"username":"a:c"}`, `{"email_address":" "}`, `{"username":""}`} {
		if out := w.ask(t, "admin", "PUT", usersAPI+"/3.json", body); out.StatusCode != 400 {
			t.Errorf("%s: got %d %s", body, out.StatusCode, out.Body)
		}
	}
	w.view(t, "admin", func(r *vault.Reader) error {
		if u := r.User(3); u.Username != "a:b" || u.Email != "" || u.Name != "New" {
			t.Errorf("got %+v", u)
		}
		return nil
	})
}
