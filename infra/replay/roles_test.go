package replay_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"tresor"
	recorded "tresor/events"
	"tresor/infra/canary"
	"tresor/infra/dynamodblocal"
	"tresor/infra/localapi"
	"tresor/infra/replay"
	"tresor/infra/template"
	"tresor/shared/anchor"
	"tresor/shared/attach"
	"tresor/shared/audit"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/compact"
	"tresor/shared/depot"
	"tresor/shared/dialect"
	"tresor/shared/dynamo"
	"tresor/shared/expiry"
	"tresor/shared/gateway"
	"tresor/shared/journal"
	"tresor/shared/notify"
	"tresor/shared/scenario"
	"tresor/shared/snapshot"
	"tresor/shared/trail"
	"tresor/shared/vault"
)

// process is a function's process, with everything that it does outside of itself noted.
type process struct {
	*recorder
	vault  *vault.Vault
	auth   *auth.Service
	log    *journal.Log
	store  vault.Store
	blobs  blob.Store
	sealer vault.Sealer
	depot  *depot.Depot
	files  *attach.Store
}

// stage is a world on DynamoDB Local, in which each function is a process of its own.
type stage struct {
	*world
	api       dynamo.API
	put       func() // called after each content that is put
	config    dynamo.Config
	template  *template.Template
	processes map[string]*process // by the functions' logical ids
	jobs      []vault.JobID       // that the exporter was started for
}

func newStage(t *testing.T) *stage {
	t.Helper()
	server, tables := dynamodblocal.Start(t)
	r := &stage{api: dynamo.NewClient(server.Config()), config: dynamo.Config{Entries: tables.Entries, Permissions: tables.Permissions, Vault: "roles-" + rand.Text()}, processes: map[string]*process{}, put: func() {}}
	var err error
	if r.template, err = template.Parse(tresor.Template); err != nil {
		t.Fatal(err)
	}
	store, err := dynamo.New(r.api, r.config)
	if err != nil {
		t.Fatal(err)
	}
	r.world = &world{System: scenario.On(t, store), functions: map[string]*gateway.Handler{}, objects: t.TempDir()}
	if r.World, err = replay.Prepare(t.Context(), r.Vault, r.Founding); err != nil {
		t.Fatal(err)
	}
	return r
}

