package syspass

import (
	"bytes"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"tresor/shared/auth"
)

// TestBadInputChangesNothing sends what no client should: each is answered in the API's own words, and both journals stay as they are.
func TestBadInputChangesNothing(t *testing.T) {
	w := stocked(t)
	valid := `{"jsonrpc":"2.0","method":"account/create","params":{"authToken":"` + w.admin.AuthToken + `","tokenPass":"` + w.admin.TokenPass + `","name":"x","clientId":1,"categoryId":1,"pass":"p"},"id":1}`
	before := w.heads()
	bodies := map[string]string{
		"10 MB": valid[:len(valid)-1] + `,"x":"` + strings.Repeat("x", 10<<20) + `"}x`, "above the limit": valid + strings.Repeat(" ", 13<<20), "NUL": valid + "\x00", "invalid UTF-8": strings.Replace(valid, `"x"`, "\"\xff\"", 1),
		"deep": strings.Repeat(`[`, 10000), "deep objects": strings.Repeat(`{"params":`, 10000), "batch": "[" + valid + "]", "NUL in a token": strings.Replace(valid, w.admin.AuthToken, `a\u0000b`, 1),
		"UTF-16": "\xff\xfe{\x00}\x00", "form": "method=account/create&authToken=x", "xml": "<?xml version='1.0'?><a/>", "types": strings.Replace(valid, `"clientId":1`, `"clientId":{"a":[]}`, 1),
	}
	for i := 0; i < len(valid); i += 7 {
		bodies["truncated at "+valid[max(0, i-10):i]] = valid[:i]
	}
	for name, body := range bodies {
		status, text := w.post(t, body)
		var a answer
		if err := json.Unmarshal([]byte(text), &a); err != nil || a.Error == nil || status >= 500 {
			t.Errorf("%s: got %d %.200s", name, status, text)
		}
	}
	for _, path := range []string{"/%2F", "/api.php/%2F..%2F", "/..", "//", "/api.php/../x", "/%zz/api.php", "/api.php/\x00", "/api.php#%", ""} {
		out := w.send(t, http.MethodPost, path, []byte(`{}`), source)
		if out.StatusCode != http.StatusNotFound {
			t.Errorf("path %q: got %d", path, out.StatusCode)
		}
	}
	if after := w.heads(); after != before {
		t.Errorf("the journals went from %v to %v", before, after)
	}
	w.must(t, w.admin, "account/search", "")
}

const canary = "CANARY7f3a"

// TestNothingSecretIsLogged plants canaries in every place of a request and looks through all that is written.
func TestNothingSecretIsLogged(t *testing.T) {
	w, out := stocked(t), quiet(t)
	log.SetOutput(out)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	for _, m := range methods {
		w.call(t, w.admin, m.name, `$PASS,"name":"`+canary+`","pass":"`+canary+`","login":"`+canary+`","text":"`+canary+`","clientId":1,"categoryId":1,"id":1,"`+canary+`":1`)
		w.call(t, w.admin, m.name, `"tokenPass":"`+canary+`","id":"`+canary+`","tagsId":["`+canary+`"]`)
		w.call(t, auth.SysPassToken{AuthToken: canary}, m.name, "")
	}
	w.post(t, canary)
	w.post(t, `{"jsonrpc":"`+canary+`","method":"`+canary+`","params":{"authToken":"`+canary+`"},"id":"`+canary+`"}`)
	w.send(t, http.MethodPost, "/api.php/"+canary, []byte("{}"), source)
	written := w.log.String() + out.String()
	if strings.Count(written, "\n") < 3*len(methods) {
		t.Fatalf("too little was logged to judge: %s", written)
	}
	for name, secret := range map[string]string{"canary": canary, "token": w.admin.AuthToken, "tokenPass": w.admin.TokenPass, "password": "secretword"} {
		if strings.Contains(written, secret) {
			t.Errorf("the log has the %s", name)
		}
	}
}

func TestFail(t *testing.T) {
	w := newWorld(t)
	ev := events.APIGatewayProxyRequest{HTTPMethod: http.MethodPost, Path: "/api.php", Resource: "/api.php"}
	ev.RequestContext.RequestID = "7c2af7db"
	w.gate = broken(w)
	out, _ := w.gate.Proxy(t.Context(), ev)
	if want := `{"jsonrpc":"2.0","error":{"message":"Internal error","code":0,"data":"7c2af7db"},"id":0}`; out.StatusCode != 500 || out.Body != want {
		t.Errorf("got %d %s", out.StatusCode, out.Body)
	}
}

