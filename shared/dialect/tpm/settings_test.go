package tpm

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/gateway"
	"tresor/shared/vault"
)

// attempts counts how often a password was about to be hashed: an attempt is reserved before each time. It counts catch-ups too, by journal.
type attempts struct {
	vault.Store
	reserved, tails atomic.Int64
}

func (a *attempts) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	a.tails.Add(1)
	return a.Store.Tail(ctx, t, after)
}

func (a *attempts) AddAttempts(ctx context.Context, key string, delta int, now, expires time.Time) (int, error) {
	a.reserved.Add(1)
	return a.Store.AddAttempts(ctx, key, delta, now, expires)
}

// process returns another process on the world's vault.
func (w *world) process(t *testing.T) (*world, *attempts) {
	t.Helper()
	store := &attempts{Store: w.Store}
	other := *w
	other.System = w.Another(t, store)
	other.Clock.Add(w.Clock.Now().Sub(other.Clock.Now()))
	other.gateway = gateway.New(NewHandler(Services{Vault: other.Vault, Auth: other.Auth}), gateway.Options{Function: "test", Log: slog.New(slog.NewTextHandler(w.log, nil)), Fail: Fail})
	return &other, store
}

func (w *world) setting(t *testing.T, key, value string) {
	t.Helper()
	w.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(key, value) })
}

// signedGet is a read by HMAC.
func (w *world) signedGet(t *testing.T, user, path string) (int, string) {
	t.Helper()
	out := w.send(t, w.signed(user, "GET", "api/v6/"+path+".json", ""))
	return out.StatusCode, out.Body
}

// TestSettingsHoldFromTheNextRequestOn: what one process sets, another that was busy before answers by at once, and again when it is taken back.
func TestSettingsHoldFromTheNextRequestOn(t *testing.T) {
	for _, c := range []struct {
		key, value string
		call       func(w *world) (int, string)
		before     string // what is in the answers
		after      string
	}{
		{SettingAPI, "0", func(w *world) (int, string) { return w.my(t, "nora", "GET", "version", "") }, `"api_version"`, `"The API is disabled."`},
		{SettingAPI, "0", func(w *world) (int, string) { return w.signedGet(t, "rita", "users/me") }, `"rita"`, `"The API is disabled."`},
		{SettingAPI, "0", func(w *world) (int, string) { return w.my(t, "admin", "POST", "passwords", "{}") }, `"name is required"`, `"The API is disabled."`},
		{SettingAPI, "0", func(w *world) (int, string) { return w.signedGet(t, "nora", "no/such") }, `"Method does not exist."`, `"The API is disabled."`},
		{SettingAPI, "0", func(w *world) (int, string) { return w.my(t, "nora", "PATCH", "version", "") }, `not allowed here`, `"The API is disabled."`},
		{SettingAuth, "hmac", func(w *world) (int, string) { return w.my(t, "nora", "GET", "version", "") }, `"api_version"`, `"HTTP Basic authentication is disabled."`},
		{SettingAuth, "basic", func(w *world) (int, string) { return w.signedGet(t, "nora", "version") }, `"api_version"`, `"HMAC authentication is disabled."`},
		{SettingPersonal, "0", func(w *world) (int, string) { return w.my(t, "nora", "GET", "my_passwords", "") }, `"Diary"`, `"Personal passwords are disabled"`},
		{SettingPageSize, "7", func(w *world) (int, string) { return w.my(t, "nora", "GET", "passwords/count", "") }, `"num_items_per_page":20}`, `"num_items_per_page":7}`},
		{SettingPageSize, "7", func(w *world) (int, string) { return w.my(t, "nora", "GET", "passwords/count", "", "X-Page-Size", "9") }, `"num_items_per_page":9}`, `"num_items_per_page":9}`},
		{SettingSoonDays, "4", func(w *world) (int, string) { return w.my(t, "nora", "GET", "passwords/1", "") }, `"expiry_status":3`, `"expiry_status":0`},
		{SettingSoonDays, "5", func(w *world) (int, string) { return w.my(t, "nora", "GET", "passwords/search/wordpress", "") }, `"expiry_status":3`, `"expiry_status":3`},
		{SettingSoonDays, "0", func(w *world) (int, string) { return w.my(t, "nora", "GET", "passwords/search/wordpress", "") }, `"expiry_status":3`, `"expiry_status":0`},
		{SettingSoonDays, "0", func(w *world) (int, string) { return w.my(t, "admin", "GET", "passwords/5", "") }, `"expiry_status":1`, `"expiry_status":1`},
	} {
		t.Run(c.key+"="+c.value, func(t *testing.T) {
			w := newWorld(t)
			other, _ := w.process(t)
			look := func(what, want string) {
				t.Helper()
				for name, process := range map[string]*world{"the process that set it": w, "another": other} {
					if status, text := c.call(process); !strings.Contains(text, want) {
						t.Errorf("%s, in %s: got %d %s, want %s", what, name, status, text, want)
					}
				}
			}
			look("unset", c.before)
			w.setting(t, c.key, c.value)
			look("set", c.after)
			w.setting(t, c.key, "")
			look("taken back", c.before)
			w.setting(t, c.key, "nonsense") // by whatever way it came there
			look("nonsense", c.before)
		})
	}
}

