package tpm

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// TestLinked reads a linked password, which shows its source's secret, and changes it in vain.
func TestLinked(t *testing.T) {
	w := newWorld(t)
	var id vault.EntryID
	w.as(t, "admin", func(tx *vault.Tx) (err error) {
		id, err = tx.CreateEntry(vault.Entry{Name: "Link", Project: 4, Source: 1}, vault.Payload{})
		return err
	})
	if id != 8 {
		t.Fatalf("got entry %d, want 8", id)
	}
	var got struct {
		Password string `json:"password"`
		Linked   bool   `json:"linked"`
		Source   uint64 `json:"source_password_id"`
	}
	out := w.ask(t, "admin", "GET", "/index.php/api/v6/passwords/8.json", "")
	if err := json.Unmarshal([]byte(out.Body), &got); err != nil || got.Password != "ad$ddgaG8%" || !got.Linked || got.Source != 1 {
		t.Errorf("got %s", out.Body)
	}
	for _, c := range [][2]string{{"PUT", `{"notes":"x"}`}, {"DELETE", ""}} {
		if out := w.ask(t, "admin", c[0], "/index.php/api/v6/passwords/8.json", c[1]); out.StatusCode != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", c[0], out.StatusCode)
		}
	}
	if out := w.ask(t, "admin", "GET", "/index.php/api/v6/passwords/search/is:linked/count.json", ""); !strings.Contains(out.Body, `"num_items":1`) {
		t.Errorf("is:linked: got %s", out.Body)
	}
}

// TestNarrowedCredential calls with a key for some actions, and with one that may only read.
func TestNarrowedCredential(t *testing.T) {
	w := newWorld(t)
	few, read := auth.KeyPair{Public: auth.NewHexToken(), Private: auth.NewHexToken()}, auth.KeyPair{Public: auth.NewHexToken(), Private: auth.NewHexToken()}
	w.as(t, "admin", func(tx *vault.Tx) error {
		_, err := tx.CreateCredential(vault.Credential{User: 1, Dialect: vault.TPM, TokenHash: auth.HashToken(few.Public), Actions: []string{"passwords/list", "projects/create"}, Projects: []vault.ProjectID{4}}, auth.SealKey(w.Sealer, few.Private))
		if err != nil {
			return err
		}
		_, err = tx.CreateCredential(vault.Credential{User: 1, Dialect: vault.TPM, TokenHash: auth.HashToken(read.Public), ReadOnly: true}, auth.SealKey(w.Sealer, read.Private))
		return err
	})
	w.users["few"], w.users["read"] = &auth.Founding{TPM: few}, &auth.Founding{TPM: read}
	for _, c := range []struct {
		who, method, path, body string
		want                    int
		in                      string
	}{
		{"few", "GET", "passwords/count.json", "", 200, `"num_items":1`}, // what is in the project
		{"few", "GET", "passwords/5.json", "", 403, ""},
		{"few", "GET", "projects.json", "", 403, ""},
		{"few", "POST", "projects.json", `{"name":"x","parent_id":0}`, 403, ""},
		{"few", "POST", "projects.json", `{"name":"x","parent_id":1}`, 404, ""},
		{"read", "GET", "passwords/5.json", "", 200, "canary-root"},
		{"read", "PUT", "passwords/5.json", `{"notes":"x"}`, 403, ""},
		{"read", "POST", "passwords.json", `{"name":"x","project_id":4}`, 403, ""},
		{"read", "DELETE", "passwords/5.json", "", 403, ""},
	} {
		h := http.Header{}
		w.sign(h, c.who, "api/v6/"+c.path, c.body)
		out := w.send(t, request{method: c.method, path: "/index.php/api/v6/" + c.path, header: h, body: c.body})
		if out.StatusCode != c.want || !strings.Contains(out.Body, c.in) {
			t.Errorf("%s %s %s: got %d %s, want %d %s", c.who, c.method, c.path, out.StatusCode, out.Body, c.want, c.in)
		}
	}
}

