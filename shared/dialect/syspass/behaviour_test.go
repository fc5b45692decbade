package syspass

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/gateway"
	"tresor/shared/journal"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

func fold(s string) string { return vault.Fold(s) }

func TestEveryKindHasAShape(t *testing.T) {
	quiet(t)
	c := &call{method: methods[0], id: 9}
	for _, k := range vault.Kinds() {
		if kinds[k] == nil {
			t.Errorf("kind %v has no row", k)
			continue
		}
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "/api.php", nil)
		f := c.failed(r, fmt.Errorf("get entry 5: %w", &vault.Error{Kind: k, Msg: "msg"}))
		if f.Message == "" && k != vault.Exists {
			t.Errorf("kind %v has no message", k)
		}
		if f.global != (f.status == http.StatusNotFound) {
			t.Errorf("kind %v: only what concerns the installation is 404 (syspass 1.7)", k)
		}
		if f.status >= 500 {
			t.Errorf("kind %v is answered %d", k, f.status)
		}
	}
	for _, m := range methods {
		if strings.HasPrefix(m.name, "config/") { // they look nothing up
			continue
		}
		if m.missing == "" || m.taken == "" && !strings.HasPrefix(m.name, "account/") && (strings.HasSuffix(m.name, "/create") || strings.HasSuffix(m.name, "/edit")) {
			t.Errorf("%s lacks a text", m.name)
		}
	}
}

func TestUnknownFailuresAreLoggedOnce(t *testing.T) {
	w, out := newWorld(t), quiet(t)
	faulty := &failing{Store: w.Store}
	other := w.Another(t, faulty)
	w.gate = gateway.New(NewHandler(other.Vault, other.Auth, nil), gateway.Options{})
	out.Reset()
	faulty.err = errors.New("the disk is gone")
	a := w.call(t, w.admin, "account/search", "")
	w.refused(t, a, http.StatusOK, 0, "Internal error")
	if a.Error == nil || a.Error.Data != "7c2af7db-31f3" {
		t.Errorf("got %+v, want the request id as data", a.Error)
	}
	if strings.Count(out.String(), "call failed") != 1 || !strings.Contains(out.String(), "the disk is gone") || !strings.Contains(out.String(), "7c2af7db-31f3") {
		t.Errorf("logged %s", out)
	}
}

// failing is a store that cannot be read.
type failing struct {
	vault.Store
	err error
}

func (f *failing) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	if f.err != nil {
		return nil, false, f.err
	}
	return f.Store.Tail(ctx, t, after)
}