// TestNoPasswordIsHashedWhereBasicIsOff: right or wrong, known or not, and however often, in a process that knows the setting.
func TestNoPasswordIsHashedWhereBasicIsOff(t *testing.T) {
	w := newWorld(t)
	w.setting(t, SettingAuth, "hmac")
	other, store := w.process(t)
	if status, text := other.signedGet(t, "nora", "version"); status != http.StatusOK {
		t.Fatalf("signed: got %d %s", status, text)
	}
	for range 15 {
		for _, password := range []string{w.users["nora"].Password, "wrong"} {
			r := http.Request{Header: http.Header{}}
			r.SetBasicAuth("nora", password)
			out := other.send(t, request{method: "GET", path: "/index.php/api/v6/version.json", header: r.Header})
			if out.StatusCode != http.StatusUnauthorized || !strings.Contains(out.Body, "HTTP Basic authentication is disabled.") {
				t.Errorf("Basic: got %d %s", out.StatusCode, out.Body)
			}
		}
	}
	if n := store.reserved.Load(); n != 0 {
		t.Errorf("%d passwords were to be hashed", n)
	}
	w.setting(t, SettingAuth, "both") // the replica of the other still says hmac
	if status, text := other.my(t, "nora", "GET", "version", ""); status != http.StatusOK || store.reserved.Load() == 0 {
		t.Errorf("Basic again: got %d %s, %d attempts", status, text, store.reserved.Load())
	}
}

// TestSettingsCostNoRoundTrip: a warm call catches up once, be it good, forbidden or about nothing; only one that never came to the vault is looked at
// for the setting's sake.
func TestSettingsCostNoRoundTrip(t *testing.T) {
	w := newWorld(t)
	w.setting(t, SettingAuth, "both")
	other, store := w.process(t)
	for _, c := range []struct {
		call, body   string
		status, want int
	}{
		{"GET version", "", 200, 1}, // the first catches up once more than a warm one, to know the key
		{"GET version", "", 200, 1}, {"GET passwords", "", 200, 1}, {"GET passwords/99", "", 404, 1}, {"GET version/check_latest", "", 403, 1}, {"PUT passwords/99", `{"name":"x"}`, 404, 1}, {"GET no/such", "", 404, 1},
	} {
		method, path, _ := strings.Cut(c.call, " ")
		before := store.tails.Load()
		out := other.send(t, other.signed("nora", method, "api/v6/"+path+".json", c.body))
		if got := store.tails.Load() - before; out.StatusCode != c.status || before > 0 && got != int64(2*c.want) {
			t.Errorf("%s: got %d and %d queries, want %d and %d", c.call, out.StatusCode, got, c.status, 2*c.want)
		}
	}
}

// TestAWrongPasswordIsToldTheSettingToo in a process whose replica did not know of it.
func TestAWrongPasswordIsToldTheSettingToo(t *testing.T) {
	w := newWorld(t)
	other, _ := w.process(t)
	if status, _ := other.my(t, "nora", "GET", "version", ""); status != http.StatusOK {
		t.Fatalf("got %d", status)
	}
	w.setting(t, SettingAuth, "hmac")
	out := other.send(t, request{method: "GET", path: "/index.php/api/v6/version.json", header: http.Header{"Authorization": {"Basic bm9yYTp4"}}})
	if out.StatusCode != http.StatusUnauthorized || !strings.Contains(out.Body, "HTTP Basic authentication is disabled.") {
		t.Errorf("got %d %s", out.StatusCode, out.Body)
	}
}

