package tpm

import (
	"net/http"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// vectors are signatures that public clients hold themselves to (tpm 1.5).
var vectors = []struct {
	key, timestamp, body, hash string
	status                     int // of the whole call
}{
	{"dc6laksjddk1l23kl12j31l23j2k2jlfaa88afbdd51d7089calsdjaslkdjljc9", "1644913719", `{"name":"This is a new password","parent_id":0}`,
		"44105abe110f2e02b75584b939e294886a4e5cc42bc873e58d75ebb78795c2f5", http.StatusCreated},
	{"0000000000000000002j31l23j2k2jlfaa88afbdd51d70800000000000000000", "1644915273", `{"name":"This is a new password"}`,
		"5fe43518b641d5c56a7e68d4937f2daad46c405bec2c36a0fb4563a22a51f986", http.StatusBadRequest}, // no parent_id, but known
}

// pairWith gives the admin a key pair with a private key of one's choice, and returns its public key.
func (w *world) pairWith(t testing.TB, private string) string {
	public := auth.NewHexToken()
	w.as(t, "admin", func(tx *vault.Tx) error {
		_, err := tx.CreateCredential(vault.Credential{User: 1, Dialect: vault.TPM, TokenHash: auth.HashToken(public)}, auth.SealKey(w.Sealer, private))
		return err
	})
	return public
}

func (w *world) setClock(unix int64) { w.Clock.Add(time.Unix(unix, 0).Sub(w.Clock.Now())) }

func TestVectors(t *testing.T) {
	w := newWorld(t)
	for _, v := range vectors {
		public := w.pairWith(t, v.key)
		at := map[string]int64{"1644913719": 1644913719, "1644915273": 1644915273}[v.timestamp]
		w.setClock(at + 299)
		sig := auth.Signature{PublicKey: public, Timestamp: v.timestamp, Hash: v.hash, URIs: []string{"api/v5/projects.json"}, Body: []byte(v.body), Write: true}
		if _, _, err := w.Auth.Verify(t.Context(), sig); err != nil {
			t.Errorf("%s: %v", v.hash, err)
		}
		h := http.Header{"X-Public-Key": {public}, "X-Request-Timestamp": {v.timestamp}, "X-Request-Hash": {v.hash}}
		for _, c := range []struct {
			req  request
			want int
		}{
			{request{method: "POST", path: "/index.php/api/v5/projects.json", header: h, body: v.body}, v.status},
			{request{method: "POST", path: "/tpm/index.php/api/v5/projects.json", header: h, body: v.body}, map[int]int{201: 409, 400: 400}[v.status]},
			{request{method: "POST", path: "/api/v5/projects.json", resource: "/api/v5/{proxy+}", header: h, body: v.body}, map[int]int{201: 409, 400: 400}[v.status]},
			{request{method: "POST", path: "/index.php/api/v5/projects.json", header: h, body: v.body + " "}, http.StatusUnauthorized},
			{request{method: "POST", path: "/index.php/api/V5/projects.json", header: h, body: v.body}, http.StatusUnauthorized}, // another path than the signed one
			{request{method: "POST", path: "/index.php/api/v6/projects.json", header: h, body: v.body}, http.StatusUnauthorized},
		} {
			if out := w.send(t, c.req); out.StatusCode != c.want {
				t.Errorf("%s %s: got %d %s, want %d", c.req.method, c.req.path, out.StatusCode, out.Body, c.want)
			}
		}
		w.setClock(at + 301)
		if out := w.send(t, request{method: "POST", path: "/index.php/api/v5/projects.json", header: h, body: v.body}); out.StatusCode != http.StatusUnauthorized {
			t.Errorf("after the window: got %d, want 401", out.StatusCode)
		}
	}
}

// TestSignatureHoldsForItsPathOnly signs one form of a path and sends another.
func TestSignatureHoldsForItsPathOnly(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		signed, sent string
		want         int
		body         string // what the answer must be; empty: any
	}{
		{"api/v6/passwords/search/in%3Asite/count.json", "api/v6/passwords/search/in%3Asite/count.json", 200, `{"num_items":4,"num_pages":1,"num_items_per_page":20}` + "\n"},
		{"api/v6/passwords/search/in:site/count.json", "api/v6/passwords/search/in%3Asite/count.json", 200, `{"num_items":4,"num_pages":1,"num_items_per_page":20}` + "\n"},
		{"api/v6/passwords/search/a/b c/count.json", "api/v6/passwords/search/a%2Fb%20c/count.json", 200, ""},
		// The decoded form is decoded already: %73 is no s in it.
		{"api/v6/passwords/search/in:%73ite/count.json", "api/v6/passwords/search/in:%2573ite/count.json", 200, `{"num_items":0,"num_pages":0,"num_items_per_page":20}` + "\n"},
		// Only what was signed is routed: the raw form names no call here.
		{"api/v6/passwords/count.json", "api/v6/passwords%2Fcount.json", 200, ""},
		{"api/v6/passwords%2Fcount.json", "api/v6/passwords%2Fcount.json", 404, ""},
		{"api/v6/version.json", "api/v6/passwords.json", 401, ""},
		{"api/v6/passwords.json", "api/v6/passwords%2Fall.json", 401, ""},
		{"api/v6//version.json", "api/v6/version.json", 401, ""},
		{"/api/v6/version.json", "api/v6/version.json", 401, ""},
		{"index.php/api/v6/version.json", "api/v6/version.json", 401, ""},
	} {
		h := http.Header{}
		w.sign(h, "admin", c.signed, "")
		out := w.send(t, request{method: "GET", path: "/index.php/" + c.sent, header: h})
		if out.StatusCode != c.want || c.body != "" && out.Body != c.body {
			t.Errorf("signed %s, sent %s: got %d %s, want %d %s", c.signed, c.sent, out.StatusCode, out.Body, c.want, c.body)
		}
	}
}

// TestReplayedMethod shows what a signature does not cover: the method. A captured read can be sent again as a delete, but for a minute only.
func TestReplayedMethod(t *testing.T) {
	w := newWorld(t)
	h := http.Header{}
	w.sign(h, "admin", "api/v6/passwords/5.json", "")
	w.Clock.Add(61 * time.Second)
	for method, want := range map[string]int{"DELETE": 401, "PUT": 401, "GET": 200} {
		if out := w.send(t, request{method: method, path: "/index.php/api/v6/passwords/5.json", header: h}); out.StatusCode != want {
			t.Errorf("%s after 61 s: got %d, want %d", method, out.StatusCode, want)
		}
	}
}

func TestOTPCode(t *testing.T) {
	// RFC 6238, appendix B, SHA-1, the last six of its eight digits.
	const secret = "GEZD GNBV gy3t qojq GEZDGNBVGY3TQOJQ===="
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := otpCode(secret, time.Unix(at, 0)); got != want {
			t.Errorf("at %d: got %s, want %s", at, got, want)
		}
	}
	for _, bad := range []string{"", "1", "not base 32!", "===="} {
		if got := otpCode(bad, time.Unix(59, 0)); got != "" {
			t.Errorf("%q: got %s, want none", bad, got)
		}
	}
}