func TestNotInstalled(t *testing.T) {
	_, sealer, err := seal.Create(t.Context(), keyfile.Generate(), seal.NewVaultID())
	if err != nil {
		t.Fatal(err)
	}
	store := vaulttest.NewMemory()
	v := vault.New(journal.Open(store, sealer), vault.Options{})
	w := &world{gate: gateway.New(NewHandler(v, auth.New(v, sealer, store, auth.Options{}), nil), gateway.Options{})}
	a := w.call(t, auth.SysPassToken{AuthToken: "x"}, "account/search", "")
	w.refused(t, a, http.StatusNotFound, 0, "Not installed")
	if a.ID != 0 {
		t.Errorf("id is %d, want 0", a.ID)
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	w := newWorld(t)
	wrong := auth.SysPassToken{AuthToken: w.admin.AuthToken, TokenPass: "wrong"}
	for i := range 30 { // unknown tokens are not tracked
		w.refused(t, w.call(t, auth.SysPassToken{AuthToken: fmt.Sprint("nobody", i)}, "account/search", ""), http.StatusOK, -32603, "Internal error")
	}
	for range 10 {
		w.refused(t, w.call(t, wrong, "account/viewPass", `$PASS,"id":1`), http.StatusOK, -32603, "Unauthorized access")
	}
	locked := func(a answer) {
		t.Helper()
		w.refused(t, a, http.StatusOK, -32603, "Attempts exceeded")
	}
	locked(w.call(t, w.admin, "account/viewPass", `$PASS,"id":1`))
	locked(w.call(t, w.dana.SysPass, "category/search", ""))
	out := w.send(t, http.MethodPost, "/api.php", []byte(`{"jsonrpc":"2.0","method":"category/search","params":{"authToken":"`+w.admin.AuthToken+`"},"id":1}`), "198.51.100.7")
	if !strings.Contains(out.Body, `"count":1`) {
		t.Errorf("another address: got %s", out.Body)
	}
	w.Clock.Add(599 * time.Second)
	locked(w.call(t, w.admin, "category/search", ""))
	w.Clock.Add(2 * time.Second) // of the twelve only the three calls made while locked are recent
	w.must(t, w.admin, "category/search", "")

	w.Clock.Add(601 * time.Second)

	// Another process, which saw none of the failures, refuses the address as well, and tells it nothing about the token.
	for range 10 {
		w.call(t, wrong, "account/viewPass", `$PASS,"id":1`)
	}
	other := w.Another(t, w.Store)
	other.Clock.Add(1202 * time.Second)
	w.gate = gateway.New(NewHandler(other.Vault, other.Auth, nil), gateway.Options{})
	locked(w.call(t, w.admin, "category/search", ""))
	locked(w.call(t, w.admin, "category/create", `"name":"x"`))
	locked(w.call(t, auth.SysPassToken{AuthToken: "nobody"}, "category/search", ""))
	other.Clock.Add(601 * time.Second)
	w.must(t, w.admin, "category/search", "")
}

// TestCallsWhileLockedExtendTheLock hammers a process that learnt of the lockout from another.
func TestCallsWhileLockedExtendTheLock(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		w.call(t, auth.SysPassToken{AuthToken: w.admin.AuthToken}, "account/viewPass", `"tokenPass":"wrong","id":1`)
	}
	other := w.Another(t, w.Store)
	w.gate = gateway.New(NewHandler(other.Vault, other.Auth, nil), gateway.Options{})
	for range 40 {
		w.refused(t, w.call(t, w.admin, "category/search", ""), http.StatusOK, -32603, "Attempts exceeded")
		other.Clock.Add(50 * time.Second)
	}
	other.Clock.Add(551 * time.Second)
	w.must(t, w.admin, "category/search", "")
}

func TestDisabledUser(t *testing.T) {
	w := newWorld(t)
	w.Do(t, func(tx *vault.Tx) error {
		return tx.EditUser(w.dana.AdminID, func(u *vault.User) { u.Disabled = true })
	})
	for range 10 {
		w.refused(t, w.call(t, w.dana.SysPass, "category/search", ""), http.StatusOK, -32603, "Unauthorized access")
	}
	w.refused(t, w.call(t, w.dana.SysPass, "category/search", ""), http.StatusOK, -32603, "Attempts exceeded")
}

// token makes a token, for dana unless change says otherwise.
func (w *world) token(t *testing.T, change func(*vault.Credential)) (auth.SysPassToken, vault.CredentialID) {
	t.Helper()
	token := auth.SysPassToken{AuthToken: auth.NewHexToken(), TokenPass: auth.NewHexToken()}
	c := vault.Credential{User: w.dana.AdminID, Dialect: vault.SysPass, TokenHash: auth.HashToken(token.AuthToken), PassHash: auth.HashToken(token.TokenPass)}
	change(&c)
	var id vault.CredentialID
	w.Do(t, func(tx *vault.Tx) (err error) {
		id, err = tx.CreateCredential(c, func(vault.CredentialID) ([]byte, error) { return nil, nil })
		return err
	})
	return token, id
}

func TestNarrowedTokens(t *testing.T) {
	w := newWorld(t)
	denied := func(a answer) {
		t.Helper()
		w.refused(t, a, http.StatusOK, -32603, "Internal error")
	}
	search, id := w.token(t, func(c *vault.Credential) { c.Actions = []string{"account/search"} })
	w.must(t, search, "account/search", "")
	denied(w.call(t, search, "account/view", ""))           // before its parameters are looked at
	denied(w.call(t, search, "account/viewPass", `"id":1`)) // and before its tokenPass
	readOnly, _ := w.token(t, func(c *vault.Credential) { c.ReadOnly = true })
	denied(w.call(t, readOnly, "category/create", `"name":"x"`))
	w.must(t, readOnly, "category/search", "")
	expired, _ := w.token(t, func(c *vault.Credential) { c.Expires = vault.StampOf(w.Clock.Now()) })
	denied(w.call(t, expired, "category/search", ""))
	elsewhere, _ := w.token(t, func(c *vault.Credential) { c.Sources = []string{"198.51.100.0/24"} })
	denied(w.call(t, elsewhere, "category/search", ""))
	other, _ := w.token(t, func(c *vault.Credential) { c.Dialect = vault.TeamPass })
	denied(w.call(t, other, "category/search", ""))
	w.Do(t, func(tx *vault.Tx) error { return tx.RevokeCredential(id) })
	denied(w.call(t, search, "account/search", ""))
}