// start makes a function's process as package wire does: it loads the keysets, and begins with a snapshot.
func (r *stage) start(t *testing.T, id string) *process {
	t.Helper()
	rec := newRecorder()
	rec.note("Log logs:CreateLogStream", "Log logs:PutLogEvents") // Lambda's, for every function
	r.failures(rec, r.template.Resources[id].Properties["DeadLetterQueue"], "TargetArn")
	store, err := dynamo.New(calls{r.api, rec, map[string]string{r.config.Entries: "Entries", r.config.Permissions: "Permissions"}}, r.config)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := blob.OpenFolder(r.objects)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{recorder: rec, store: store, blobs: bucket{folder, rec, t, func() { r.put() }}, sealer: keysets{r.Sealer, rec}}
	if _, err := store.Keysets(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.log = journal.Open(p.store, p.sealer, journal.WithClock(r.Clock.Now))
	if used, err := snapshot.Use(t.Context(), p.log, p.blobs); err != nil || !used {
		t.Fatalf("%s: begins with a snapshot: %v, %v", id, used, err)
	}
	p.vault = vault.New(p.log, vault.Options{Now: r.Clock.Now})
	p.auth = auth.New(p.vault, p.sealer, p.store, auth.Options{Now: r.Clock.Now})
	p.depot = depot.New(depot.Parts{Vault: p.vault, Log: p.log, Store: p.store, Sealer: p.sealer, Blobs: p.blobs, Now: r.Clock.Now})
	p.files = attach.New(p.blobs, p.sealer)
	r.processes[id] = p
	return p
}

// failures notes that Lambda puts what was given up into a queue, in the role's name.
func (r *stage) failures(rec *recorder, of any, member string) {
	if at := template.Texts(template.Map(template.Map(of)[member])["Fn::GetAtt"]); len(at) == 2 {
		rec.note(at[0] + " sqs:SendMessage")
	}
}

// follow makes the process of a function that is given a table's stream: it opens no vault. Lambda reads the stream in its role's name, which takes four actions
// (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html), and has DynamoDB decrypt it.
func (r *stage) follow(_ *testing.T, id string) *process {
	rec := newRecorder()
	rec.note("Log logs:CreateLogStream", "Log logs:PutLogEvents")
	for _, e := range template.Map(r.template.Resources[id].Properties["Events"]) {
		p := template.Map(template.Map(e)["Properties"])
		if at := template.Texts(template.Map(p["Stream"])["Fn::GetAtt"]); len(at) == 2 {
			stream := strings.TrimSuffix(at[0], "Table") + " stream "
			rec.note(stream+"DescribeStream", stream+"GetRecords", stream+"GetShardIterator", stream+"ListStreams", "Key tables at rest kms:Decrypt")
		}
		r.failures(rec, template.Map(p["DestinationConfig"])["OnFailure"], "Destination")
	}
	p := &process{recorder: rec}
	r.processes[id] = p
	return p
}

// jobs are what the functions do that answer no request, as their mains do it: add a function here. Each must do all that it ever does. They run before the events and
// transcripts, which leave the vault in some disorder, or after them, in this order.
var jobs = []struct {
	function string
	late     bool
	start    func(*stage, *testing.T, string) *process
	do       func(context.Context, *testing.T, *stage, *process)
}{
	{"ExporterFunction", false, (*stage).start, exports},
	{"BackupFunction", false, (*stage).start, nightly},
	{"AnchorFunction", false, (*stage).start, anchored},
	{"VerifierFunction", false, (*stage).start, verify},
	{"ExpiryFunction", false, (*stage).start, expire},
	{"NotifierFunction", false, (*stage).follow, notified},
	{"CompactorFunction", true, (*stage).start, compactor},
}

func (r *stage) jobsNow(t *testing.T, late bool) {
	t.Helper()
	for _, job := range jobs {
		if job.late == late {
			job.do(t.Context(), t, r, job.start(r, t, job.function))
		}
	}
}

// lose removes the content of a file that records name, as a purge does while a backup is made.
func (r *stage) lose(t *testing.T) {
	t.Helper()
	contents, err := filepath.Glob(filepath.Join(r.objects, "files", "*"))
	if err != nil || len(contents) == 0 {
		t.Fatalf("%d contents of files, %v", len(contents), err)
	}
	if err := os.Remove(contents[0]); err != nil {
		t.Fatal(err)
	}
}

func nightly(ctx context.Context, t *testing.T, r *stage, p *process) {
	r.lose(t) // for this backup and the sysPass function's, which comes later
	if stored, err := p.depot.Nightly(ctx); err != nil || stored.Size == 0 {
		t.Errorf("nightly backup: %+v, %v", stored, err)
	}
}

func anchored(ctx context.Context, t *testing.T, r *stage, p *process) {
	if _, err := anchor.Write(ctx, p.log, p.sealer, p.blobs, r.Clock.Now()); err != nil {
		t.Errorf("anchor: %v", err)
	}
}

func verify(ctx context.Context, t *testing.T, r *stage, p *process) {
	report, compared, err := audit.Verify(ctx, audit.Parts{Log: p.log, Store: p.store, Sealer: p.sealer, Objects: p.blobs, Anchors: p.blobs, Now: r.Clock.Now()})
	if err != nil || len(report.Problems) > 0 || compared.Anchors == 0 || compared.Snapshot == "" || compared.Backup == "" {
		t.Errorf("verified: %+v, compared with %+v, %v", report, compared, err)
	}
}

func expire(ctx context.Context, t *testing.T, r *stage, p *process) {
	r.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(vault.Entry{Project: 1, Manager: r.Founding.AdminID, Name: "Expired", Expiry: vault.StampOf(r.Clock.Now().Add(-time.Hour))}, vault.Payload{})
		return err
	})
	send := func() int {
		n, err := expiry.Events{Vault: p.vault, Name: r.config.Vault, Marks: p.store, Bus: eventBus{p.recorder}}.Send(ctx, r.Clock.Now())
		if err != nil {
			t.Errorf("expiry: %v", err)
		}
		return n
	}
	if first, again := send(), send(); first == 0 || again != 0 {
		t.Errorf("%d events of what expires, and %d again", first, again)
	}
}

