package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// client gives up where an answer takes longer than anything may.
var client = &http.Client{Timeout: hung}

// send makes one request and returns status and body.
func send(t testing.TB, method, url, body string, edit ...func(*http.Request)) (int, string) {
	t.Helper()
	status, text, err := trySend(t, method, url, body, edit...)
	if err != nil {
		t.Fatal(err)
	}
	return status, text
}

func trySend(t testing.TB, method, url, body string, edit ...func(*http.Request)) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	for _, e := range edit {
		e(r)
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// sysPass makes one call and returns its answer's result or error.
func sysPass(t testing.TB, url, method string, params map[string]any) (result map[string]any, failure string) {
	t.Helper()
	result, failure, err := trySysPass(t, url, method, params)
	if err != nil {
		t.Fatal(err)
	}
	return result, failure
}

func trySysPass(t testing.TB, url, method string, params map[string]any) (result map[string]any, failure string, err error) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": method, "params": params, "id": 1})
	if err != nil {
		return nil, "", err
	}
	_, text, err := trySend(t, http.MethodPost, url+"/api.php", string(body))
	if err != nil {
		return nil, "", err
	}
	var answer struct {
		Result map[string]any
		Error  struct{ Message string }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return nil, "", fmt.Errorf("decode %q: %w", text, err)
	}
	return answer.Result, answer.Error.Message, nil
}

// teamPass makes one call and returns its body.
func teamPass(t testing.TB, url, path, key string) (int, string) {
	t.Helper()
	return send(t, http.MethodGet, url+"/api/index.php/"+path+"?apikey="+key, "")
}

// tpmMe asks who a user with a password is.
func tpmMe(t testing.TB, url, username, password string) int {
	t.Helper()
	status, _ := tpmGet(t, url, "users/me", username, password)
	return status
}

// tpmGet reads from the TPM API as a user with a password.
func tpmGet(t testing.TB, url, path, username, password string) (int, string) {
	t.Helper()
	return send(t, http.MethodGet, url+"/index.php/api/v6/"+path+".json", "", func(r *http.Request) { r.SetBasicAuth(username, password) })
}
