package teampass_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/dialect/teampass"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

const notGranted = `{"err":"Bad credentials for user","code":"AUTH_NOT_GRANTED"}`

// user adds a user with a personal folder and a key under its name, and sets its password.
func (s *system) user(t testing.TB, name string, role vault.Role, password string) *auth.Founding {
	t.Helper()
	u := s.AddUser(t, name, role)
	s.keys[name] = u.APIKey
	hash, err := auth.HashPassword(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	s.Do(t, func(tx *vault.Tx) error {
		if err := tx.SetUserPassword(u.AdminID, auth.SealHash(s.Sealer, hash)); err != nil {
			return err
		}
		_, err := tx.CreatePersonalRoot(u.AdminID, name)
		return err
	})
	return u
}

// web adds an item with a URL; its id is 6 and up.
func (s *system) web(t testing.TB, e vault.Entry, password string) {
	t.Helper()
	s.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(e, vault.Payload{Password: vault.NewSecret(password)})
		return err
	})
}

// b64 joins arguments as the browser extension sends them.
func b64(args ...string) string {
	for i, a := range args {
		args[i] = base64.RawURLEncoding.EncodeToString([]byte(a))
	}
	return strings.Join(args, "/")
}

// TestAuthGivesWhatBothMaySee: neither a strong key nor a strong password adds to what the other may.
func TestAuthGivesWhatBothMaySee(t *testing.T) {
	s := newSystem(t)
	s.user(t, "bob", vault.NormalUser, "bob's")
	s.web(t, vault.Entry{Project: 3, Name: "Plan", URL: "https://example.com/plan"}, "p")
	s.web(t, vault.Entry{Project: 2, Name: "Wiki", URL: "https://example.com/wiki"}, "w")
	s.web(t, vault.Entry{Project: 1, Name: "Vault", URL: "https://example.com/v", Lock: vault.LockReason}, "locked away")
	s.keys["sub"] = s.credential(t, vault.Credential{User: s.Founding.AdminID, Projects: []vault.ProjectID{2}})
	const plan, wiki, locked, intranet = `"6":{"label":"Plan","login":"","pw":"p"}`, `"7":{"label":"Wiki","login":"","pw":"w"}`,
		`"8":{"label":"Vault","login":"","pw":""}`, `"1":{"label":"Intranet","login":"Me","pw":"&XZ\/c\u00e9\ud83d\udd11'"}`
	const nothing = `{"err":"No data exists","code":"NO_DATA_EXIST"}`
	ann, bob, admin := "ann/password%20of%20ann", "bob/bob's", "admin/"+url.PathEscape(s.Founding.Password)
	for _, c := range []struct{ name, key, user, want string }{
		{"admin and admin", "admin", admin, "{" + locked + "," + wiki + "," + plan + "," + intranet + "}"},
		{"admin's key", "admin", ann, "{" + locked + "," + wiki + "," + intranet + "}"},
		{"admin's password", "ann", admin, "{" + locked + "," + wiki + "," + intranet + "}"},
		{"her own", "ann", ann, "{" + locked + "," + wiki + "," + intranet + "}"},
		{"narrowed", "sub", ann, "{" + wiki + "}"},
		{"read-only", "readonly", ann, "{" + locked + "," + wiki + "," + intranet + "}"},
		{"who may see nothing", "admin", bob, nothing},
		{"the key of who may see nothing", "bob", admin, nothing},
	} {
		status, body := s.get(t, c.key, "auth/https/example.com/"+c.user)
		if status != http.StatusOK || body != c.want {
			t.Errorf("%s: got %d %s, want %s", c.name, status, body, c.want)
		}
	}
}

// TestAHostIsNotAnother: what looks alike to a search that passes over accents is another site.
func TestAHostIsNotAnother(t *testing.T) {
	s := newSystem(t)
	s.web(t, vault.Entry{Project: 1, Name: "Umlaut", URL: "https://MÜLLER.example/"}, "pw")
	s.web(t, vault.Entry{Project: 1, Name: "Community", URL: "https://shop.example.community/"}, "pw")
	const ann = "/ann/password%20of%20ann"
	for call, found := range map[string]bool{
		"auth/https/m%C3%BCller.example" + ann:                                  true,
		"auth/https/muller.example" + ann:                                       false,
		"auth/https/shop.example.com" + ann:                                     true, // a beginning (teampass 5.16)
		"auth/https/hop.example" + ann:                                          false,
		"auth_tpc/" + b64("https://Müller.example/x", "ann", "password of ann"): true,
		"auth_tpc/" + b64("https://muller.example/", "ann", "password of ann"):  false,
		"auth_tpc/" + b64("https://shop.example.com", "ann", "password of ann"): false,
		"tpc_find/" + b64("UMLAUT", "ann", "password of ann"):                   true,
		"tpc_find/" + b64("Ümlaut", "ann", "password of ann"):                   false,
	} {
		if status, body := s.get(t, "ann", call); status != http.StatusOK || strings.Contains(body, `"label"`) != found {
			t.Errorf("%s: got %d %s, want found: %v", call, status, body, found)
		}
	}
}