func notified(ctx context.Context, t *testing.T, r *stage, p *process) {
	n, err := notify.New(dynamo.Config{Vault: "tresor", Entries: "EntriesTable", Permissions: "PermissionsTable"}, eventBus{p.recorder})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notifier/entries", "notifier/permissions"} {
		text, err := recorded.Trigger(name)
		if err != nil {
			t.Fatal(err)
		}
		var b notify.Batch
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatal(err)
		}
		if a, err := n.Handle(ctx, b); err != nil || len(a.Failures) > 0 || len(b.Records) == 0 {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func compactor(ctx context.Context, t *testing.T, r *stage, p *process) {
	r.Clock.Add(100 * 24 * time.Hour) // the trash is full of what was deleted before, and an hour is over
	if n, err := compact.Close(ctx, p.vault, p.log, r.Clock.Now()); n == 0 || err != nil {
		t.Errorf("closed %d hours, %v", n, err)
	}
	if n, err := compact.Purge(ctx, p.vault); n == 0 || err != nil {
		t.Errorf("purged %d, %v", n, err)
	}
	age(t, r.objects)
	if n, err := p.files.Sweep(ctx, p.vault, time.Now()); n == 0 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if err := p.log.CatchUp(ctx); err != nil {
		t.Error(err)
	}
	for range snapshot.Keep + 1 {
		age(t, r.objects)
		r.Do(t, func(tx *vault.Tx) error {
			_, err := tx.CreateProject(vault.Project{Name: rand.Text()})
			return err
		})
		if _, _, err := snapshot.Renew(ctx, p.log, p.blobs); err != nil {
			t.Error(err)
		}
	}
	// Refresh lists first; Renew is the rest of it.
	if _, err := snapshot.Refresh(ctx, p.log, func() vault.Heads { return r.Heads() }, p.blobs); err != nil {
		t.Error(err)
	}
}

// age makes all objects two days older than they are.
func age(t *testing.T, folder string) {
	t.Helper()
	then := time.Now().Add(-48 * time.Hour)
	err := filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, then, then)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func exports(ctx context.Context, t *testing.T, r *stage, p *process) {
	if len(r.jobs) == 0 {
		t.Error("no export was asked for that is too large for a call")
	}
	for _, id := range r.jobs {
		if err := p.depot.Run(ctx, id); err != nil {
			t.Errorf("export: %v", err)
		}
	}
}

// record replays everything once, and returns what each function did. It is not held to roles: what they lack would only hide what comes after.
func record(t *testing.T) map[string]map[string]bool {
	t.Helper()
	r := newStage(t)
	folder, err := blob.OpenFolder(r.objects)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := snapshot.Write(t.Context(), r.Log, folder); err != nil {
		t.Fatal(err)
	}
	all, _ := r.requests(t)
	transcripts, err := r.Transcripts("../..", r.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	router, err := localapi.NewRouter(r.template)
	if err != nil {
		t.Fatal(err)
	}
	for id, construct := range dialect.Functions {
		p := r.start(t, id)
		name := dialect.FunctionName(id)
		r.functions[name] = gateway.New(construct(dialect.Parts{Vault: p.vault, Auth: p.auth, Depot: p.depot, Files: p.files, Trail: trail.New(p.log)}), gateway.Options{Function: name, Fail: dialect.Fail(id)})
	}
	canary.Written(t, func() {
		r.AddUser(t, "second admin", vault.Admin) // for the first to be shut out and let in again
		r.files(t, router)
		r.users(t, router)
		r.largeExport(t, router)
		r.jobsNow(t, false)
		for _, q := range slices.Concat(all, r.otherForms(t, router, all), transcripts) {
			r.send(t, q.Function, q.Event)
		}
		r.wrongPasswords(t, all)
		r.jobsNow(t, true)
	})
	used := map[string]map[string]bool{}
	for id, p := range r.processes {
		used[id] = p.used
	}
	return used
}

// call sends a request by its route, TPM's signed by the admin, and returns the answer. It must have the status.
func (r *stage) call(t *testing.T, router *localapi.Router, want int, method, target string, header http.Header, body string) string {
	t.Helper()
	q := r.request(t, router, method, target, header, body)
	out := r.send(t, q.Function, q.Event)
	if out.StatusCode != want {
		t.Errorf("%s %s: got %d %s, want %d", method, target, out.StatusCode, out.Body, want)
	}
	return out.Body
}

func (r *stage) request(t *testing.T, router *localapi.Router, method, target string, header http.Header, body string) replay.Request {
	t.Helper()
	header = header.Clone()
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	if strings.Contains(target, "/v6/") {
		sig := auth.Sign(r.Founding.TPM, r.Clock.Now(), target[strings.Index(target, "api/"):], []byte(body))
		header["X-Public-Key"], header["X-Request-Timestamp"], header["X-Request-Hash"] = []string{sig.PublicKey}, []string{sig.Timestamp}, []string{sig.Hash}
	}
	ev, route, ok := router.Event(localapi.Request{Method: method, Target: target, Host: "vault.example.org", Header: header, Body: []byte(body), Source: "203.0.113.9", TLS: true, Stage: "prod", ID: "1", Time: r.Clock.Now()})
	if !ok {
		t.Fatalf("no route for %s %s", method, target)
	}
	return replay.Request{Function: dialect.FunctionName(route.Function), Event: ev}
}

// files does with files all that can be done with them: they are kept, shown, removed, and taken away again where their record is refused. The events name none.
func (r *stage) files(t *testing.T, router *localapi.Router) {
	t.Helper()
	for _, base := range []string{"/index.php/api/v6/", "/api/v6/"} {
		var file struct{ ID int }
		for _, to := range []string{"passwords/1", "my_passwords/8", "projects/1"} {
			name := rand.Text()
			answer := r.call(t, router, http.StatusCreated, http.MethodPost, base+to+"/upload.json", nil, `{"file_data_base64":"eA==","file_name":"`+name+`"}`)
			if err := json.Unmarshal([]byte(answer), &file); err != nil || file.ID == 0 {
				t.Fatalf("%s: %s", to, answer)
			}
			r.refusing(t, func() {
				r.call(t, router, http.StatusUnauthorized, http.MethodPost, base+to+"/upload.json", nil, `{"file_data_base64":"eA==","file_name":"refused `+name+`"}`)
			})
		}
		at := base + "files/" + strconv.Itoa(file.ID) + ".json"
		r.call(t, router, http.StatusOK, http.MethodGet, strings.Replace(at, "files/", "files/download/", 1), nil, "")
		r.call(t, router, http.StatusNoContent, http.MethodPut, at, nil, `{"notes":"changed"}`)
		r.call(t, router, http.StatusNoContent, http.MethodDelete, at, nil, "")
	}
	form := "--x\r\nContent-Disposition: form-data; name=\"item_id\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\ncontent\r\n--x--\r\n"
	multipart := http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}
	r.call(t, router, http.StatusOK, http.MethodPost, "/api/index.php/add/file?apikey="+r.Founding.APIKey, multipart, form)
	r.refusing(t, func() {
		r.call(t, router, http.StatusMethodNotAllowed, http.MethodPost, "/api/index.php/add/file?apikey="+r.Founding.APIKey, multipart, form)
	})
}

// users makes users, gives them something of their own, and removes them: what was theirs goes along.
func (r *stage) users(t *testing.T, router *localapi.Router) {
	t.Helper()
	for _, base := range []string{"/index.php/api/v6/", "/api/v6/"} {
		name := rand.Text()
		var made struct{ ID int }
		answer := r.call(t, router, http.StatusCreated, http.MethodPost, base+"users.json", nil, `{"username":"`+name+`","email_address":"`+name+`@example.com","name":"`+name+`","role":"Normal user","password":"`+rand.Text()+`"}`)
		if err := json.Unmarshal([]byte(answer), &made); err != nil {
			t.Fatal(answer)
		}
		r.Do(t, func(tx *vault.Tx) error {
			_, err := tx.CreatePersonalRoot(vault.UserID(made.ID), name)
			return err
		})
		r.call(t, router, http.StatusNoContent, http.MethodDelete, base+"users/"+strconv.Itoa(made.ID)+".json", nil, "")
	}
	r.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreatePersonalRoot(r.Founding.AdminID, "mine")
		return err
	})
	for i := range 2 { // the first makes the folder that the others find
		answer := r.call(t, router, http.StatusOK, http.MethodGet, fmt.Sprintf("/api/index.php/set/me/pw-%d/%d.example/%s/%s?apikey=%s", i, i, r.Founding.Username, r.Founding.Password, r.Founding.APIKey), nil, "")
		if answer != `{"status":"ok"}` {
			t.Errorf("set: %s", answer)
		}
	}
}

