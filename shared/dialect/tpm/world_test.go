package tpm

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"tresor/shared/attach"
	"tresor/shared/auth"
	"tresor/shared/blob/blobtest"
	"tresor/shared/gateway"
	"tresor/shared/scenario"
	"tresor/shared/trail"
	"tresor/shared/vault"
)

// world is a small company on a vault in memory, called through the gateway as on AWS.
type world struct {
	*scenario.System
	users   map[string]*auth.Founding
	gateway *gateway.Handler
	files   *attach.Store
	log     *bytes.Buffer
}

// newWorld makes the users admin (1), pam (2, Project manager), nora (3, Normal user), rita (4, Read only) and dora (5, disabled); the group Ops
// (1: nora); the projects Internal (1) / Company (2) / Site (3), Secret (4) and Old (5, archived); and in them the passwords of fill.
func newWorld(t testing.TB, parts ...Part) *world {
	s := scenario.New(t)
	w := &world{System: s, users: map[string]*auth.Founding{"admin": s.Founding}, log: &bytes.Buffer{}}
	w.users["pam"] = s.AddUser(t, "pam", vault.ProjectManager)
	w.users["nora"] = s.AddUser(t, "nora", vault.NormalUser)
	w.users["rita"] = s.AddUser(t, "rita", vault.ReadOnly)
	w.users["dora"] = s.AddUser(t, "dora", vault.NormalUser, func(u *vault.User) { u.Disabled = true })
	w.as(t, "admin", func(tx *vault.Tx) error { return fill(tx) })
	w.Clock.Add(time.Hour)
	w.as(t, "nora", func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(vault.Entry{Name: "Diary", Owner: 3}, vault.Payload{Password: vault.NewSecret("canary-diary")})
		return err
	})
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	w.files = attach.New(blobtest.Folder(t), s.Sealer)
	w.gateway = gateway.New(NewHandler(Services{Vault: s.Vault, Auth: s.Auth, Log: trail.New(s.Log), Files: w.files}, parts...), gateway.Options{Function: "test", Log: logger, Fail: Fail})
	return w
}

// fill makes what the admin owns. Ids follow from the order.
func fill(tx *vault.Tx) error {
	var failed error
	must := func(err error) {
		if err != nil && failed == nil {
			failed = err
		}
	}
	_, err := tx.CreateGroup(vault.Group{Name: "Ops", Members: []vault.UserID{3}})
	must(err)
	for _, p := range []vault.Project{{Name: "Internal"}, {Name: "Company", Parent: 1}, {Name: "Site", Parent: 2, Notes: "The public site"}, {Name: "Secret"}, {Name: "Old", Archived: true}} {
		_, err := tx.CreateProject(p)
		must(err)
	}
	must(tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: 4, Level: vault.ProjectTraverse}}}))
	must(tx.SetGrants(vault.ProjectGrants{Project: 3, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: 3, Level: vault.ProjectEdit}, {User: 4, Level: vault.ProjectRead}}}))
	tags, err := tx.EnsureTags([]string{"wordpress", "Web"})
	must(err)
	day := vault.Stamp(24 * 60 * 60)
	today := vault.StampOf(tx.Now()) / day * day
	secret := func(s string) vault.Payload { return vault.Payload{Password: vault.NewSecret(s)} }
	full := secret("ad$ddgaG8%")
	full.Fields = map[uint8]vault.Secret{1: vault.NewSecret("Qzw-zr$Czj,gL}l"), 2: vault.NewSecret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")}
	for _, e := range []struct {
		vault.Entry
		vault.Payload
	}{
		{vault.Entry{
			Name: "Wordpress admin", Project: 3, Username: "admin_sg", URL: "http://www.example.com/wp-admin", Notes: "Some notes <for> the wp admin", Tags: tags,
			Expiry: today + 5*day, Users: []vault.UserGrant{{User: 2, Level: vault.LevelManage}, {User: 3, Level: vault.LevelRead}},
			Groups: []vault.GroupGrant{{Group: 1, Level: vault.LevelNone}},
			Fields: []vault.CustomField{{Number: 1, Type: vault.FieldPassword, Label: "root"}, {Number: 2, Type: vault.FieldOTP, Label: "2FA"}, {Number: 3, Type: vault.FieldDate, Label: "Renewal", Data: "2024-12-31"}},
		}, full},
		{vault.Entry{Name: "Ftp", Project: 3, Username: "ftpuser", Notes: "hidden", Lock: vault.LockReason, Users: []vault.UserGrant{{User: 4, Level: vault.LevelRead}}}, secret("canary-ftp")},
		{vault.Entry{Name: "Safe", Project: 3, Lock: vault.LockPermission}, secret("canary-safe")},
		{vault.Entry{Name: "Retired", Project: 3, Archived: true, Email: "old@example.com", Expiry: today - day}, secret("canary-retired")},
		{vault.Entry{Name: "Root", Project: 4, Notes: "Facebook page", Expiry: today}, secret("canary-root")},
		{vault.Entry{Name: "Empty", Project: 2}, vault.Payload{}},
	} {
		_, err := tx.CreateEntry(e.Entry, e.Payload)
		must(err)
	}
	return failed
}

