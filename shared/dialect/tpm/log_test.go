package tpm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/gateway"
	"tresor/shared/trail"
	"tresor/shared/vault"
)

// counted is a source that counts what is asked of it, and fails with err if there is one.
type counted struct {
	trail.Source
	n   atomic.Int32
	err error
}

func (c *counted) History(ctx context.Context, t vault.Table, after vault.Head, fn func(*vault.Record) error) (vault.Head, error) {
	c.n.Add(1)
	if c.err != nil {
		return after, c.err
	}
	return c.Source.History(ctx, t, after, fn)
}

func (c *counted) Accesses(ctx context.Context, h vault.Hour, after string) ([]*vault.AccessRecord, error) {
	c.n.Add(1)
	return c.Source.Accesses(ctx, h, after)
}

// logWorld is a world whose log is read through a counted source.
func logWorld(t *testing.T) (*world, *counted) {
	t.Helper()
	w := newWorld(t)
	source := &counted{Source: w.Log}
	handler := NewHandler(Services{Vault: w.Vault, Auth: w.Auth, Log: trail.New(source)})
	w.gateway = gateway.New(handler, gateway.Options{Function: "test", Fail: Fail})
	w.users["iris"] = w.AddUser(t, "iris", vault.IT)
	return w, source
}

// searched returns what a search of the log finds.
func (w *world) searched(t *testing.T, user, search string) (items []logItem) {
	t.Helper()
	path := "/index.php/api/v6/log/search/" + url.PathEscape(search) + ".json"
	out := w.ask(t, user, "GET", path, "", "X-Page-Size", "1000")
	if out.StatusCode != http.StatusOK {
		t.Fatalf("search %q: %d %s", search, out.StatusCode, out.Body)
	}
	if err := json.Unmarshal([]byte(out.Body), &items); err != nil {
		t.Fatal(err)
	}
	return items
}

// TestWhoMayReadTheLog: Admin and IT (tpm 4.6); a narrowed key must name the action. Nobody else makes the log be read.
func TestWhoMayReadTheLog(t *testing.T) {
	w, source := logWorld(t)
	paths := []string{"log.json", "log/count.json", "log/page/2.json", "log/search/admin.json", "log/search/admin/count.json", "log/search/date:x.json"}
	for _, user := range []string{"pam", "nora", "rita"} {
		for _, path := range paths {
			if out := w.ask(t, user, "GET", "/index.php/api/v6/"+path, ""); out.StatusCode != http.StatusForbidden {
				t.Errorf("%s, %s: got %d", user, path, out.StatusCode)
			}
		}
	}
	if out := w.ask(t, "dora", "GET", "/index.php/api/v6/log.json", ""); out.StatusCode != http.StatusUnauthorized {
		t.Errorf("a disabled user: got %d", out.StatusCode)
	}
	key := func(name string, c vault.Credential) {
		w.users[name] = &auth.Founding{TPM: auth.KeyPair{Public: auth.NewHexToken(), Private: auth.NewHexToken()}}
		c.User, c.Dialect, c.TokenHash = 1, vault.TPM, auth.HashToken(w.users[name].TPM.Public)
		w.Do(t, func(tx *vault.Tx) error {
			_, err := tx.CreateCredential(c, auth.SealKey(w.Sealer, w.users[name].TPM.Private))
			return err
		})
	}
	key("whole", vault.Credential{})
	key("readonly", vault.Credential{ReadOnly: true})
	key("within", vault.Credential{Projects: []vault.ProjectID{3}})
	key("named", vault.Credential{Actions: []string{"log/list"}, ReadOnly: true})
	signed := func(user, path string) int {
		t.Helper()
		h := http.Header{}
		w.sign(h, user, "api/v6/"+path, "")
		return w.send(t, request{method: "GET", path: "/index.php/api/v6/" + path, header: h}).StatusCode
	}
	for _, user := range []string{"readonly", "within"} {
		if got := signed(user, "log.json"); got != http.StatusForbidden {
			t.Errorf("key %s: got %d", user, got)
		}
	}
	if got := signed("named", "log/search/x.json"); got != http.StatusForbidden {
		t.Errorf("a key for log/list alone searches: got %d", got)
	}
	if n := source.n.Load(); n != 0 {
		t.Errorf("callers who may not have made the log be read %d times", n)
	}
	for _, user := range []string{"whole", "named"} {
		if got := signed(user, "log.json"); got != http.StatusOK {
			t.Errorf("key %s: got %d", user, got)
		}
	}
	for _, user := range []string{"admin", "iris"} {
		for _, path := range paths[:5] {
			if out := w.ask(t, user, "GET", "/index.php/api/v6/"+path, ""); out.StatusCode != http.StatusOK {
				t.Errorf("%s, %s: got %d %s", user, path, out.StatusCode, out.Body)
			}
		}
	}
}

