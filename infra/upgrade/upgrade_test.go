package upgrade_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tresor/shared/vault"
)

// next is the next format: a category gets an icon. It says what is replaced in which file.
var next = map[string][][2]string{
	"shared/vault/format.go": {
		{fmt.Sprintf("const Format = %d\n", vault.Format), fmt.Sprintf("const Format = %d\n", vault.Format+1)},
		{"\tcase c.Entry != nil, c.Project", fmt.Sprintf("\tcase c.Category != nil && c.Category.Icon != \"\":\n\t\treturn %d\n\tcase c.Entry != nil, c.Project", vault.Format+1)},
	},
	"shared/vault/entities.go": {{"type Category struct {\n", "type Category struct {\n\tIcon string `cbor:\"77,keyasint,omitempty\"`\n"}},
	"shared/vault/txadmin.go":  {{"\tc.ID = t.o.lastNow.Category + 1\n", fmt.Sprintf("\tif t.Format() >= %d {\n\t\tc.Icon = \"book\"\n\t}\n\tc.ID = t.o.lastNow.Category + 1\n", vault.Format+1)}},
}

// hasty is the next one by somebody who forgot to ask how far the vault is.
var hasty = map[string][][2]string{
	"shared/vault/format.go":   next["shared/vault/format.go"],
	"shared/vault/entities.go": next["shared/vault/entities.go"],
	"shared/vault/txadmin.go":  {{"\tc.ID = t.o.lastNow.Category + 1\n", "\tc.Icon = \"book\"\n\tc.ID = t.o.lastNow.Category + 1\n"}},
}

const root = "../.."

// program is a tresor that was built.
type program string

// build makes the command, with what is replaced.
func build(t *testing.T, name string, replaced map[string][][2]string) program {
	t.Helper()
	dir := t.TempDir()
	overlay := map[string]string{}
	for file, edits := range replaced {
		path, err := filepath.Abs(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range edits {
			if bytes.Count(text, []byte(e[0])) != 1 {
				t.Fatalf("%s holds %q %d times, want once", file, e[0], bytes.Count(text, []byte(e[0])))
			}
			text = bytes.Replace(text, []byte(e[0]), []byte(e[1]), 1)
		}
		overlay[path] = filepath.Join(dir, strings.ReplaceAll(file, "/", "-"))
		if err := os.WriteFile(overlay[path], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, name)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-overlay", filepath.Join(dir, "overlay.json"), "-o", out, "./infra/tresor")
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, text)
	}
	return program(out)
}

// run runs a command to its end, and returns what it printed and whether it succeeded.
func (p program) run(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), string(p), args...).CombinedOutput()
	return string(out), err == nil
}

func (p program) must(t *testing.T, args ...string) string {
	t.Helper()
	out, ok := p.run(t, args...)
	if !ok {
		t.Fatalf("%s %v: %s", filepath.Base(string(p)), args, out)
	}
	return out
}

// server is a program that serves a vault.
type server struct {
	url  string
	stop func()
}

func (p program) serve(t *testing.T, data string) server {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), string(p), "serve", "--data", data, "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			_ = cmd.Process.Signal(os.Interrupt)
			_ = cmd.Wait()
		}
	}
	t.Cleanup(stop)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var ready struct{ Event, URL string }
		if json.Unmarshal(lines.Bytes(), &ready) == nil && ready.Event == "ready" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return server{ready.URL, stop}
		}
	}
	t.Fatalf("%s does not serve", filepath.Base(string(p)))
	return server{}
}

// founded are the credentials of a new vault.
type founded struct {
	Admin    struct{ Username, Password string }
	SysPass  struct{ AuthToken, TokenPass string }
	TeamPass struct{ APIKey string }
}

// call makes one call of the sysPass API.
func (s server) call(t *testing.T, f founded, method string, params map[string]any) (result map[string]any, failure string) {
	t.Helper()
	params["authToken"], params["tokenPass"] = f.SysPass.AuthToken, f.SysPass.TokenPass
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": method, "params": params, "id": 1})
	if err != nil {
		t.Fatal(err)
	}
	_, text := s.send(t, http.MethodPost, "/api.php", string(body), founded{})
	var answer struct {
		Result map[string]any
		Error  struct{ Message string }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%s: %v in %s", method, err, text)
	}
	return answer.Result, answer.Error.Message
}