func TestWhoSeesWhat(t *testing.T) {
	w := newWorld(t)
	const base = `"clientId":1,"categoryId":1,"pass":"p",`
	open := w.create(t, w.dana.SysPass, base+`"name":"open"`)
	private := w.create(t, w.dana.SysPass, base+`"name":"private","private":1`)
	hidden := w.create(t, w.admin, `"clientId":2,"categoryId":1,"pass":"p","name":"hidden"`)
	var personal int64
	w.Do(t, func(tx *vault.Tx) error { // no account of sysPass
		id, err := tx.CreateEntry(vault.Entry{Name: "in a subfolder", Project: below}, vault.Payload{})
		_ = id
		return err
	})
	req := vault.Request{Auth: auth.Token(w.dana.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "x", Writes: true}}
	if _, err := vault.Update(t.Context(), w.Vault, req, func(tx *vault.Tx) (int, error) {
		id, err := tx.CreateEntry(vault.Entry{Name: "personal", Owner: w.dana.AdminID}, vault.Payload{Password: vault.NewSecret("p")})
		personal = int64(id)
		return 0, err
	}); err != nil {
		t.Fatal(err)
	}
	for who, c := range map[string]struct {
		token auth.SysPassToken
		want  []int64
	}{"dana": {w.dana.SysPass, []int64{4, open, private}}, "rob": {w.rob.SysPass, []int64{4, open}}, "admin": {w.admin, []int64{hidden, 4, open}}} {
		if got := w.ids(t, c.token, ""); !slices.Equal(got, c.want) {
			t.Errorf("%s sees %v, want %v", who, got, c.want)
		}
		for _, id := range []int64{open, private, hidden, 4, personal} {
			params := fmt.Sprintf(`$PASS,"id":%d`, id)
			view, pass := w.call(t, c.token, "account/view", params), w.call(t, c.token, "account/viewPass", params)
			if visible := slices.Contains(c.want, id); visible != (view.Result != nil) || visible != (pass.Result != nil) {
				t.Errorf("%s, account %d: view %+v, viewPass %+v; want visible %v", who, id, view.Error, pass.Error, visible)
			}
		}
	}
	if got := rowIDs(t, w.must(t, w.rob.SysPass, "client/search", "")); !slices.Equal(got, []int64{1}) {
		t.Errorf("rob sees the clients %v", got)
	}
	if got := rowIDs(t, w.must(t, w.admin, "client/search", "")); !slices.Equal(got, []int64{2, 1}) {
		t.Errorf("the admin sees the clients %v", got)
	}
}

func TestLockedAccount(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.dana.SysPass, `"clientId":1,"categoryId":1,"pass":"p","name":"x"`)
	w.Do(t, func(tx *vault.Tx) error { return tx.SetLock(vault.EntryID(id), vault.LockReason) })
	for range 12 { // and it is no failed attempt
		w.refused(t, w.call(t, w.dana.SysPass, "account/viewPass", fmt.Sprintf(`$PASS,"id":%d`, id)), http.StatusOK, -32603, "Unauthorized access")
	}
	w.must(t, w.dana.SysPass, "account/view", fmt.Sprintf(`"id":%d`, id))
}

func TestShapeOfSharedAndEdited(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.dana.SysPass, `"clientId":1,"categoryId":1,"pass":"p","name":"x"`)
	w.Clock.Add(time.Hour)
	w.Do(t, func(tx *vault.Tx) error {
		return tx.EditEntry(vault.EntryID(id), func(e *vault.Entry) error {
			e.Users = []vault.UserGrant{{User: w.rob.AdminID, Level: vault.LevelEdit}}
			e.Groups = []vault.GroupGrant{{Group: 1, Level: vault.LevelRead}}
			e.Project = below // the client stays: it is the root
			return nil
		})
	})
	var got struct {
		OtherUserEdit, OtherUserGroupEdit, DateAdd, DateEdit, ClientName, UserEditLogin string
		UserEditID, ClientID                                                            int
	}
	if err := json.Unmarshal(w.must(t, w.dana.SysPass, "account/view", fmt.Sprintf(`"id":%d`, id)).Result.Result, &got); err != nil {
		t.Fatal(err)
	}
	want := got
	want.OtherUserEdit, want.OtherUserGroupEdit, want.DateAdd, want.DateEdit = "1", "0", "2026-11-26 12:00:00", "2026-11-26 13:00:00"
	want.UserEditID, want.ClientID, want.ClientName, want.UserEditLogin = 0, 1, "Initech", "" // an operator is nobody
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPasswordWithoutJSONForm(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api.php", nil)
	replyError(w, r, &call{id: 3}, encodable("\xff\xfe"))
	want := `{"jsonrpc":"2.0","error":{"message":"Encoding error","code":0,"data":"Malformed UTF-8 characters, possibly incorrectly encoded"},"id":3}`
	if w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if err := encodable("é"); err != nil {
		t.Error(err)
	}
}