// TestReasonIsFitForRecords gives reasons that are no UTF-8 or very long: another process must still read the journal.
func TestReasonIsFitForRecords(t *testing.T) {
	w := newWorld(t)
	for _, reason := range []string{"\xff\xfe", strings.Repeat("ä", 5000)} {
		if out := w.ask(t, "admin", "PUT", "/index.php/api/v6/passwords/2.json", `{"password":"new"}`, "X-Unlock-Reason", reason); out.StatusCode != http.StatusNoContent {
			t.Fatalf("got %d %s", out.StatusCode, out.Body)
		}
	}
	other := w.Another(t, w.Store)
	_, err := vault.View(t.Context(), other.Vault, scenario.Operator(), func(r *vault.Reader) (struct{}, error) {
		_, _, err := r.Entry(2)
		return struct{}{}, err
	})
	if err != nil {
		t.Errorf("another process: %v", err)
	}
}

// TestOneVersionPerUpdate sets a password and secret fields at once: one new version, and the rest as it was.
func TestOneVersionPerUpdate(t *testing.T) {
	w := newWorld(t)
	before := w.version(t, 1)
	if out := w.ask(t, "admin", "PUT", "/index.php/api/v6/passwords/1.json", `{"password":"p","custom_data1":"f"}`); out.StatusCode != http.StatusNoContent {
		t.Fatalf("got %d %s", out.StatusCode, out.Body)
	}
	if got := w.version(t, 1); got != before+1 {
		t.Errorf("got version %d, want %d", got, before+1)
	}
	if out := w.ask(t, "admin", "PUT", "/index.php/api/v6/passwords/1.json", `{"notes":"n"}`); out.StatusCode != http.StatusNoContent {
		t.Fatalf("got %d %s", out.StatusCode, out.Body)
	}
	if got := w.version(t, 1); got != before+1 {
		t.Errorf("after an update of no secret: got version %d, want %d", got, before+1)
	}
	out := w.ask(t, "admin", "GET", "/index.php/api/v6/passwords/1.json", "")
	code := otpCode("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", w.Clock.Now())
	for _, want := range []string{`"password":"p"`, `"data":"f"`, `"data":"` + code + `"`} {
		if !strings.Contains(out.Body, want) {
			t.Errorf("no %s in %s", want, out.Body)
		}
	}
}

func (w *world) version(t testing.TB, id vault.EntryID) (n uint32) {
	w.view(t, "admin", func(r *vault.Reader) error {
		e, _, err := r.Entry(id)
		if err == nil {
			n = e.SecretVersion
		}
		return err
	})
	return n
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("word ", 30)
	for notes, want := range map[string]string{
		"":                              "",
		"short":                         "short",
		strings.Repeat("x", 100):        strings.Repeat("x", 100),
		strings.Repeat("x", 101):        strings.Repeat("x", 100) + "...",
		strings.Repeat("ä", 101):        strings.Repeat("ä", 100) + "...",
		strings.Repeat("ä", 99):         strings.Repeat("ä", 99),
		long:                            strings.TrimSpace(long[:100]) + "...",
		"a " + strings.Repeat("x", 200): "a...",
	} {
		if got := snippet(notes); got != want {
			t.Errorf("%q: got %q, want %q", notes, got, want)
		}
	}
}

func TestExpiryStatus(t *testing.T) {
	const day, now = vault.Stamp(secondsPerDay), vault.Stamp(20000*secondsPerDay + 3600)
	for expiry, want := range map[vault.Stamp]int{
		0: expiryNone, now: expiryToday, now - 3600: expiryToday, now - 3601: expiryPast, now + day: expirySoon, now + 30*day: expirySoon, now + 31*day: expiryNone, 1: expiryPast,
	} {
		if got := expiryStatus(expiry, now, 30); got != want {
			t.Errorf("%d: got %d, want %d", expiry-now, got, want)
		}
	}
}
