package replay_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tresor"
	"tresor/infra/canary"
	"tresor/infra/dynamodblocal"
	"tresor/infra/replay"
	"tresor/infra/template"
	"tresor/shared/attach"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/compact"
	"tresor/shared/depot"
	"tresor/shared/dialect"
	"tresor/shared/dynamo"
	"tresor/shared/gateway"
	"tresor/shared/journal"
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
	config    dynamo.Config
	processes map[string]*process // by the functions' logical ids
	jobs      []vault.JobID       // that the exporter was started for
}

func newStage(t *testing.T) *stage {
	t.Helper()
	server, tables := dynamodblocal.Start(t)
	r := &stage{api: dynamo.NewClient(server.Config()), config: dynamo.Config{Entries: tables.Entries, Permissions: tables.Permissions, Vault: "roles-" + rand.Text()}, processes: map[string]*process{}}
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
	store, err := dynamo.New(calls{r.api, rec, map[string]string{r.config.Entries: "Entries", r.config.Permissions: "Permissions"}}, r.config)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := blob.OpenFolder(r.objects)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{recorder: rec, store: store, blobs: bucket{folder, rec, t}, sealer: keysets{r.Sealer, rec}}
	if _, err := store.Keysets(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.log = journal.Open(p.store, p.sealer, journal.WithClock(r.Clock.Now))
	if used, err := snapshot.Use(t.Context(), p.log, p.blobs); err != nil || !used {
		t.Fatalf("%s: begins with a snapshot: %v, %v", id, used, err)
	}
	p.vault = vault.New(p.log, vault.Options{Now: r.Clock.Now})
	p.auth = auth.New(p.vault, p.sealer, p.store, auth.Options{Now: r.Clock.Now})
	parts := depot.Parts{Vault: p.vault, Log: p.log, Store: p.store, Sealer: p.sealer, Blobs: p.blobs, Now: r.Clock.Now}
	if id == "SyspassFunction" {
		parts.Later, parts.Threshold = exporter{rec, &r.jobs}, 1000
	}
	p.depot, p.files = depot.New(parts), attach.New(p.blobs, p.sealer)
	r.processes[id] = p
	return p
}

// jobs are what the functions do that answer no request, as their mains do it: add a function here. Each must do all that it ever does.
var jobs = map[string]func(context.Context, *testing.T, *stage, *process){
	"CompactorFunction": compactor,
	"ExporterFunction":  exports,
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
	for id, construct := range dialect.Functions {
		p := r.start(t, id)
		name := dialect.FunctionName(id)
		r.functions[name] = gateway.New(construct(dialect.Parts{Vault: p.vault, Auth: p.auth, Depot: p.depot, Files: p.files, Trail: trail.New(p.log)}), gateway.Options{Function: name, Fail: dialect.Fail(id)})
	}
	canary.Written(t, func() {
		for _, q := range slices.Concat(all, transcripts, r.signed(all)) {
			r.send(t, q.Function, q.Event)
		}
		for id, job := range jobs {
			job(t.Context(), t, r, r.start(t, id))
		}
	})
	used := map[string]map[string]bool{}
	for id, p := range r.processes {
		used[id] = p.used
	}
	return used
}

// signed are the recorded writes of TPM with a signature, which is marked as used; the recorded ones come with a password, and are not.
func (r *stage) signed(all []replay.Request) (out []replay.Request) {
	for _, q := range all {
		if !strings.HasPrefix(q.Function, "tpm-") || q.Event.HTTPMethod == http.MethodGet {
			continue
		}
		sig := auth.Sign(r.Founding.TPM, r.Clock.Now(), q.Event.Path[strings.Index(q.Event.Path, "api/"):], []byte(q.Event.Body))
		q.Event.Headers = nil
		q.Event.MultiValueHeaders = map[string][]string{"X-Public-Key": {sig.PublicKey}, "X-Request-Timestamp": {sig.Timestamp}, "X-Request-Hash": {sig.Hash}}
		out = append(out, q)
	}
	return out
}


// TestEachRoleIsWhatItsFunctionDoes replays every event and every transcript on DynamoDB Local, runs every job, and compares the calls of each function with its role, both ways.
func TestEachRoleIsWhatItsFunctionDoes(t *testing.T) {
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range compare(tmpl, record(t)) {
		t.Error(p)
	}
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
			if !may[a] {
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