// as runs an Update as a user, past the dialect.
func (w *world) as(t testing.TB, name string, fn func(*vault.Tx) error) {
	t.Helper()
	req := vault.Request{Auth: auth.Token(w.users[name].SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "test", Writes: true}}
	if _, err := vault.Update(t.Context(), w.Vault, req, func(tx *vault.Tx) (struct{}, error) { return struct{}{}, fn(tx) }); err != nil {
		t.Fatal(err)
	}
}

// heads returns where the journals stand.
func (w *world) heads() (h vault.Heads) {
	w.Log.Read(func(s *vault.State) { h = s.Heads() })
	return h
}

// request is a call as a client sends it.
type request struct {
	method, path string
	header       http.Header
	body         string
	resource     string // empty: /index.php/{proxy+}
}

// ask makes a call as a user, by Basic.
func (w *world) ask(t testing.TB, user, method, path, body string, header ...string) events.APIGatewayProxyResponse {
	t.Helper()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	w.basic(h, user)
	return w.send(t, request{method: method, path: path, header: h, body: body})
}

func (w *world) basic(h http.Header, user string) {
	r := http.Request{Header: h}
	r.SetBasicAuth(w.users[user].Username, w.users[user].Password)
}

// sign adds the headers of a signature over uri.
func (w *world) sign(h http.Header, user, uri, body string) {
	ts := strconv.FormatInt(w.Clock.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(w.users[user].TPM.Private))
	mac.Write([]byte(uri + ts + body))
	h.Set("X-Public-Key", w.users[user].TPM.Public)
	h.Set("X-Request-Timestamp", ts)
	h.Set("X-Request-Hash", hex.EncodeToString(mac.Sum(nil)))
}

// send passes a call through the gateway as a REST event.
func (w *world) send(t testing.TB, req request) events.APIGatewayProxyResponse {
	t.Helper()
	resource := req.resource
	if resource == "" {
		resource = "/index.php/{proxy+}"
	}
	ev := events.APIGatewayProxyRequest{
		HTTPMethod: req.method, Path: req.path, Resource: resource, Body: req.body, MultiValueHeaders: map[string][]string(req.header),
		RequestContext: events.APIGatewayProxyRequestContext{
			RequestID: "req-1", ResourcePath: resource, DomainName: "vault.example.org", Stage: "prod",
			Identity: events.APIGatewayRequestIdentity{SourceIP: "192.0.2.7"},
		},
	}
	out, err := w.gateway.Proxy(t.Context(), ev)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func link(out events.APIGatewayProxyResponse) string {
	return strings.Join(http.Header(out.MultiValueHeaders)["Link"], "\n")
}

// view runs a View as a user, past the dialect.
func (w *world) view(t testing.TB, name string, fn func(*vault.Reader) error) {
	t.Helper()
	req := vault.Request{Auth: auth.Token(w.users[name].SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "test"}}
	if _, err := vault.View(t.Context(), w.Vault, req, func(r *vault.Reader) (struct{}, error) { return struct{}{}, fn(r) }); err != nil {
		t.Fatal(err)
	}
}

// plain is a request that came past the gateway.
func (w *world) plain(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://vault.example.org/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
