package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestUsers(t *testing.T) {
	dir, _ := newVault(t)
	out := ok(t, "user", "add", "--data", dir, "--json", "--username", "bob", "--role", "it", "--name", "Bob", "--email", "bob@example.com")
	if !regexp.MustCompile(`^\{"id":2,"username":"bob","password":"\w{24}"\}\n$`).MatchString(out) {
		t.Errorf("user add: %q", out)
	}
	bob := object[userPasswordResult](t, out)
	s := startServer(t, "--data", dir)
	check := func(when, password string, want int) {
		t.Helper()
		if got := tpmMe(t, s.url, "bob", password); got != want {
			t.Errorf("%s: status %d, want %d", when, got, want)
		}
	}
	check("made", bob.Password, http.StatusOK)

	// Each holds for the running server from its next request on.
	if got := ok(t, "user", "disable", "bob", "--data", dir, "--json"); !strings.HasPrefix(got, `{"id":2,"username":"bob"`) || !strings.Contains(got, `"active":false`) {
		t.Errorf("user disable: %q", got)
	}
	check("disabled", bob.Password, http.StatusUnauthorized)
	ok(t, "user", "enable", "bob", "--data", dir)
	check("enabled", bob.Password, http.StatusOK)
	changed := object[userPasswordResult](t, ok(t, "user", "password", "BOB", "--data", dir, "--json"))
	check("old password", bob.Password, http.StatusUnauthorized)
	check("new password", changed.Password, http.StatusOK)
	o := runCommand(t, "from a pipe\n", "user", "password", "bob", "--password", "-", "--data", dir, "--json")
	if o.stdout != `{"id":2,"username":"bob","password":"from a pipe"}`+"\n" {
		t.Errorf("user password -: %+v", o)
	}
	check("password of standard input", "from a pipe", http.StatusOK)

	users := object[struct{ Users []userResult }](t, ok(t, "user", "list", "--data", dir, "--json")).Users
	want := []userResult{{1, "admin", "admin", "", "Admin", true, 0}, {2, "bob", "Bob", "bob@example.com", "IT", true, 0}}
	if !slices.Equal(users, want) {
		t.Errorf("user list: got %+v, want %+v", users, want)
	}
	for args, why := range map[string]string{"add --username Bob": "the username is taken", "disable eve": `there is no user "eve"`, "password eve": `there is no user "eve"`} {
		o := runCommand(t, "", append([]string{"user"}, strings.Fields(args+" --json --data "+dir)...)...)
		if o.status != statusError || o.stdout != "" || !strings.Contains(o.stderr, why) {
			t.Errorf("user %s: %+v, want %q", args, o, why)
		}
	}
	if o := runCommand(t, "\n", "user", "password", "bob", "--password", "-", "--data", dir); o.status != statusError || !strings.Contains(o.stderr, "no password") {
		t.Errorf("an empty standard input: %+v", o)
	}
}

// TestMainGroups sets the group that privateGroup and userGroupId of the sysPass API are about.
func TestMainGroups(t *testing.T) {
	dir, first := newVault(t)
	s := startServer(t, "--data", dir)
	made, _ := sysPass(t, s.url, "userGroup/create", map[string]any{"authToken": first.SysPass.AuthToken, "name": "Ops"})
	ok(t, "user", "add", "--data", dir, "--username", "anna", "--main-group", "1")
	if got := ok(t, "user", "list", "--data", dir, "--json"); made["itemId"] != 1.0 || !strings.Contains(got, `"username":"anna","name":"anna","email":"","role":"Normal user","active":true,"main_group":1}`) {
		t.Errorf("group %v, user list: %s", made["itemId"], got)
	}
	if got := ok(t, "user", "group", "anna", "0", "--data", dir); got != "user 2, anna: no main group\n" {
		t.Errorf("got %q", got)
	}
	if got := ok(t, "user", "group", "admin", "1", "--data", dir); got != "user 1, admin: main group 1\n" {
		t.Errorf("got %q", got)
	}
	if _, failure := sysPass(t, s.url, "userGroup/delete", map[string]any{"authToken": first.SysPass.AuthToken, "id": 1}); failure != "Integrity constraint" {
		t.Errorf("deleting a main group: got %q", failure)
	}
	for args, why := range map[string]string{"group admin 7": "no such group", "group eve 1": "there is no user", "group admin x": "no id of a group"} {
		if o := runCommand(t, "", append([]string{"user"}, strings.Fields(args+" --data "+dir)...)...); o.status == 0 || !strings.Contains(o.stderr, why) {
			t.Errorf("user %s: %+v, want %q", args, o, why)
		}
	}
}