// addKey makes a key pair of nora's, under a name of its own.
func (w *world) addKey(t *testing.T, name string, c vault.Credential) {
	t.Helper()
	w.addKeyOf(t, 3, name, c)
}

// addKeyOf makes one of any user's.
func (w *world) addKeyOf(t *testing.T, user vault.UserID, name string, c vault.Credential) {
	t.Helper()
	pair := auth.KeyPair{Public: auth.NewHexToken(), Private: auth.NewHexToken()}
	c.User, c.Dialect, c.TokenHash = user, vault.TPM, auth.HashToken(pair.Public)
	w.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateCredential(c, auth.SealKey(w.Sealer, pair.Private))
		return err
	})
	w.users[name] = &auth.Founding{TPM: pair}
}

// TestKeysAreAsOldAsTheSettingAllows: older ones are refused like unknown ones, and a key's own end holds if it is earlier.
func TestKeysAreAsOldAsTheSettingAllows(t *testing.T) {
	const day = 24 * time.Hour
	w := newWorld(t)
	end := func(after time.Duration) vault.Stamp { return vault.StampOf(w.Clock.Now().Add(after)) }
	w.addKey(t, "ten days", vault.Credential{})
	w.addKey(t, "three of its own", vault.Credential{Expires: end(3 * day)})
	w.addKey(t, "a year of its own", vault.Credential{Expires: end(365 * day)})
	other, _ := w.process(t)
	want := func(what, name string, status int) {
		t.Helper()
		for _, process := range []*world{w, other} {
			got, text := process.signedGet(t, name, "version")
			if got != status || status == http.StatusUnauthorized && text != `{"error":true,"type":"Unauthorized","message":"Invalid credentials."}`+"\n" {
				t.Errorf("%s, %s: got %d %s, want %d", what, name, got, text, status)
			}
		}
	}
	pass := func(d time.Duration) { w.Clock.Add(d); other.Clock.Add(d) }
	want("without the setting", "ten days", 200)
	w.setting(t, SettingKeyDays, "10")
	pass(3*day - time.Second)
	want("before three days", "three of its own", 200)
	pass(time.Second)
	want("after three days", "three of its own", 401)
	pass(7*day - time.Second)
	for _, name := range []string{"ten days", "a year of its own"} {
		want("before ten days", name, 200)
	}
	w.addKey(t, "new", vault.Credential{})
	pass(time.Second)
	for _, name := range []string{"ten days", "a year of its own"} {
		want("after ten days", name, 401)
	}
	want("made since", "new", 200)
	if status, text := w.my(t, "nora", "GET", "version", ""); status != http.StatusOK {
		t.Errorf("passwords are no keys: got %d %s", status, text)
	}
	w.setting(t, SettingKeyDays, "0")
	want("for ever", "ten days", 200)
	want("for ever", "three of its own", 401)
}

// TestSignedWritesCountOnceBehindSettings: the wrapper of the authenticator loses nothing.
func TestSignedWritesCountOnceBehindSettings(t *testing.T) {
	w := newWorld(t)
	w.setting(t, SettingAuth, "hmac")
	w.setting(t, SettingKeyDays, "30")
	req := w.signed("admin", "POST", "api/v6/passwords.json", `{"name":"Once","project_id":4}`)
	w.setting(t, SettingAPI, "0")
	w.wantStatus(t, "while it is off", req, http.StatusForbidden)
	w.setting(t, SettingAPI, "1")
	w.wantStatus(t, "first", req, http.StatusCreated)
	w.wantStatus(t, "again", req, http.StatusUnauthorized)
}

// TestDefaultsAreValid: what counts where a setting is unset could be set.
func TestDefaultsAreValid(t *testing.T) {
	for key := range settingRules {
		if !ValidSetting(key, DefaultSetting(key)) {
			t.Errorf("%s=%s is not valid", key, DefaultSetting(key))
		}
		if ValidSetting(key, "") || ValidSetting(key, "nonsense") {
			t.Errorf("%s takes anything", key)
		}
	}
	if ValidSetting("tpm.nothing", "1") {
		t.Error("there is no tpm.nothing")
	}
}