// FuzzHandler sends any bytes as a body: the answer is a documented one, and never a 5xx.
func FuzzHandler(f *testing.F) {
	w := stocked(f)
	for _, seed := range []string{``, `0`, `null`, `[]`, `{}`, `"\ud800"`, "\xff", `{"jsonrpc":"2.0","method":"account/view","params":{"authToken":"x"},"id":1}`,
		`{"jsonrpc":"2.0","method":"account/view","params":{"authToken":"$T","id":1},"id":1}`, `{"jsonrpc":"2.0","method":"account/search","params":{"authToken":"$T","text":"a%_\\","op":"or","tagsId":[1,null,"x"],"count":-5,"order":1,"categoryId":1e9,"clientId":true},"id":"x"}`,
		`{"jsonrpc":"2.0","method":"account/viewPass","params":{"authToken":"$T","tokenPass":"$P","id":"1"},"id":1}`, `{"jsonrpc":"2.0","method":"category/search","params":{"authToken":"$T","text":"<_","count":3},"id":1}`,
		`{"jsonrpc":"2.0","method":"account/create","params":{"authToken":"$T","tokenPass":"$P","name":"<b>","clientId":1,"categoryId":1,"pass":1.5,"tagsId":[1,1],"expireDate":"9","parentId":-1},"id":1}`,
		`{"jsonrpc":"2.0","method":"category/create","params":{"authToken":"$T","name":[]},"id":1}`, `{"jsonrpc":"2.0","method":"client/create","params":{"authToken":"$T","name":"\u0301","global":99999999999999999999},"id":1}`,
		`{"jsonrpc":"2.0","method":"client/search","params":{"authToken":"$T","tagsId":5},"id":1}`,
		`{"jsonrpc":"2.0","method":"account/edit","params":{"authToken":"$T","id":1,"name":"<b>","clientId":1,"categoryId":1,"tagsId":[1,2],"userId":2,"userGroupId":-1,"private":1,"expireDate":1e9},"id":1}`,
		`{"jsonrpc":"2.0","method":"account/edit","params":{"authToken":"$T","id":1,"partial":1,"tagsId":[]},"id":1}`, `{"jsonrpc":"2.0","method":"account/view","params":{"authToken":"$T","id":1,"details":true},"id":1}`,
		`{"jsonrpc":"2.0","method":"account/editPass","params":{"authToken":"$T","tokenPass":"$P","id":1,"pass":"a<b>c","expireDate":4294967296},"id":1}`, `{"jsonrpc":"2.0","method":"account/delete","params":{"authToken":"$T","id":"1"},"id":1}`,
		`{"jsonrpc":"2.0","method":"category/edit","params":{"authToken":"$T","id":-9223372036854775808,"name":"x","description":[]},"id":1}`, `{"jsonrpc":"2.0","method":"category/delete","params":{"authToken":"$T","id":2},"id":1}`,
		`{"jsonrpc":"2.0","method":"client/edit","params":{"authToken":"$T","id":1,"name":"\u0000x","global":true},"id":1}`, `{"jsonrpc":"2.0","method":"client/delete","params":{"authToken":"$T","id":2},"id":1}`,
		`{"jsonrpc":"2.0","method":"tag/create","params":{"authToken":"$T","name":" , "},"id":1}`, `{"jsonrpc":"2.0","method":"tag/edit","params":{"authToken":"$T","id":1,"name":""},"id":1}`, `{"jsonrpc":"2.0","method":"tag/delete","params":{"authToken":"$T","id":1},"id":1}`,
		`{"jsonrpc":"2.0","method":"tag/search","params":{"authToken":"$T","text":"%_","count":"-1"},"id":1}`, `{"jsonrpc":"2.0","method":"userGroup/search","params":{"authToken":"$T","text":"o","count":1},"id":1}`,
		`{"jsonrpc":"2.0","method":"usergroup/create","params":{"authToken":"$T","name":"x","usersId":[2,null,"3"]},"id":1}`, `{"jsonrpc":"2.0","method":"userGroup/edit","params":{"authToken":"$T","id":1,"name":"x","usersId":{}},"id":1}`,
		`{"jsonrpc":"2.0","method":"userGroup/delete","params":{"authToken":"$T","id":1},"id":1}`, `{"jsonrpc":"2.0","method":"category/view","params":{"authToken":"$T","id":1},"id":1}`, `{"jsonrpc":"2.0","method":"userGroup/view","params":{"authToken":"$T","id":1},"id":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		body = bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("$T"), []byte(w.admin.AuthToken)), []byte("$P"), []byte(w.admin.TokenPass))
		w.Clock.Add(61e9) // so that wrong tokenPasses do not add up
		out := w.send(t, http.MethodPost, "/api.php", body, source)
		if out.Body == "" && out.StatusCode == http.StatusNotFound {
			return // what is no array where one is wanted (syspass 1.3)
		}
		var a struct {
			JSONRPC string
			Result  json.RawMessage
			Error   *struct {
				Message *string
				Code    *int
			}
			ID *int64
		}
		err := json.Unmarshal([]byte(out.Body), &a)
		switch {
		case err != nil, a.JSONRPC != "2.0", a.ID == nil, (a.Result == nil) == (a.Error == nil):
			t.Fatalf("got %d %q: %v", out.StatusCode, out.Body, err)
		case a.Error != nil && (a.Error.Message == nil || a.Error.Code == nil || !documentedCode(*a.Error.Code, out.StatusCode)):
			t.Fatalf("got %d %q", out.StatusCode, out.Body)
		case a.Error == nil && out.StatusCode != http.StatusOK:
			t.Fatalf("got %d %q", out.StatusCode, out.Body)
		}
		for i := range len(out.Body) {
			if out.Body[i] >= utf8.RuneSelf {
				t.Fatalf("the answer is not ASCII: %q", out.Body)
			}
		}
	})
}

// documentedCode says which codes go with which status (syspass 1.5).
func documentedCode(code, status int) bool {
	switch code {
	case -32700, -32600, -32601:
		return status == http.StatusNotFound
	case -32603, -32602, 0, 23000:
		return status == http.StatusOK
	}
	return false
}