// TestReadsTakeOneRoundTrip counts the store's calls: two journal queries, at most one read of secrets, and no look at the attempts.
func TestReadsTakeOneRoundTrip(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"p","name":"x"`)
	store := &counting{Store: w.Store}
	other := w.Another(t, store)
	w.gate = gateway.New(NewHandler(other.Vault, other.Auth, nil), gateway.Options{})
	w.must(t, w.admin, "account/search", "") // warm
	for method, want := range map[string]counting{
		"account/search": {tails: 2}, "account/view": {tails: 2}, "account/viewPass": {tails: 2, secrets: 1, access: 1}, "category/search": {tails: 2}, "client/search": {tails: 2},
	} {
		*store = counting{Store: w.Store}
		w.must(t, w.admin, method, fmt.Sprintf(`$PASS,"id":%d`, id))
		want.Store = w.Store
		if *store != want {
			t.Errorf("%s: %d tails, %d secrets, %d access records, %d attempts", method, store.tails, store.secrets, store.access, store.attempts)
		}
	}
}

func TestWhoMayAssign(t *testing.T) {
	w := newWorld(t)
	const params = `"clientId":1,"categoryId":1,"pass":"p","name":"x","userId":2,"userGroupId":1`
	owner := func(token auth.SysPassToken) (o struct{ UserID, UserGroupID int }) {
		if err := json.Unmarshal(w.must(t, token, "account/create", `$PASS,`+params).Result.Result, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	admin := func(c *vault.Credential) { c.User = w.Founding.AdminID }
	named, _ := w.token(t, func(c *vault.Credential) { admin(c); c.Actions = []string{"account/create"} })
	narrowed, _ := w.token(t, func(c *vault.Credential) { admin(c); c.Projects = []vault.ProjectID{initech} })
	for name, c := range map[string]struct {
		token       auth.SysPassToken
		user, group int
	}{"admin": {w.admin, 2, 1}, "named": {named, 2, 1}, "narrowed to projects": {narrowed, 1, 0}} {
		if got := owner(c.token); got.UserID != c.user || got.UserGroupID != c.group {
			t.Errorf("%s: got %+v, want user %d, group %d", name, got, c.user, c.group)
		}
	}
}

// TestDecryptsAreCountedOnce folds the hour of a reveal into the journal, as is done after each hour.
func TestDecryptsAreCountedOnce(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"p","name":"x"`)
	params := fmt.Sprintf(`$PASS,"id":%d`, id)
	count := func() int {
		var got struct{ CountDecrypt int }
		if err := json.Unmarshal(w.must(t, w.admin, "account/view", params).Result.Result, &got); err != nil {
			t.Fatal(err)
		}
		return got.CountDecrypt
	}
	for range 3 {
		w.must(t, w.admin, "account/viewPass", params)
	}
	if got := count(); got != 3 {
		t.Errorf("got %d, want 3", got)
	}
	hour := vault.HourOf(w.Clock.Now())
	w.Clock.Add(time.Hour)
	w.must(t, w.admin, "account/viewPass", params)
	w.Do(t, func(tx *vault.Tx) error {
		return tx.CloseHour(vault.AccessHour{Hour: hour, Reveals: []vault.RevealCounter{{Entry: vault.EntryID(id), Count: 3}}})
	})
	if got := count(); got != 4 {
		t.Errorf("after the fold: got %d, want 4", got)
	}
	w.must(t, w.admin, "account/viewPass", params)
	if got := count(); got != 5 {
		t.Errorf("got %d, want 5", got)
	}
}