// refusing shuts the caller out when the next content of a file has been put, and before its record is written.
func (r *stage) refusing(t *testing.T, f func()) {
	t.Helper()
	disabled := func(is bool) {
		r.Do(t, func(tx *vault.Tx) error {
			return tx.EditUser(r.Founding.AdminID, func(u *vault.User) { u.Disabled = is })
		})
	}
	r.put = func() { disabled(true) }
	f()
	r.put = func() {}
	disabled(false)
}

// otherForms are the recorded calls in the forms that go to other functions: TPM's without index.php, TeamPass's in the body of a POST; and TPM's signed, for the recorded
// ones come with a password, and only a signed write is marked as used.
func (r *stage) otherForms(t *testing.T, router *localapi.Router, all []replay.Request) (out []replay.Request) {
	t.Helper()
	for _, q := range all {
		path := q.Event.Path
		switch {
		case strings.HasPrefix(path, "/index.php/api/v6/"):
			out = append(out, r.request(t, router, q.Event.HTTPMethod, path, nil, q.Event.Body), r.request(t, router, q.Event.HTTPMethod, strings.TrimPrefix(path, "/index.php"), nil, q.Event.Body))
		case strings.HasPrefix(path, "/api/index.php/") && q.Event.HTTPMethod == http.MethodGet:
			out = append(out, r.request(t, router, http.MethodPost, "/api/index.php?apikey="+r.Founding.APIKey, http.Header{"Content-Type": {"text/plain"}}, strings.TrimPrefix(path, "/api/index.php/")))
		}
	}
	return out
}

