package tpm

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/tools/txtar"
)

// checkReply holds a reply to the documented forms.
func checkReply(t *testing.T, what string, out events.APIGatewayProxyResponse) {
	t.Helper()
	switch out.StatusCode {
	case 204:
		if out.Body != "" {
			t.Errorf("%s: 204 with a body", what)
		}
		return
	case 200:
		if !json.Valid([]byte(out.Body)) {
			t.Errorf("%s: not JSON: %q", what, out.Body)
		}
		return
	case 201:
		var c created
		if json.Unmarshal([]byte(out.Body), &c) != nil || c.ID == 0 || out.Body != `{"id":`+strconv.FormatUint(c.ID, 10)+"}\n" {
			t.Errorf("%s: got %q, want an id", what, out.Body)
		}
		return
	}
	var e errorBody
	if !slices.Contains([]int{400, 401, 403, 404, 405, 409, 429}, out.StatusCode) || json.Unmarshal([]byte(out.Body), &e) != nil || !e.Error || e.Message == "" || e.Type != http.StatusText(out.StatusCode) {
		t.Errorf("%s: got %d %q, want a documented error", what, out.StatusCode, out.Body)
	}
}

// FuzzHandler sends anything as anyone: a documented reply comes out, and nothing that was refused changed the vault.
func FuzzHandler(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for i := 0; i < len(archive.Files); i += 2 {
			head, body, _ := strings.Cut(string(archive.Files[i].Data), "\n\n")
			line, _, _ := strings.Cut(head, "\n")
			method, path, _ := strings.Cut(line, " ")
			f.Add(method, path, body, "X-Unlock-Reason", "because", uint8(0))
		}
	}
	for i, path := range []string{"", "/", "//", "/index.php/", "/index.php//api//v6//", "/index.php/api/v6/passwords/%2F.json", "/index.php/api/v6/../../x", "/api/", "/index.php/api/v6/passwords/search/%00.json", "/index.php/api/v6/passwords/search/\xff.json", "\x00"} {
		f.Add("GET", path, "\xff\x00", "X-Page-Size", "-9", uint8(i))
	}
	f.Add("POST", "/index.php/api/v6/passwords.json", `{"name":{"name":[]},"project_id":1e99}`, "Authorization", "Basic =", uint8(9))
	f.Add("GET", "/index.php/api/v6/version.json", "", "X-Request-Timestamp", "9223372036854775808", uint8(1))
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, method, path, body, name, value string, as uint8) {
		h := http.Header{}
		who := []string{"admin", "nora", "rita", "dora"}[as%4]
		if as&4 == 0 {
			w.basic(h, who)
		} else {
			_, uri, _ := strings.Cut(path, "/index.php/")
			w.sign(h, who, uri, body)
		}
		h[name] = []string{value}
		before := w.heads()
		out := w.send(t, request{method: method, path: path, header: h, body: body})
		checkReply(t, method+" "+path, out)
		if out.StatusCode >= 400 && w.heads() != before {
			t.Errorf("%s %s: refused with %d, and the vault has changed", method, path, out.StatusCode)
		}
	})
}