func TestTokens(t *testing.T) {
	dir, _ := newVault(t)
	for i, c := range []struct{ dialect, want string }{
		{"syspass", `{"id":%d,"authToken":"[0-9a-f]{64}","tokenPass":"[0-9a-f]{64}"}`},
		{"teampass", `{"id":%d,"apikey":"\w{43}"}`},
		{"tpm", `{"id":%d,"public_key":"[0-9a-f]{64}","private_key":"[0-9a-f]{64}"}`},
	} {
		out := ok(t, "token", "add", "--data", dir, "--dialect", c.dialect, "--user", "admin", "--json")
		if !regexp.MustCompile("^" + fmt.Sprintf(c.want, 4+i) + "\n$").MatchString(out) {
			t.Errorf("token add %s: %q", c.dialect, out)
		}
	}
	ok(t, "token", "add", "--data", dir, "--dialect", "syspass", "--user", "admin", "--action", "account/search", "--action", "account/view", "--read-only",
		"--expires", "720h", "--source", "192.0.2.7", "--source", "2001:db8::/32")
	list := ok(t, "token", "list", "--data", dir, "--json")
	rows := object[struct{ Tokens []tokenRow }](t, list).Tokens
	if len(rows) != 7 {
		t.Fatalf("got %d tokens", len(rows))
	}
	r := rows[6]
	if r.ID != 7 || r.Dialect != "syspass" || r.User != "admin" || r.State != "active" || !slices.Equal(r.Actions, []string{"account/search", "account/view"}) ||
		!r.ReadOnly || !slices.Equal(r.Sources, []string{"192.0.2.7/32", "2001:db8::/32"}) || r.Expires == "" {
		t.Errorf("got %+v", r)
	}
	if regexp.MustCompile(`[0-9a-zA-Z]{30}`).MatchString(list) {
		t.Errorf("something like a secret is in the list: %s", list)
	}
	if o := runCommand(t, "", "token", "add", "--data", dir, "--dialect", "tpm", "--user", "admin", "--project", "99"); o.status != statusError || !strings.Contains(o.stderr, "no such project") {
		t.Errorf("an unknown project: %+v", o)
	}
}

func TestRevocationHoldsFromTheNextRequest(t *testing.T) {
	dir, _ := newVault(t)
	s := startServer(t, "--data", dir)
	for range 3 {
		token := object[tokenResult](t, ok(t, "token", "add", "--data", dir, "--dialect", "teampass", "--user", "admin", "--json"))
		if status, body := teamPass(t, s.url, "info/version", token.APIKey); status != http.StatusOK {
			t.Fatalf("a new token: %d %s", status, body)
		}
		got := ok(t, "token", "revoke", fmt.Sprint(token.ID), "--data", dir, "--json")
		if got != fmt.Sprintf(`{"id":%d,"state":"revoked"}`+"\n", token.ID) {
			t.Errorf("token revoke: %q", got)
		}
		if status, body := teamPass(t, s.url, "info/version", token.APIKey); status == http.StatusOK && !strings.Contains(body, "err") {
			t.Fatalf("a revoked token: %d %s", status, body)
		}
	}
	if o := runCommand(t, "", "token", "revoke", "99", "--data", dir); o.status != statusError || !strings.Contains(o.stderr, "no such credential") {
		t.Errorf("an unknown token: %+v", o)
	}
}