// largeExport asks for an export that is too large for a call.
func (r *stage) largeExport(t *testing.T, router *localapi.Router) {
	t.Helper()
	p := r.processes["SyspassFunction"]
	large := depot.New(depot.Parts{Vault: p.vault, Log: p.log, Store: p.store, Sealer: p.sealer, Blobs: p.blobs, Now: r.Clock.Now, Later: exporter{p.recorder, &r.jobs}, Threshold: 1})
	usual := r.functions["syspass"]
	defer func() { r.functions["syspass"] = usual }()
	r.functions["syspass"] = gateway.New(dialect.Functions["SyspassFunction"](dialect.Parts{Vault: p.vault, Auth: p.auth, Depot: large, Trail: trail.New(p.log)}), gateway.Options{Function: "syspass"})
	r.call(t, router, http.StatusOK, http.MethodPost, "/api.php", nil, `{"jsonrpc":"2.0","method":"config/export","params":{"authToken":"`+r.Founding.SysPass.AuthToken+`","path":"later","password":"of the export"},"id":1}`)
}

// wrongPasswords fails with one password at every function, and again when the first failure is forgotten: the counter is added to, then begun anew.
func (r *stage) wrongPasswords(t *testing.T, all []replay.Request) {
	t.Helper()
	for range 2 {
		for _, q := range all {
			raw, _ := json.Marshal(q.Event)
			wrong := strings.NewReplacer(base64.StdEncoding.EncodeToString([]byte(r.Founding.Username+":"+r.Founding.Password)), base64.StdEncoding.EncodeToString([]byte(r.Founding.Username+":wrong")),
				r.Founding.Password, "wrong", base64.RawURLEncoding.EncodeToString([]byte(r.Founding.Password)), base64.RawURLEncoding.EncodeToString([]byte("wrong"))).Replace(string(raw))
			var ev events.APIGatewayProxyRequest
			if err := json.Unmarshal([]byte(wrong), &ev); err != nil {
				t.Fatal(err)
			}
			if wrong == string(raw) {
				continue
			}
			r.send(t, q.Function, ev)
			if path, ok := strings.CutPrefix(ev.Path, "/api/index.php/"); ok && q.Function == "teampass-auth" { // the same by POST
				ev.Path, ev.Resource, ev.HTTPMethod, ev.Body = "/api/index.php", "/api/index.php", http.MethodPost, path
				r.send(t, "teampass-post", ev)
			}
			if path, ok := strings.CutPrefix(ev.Path, "/index.php/"); ok { // and without index.php
				ev.Path = "/" + path
				r.send(t, "tpm-version", ev)
			}
		}
		r.Clock.Add(11 * time.Minute)
	}
}

