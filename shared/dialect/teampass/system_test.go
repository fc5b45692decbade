package teampass_test

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tresor/shared/attach"
	"tresor/shared/auth"
	"tresor/shared/blob/blobtest"
	"tresor/shared/dialect/teampass"
	"tresor/shared/gateway"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"

	"github.com/aws/aws-lambda-go/events"
)

// system is a vault with something in it, and the handler on it behind the gateway.
//
//	folder 1  Root A      ann may create; complexity 25, renewal 3 months
//	folder 2  Sub & B/é   in 1
//	folder 3  Hidden      admins only
//	folder 4  2           ann's personal folder
//	item 1    in 1        everything that JSON has to escape
//	item 2    in 2
//	item 3    in 3
//	item 4    in 1        locked
//	item 5    in 4        ann's own
type system struct {
	*scenario.System
	keys  map[string]string
	proxy *gateway.Handler
}

func newSystem(t testing.TB, parts ...teampass.Part) *system {
	t.Helper()
	return newSystemOn(t, vaulttest.NewMemory(), parts...)
}

func newSystemOn(t testing.TB, store vault.Store, parts ...teampass.Part) *system {
	t.Helper()
	s := &system{System: scenario.On(t, store), keys: map[string]string{"unknown": "unknown key of nobody"}}
	ann := s.AddUser(t, "ann", vault.NormalUser)
	gone := s.AddUser(t, "gone", vault.NormalUser)
	s.keys["admin"], s.keys["ann"], s.keys["gone"] = s.Founding.APIKey, ann.APIKey, gone.APIKey
	s.keys["syspass"] = s.Founding.SysPass.AuthToken
	s.keys["readonly"] = s.credential(t, vault.Credential{User: s.Founding.AdminID, ReadOnly: true})
	s.keys["versiononly"] = s.credential(t, vault.Credential{User: s.Founding.AdminID, Actions: []string{"info/version"}})
	s.keys["elsewhere"] = s.credential(t, vault.Credential{User: s.Founding.AdminID, Sources: []string{"198.51.100.0/24"}})
	s.Do(t, func(tx *vault.Tx) error {
		_, err1 := tx.CreateGroup(vault.Group{Name: "Ops"})
		_, err2 := tx.CreateGroup(vault.Group{Name: "Web team"})
		return errors.Join(err1, err2)
	})
	s.Do(t, func(tx *vault.Tx) error { return tx.EditUser(gone.AdminID, func(u *vault.User) { u.Disabled = true }) })
	s.fill(t, ann)
	s.serve(teampass.NewHandlerWithFiles(s.Vault, s.Auth, attach.New(blobtest.Folder(t), s.Sealer), parts...))
	return s
}

// folder is where contents of files lie.
func (s *system) serve(h http.Handler) {
	s.proxy = gateway.New(h, gateway.Options{Function: "teampass", Log: slog.New(slog.DiscardHandler), Fail: teampass.Fail})
}

func (s *system) credential(t testing.TB, c vault.Credential) (key string) {
	t.Helper()
	key = auth.NewAPIKey()
	c.Dialect, c.TokenHash = vault.TeamPass, auth.HashToken(key)
	s.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateCredential(c, func(vault.CredentialID) ([]byte, error) { return nil, nil })
		return err
	})
	return key
}

