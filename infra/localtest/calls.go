package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tresor/shared/auth"
)

// caller is a client of all three APIs with one user's credentials.
type caller struct {
	url   string
	admin *auth.Founding
}

func (s *stage) caller() *caller { return &caller{s.API.URL, s.Admin.Founding()} }

// object is a JSON object.
type object = map[string]any

// text is a member as clients print it: some APIs have numbers as text.
func text(o object, name string) string { return fmt.Sprint(o[name]) }

// send sends a request and returns the status and the decoded answer; nil where there is no body.
func send(t *testing.T, method, url string, header http.Header, body []byte) (int, any) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header = header
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	out, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		return answer.StatusCode, nil
	}
	var decoded any
	d := json.NewDecoder(bytes.NewReader(out))
	d.UseNumber()
	if err := d.Decode(&decoded); err != nil {
		t.Fatalf("%s %s: %d, no JSON: %s", method, strings.SplitN(url, "?", 2)[0], answer.StatusCode, out)
	}
	return answer.StatusCode, decoded
}

// sysPass calls a method with more parameters than the token, and returns the whole answer.
func (c *caller) sysPass(t *testing.T, method string, params object) object {
	t.Helper()
	all := object{"authToken": c.admin.SysPass.AuthToken, "tokenPass": c.admin.SysPass.TokenPass}
	for name, v := range params {
		all[name] = v
	}
	body, err := json.Marshal(object{"jsonrpc": "2.0", "method": method, "params": all, "id": 1})
	if err != nil {
		t.Fatal(err)
	}
	status, out := send(t, http.MethodPost, c.url+"/api.php", http.Header{"Content-Type": {"application/json"}}, body)
	answer, _ := out.(object)
	if status != http.StatusOK || answer["jsonrpc"] != "2.0" {
		t.Fatalf("%s: %d %v", method, status, out)
	}
	return answer
}

// sysPassResult is the result of a call that must succeed.
func (c *caller) sysPassResult(t *testing.T, method string, params object) object {
	t.Helper()
	answer := c.sysPass(t, method, params)
	result, ok := answer["result"].(object)
	if !ok {
		t.Fatalf("%s: %v", method, answer)
	}
	return result
}

// teamPass calls what a path names, with fields in Base64 at its end.
func (c *caller) teamPass(t *testing.T, path string, fields ...string) (int, any) {
	t.Helper()
	for i, f := range fields {
		fields[i] = base64.URLEncoding.EncodeToString([]byte(f))
	}
	return send(t, http.MethodGet, c.url+"/api/index.php/"+path+strings.Join(fields, ";")+"?apikey="+c.admin.APIKey, http.Header{}, nil)
}

// tpm calls v6 with the password, and a body unless it is nil.
func (c *caller) tpm(t *testing.T, method, path string, body any) (int, any) {
	t.Helper()
	basic := base64.StdEncoding.EncodeToString([]byte(c.admin.Username + ":" + c.admin.Password))
	return send(t, method, c.url+"/index.php/api/v6/"+path+".json", http.Header{"Authorization": {"Basic " + basic}, "Content-Type": {"application/json; charset=utf-8"}}, encode(t, body))
}

// signed is tpm with a signature in the place of the password.
func (c *caller) signed(t *testing.T, method, path string, body any) (int, any) {
	t.Helper()
	uri, sent := "api/v6/"+path+".json", encode(t, body)
	sig := auth.Sign(c.admin.TPM, time.Now(), uri, sent)
	return send(t, method, c.url+"/index.php/"+uri, http.Header{"X-Public-Key": {sig.PublicKey}, "X-Request-Timestamp": {sig.Timestamp}, "X-Request-Hash": {sig.Hash},
		"Content-Type": {"application/json; charset=utf-8"}}, sent)
}

func encode(t *testing.T, body any) []byte {
	t.Helper()
	if body == nil {
		return nil
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// must fails unless the status is the one that is wanted and the answer an object, which it returns.
func must(t *testing.T, want, got int, out any) object {
	t.Helper()
	o, ok := out.(object)
	if got != want || !ok && out != nil {
		t.Fatalf("got %d %v, want %d", got, out, want)
	}
	return o
}