// TestNamesThatAreHidden stay hidden in the log, and no search finds them; who sees the thing sees its name. IT users see the names of what is shared
// although they may not read it.
func TestNamesThatAreHidden(t *testing.T) {
	w, _ := logWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		if _, err := tx.CreateGroup(vault.Group{Name: "Board"}); err != nil {
			return err
		}
		for _, e := range []vault.Entry{
			{Name: "adminsown", Owner: 1},
			{Name: "Shared one", Project: 4},
			{Name: "Private of admin", Project: 4, Private: true},
			{Name: "Of the board", Project: 4, PrivateGroup: true, MainGroup: 2},
		} {
			if _, err := tx.CreateEntry(e, vault.Payload{}); err != nil {
				return err
			}
		}
		return nil
	})
	names := func(user, search string) (list []string) {
		for _, item := range w.searched(t, user, search) {
			list = append(list, item.Password.Name)
		}
		return list
	}
	personal := w.searched(t, "admin", "password_id:7")
	if len(personal) != 1 || personal[0].Password != (logRelated{ID: 7}) || personal[0].Action.ID != "create_my_password" {
		t.Errorf("nora's diary: %+v", personal)
	}
	for _, c := range []struct {
		user, search string
		want         int
	}{
		{"admin", "diary", 0}, {"iris", "diary", 0}, {"admin", "adminsown", 0}, // made together with others: none is named
		{"iris", "wordpress", 0}, {"iris", "password_id:9", 1}, {"iris", "password_id:10", 1},
	} {
		if got := names(c.user, c.search); len(got) != c.want {
			t.Errorf("%s searches %q: %q", c.user, c.search, got)
		}
	}
	for id := uint64(8); id <= 11; id++ { // each alone
		w.as(t, "admin", func(tx *vault.Tx) error { return tx.SetPassword(vault.EntryID(id), vault.NewSecret("x")) })
		w.Clock.Add(time.Second)
	}
	for _, c := range []struct{ user, search, want string }{
		{"admin", "password_id:8 action_id:update_my_password", "adminsown"}, {"admin", "adminsown", "adminsown"}, {"iris", "password_id:8 action_id:update_my_password", ""},
		{"iris", "password_id:9 action_id:update_password", "Shared one"}, {"iris", `"shared ONE"`, "Shared one"},
		{"admin", "private", "Private of admin"}, {"iris", "password_id:10 action_id:update_password", ""},
		{"admin", "board action_id:update_password", "Of the board"}, {"iris", "password_id:11 action_id:update_password", ""},
	} {
		if got := names(c.user, c.search); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s searches %q: %q, want %q", c.user, c.search, got, c.want)
		}
	}
	for _, search := range []string{"adminsown", "private", `"of the"`} {
		if got := names("iris", search); len(got) != 0 {
			t.Errorf("iris searches %q: %q", search, got)
		}
	}
}