func TestSettings(t *testing.T) {
	dir, f := newVault(t)
	const want = `"syspass.master_password":"[set]"`
	if got := ok(t, "settings", "--data", dir, "--json"); !strings.Contains(got, want) || strings.Contains(got, f.SysPass.MasterPassword) {
		t.Errorf("settings: %q", got)
	}
	if o := runCommand(t, "another\n", "settings", "syspass.master_password=-", "--data", dir, "--json"); !strings.Contains(o.stdout, want) || strings.Contains(o.stdout, "another") {
		t.Errorf("settings KEY=-: %+v", o)
	}
	// What was set is what exports are encrypted under, and it lies sealed.
	s := startServer(t, "--data", dir)
	answer, failure := sysPass(t, s.url, "config/export", map[string]any{"authToken": f.SysPass.AuthToken})
	if _, is := answer["location"].(string); failure != "" || !is {
		t.Errorf("an export under another master password: %v, %q", answer, failure)
	}
	if got := ok(t, "settings", "teampass.api=0", "teampass.max_password=0", "--data", dir, "--json"); !strings.Contains(got, `"teampass.api":"0"`) || !strings.Contains(got, `"teampass.max_password":"0"`) {
		t.Errorf("settings KEY=VALUE: %q", got)
	}
	if _, body := teamPass(t, s.url, "info/version", f.TeamPass.APIKey); body != `{"err":"API access not allowed."}` {
		t.Errorf("the API is switched off: %s", body)
	}
	if got := ok(t, "settings", "tpm.hmac_window=3600", "--data", dir, "--json"); !strings.Contains(got, `"tpm.hmac_window":"3600"`) {
		t.Errorf("settings tpm.hmac_window: %q", got)
	}
	if got := ok(t, "settings", "tpm.personal_passwords=0", "--data", dir, "--json"); !strings.Contains(got, `"tpm.personal_passwords":"0"`) {
		t.Errorf("settings tpm.personal_passwords=0: %q", got)
	}
	if status, body := tpmGet(t, s.url, "my_passwords/count", f.Admin.Username, f.Admin.Password); status != http.StatusForbidden || !strings.Contains(body, `"Personal passwords are disabled"`) {
		t.Errorf("personal passwords are switched off: %d %s", status, body)
	}
	for _, wrong := range []string{"tpm.hmac_window=0", "tpm.hmac_window=3601", "tpm.hmac_window=5m", "tpm.hmac_window=-1", "tpm.hmac_window=65537", "tpm.personal_passwords=off", "teampass.api=yes", "teampass.max_password=-1", "teampass.sources=here", "teampass.nothing=1", "teampass.api", "teampass.nothing=", "syspass.master_password="} {
		if o := runCommand(t, "", "settings", wrong, "--data", dir); o.status != statusUsage {
			t.Errorf("settings %s: %+v", wrong, o)
		}
	}
}

// TestTokenRefresh gives each dialect's token new strings: its limits stay, and the old strings end for a running server's next request.
func TestTokenRefresh(t *testing.T) {
	dir, first := newVault(t)
	s := startServer(t, "--data", dir)
	search := func(token string) string {
		_, failure := sysPass(t, s.url, "category/search", map[string]any{"authToken": token})
		return failure
	}
	old := object[tokenResult](t, ok(t, "token", "add", "--data", dir, "--dialect", "syspass", "--user", "admin", "--action", "category/search", "--json"))
	fresh := object[tokenResult](t, ok(t, "token", "refresh", fmt.Sprint(old.ID), "--data", dir, "--json"))
	if fresh.ID != old.ID || fresh.AuthToken == old.AuthToken || len(fresh.TokenPass) != 64 || fresh.TokenPass == old.TokenPass {
		t.Errorf("got %+v after %+v", fresh, old)
	}
	if got := search(old.AuthToken); got != "Internal error" {
		t.Errorf("the old string: %q", got)
	}
	if got := search(fresh.AuthToken); got != "" {
		t.Errorf("the new string: %q", got)
	}
	if _, failure := sysPass(t, s.url, "tag/search", map[string]any{"authToken": fresh.AuthToken}); failure != "Internal error" {
		t.Errorf("the limits went: %q", failure)
	}
	for id, text := range map[string]string{"1": `^\{"id":1,"public_key":"[0-9a-f]{64}","private_key":"[0-9a-f]{64}"\}\n$`, "3": `^\{"id":3,"apikey":"\w{43}"\}\n$`} {
		if out := ok(t, "token", "refresh", id, "--data", dir, "--json"); !regexp.MustCompile(text).MatchString(out) {
			t.Errorf("token refresh %s: %q", id, out)
		}
	}
	if status, _ := teamPass(t, s.url, "info/version", first.TeamPass.APIKey); status == http.StatusOK {
		t.Error("the old API key works")
	}
	ok(t, "token", "revoke", fmt.Sprint(old.ID), "--data", dir)
	for args, why := range map[string]string{"refresh 99": "there is no token 99", "refresh " + fmt.Sprint(old.ID): "no such credential", "refresh x": "not the id of a token"} {
		if o := runCommand(t, "", append([]string{"token"}, strings.Fields(args+" --data "+dir)...)...); o.status == 0 || !strings.Contains(o.stderr, why) {
			t.Errorf("token %s: %+v, want %q", args, o, why)
		}
	}
}
