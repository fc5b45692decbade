package syspass

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"tresor/shared/auth"
	"tresor/shared/gateway"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// world is a vault with a few people, behind the gateway.
type world struct {
	*scenario.System
	gate  *gateway.Handler
	admin auth.SysPassToken
	dana  *auth.Founding // Normal user, main group Ops, may create in Initech
	rob   *auth.Founding // Read only, may read in Initech
	log   *bytes.Buffer
	shelf *shelf // the depot
}

const (
	initech = vault.ProjectID(1) // dana may create in it, rob read it
	hooli   = vault.ProjectID(2) // only Admins see it
	below   = vault.ProjectID(3) // under Initech
)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{System: scenario.New(t), log: &bytes.Buffer{}, shelf: &shelf{}}
	w.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateGroup(vault.Group{Name: "Ops"})
		return err
	})
	w.admin = w.Founding.SysPass
	w.dana = w.AddUser(t, "dana", vault.NormalUser, func(u *vault.User) { u.Name, u.MainGroup = "Dana Roe", 1 })
	w.rob = w.AddUser(t, "rob", vault.ReadOnly)
	w.Do(t, func(tx *vault.Tx) error {
		for _, p := range []vault.Project{{Name: "Initech", Manager: 1}, {Name: "Hooli", Manager: 1}, {Name: "Servers", Parent: initech, Manager: 1}} {
			if _, err := tx.CreateProject(p); err != nil {
				return err
			}
		}
		if _, err := tx.EnsureTags([]string{"linux", "web"}); err != nil {
			return err
		}
		return tx.SetGrants(vault.ProjectGrants{Project: initech, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{
			{User: w.dana.AdminID, Level: vault.ProjectCreate}, {User: w.rob.AdminID, Level: vault.ProjectRead}}})
	})
	w.gate = gateway.New(NewHandler(w.Vault, w.Auth, w.shelf), gateway.Options{Function: "syspass", Log: slog.New(slog.NewJSONHandler(w.log, nil)), Fail: Fail, MaxBody: 12 << 20})
	return w
}

// send passes a request through the gateway as an event of the REST API.
func (w *world) send(t testing.TB, method, path string, body []byte, source string) events.APIGatewayProxyResponse {
	t.Helper()
	ev := events.APIGatewayProxyRequest{
		Resource: "/api.php", Path: path, HTTPMethod: method, Body: string(body),
		Headers:           map[string]string{"Host": "vault.example.org"},
		MultiValueHeaders: map[string][]string{"Host": {"vault.example.org"}},
		RequestContext: events.APIGatewayProxyRequestContext{
			ResourcePath: "/api.php", HTTPMethod: method, DomainName: "vault.example.org", Stage: "prod", RequestID: "7c2af7db-31f3",
			Identity: events.APIGatewayRequestIdentity{SourceIP: source},
		},
	}
	out, err := w.gate.Proxy(t.Context(), ev)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const source = "203.0.113.9"

// post sends a body and returns status and answer.
func (w *world) post(t testing.TB, body string) (int, string) {
	t.Helper()
	out := w.send(t, http.MethodPost, "/api.php", []byte(body), source)
	return out.StatusCode, out.Body
}

// answer is a decoded answer.
type answer struct {
	Status int `json:"-"`
	Result *struct {
		ItemID  int64 `json:"itemId"`
		Result  json.RawMessage
		Message *string `json:"resultMessage"`
		Count   *int
	}
	Error *struct {
		Message string
		Code    int
		Data    any
	}
	ID int64
}

// call sends a method with parameters, which are JSON members without the braces.
func (w *world) call(t testing.TB, who auth.SysPassToken, method, params string) answer {
	t.Helper()
	if params != "" {
		params = "," + params
	}
	params = strings.ReplaceAll(params, "$PASS", `"tokenPass":"`+who.TokenPass+`"`)
	status, body := w.post(t, `{"jsonrpc":"2.0","method":"`+method+`","params":{"authToken":"`+who.AuthToken+`"`+params+`},"id":7}`)
	a := answer{Status: status}
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%s: answer %q: %v", method, body, err)
	}
	return a
}

// must is call for what has to succeed.
func (w *world) must(t testing.TB, who auth.SysPassToken, method, params string) answer {
	t.Helper()
	a := w.call(t, who, method, params)
	if a.Status != http.StatusOK || a.Result == nil {
		t.Fatalf("%s %s: status %d, error %+v", method, params, a.Status, a.Error)
	}
	return a
}

// refused checks an error's code, message and status.
func (w *world) refused(t testing.TB, a answer, status, code int, message string) {
	t.Helper()
	if a.Error == nil || a.Status != status || a.Error.Code != code || a.Error.Message != message {
		t.Errorf("got status %d, error %+v; want %d, %d %q", a.Status, a.Error, status, code, message)
	}
}

// create makes an account and returns its id.
func (w *world) create(t testing.TB, who auth.SysPassToken, params string) int64 {
	t.Helper()
	return w.must(t, who, "account/create", `$PASS,`+params).Result.ItemID
}

func (w *world) heads() (h vault.Heads) {
	w.Log.Read(func(s *vault.State) { h = s.Heads() })
	return h
}

// ids returns the ids of the rows that an account/search finds.
func (w *world) ids(t testing.TB, who auth.SysPassToken, params string) []int64 {
	t.Helper()
	return rowIDs(t, w.must(t, who, "account/search", params))
}

func rowIDs(t testing.TB, a answer) []int64 {
	t.Helper()
	var rows []struct{ ID int64 }
	if err := json.Unmarshal(a.Result.Result, &rows); err != nil {
		t.Fatal(err)
	}
	ids := []int64{}
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	if a.Result.Count == nil || *a.Result.Count != len(ids) {
		t.Errorf("count is %v of %d rows", a.Result.Count, len(ids))
	}
	return ids
}

// quiet keeps what the package logs out of the test's output and returns it.
func quiet(t testing.TB) *bytes.Buffer {
	old := slog.Default()
	out := &bytes.Buffer{}
	slog.SetDefault(slog.New(slog.NewJSONHandler(out, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })
	return out
}

// broken is a gateway to a handler that panics.
func broken(w *world) *gateway.Handler {
	return gateway.New(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") }), gateway.Options{Log: slog.New(slog.NewJSONHandler(w.log, nil)), Fail: Fail})
}

// as changes the vault as a user of another dialect does.
func (w *world) as(t testing.TB, apiKey string, do func(*vault.Tx) error) {
	t.Helper()
	req := vault.Request{Auth: auth.Token(apiKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "x", Writes: true}}
	if _, err := vault.Update(t.Context(), w.Vault, req, func(tx *vault.Tx) (int, error) { return 0, do(tx) }); err != nil {
		t.Fatal(err)
	}
}

// reveal is a request for a secret by a user of another dialect.
func (w *world) reveal(apiKey string) vault.Request {
	return vault.Request{Auth: auth.Token(apiKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "y", Reveals: true}}
}