// TestSearches finds by each operator what it is for.
func TestSearches(t *testing.T) {
	w, _ := logWorld(t)
	w.Clock.Add(30 * time.Hour)
	w.ask(t, "nora", "GET", "/index.php/api/v6/passwords/1.json", "")
	w.ask(t, "admin", "DELETE", "/index.php/api/v6/passwords/6.json", "")
	w.Clock.Add(time.Second)
	all := len(w.searched(t, "admin", ""))
	for search, want := range map[string]int{
		"  ":                           all,
		"name: ip: action_id: origin:": 0, // name: is no operator here, and so is text
		"ip: action_id: origin:":       all,
		"password_id:6":                2, // made with others, and deleted
		"password_id:[6] action_id:[delete_password]": 1,
		"password_id:99":                           0,
		"project_id:3":                             2, // the entries made in it, and one shown
		"project_id:2":                             2,
		"user_id:3":                                2,
		"user_id:0 action_id:create_user":          6,
		"action_id:password_shown":                 1,
		`action_id:"tpm passwords/show"`:           1,
		"action_id:shown":                          0,
		"date:2026-11-27":                          2,
		"date:2026-11-27..2026":                    2,
		"date:2026-11-26":                          all - 2,
		"date:2026-11 date:2026-11-27..2026-11-27": 2,
		"date:1999":                                0,
		"origin:web":                               7,
		"origin:api origin:web":                    0,
		"origin:cli":                               0,
		"ip:192.0.2":                               2,
		"nora@example.com":                         0, // not shown, so not searched
		"NORA password_shown wordpress":            1,
		`"password shown"`:                         1,
		"user_name:nora":                           0,
		`"6 passwords"`:                            1,
		"ops":                                      1,
		"reason:":                                  0,
	} {
		if got := w.searched(t, "admin", search); len(got) != want {
			t.Errorf("%q: %d rows, want %d", search, len(got), want)
		}
	}
	for _, search := range []string{"password_id:", "password_id:0", "password_id:-1", "project_id:x", "user_id:nora", "date:", "date:2026-1", "date:2026-02-30", "date:2026..2025", "date:..2026", "date:2026.."} {
		out := w.ask(t, "admin", "GET", "/index.php/api/v6/log/search/"+url.PathEscape(search)+".json", "")
		if out.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: got %d %s", search, out.StatusCode, out.Body)
		}
	}
}

// TestTheLogSaysWhatToDo where there was no time to read it.
func TestTheLogSaysWhatToDo(t *testing.T) {
	w, source := logWorld(t)
	source.err = vault.Busy
	out := w.ask(t, "admin", "GET", "/index.php/api/v6/log.json", "")
	if out.StatusCode != http.StatusServiceUnavailable || !strings.Contains(out.Body, "The log is being read") {
		t.Errorf("got %d %s", out.StatusCode, out.Body)
	}
	source.err = nil
	if out := w.ask(t, "admin", "GET", "/index.php/api/v6/log.json", ""); out.StatusCode != http.StatusOK {
		t.Errorf("the next one: %d %s", out.StatusCode, out.Body)
	}
	source.err = vault.Corrupt
	w.as(t, "admin", func(tx *vault.Tx) error { return tx.SetSetting("a", "b") })
	if out := w.ask(t, "admin", "GET", "/index.php/api/v6/log.json", ""); out.StatusCode != http.StatusInternalServerError || strings.Contains(out.Body, "verify") {
		t.Errorf("damaged: %d %s", out.StatusCode, out.Body)
	}
}

// TestEveryEventHasAName of its own, and one that a search takes.
func TestEveryEventHasAName(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range trail.Events() {
		a := logActions[e]
		if a.ID == "" || a.Description == "" || seen[a.ID] || strings.ContainsAny(a.ID, " :\"[]") || a.ID != vault.Fold(a.ID) {
			t.Errorf("event %d: %+v", e, a)
		}
		seen[a.ID] = true
	}
}

// TestWithoutALog the paths do not exist; to ask for them all the same is a mistake of whoever wires.
func TestWithoutALog(t *testing.T) {
	w := newWorld(t)
	w.gateway = gateway.New(NewHandler(Services{Vault: w.Vault, Auth: w.Auth}), gateway.Options{Function: "test", Fail: Fail})
	if out := w.ask(t, "admin", "GET", "/index.php/api/v6/log.json", ""); out.StatusCode != http.StatusNotFound {
		t.Errorf("got %d", out.StatusCode)
	}
	defer func() {
		if recover() == nil {
			t.Error("a handler for a log that is not there")
		}
	}()
	NewHandler(Services{Vault: w.Vault, Auth: w.Auth}, Log)
}

func FuzzLogQuery(f *testing.F) {
	for _, s := range []string{"", "a b", `"a b" ip:1`, "date:2026-01..2026 x", "password_id:7", "action_id:[a b] origin:api", `"`, "date:..", "user_id:[0]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := parseLogQuery(s)
		if err != nil {
			if vault.KindOf(err) != vault.Invalid {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		for _, term := range q.terms {
			if term.text == "" || term.text != vault.Fold(term.text) || term.op == logDate {
				t.Errorf("%q: term %+v", s, term)
			}
		}
	})
}