// TestEachRoleIsWhatItsFunctionDoes replays every event and every transcript on DynamoDB Local, runs every job, and compares the calls of each function with its role, both ways.
func TestEachRoleIsWhatItsFunctionDoes(t *testing.T) {
	used := record(t)
	for _, p := range compare(parse(t, string(tresor.Template)), used) {
		t.Error(p)
	}
	for name, c := range wrongRoles {
		text := strings.Replace(string(tresor.Template), c.old, c.new, 1)
		if text == string(tresor.Template) {
			t.Errorf("%s: the template has no %q", name, c.old)
		}
		if got := compare(parse(t, text), used); !slices.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q among them", name, got, c.want)
		}
	}
	delete(used, "CompactorFunction")
	if got, want := compare(parse(t, string(tresor.Template)), used), "CompactorFunction: nothing is known of what it does: add it to jobs"; !slices.Contains(got, want) {
		t.Errorf("a function that nothing runs: got %q", got)
	}
}

// wrongRoles are changes of the template, each with what has to be said of it.
var wrongRoles = map[string]struct{ old, new, want string }{
	"an action on a table too much":   {"[dynamodb:GetItem, dynamodb:UpdateItem, dynamodb:PutItem]", "[dynamodb:GetItem, dynamodb:UpdateItem, dynamodb:PutItem, dynamodb:DeleteItem]", "TpmLogFunction may and never does: Permissions attempts#* DeleteItem"},
	"an action on a table too little": {"[dynamodb:GetItem, dynamodb:UpdateItem, dynamodb:PutItem]", "[dynamodb:GetItem, dynamodb:UpdateItem]", "TpmLogFunction does and may not: Permissions attempts#* PutItem"},
	"other keys":                      {`"dynamodb:LeadingKeys": [!Sub "${VaultName}#mark#*"]`, `"dynamodb:LeadingKeys": [!Sub "${VaultName}#access#*"]`, "TpmFilesFunction does and may not: Permissions mark#* PutItem"},
	"two statements":                  {"!Ref SignedPermissionsWriterPolicy", "!Ref PermissionsWriterPolicy, !Ref OncePolicy", "TpmProjectsFunction does and may not: together Permissions PutItem journal,mark#*"},
	"one key too many":                {`[!Sub "${VaultName}#journal", !Sub "${VaultName}#secret"]`, `[!Sub "${VaultName}#journal", !Sub "${VaultName}#secret", !Sub "${VaultName}#keyset"]`, "TeampassItemsFunction may and never does: Entries keyset PutItem"},
	"no keys":                         {`            Condition: {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [!Sub "${VaultName}#secret"]}}` + "\n", "", "TeampassItemsFunction: ReadSecrets: not held to keys: map[]"},
	"all tables":                      {"Action: dynamodb:Query\n            Resource: !GetAtt EntriesTable.Arn", "Action: dynamodb:Query\n            Resource: '*'", "TpmLogFunction: FollowEntries: resource *"},
	"an action on objects too much":   {"[s3:PutObject, s3:DeleteObject]", "[s3:PutObject, s3:DeleteObject, s3:GetObject]", "TpmProjectsFunction may and never does: Objects files s3:GetObject"},
	"an action on objects too little": {"[s3:PutObject, s3:DeleteObject]", "s3:PutObject", "TpmProjectsFunction does and may not: Objects files s3:DeleteObject"},
	"other objects":                   {`"${Bucket.Arn}/${VaultName}/snapshots/*"`, `"${Bucket.Arn}/${VaultName}/exports/*"`, "TpmLogFunction does and may not: Objects snapshots s3:GetObject"},
	"a keyset too many":               {"purpose\": [index, secrets, exports]", "purpose\": [index, secrets, exports, files]", "SyspassFunction may and never does: Key purpose files kms:Decrypt"},
	"a keyset too few":                {"purpose\": [index, secrets, exports]", "purpose\": [index, exports]", "SyspassFunction does and may not: Key purpose secrets kms:Decrypt"},
	"no data keys":                    {"Action: kms:GenerateDataKey", "Action: kms:Encrypt", "TpmProjectsFunction does and may not: Key objects at rest kms:GenerateDataKey"},
	"another action of Lambda's":      {"lambda:InvokeFunction", "lambda:UpdateFunctionCode", "SyspassFunction does and may not: ExporterFunction lambda:InvokeFunction"},
	"other events":                    {"Action: events:PutEvents", "Action: events:PutRule", "NotifierFunction does and may not: EventBus events:PutEvents"},
	"anchors that can be removed":     {"Action: s3:PutObject\n                Resource: !Sub \"${AnchorBucket.Arn}", "Action: [s3:PutObject, s3:DeleteObject]\n                Resource: !Sub \"${AnchorBucket.Arn}", "AnchorFunction may and never does: Objects anchors s3:DeleteObject"},
	"a backup that is read":           {"Action: [s3:PutObject, s3:AbortMultipartUpload]\n                Resource: [!Sub \"${Bucket.Arn}/${VaultName}/backups/*\"]", "Action: [s3:PutObject, s3:AbortMultipartUpload, s3:GetObject]\n                Resource: [!Sub \"${Bucket.Arn}/${VaultName}/backups/*\"]", "BackupFunction may and never does: Objects backups s3:GetObject"},
	"a table that is read":            {"Action: [dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator, dynamodb:ListStreams]", "Action: [dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator]", "NotifierFunction does and may not: Entries stream ListStreams"},
	"another action of SQS's":         {"sqs:SendMessage", "sqs:ReceiveMessage", "ExporterFunction may and never does: Failures sqs:ReceiveMessage"},
}