func (s server) send(t *testing.T, method, path, body string, basic founded) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if basic.Admin.Username != "" {
		r.SetBasicAuth(basic.Admin.Username, basic.Admin.Password)
	}
	client := http.Client{Timeout: 30 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// create makes an account and a category, and returns the account's id.
func (s server) create(t *testing.T, f founded, name string) string {
	t.Helper()
	result, failure := s.call(t, f, "account/create", map[string]any{"name": name, "login": "root", "pass": "secret of " + name, "categoryId": 1, "clientId": 1})
	if failure != "" {
		t.Fatalf("create %s: %s", name, failure)
	}
	if _, failure = s.call(t, f, "category/create", map[string]any{"name": "category of " + name}); failure != "" {
		t.Fatalf("create the category of %s: %s", name, failure)
	}
	return fmt.Sprint(result["itemId"])
}

// has checks that a server reads what was written, secret included.
func (s server) has(t *testing.T, f founded, names map[string]string) {
	t.Helper()
	for id, name := range names {
		n, _ := strconv.Atoi(id)
		result, failure := s.call(t, f, "account/viewPass", map[string]any{"id": n})
		inner, _ := result["result"].(map[string]any)
		if got := inner["password"]; got != "secret of "+name {
			t.Errorf("entry %s: got %v, %s", id, got, failure)
		}
	}
}

// verified returns how many records there are.
func (p program) verified(t *testing.T, data string) string {
	t.Helper()
	var v struct{ Entries, Permissions int }
	if err := json.Unmarshal([]byte(p.must(t, "audit", "verify", "--data", data, "--json")), &v); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(v)
}

func TestLaw11(t *testing.T) {
	this := build(t, "this", nil)
	t.Run("two programs on one vault", func(t *testing.T) { upgraded(t, this, build(t, "next", next)) })
	t.Run("a hasty program writes nothing new", func(t *testing.T) { hurried(t, this, build(t, "hasty", hasty)) })
}

// upgraded is an upgrade as a deployment makes it: both serve, it is rolled back once, then the format is raised under the older one's feet.
func upgraded(t *testing.T, before, after program) {
	data := filepath.Join(t.TempDir(), "vault")
	var f founded
	if err := json.Unmarshal([]byte(before.must(t, "init", "--data", data, "--json")), &f); err != nil {
		t.Fatal(err)
	}
	older := before.serve(t, data)
	if _, failure := older.call(t, f, "client/create", map[string]any{"name": "Servers"}); failure != "" {
		t.Fatal(failure)
	}
	names := map[string]string{}
	both := func(newer server, round int) {
		for i := range 3 { // turn and turn about, and each reads what the other wrote
			for which, s := range map[string]server{"older": older, "newer": newer} {
				name := fmt.Sprintf("%s %d %d", which, round, i)
				names[s.create(t, f, name)] = name
			}
		}
		older.has(t, f, names)
		newer.has(t, f, names)
	}
	newer := after.serve(t, data)
	both(newer, 1)
	after.must(t, "snapshot", "--data", data) // which the older one must be able to begin with

	newer.stop() // rolled back
	older.stop()
	older = before.serve(t, data)
	older.has(t, f, names)
	names[older.create(t, f, "after going back")] = "after going back"
	before.verified(t, data)

	newer = after.serve(t, data) // and upgraded again
	both(newer, 2)
	raise := fmt.Sprintf("format=%d", vault.Format+1)
	if out, ok := before.run(t, "settings", "--data", data, raise); ok {
		t.Errorf("the older program raised to a format that it does not know: %s", out)
	}
	after.must(t, "settings", "--data", data, raise)
	refused(t, older, f)
	at := after.verified(t, data)
	for _, args := range [][]string{{"snapshot"}, {"user", "list"}, {"user", "add", "--username", "x"}, {"audit", "verify"}, {"settings", raise}} {
		if out, ok := before.run(t, append(args, "--data", data)...); ok {
			t.Errorf("the older program's %v did: %s", args, out)
		}
	}
	if now := after.verified(t, data); now != at {
		t.Errorf("the older program wrote: %s records, before %s", now, at)
	}
	newer.has(t, f, names)
	names[newer.create(t, f, "of the next format")] = "of the next format" // with an icon
	newer.has(t, f, names)
	if out, ok := after.run(t, "settings", "--data", data, fmt.Sprintf("format=%d", vault.Format)); ok {
		t.Errorf("the format was lowered: %s", out)
	}
	refused(t, older, f)
	after.verified(t, data)
}

// refused checks that a server answers neither reads nor writes, in each dialect's words for it.
func refused(t *testing.T, s server, f founded) {
	t.Helper()
	for method, params := range map[string]map[string]any{"account/viewPass": {"id": 1}, "account/search": {}, "category/create": {"name": "too late"}} {
		if result, failure := s.call(t, f, method, params); failure != "Updating needed" {
			t.Errorf("%s: got %v %q, want that an update is needed", method, result, failure)
		}
	}
	for _, path := range []string{"/index.php/api/v6/passwords.json", "/index.php/api/v6/passwords/1.json"} {
		if status, text := s.send(t, http.MethodGet, path, "", f); status != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d %s, want 503", path, status, text)
		}
	}
	if status, text := s.send(t, http.MethodGet, "/api/index.php/read/items/1?apikey="+f.TeamPass.APIKey, "", founded{}); status != http.StatusInternalServerError || strings.Contains(text, "secret of") {
		t.Errorf("TeamPass: got %d %s, want a failure", status, text)
	}
}

// hurried has a program that does not ask how far the vault is fail where it would shut the others out.
func hurried(t *testing.T, this, p program) {
	data := filepath.Join(t.TempDir(), "vault")
	var f founded
	if err := json.Unmarshal([]byte(this.must(t, "init", "--data", data, "--json")), &f); err != nil {
		t.Fatal(err)
	}
	s := p.serve(t, data)
	at := p.verified(t, data)
	if result, failure := s.call(t, f, "category/create", map[string]any{"name": "hasty"}); failure != "Internal error" {
		t.Errorf("got %v %q", result, failure)
	}
	if now := p.verified(t, data); now != at {
		t.Errorf("it wrote: %s records, before %s", now, at)
	}
	p.must(t, "settings", "--data", data, fmt.Sprintf("format=%d", vault.Format+1))
	if _, failure := s.call(t, f, "category/create", map[string]any{"name": "hasty"}); failure != "" {
		t.Errorf("after the raise: %s", failure)
	}
}