func (s *system) fill(t testing.TB, ann *auth.Founding) {
	t.Helper()
	tpm := vault.Action{Dialect: vault.TPM, Name: "test", Writes: true}
	as := func(owner *auth.Founding, fn func(*vault.Tx) error) {
		req := vault.Request{Auth: auth.Token(owner.TPM.Public), Action: tpm}
		if _, err := vault.Update(t.Context(), s.Vault, req, func(tx *vault.Tx) (struct{}, error) { return struct{}{}, fn(tx) }); err != nil {
			t.Fatal(err)
		}
	}
	entry := func(tx *vault.Tx, e vault.Entry, password string) {
		if _, err := tx.CreateEntry(e, vault.Payload{Password: vault.NewSecret(password)}); err != nil {
			t.Fatal(err)
		}
	}
	as(s.Founding, func(tx *vault.Tx) error {
		for _, p := range []vault.Project{
			{Name: "Root A", Complexity: 25, RenewalMonths: 3}, {Name: "Sub & B/é", Parent: 1}, {Name: "Hidden"},
		} {
			if _, err := tx.CreateProject(p); err != nil {
				return err
			}
		}
		grants := []vault.ProjectUserGrant{{User: ann.AdminID, Level: vault.ProjectCreate}}
		return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectUnset, Users: grants})
	})
	s.Do(t, func(tx *vault.Tx) error { // a folder titled with a number is one that no call makes
		_, err := tx.CreateProject(vault.Project{Name: "2", Owner: ann.AdminID})
		return err
	})
	as(s.Founding, func(tx *vault.Tx) error {
		entry(tx, vault.Entry{Project: 1, Name: "Intranet", Username: "Me", Email: "me@example.com", URL: "https://example.com/a?b=c",
			Notes: "<p>it's \"ü\" & \U0001F511\r\n\tback\\slash \x7f\x01</p>"}, "&XZ/cé\U0001F511'")
		entry(tx, vault.Entry{Project: 2, Name: "DNS"}, "Ud9r^ G7")
		entry(tx, vault.Entry{Project: 3, Name: "Secret plan"}, "hidden password")
		entry(tx, vault.Entry{Project: 1, Name: "Locked up", Lock: vault.LockReason}, "locked password")
		return nil
	})
	as(ann, func(tx *vault.Tx) error {
		entry(tx, vault.Entry{Owner: ann.AdminID, Project: 4, Name: "Ann's own"}, "personal password")
		return nil
	})
}

// event is a REST event for a request target such as /api/index.php/read/items/1?apikey=K.
func event(method, target string, header http.Header, body string) events.APIGatewayProxyRequest {
	path, query, _ := strings.Cut(target, "?")
	values := url.Values{}
	for pair := range strings.SplitSeq(query, "&") { // as the gateway does; net/url would refuse a semicolon
		name, value, _ := strings.Cut(pair, "=")
		name, _ = url.QueryUnescape(name)
		value, _ = url.QueryUnescape(value)
		if name != "" {
			values.Add(name, value)
		}
	}
	ev := events.APIGatewayProxyRequest{HTTPMethod: method, Path: path, MultiValueQueryStringParameters: values, MultiValueHeaders: header, Body: body}
	ev.RequestContext.Identity.SourceIP = "203.0.113.9"
	ev.RequestContext.RequestID = "request-1"
	return ev
}

func (s *system) send(ctx context.Context, ev events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	out, _ := s.proxy.Proxy(ctx, ev) // its error is always nil
	return out
}

// get calls <action>/<what>/<argument> with one of the keys.
func (s *system) get(t testing.TB, key, call string) (status int, body string) {
	t.Helper()
	out := s.send(t.Context(), event(http.MethodGet, "/api/index.php/"+call+"?apikey="+url.QueryEscape(s.keys[key]), nil, ""))
	return out.StatusCode, out.Body
}

func (s *system) post(t testing.TB, key, call string) (status int, body string) {
	t.Helper()
	out := s.send(t.Context(), event(http.MethodPost, "/api/index.php?apikey="+url.QueryEscape(s.keys[key]), nil, call))
	return out.StatusCode, out.Body
}

func (s *system) heads() (heads vault.Heads) {
	s.Log.Read(func(state *vault.State) { heads = state.Heads() })
	return heads
}

// blob is dialect B, each is dialect C.
func blob(fields string) string { return base64.StdEncoding.EncodeToString([]byte(fields)) }

func each(fields string) string {
	list := strings.Split(fields, ";")
	for i, f := range list {
		list[i] = base64.URLEncoding.EncodeToString([]byte(f))
	}
	return strings.Join(list, ";")
}