func parse(t *testing.T, text string) *template.Template {
	t.Helper()
	tmpl, err := template.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// oneStatement reports whether one statement allows what a note of "together" says. DynamoDB may ask IAM once for all keys of an action: then each of two statements refuses the other's.
func oneStatement(lines []string, note string) bool {
	rest, is := strings.CutPrefix(note, together)
	f := strings.Fields(rest)
	if !is || len(f) != 3 {
		return false
	}
	return slices.ContainsFunc(lines, func(line string) bool {
		on, actions, _ := strings.Cut(line, ": ")
		table, keys, _ := strings.Cut(on, " ")
		held := strings.Split(keys, ",")
		return table == f[0] && slices.Contains(strings.Fields(actions), f[1]) &&
			!slices.ContainsFunc(strings.Split(f[2], ","), func(kind string) bool { return !slices.Contains(held, kind) })
	})
}

// compare returns what roles lack and what they have too much.
func compare(tmpl *template.Template, used map[string]map[string]bool) (problems []string) {
	for id, f := range tmpl.Resources {
		if f.Type != "AWS::Serverless::Function" {
			continue
		}
		if used[id] == nil {
			problems = append(problems, id+": nothing is known of what it does: add it to jobs")
			continue
		}
		lines, wrong := tmpl.Rights(id)
		for _, w := range wrong {
			problems = append(problems, id+": "+w)
		}
		may := rights(lines)
		for a := range used[id] {
			if !may[a] && !oneStatement(lines, a) {
				problems = append(problems, fmt.Sprintf("%s does and may not: %s", id, a))
			}
		}
		for a := range may {
			if !used[id][a] {
				problems = append(problems, fmt.Sprintf("%s may and never does: %s", id, a))
			}
		}
	}
	slices.Sort(problems)
	return problems
}