// TestBadInput sends what is known to break servers. Each gets an error of the API's own, and the vault stays as it is.
func TestBadInput(t *testing.T) {
	w := newWorld(t)
	const api = "/index.php/api/v6/"
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "passwords.json", `{"name":"x","project_id":3,"notes":"` + strings.Repeat("x", 10<<20) + `"}`, 400},
		{"POST", "passwords.json", `{"name":"x","project_id":3,"notes":"` + strings.Repeat("x", 1<<20) + `"}`, 400},
		{"POST", "passwords.json", `{"name":"x","project_id":3,"notes":"` + strings.Repeat("\\u0000", 10) + `"}`, 400},
		{"POST", "passwords.json", "{\"name\":\"\xff\",\"project_id\":3}", 400},
		{"POST", "passwords.json", "{\"name\":\"x\",\"project_id\":3,\"password\":\"\xc3\"}", 400},
		{"POST", "passwords.json", "\x00", 400},
		{"POST", "passwords.json", strings.Repeat("[", 20000), 400},
		{"POST", "passwords.json", strings.Repeat(`{"name":`, 20000), 400},
		{"POST", "passwords.json", `{"name":"x","project_id":18446744073709551616}`, 400},
		{"POST", "passwords.json", `{"name":"x","project_id":3.5}`, 400},
		{"POST", "passwords.json", `{"Name":"x","project_id":3}`, 400},
		{"POST", "projects.json", `{"name":"x","parent_id":-1}`, 400},
		{"POST", "projects.json", `{"name":"x","parent_id":null}`, 400},
		{"PUT", "passwords/1.json", `{"notes":"x"`, 400},
		{"PUT", "passwords/1.json", `{"tags":"a\u0000b"}`, 400},
		{"PUT", "passwords/1.json", `{"custom_data4":"a\u0000b"}`, 400},
		{"PUT", "passwords/1.json", `{"notes":"changed","custom_data2":"bad!"}`, 400}, // nothing of it is done
		{"PUT", "passwords/999999999999.json", `{"notes":"x"}`, 404},
		{"GET", "passwords/1%2F2.json", "", 404},
		{"GET", "passwords/../../../etc/passwd", "", 404},
		{"GET", "passwords/..%2f1.json", "", 404},
		{"GET", "passwords//1.json", "", 404},
		{"GET", "\x00", "", 400},
		{"GET", "passwords/search/\x01.json", "", 400},
		{"DELETE", "passwords/search/x.json", "", 405},
		{"DELETE", "passwords/99.json", "", 404},
		{"WEIRD", "passwords.json", "", 405},
	} {
		before := w.heads()
		out := w.ask(t, "admin", c.method, api+c.path, c.body)
		what := c.method + " " + c.path + " " + c.body[:min(len(c.body), 60)]
		checkReply(t, what, out)
		if out.StatusCode != c.want {
			t.Errorf("%s: got %d %s, want %d", what, out.StatusCode, out.Body, c.want)
		}
		if w.heads() != before {
			t.Errorf("%s: the vault has changed", what)
		}
	}
}

// TestGuessingIsThrottled answers too many wrong passwords with 429, at once, and the right one too.
func TestGuessingIsThrottled(t *testing.T) {
	w := newWorld(t)
	wrong := http.Header{"Authorization": {"Basic bm9yYTp3cm9uZw=="}} // nora:wrong
	for i := range 11 {
		want := 401
		if i >= 10 {
			want = 429
		}
		out := w.send(t, request{method: "GET", path: "/index.php/api/v6/version.json", header: wrong})
		checkReply(t, "guess", out)
		if out.StatusCode != want {
			t.Fatalf("guess %d: got %d, want %d", i+1, out.StatusCode, want)
		}
	}
}

// TestNothingIsLogged replays every transcript and looks for what must not be written anywhere: credentials, secrets, searches, names.
func TestNothingIsLogged(t *testing.T) {
	var written bytes.Buffer
	defer func(l *slog.Logger, out io.Writer) {
		slog.SetDefault(l)
		log.SetOutput(out)
	}(slog.Default(), log.Writer())
	log.SetOutput(&written)
	slog.SetDefault(slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelDebug})))
	w := newWorld(t)
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		archive := txtar.Parse(text)
		for i := 0; i < len(archive.Files); i += 2 {
			w.send(t, w.parse(t, string(archive.Files[i].Data)))
		}
	}
	all := written.String() + w.log.String()
	if strings.Count(all, "msg=request") < 100 {
		t.Fatalf("only %d requests are in the log", strings.Count(all, "msg=request"))
	}
	for _, canary := range []string{"canary-", "ad$ddgaG8%", "Qzw-zr", "GEZDGNBV", w.Founding.Password, w.Founding.TPM.Public, w.Founding.TPM.Private, "password of", "wordpress", "deploy", "Basic ", "facebook", "passwords/"} {
		if strings.Contains(all, canary) {
			t.Errorf("%q is in the log", canary)
		}
	}
}
