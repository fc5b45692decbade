package teampass_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzHandler sends any bytes as path, body and key: a documented reply comes out, in ASCII JSON, and a 500 only where the contract has one.
func FuzzHandler(f *testing.F) {
	for _, call := range []string{
		"/api/index.php/read/items/1;2", "/api/read/folder/1%3B2/", "/api/index.php/add/item/" + each("label;pw;;1;;;;;0"), "/api/index.php/add/item/" + blob("l;pw;;1;;;;;0"),
		"/api/index.php/add/item/l;p%25w;;1;;;;;0", "/api/index.php/add/folder/" + blob("title;25;1;0;0"), "/api/index.php/delete/item/2;x", "/api/index.php/list/items", "/api/index.php/get/folder/1",
		"/api/index.php/info/folder/1", "/api//", "/", "", "%", "/api/index.php/read/category/1?x#y", "/api/index.php/find/x", "/api/index.php/auth/https/example.com/ann/password%20of%20ann",
		"/api/index.php/set/a/b/c/ann/password%20of%20ann/x", "/api/index.php/auth_tpc/" + b64("identify_user", "ann", "password of ann"), "/api/index.php/tpc_find/" + b64("https://", "ann", "wrong"),
		"/api/index.php/tpc_userfolders/" + b64("ann", "password of ann"), "/api/index.php/tpc_delete/" + b64("99", "ann", "password of ann"),
		"/api/index.php/set_tpc/add/" + b64(`{"pwd":"x","label":"x","destination_folder":1}`, "ann", "password of ann"), "/api/index.php/set_tpc/edit/" + b64(`{"item_id":1}`, "ann", ""), "/api/index.php/add/item/\xff\x00;;;1;;;;;",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"} {
			f.Add(method, call, strings.TrimPrefix(strings.TrimPrefix(call, "/api/index.php/"), "/api/"), true)
		}
		f.Add("GET", call, "", false)
	}
	s := newSystem(f)
	f.Fuzz(func(t *testing.T, method, target, body string, known bool) {
		key := s.keys["admin"]
		if !known {
			key = body
		}
		ev := event(method, target, http.Header{"X-Other": {body}}, body)
		ev.MultiValueQueryStringParameters = url.Values{"apikey": {key}}
		out := s.send(t.Context(), ev)
		failed := strings.Contains(out.Body, "request_id") // a failure of ours; the contract's own 500s have none
		if !slices.Contains([]int{200, 402, 404, 405, 500}, out.StatusCode) || failed {
			t.Fatalf("%q %q %q: got %d %s", method, target, body, out.StatusCode, out.Body)
		}
		if out.Body != "" && !json.Valid([]byte(out.Body)) || strings.ContainsFunc(out.Body, func(r rune) bool { return r > 0x7f }) {
			t.Errorf("%q %q %q: not ASCII JSON: %q", method, target, body, out.Body)
		}
		if !known && strings.Contains(out.Body, "\"pw\"") {
			t.Errorf("%q: an unknown key reads %s", target, out.Body)
		}
	})
}