// TestAnyPasswordArrives in every form in which a client sends it, once as it is and nothing else.
func TestAnyPasswordArrives(t *testing.T) {
	s := newSystem(t)
	const password = "p%20ä/\U0001F511 +?#;&=\\\"'%"
	s.user(t, "zoë", vault.NormalUser, password)
	s.Do(t, func(tx *vault.Tx) error { return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectRead}) })
	for name, answer := range map[string]func() (int, string){
		"path": func() (int, string) {
			return s.get(t, "zoë", "auth/https/example.com/zo%C3%AB/"+url.PathEscape(password))
		},
		"body":  func() (int, string) { return s.post(t, "zoë", "auth/https/example.com/zoë/"+password) },
		"body/": func() (int, string) { return s.post(t, "zoë", "auth/https/example.com/zoë/"+password+"/") },
		"extension": func() (int, string) {
			return s.get(t, "zoë", "tpc_find/"+b64("https://example.com", "zoë", password))
		},
		"standard base64": func() (int, string) {
			return s.get(t, "zoë", "tpc_find/"+b64("https://example.com", "zoë")+"/"+url.PathEscape(base64.StdEncoding.EncodeToString([]byte(password))))
		},
		"its body": func() (int, string) {
			return s.post(t, "zoë", "tpc_find/"+b64("https://example.com", "zoë", password))
		},
	} {
		if status, body := answer(); status != http.StatusOK || !strings.Contains(body, `"label":"Intranet"`) {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
	if status, body := s.get(t, "zoë", "auth/https/example.com/zo%C3%AB/"+url.PathEscape(url.PathEscape(password))); status != http.StatusNotFound || body != notGranted {
		t.Errorf("encoded twice: got %d %s", status, body)
	}
}

// TestAUserIsLookedAtEachTime: a password that was right a moment ago, and is remembered, is no way in for who is disabled or has another.
func TestAUserIsLookedAtEachTime(t *testing.T) {
	s := newSystem(t)
	bob := s.user(t, "bob", vault.NormalUser, "first")
	call := func(password string) (int, string) { return s.get(t, "admin", "tpc_userfolders/"+b64("bob", password)) }
	disable := func(is bool) {
		s.Do(t, func(tx *vault.Tx) error { return tx.EditUser(bob.AdminID, func(u *vault.User) { u.Disabled = is }) })
	}
	want := func(password string, granted bool) {
		t.Helper()
		status, body := call(password)
		if granted != (status == http.StatusOK) || !granted && (status != http.StatusNotFound || body != notGranted) {
			t.Errorf("got %d %s", status, body)
		}
	}
	want("first", true)
	disable(true)
	want("first", false)
	disable(false)
	want("first", true)
	hash, err := auth.HashPassword(t.Context(), "second")
	if err != nil {
		t.Fatal(err)
	}
	s.Do(t, func(tx *vault.Tx) error { return tx.SetUserPassword(bob.AdminID, auth.SealHash(s.Sealer, hash)) })
	want("first", false)
	want("second", true)
}

// TestGuessesAreCounted over all calls alike: after ten wrong passwords the right one gets the same answer, except from another address.
func TestGuessesAreCounted(t *testing.T) {
	s := newSystem(t)
	before := s.heads()
	calls := []string{"auth/https/example.com/ann/%s", "set/a/b/c/ann/%s", "auth_tpc/aWRlbnRpZnlfdXNlcg/YW5u/%s", "tpc_find/YQ/YW5u/%s", "tpc_userfolders/YW5u/%s",
		"set_tpc/add/" + b64(`{"pwd":"x","label":"x","destination_folder":1}`) + "/YW5u/%s", "set_tpc/edit/" + b64(`{"item_id":1,"pwd":"x"}`) + "/YW5u/%s", "tpc_delete/MQ/YW5u/%s"}
	fill := func(call, password string) string {
		if strings.Contains(call, "YW5u") {
			password = b64(password)
		}
		return strings.ReplaceAll(call, "%s", url.PathEscape(password))
	}
	for i := range 10 {
		if status, body := s.get(t, "ann", fill(calls[i%len(calls)], "wrong")); status != http.StatusNotFound || body != notGranted {
			t.Fatalf("guess %d: got %d %s", i, status, body)
		}
	}
	for _, call := range calls {
		if status, body := s.get(t, "ann", fill(call, "password of ann")); status != http.StatusNotFound || body != notGranted {
			t.Errorf("%s, the right password: got %d %s", call, status, body)
		}
	}
	if s.heads() != before {
		t.Error("a refused call changed the vault")
	}
	ev := event(http.MethodGet, "/api/index.php/"+fill(calls[2], "password of ann")+"?apikey="+url.QueryEscape(s.keys["ann"]), nil, "")
	ev.RequestContext.Identity.SourceIP = "198.51.100.7"
	if out := s.send(t.Context(), ev); out.StatusCode != http.StatusOK || out.Body != `{"err":"","status":"USER_GRANTED"}` {
		t.Errorf("from another address: got %d %s", out.StatusCode, out.Body)
	}
}

// TestAWrongKeyTriesNoPassword: guesses count only for who has a key, so that nobody else locks a user out or learns anything.
func TestAWrongKeyTriesNoPassword(t *testing.T) {
	s := newSystem(t)
	for _, key := range []string{"unknown", "gone", "syspass", "elsewhere", "versiononly"} {
		for range 11 {
			if status, body := s.get(t, key, "auth/https/example.com/ann/wrong"); status != http.StatusMethodNotAllowed {
				t.Fatalf("%s: got %d %s", key, status, body)
			}
		}
	}
	if status, body := s.get(t, "ann", "auth/https/example.com/ann/password%20of%20ann"); status != http.StatusOK {
		t.Errorf("got %d %s", status, body)
	}
}

// TestNothingOfACallWithAPasswordIsLogged plants canaries wherever such a call has an argument, and looks for them and for the vault's secrets in all
// that slog got, while the calls succeed, are refused, and fail.
func TestNothingOfACallWithAPasswordIsLogged(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	s := newSystem(t)
	const canary, right = "CANARY91bd", "RIGHT-CANARY91bd"
	s.user(t, "bob", vault.NormalUser, right)
	s.keys["canary"] = canary
	json := `{"pwd":"` + canary + `","label":"` + canary + `","destination_folder":1,"item_id":1,"url":"` + canary + `"}`
	calls := []string{"set/" + canary + "/" + canary + "/" + canary + "/bob/" + right}
	for _, user := range [][2]string{{"bob", right}, {"bob", canary}, {canary, canary}} {
		calls = append(calls, "auth/https/"+canary+"/"+user[0]+"/"+user[1], "auth_tpc/"+b64("https://"+canary, user[0], user[1], canary), "tpc_find/"+b64(canary, user[0], user[1]),
			"tpc_userfolders/"+b64(user[0], user[1]), "set_tpc/add/"+b64(json, user[0], user[1]), "set_tpc/edit/"+b64(json, user[0], user[1]), "tpc_delete/"+b64(canary, user[0], user[1]))
	}
	send := func() {
		for _, call := range calls {
			for _, key := range []string{"bob", "canary"} {
				_, sent := s.get(t, key, call)
				_, posted := s.post(t, key, call)
				if strings.Contains(sent+posted, right) {
					t.Errorf("%s: the password came back", call)
				}
			}
		}
	}
	send()
	if log.Len() > 0 {
		t.Errorf("refusals are logged: %s", log.String())
	}
	s.serve(teampass.NewHandler(vault.New(broken{s.Log}, vault.Options{Now: s.Clock.Now}), s.Auth))
	send()
	if log.Len() == 0 {
		t.Error("failures are not logged")
	}
	for _, secret := range []string{canary, b64(canary), b64("https://" + canary), b64(json), b64(right), s.keys["bob"]} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is logged", secret)
		}
	}
}

// TestOurFailuresAreNotTheUsers: a store that does not answer is no wrong password.
func TestOurFailuresAreNotTheUsers(t *testing.T) {
	store := vaulttest.NewFaulty(vaulttest.NewMemory(), 1)
	s := newSystemOn(t, store)
	for _, call := range []string{"auth/https/example.com/ann/password%20of%20ann", "set/a/b/c/ann/password%20of%20ann", "tpc_delete/" + b64("1", "ann", "password of ann")} {
		store.Throttle(vaulttest.AddAttempts, 10)
		if status, body := s.get(t, "ann", call); status != http.StatusInternalServerError || !strings.Contains(body, "request_id") {
			t.Errorf("%s: got %d %s", call, status, body)
		}
	}
}
