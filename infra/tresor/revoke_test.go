package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tresor/shared/auth"
)

// TestRevokeAll: from the next request on no dialect takes what it took, in a server that has verified it before; but what is kept.
func TestRevokeAll(t *testing.T) {
	t.Parallel()
	dir, f := newVault(t)
	s := startServer(t, "--data", dir)
	with := func(args ...string) []string { return append(args, "--data", dir, "--json") }
	passwords, tokens := map[string]string{"admin": f.Admin.Password}, map[string]map[string]tokenResult{}
	for name, role := range map[string]string{"bob": "Normal user", "carol": "IT", "dora": "Admin"} {
		passwords[name] = object[userPasswordResult](t, ok(t, with("user", "add", "--username", name, "--role", role)...)).Password
	}
	for name := range passwords {
		tokens[name] = map[string]tokenResult{}
		for _, dialect := range []string{"syspass", "teampass", "tpm"} {
			tokens[name][dialect] = object[tokenResult](t, ok(t, with("token", "add", "--user", name, "--dialect", dialect)...))
		}
	}
	// works returns what lets a user in.
	works := func(name string) (what []string) {
		t.Helper()
		own := tokens[name]
		if tpmMe(t, s.url, name, passwords[name]) == http.StatusOK {
			what = append(what, "password")
		}
		if signedMe(t, s.url, auth.KeyPair{Public: own["tpm"].PublicKey, Private: own["tpm"].PrivateKey}) == http.StatusOK {
			what = append(what, "tpm")
		}
		if _, failure := sysPass(t, s.url, "account/search", map[string]any{"authToken": own["syspass"].AuthToken}); failure == "" {
			what = append(what, "syspass")
		}
		if status, body := teamPass(t, s.url, "info/version", own["teampass"].APIKey); status == http.StatusOK && !strings.Contains(body, "err") {
			what = append(what, "teampass")
		}
		return what
	}
	every := []string{"password", "tpm", "syspass", "teampass"}
	for name := range passwords {
		if got := works(name); !slices.Equal(got, every) {
			t.Fatalf("before, %s gets in by %v", name, got)
		}
	}
	for args, why := range map[string]string{
		"": "say --all", "--all": "say --yes", "--all --yes --keep-admin Bob --except-user bob": "name the same user",
	} {
		if o := runCommand(t, "", with(append([]string{"revoke"}, strings.Fields(args)...)...)...); o.status != statusUsage || !strings.Contains(o.stderr, why) {
			t.Errorf("revoke %s: %+v, want %q", args, o, why)
		}
	}
	for args, why := range map[string]string{"--keep-admin bob": "no active Admin", "--keep-admin eve": `no user "eve"`, "--except-user eve": `no user "eve"`} {
		if o := runCommand(t, "", with(append([]string{"revoke", "--all", "--yes"}, strings.Fields(args)...)...)...); o.status != statusError || !strings.Contains(o.stderr, why) {
			t.Errorf("revoke %s: %+v, want %q", args, o, why)
		}
	}
	if got := works("bob"); !slices.Equal(got, every) {
		t.Fatalf("after what was refused, bob gets in by %v", got)
	}

	got := object[revokeAnswer](t, ok(t, with("revoke", "--all", "--yes", "--keep-admin", "ADMIN", "--except-user", "carol")...))
	if got.Tokens != 3+3*3 || got.Passwords != 3 || !slices.Equal(got.Kept, []string{"carol"}) || got.Admin == nil || got.Admin.Username != "admin" || got.Admin.Password == "" {
		t.Errorf("revoke: %+v", got)
	}
	for name := range passwords {
		want := []string(nil)
		if name == "carol" {
			want = every
		}
		if got := works(name); !slices.Equal(got, want) {
			t.Errorf("%s gets in by %v, want %v", name, got, want)
		}
	}
	if status := tpmMe(t, s.url, "admin", got.Admin.Password); status != http.StatusOK {
		t.Errorf("the admin's new password: %d", status)
	}
	if signedMe(t, s.url, auth.KeyPair{Public: f.TPM.PublicKey, Private: f.TPM.PrivateKey}) == http.StatusOK {
		t.Error("the key pair that init printed still works")
	}
	// Again, it finds the admin's new password only.
	again := object[revokeAnswer](t, ok(t, with("revoke", "--all", "--yes", "--except-user", "carol", "--keep-admin", "admin")...))
	if again.Tokens != 0 || again.Passwords != 1 || again.Admin.Password == got.Admin.Password {
		t.Errorf("again: %+v", again)
	}
	if got := ok(t, with("revoke", "--all", "--yes")...); got != `{"tokens":3,"passwords":2}`+"\n" {
		t.Errorf("everything: %s", got)
	}
	if got := works("carol"); got != nil {
		t.Errorf("carol gets in by %v", got)
	}
	passwords["bob"] = object[userPasswordResult](t, ok(t, with("user", "password", "bob")...)).Password
	if got := works("bob"); !slices.Equal(got, []string{"password"}) {
		t.Errorf("bob, with a new password, gets in by %v", got)
	}
	if got := ok(t, with("audit", "verify")...); !strings.HasPrefix(got, `{"ok":true`) {
		t.Errorf("audit: %s", got)
	}
	if rows := object[struct{ Tokens []tokenRow }](t, ok(t, with("token", "list")...)).Tokens; slices.ContainsFunc(rows, func(r tokenRow) bool { return r.State != "revoked" }) {
		t.Errorf("tokens: %s", fmt.Sprint(rows))
	}
}

type revokeAnswer struct {
	Tokens, Passwords int
	Kept              []string
	Admin             *userPasswordResult
}
