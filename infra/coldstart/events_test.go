package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	recorded "tresor/events"
	"tresor/infra/canary"
	"tresor/infra/replay"
	"tresor/shared/archive"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/blob/s3"
	"tresor/shared/bus/bustest"
	"tresor/shared/depot"
	"tresor/shared/journal"
	"tresor/shared/restore"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// fleet is every function, as a deployment has them, on one vault.
type fleet struct {
	*replay.World
	place   *place
	vault   *founded
	running map[string]*process
	bus     *bustest.Server
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	p := testPlace(t)
	f := &fleet{place: p, vault: p.mustFound(t), running: map[string]*process{}, bus: bustest.Start()}
	t.Cleanup(f.bus.Close)
	p.events = f.bus.URL
	var err error
	if f.World, err = replay.Prepare(t.Context(), f.vault.vault, f.vault.admin); err != nil {
		t.Fatal(err)
	}
	all, err := functions()
	if err != nil {
		t.Fatal(err)
	}
	for name := range all {
		f.running[name] = p.function(t, name, f.vault.name)
	}
	return f
}

func (f *fleet) event(t *testing.T, name string) (replay.Request, int) {
	t.Helper()
	all, err := recorded.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Name == name {
			ev, err := f.Event(e, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return replay.Request{Name: e.Name, Function: e.Function, Event: ev}, e.Status
		}
	}
	t.Fatalf("no event %s", name)
	return replay.Request{}, 0
}

func (f *fleet) send(t *testing.T, r replay.Request) events.APIGatewayProxyResponse {
	t.Helper()
	p := f.running[r.Function]
	if p == nil {
		t.Fatalf("no function %s", r.Function)
	}
	return p.request(t, r.Event)
}

// TestTheRealPrograms sends every recorded event, every transcript's request and the triggers of the others to the programs that are deployed, and searches
// everything that they wrote.
func TestTheRealPrograms(t *testing.T) {
	f := newFleet(t)
	f.export(t) // transcripts change who is an Admin
	var secret canary.Set
	secret.AddCredentials(f.Admin)
	for _, s := range f.Secrets {
		secret.Add("a stored password", s)
	}
	all, err := recorded.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		r, status := f.event(t, e.Name)
		out := f.send(t, r)
		if err := replay.Judge(r, status, out); err != nil {
			t.Errorf("%s: %v\n%s", r.Name, err, out.Body)
		}
		secret.AddRequest(r.Event)
		secret.AddAnswer(out)
	}
	transcripts, err := f.Transcripts("../..", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range transcripts {
		secret.AddAnswer(f.send(t, r))
		secret.AddRequest(r.Event)
	}
	f.checkObjects(t)
	f.trigger(t)
	f.watch(t)
	onBus := secret.But(words)
	f.expire(t, onBus)
	f.follow(t, onBus)
	f.search(t, &secret, len(all)+len(transcripts))
}

// checkObjects looks whether the exports and backups that transcripts asked for are in the bucket, below the vault's name.
func (f *fleet) checkObjects(t *testing.T) {
	t.Helper()
	for _, kind := range []string{"exports/nightly/sysPass_export-", "backups/tresor-"} {
		f.checkObject(t, bucket, kind)
	}
}

// checkObject looks whether there is an object whose key begins so.
func (f *fleet) checkObject(t *testing.T, bucket, prefix string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.place.s3+"/"+bucket+"?list-type=2&prefix="+f.vault.name+"/"+prefix, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	list, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || !strings.Contains(string(list), "<Key>"+f.vault.name+"/"+prefix) {
		t.Errorf("no object %s: %s, %v", prefix, list, err)
	}
}

// watch runs the anchor function, the nightly backup and the verifier, which compares with what the other two have left and with the compactor's snapshot.
func (f *fleet) watch(t *testing.T) {
	t.Helper()
	for _, name := range []string{"anchor/hourly", "backup/nightly", "verifier/daily"} {
		event, err := recorded.Trigger(name)
		if err != nil {
			t.Fatal(err)
		}
		function, _, _ := strings.Cut(name, "/")
		if out, err := f.running[function].invoke(t.Context(), event); err != nil || string(out) != "null" {
			t.Errorf("%s answers %s, %v", function, out, err)
		}
		f.running[function].end()
	}
	f.checkObject(t, bucket, "backups/scheduled/tresor-")
	f.restore(t)
	f.checkObject(t, anchorBucket, "anchors/20")
	for function, done := range map[string]string{"anchor": `"message":"anchor written"`, "backup": `"message":"backup written"`, "verifier": `"anchors":1,"snapshot":"","backup":"backups/scheduled/tresor-`} {
		if written := f.running[function].output.String(); !strings.Contains(written, done) {
			t.Errorf("%s wrote %q, want %s", function, written, done)
		}
	}
}

// restore makes a vault of the nightly backup, which the function wrote without a key for secrets or files.
func (f *fleet) restore(t *testing.T) {
	t.Helper()
	objects := f.objects(t)
	list, err := objects.List(t.Context(), "backups/scheduled/", "", 0)
	if err != nil || len(list) != 1 {
		t.Fatalf("nightly backups: %v, %v", list, err)
	}
	r, _, err := objects.Open(t.Context(), list[0].Key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(r)
	_ = r.Close()
	if err != nil {
		t.Fatal(err)
	}
	p, err := restore.Prepare(t.Context(), bytes.NewReader(file), func(archive.Header) (vault.Sealer, error) { return f.vault.sealer, nil }, restore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store := vaulttest.NewMemory()
	if err := p.Run(t.Context(), restore.Target{Store: store, Blobs: blobtest.Folder(t)}); err != nil {
		t.Fatal(err)
	}
	report, err := journal.Verify(t.Context(), store, f.vault.sealer, journal.Reference{Name: "the backup", Heads: p.Manifest().Heads})
	if err != nil || !report.OK() || report.Entries < 100 {
		t.Errorf("restored: %+v, %v", report, err)
	}
	restored, same := vault.New(journal.Open(store, f.vault.sealer), vault.Options{}), 0
	for id := range vault.EntryID(20) { // some are purged by now
		if was := revealed(t, f.vault.vault, id+1); was != "" && revealed(t, restored, id+1) == was {
			same++
		}
	}
	if same < 3 {
		t.Errorf("%d secrets of the restored vault are what they were", same)
	}
}

// revealed returns an entry's password, as an operator sees it; "" if there is none.
func revealed(t *testing.T, v *vault.Vault, id vault.EntryID) string {
	t.Helper()
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test", Reveals: true}, Reason: "canary of a reason"}
	got, err := vault.View(t.Context(), v, req, func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(id) })
	if err != nil {
		return ""
	}
	return got.Password.Reveal()
}

// TestWatchingBesideNoVault: what is deployed and has no vault yet has nothing to complain of. And a vault whose records have gone since its anchor was made has.
func TestWatchingBesideNoVault(t *testing.T) {
	p := testPlace(t)
	none := vaultName(t)
	f := p.mustFound(t)
	if err := f.fill(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	run := func(name, vaultName string) error {
		t.Helper()
		event, err := recorded.Trigger(name)
		if err != nil {
			t.Fatal(err)
		}
		function, _, _ := strings.Cut(name, "/")
		out, err := p.function(t, function, vaultName).invoke(t.Context(), event)
		if err == nil && string(out) != "null" {
			err = fmt.Errorf("%s", out)
		}
		return err
	}
	for _, name := range []string{"anchor/hourly", "backup/nightly", "verifier/daily"} {
		if err := run(name, none); err != nil {
			t.Errorf("no vault: %s: %v", name, err)
		}
		if err := run(name, f.name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	p.cut(t, f.name, vault.Entries, 4)
	if err := run("verifier/daily", f.name); err == nil || !strings.Contains(err.Error(), "the entries journal ends with record 3, and the anchor of ") {
		t.Errorf("a cut tail: %v", err)
	}
}

// cut removes a record behind the vault's back.
func (p *place) cut(t *testing.T, vaultName string, table vault.Table, seq vault.Seq) {
	t.Helper()
	store, err := p.store(vaultName)
	if err == nil {
		err = store.Commit(t.Context(), vault.Transaction{ID: vaulttest.NewTxnID(), DropRecords: []vault.RecordKey{{Table: table, Seq: seq}}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// trigger runs the compactor, whose answer to a success is null.
func (f *fleet) trigger(t *testing.T) {
	t.Helper()
	event, err := recorded.Trigger("compactor/hourly")
	if err != nil {
		t.Fatal(err)
	}
	compactor := f.running["compactor"]
	out, err := compactor.invoke(t.Context(), event)
	if err != nil || string(out) != "null" {
		t.Errorf("the compactor answers %s, %v", out, err)
	}
	compactor.end()
	for _, done := range []string{"hours closed", "files swept"} {
		if !strings.Contains(compactor.output.String(), `"message":"`+done+`"`) {
			t.Errorf("the compactor wrote %q", compactor.output.String())
		}
	}
}

// objects are what lies in the bucket below the vault's name.
func (f *fleet) objects(t *testing.T) blob.Store {
	t.Helper()
	objects, err := s3.New(s3.NewClient(config(&f.place.s3)), s3.Config{Bucket: bucket, Prefix: f.vault.name})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// export runs the exporter for a job that this process writes down, as the sysPass function does: that is the vault's first, which the recorded event names.
func (f *fleet) export(t *testing.T) {
	t.Helper()
	objects := f.objects(t)
	d := depot.New(depot.Parts{Vault: f.vault.vault, Log: f.vault.log, Sealer: f.vault.sealer, Blobs: objects, Later: trigger{t, f.running["exporter"]}})
	asking := vault.Request{Auth: auth.Token(f.vault.admin.SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "config/export", Reveals: true}}
	location, err := d.ExportLater(t.Context(), asking, "large", "")
	if err != nil {
		t.Fatal(err)
	}
	r, size, err := objects.Open(t.Context(), strings.TrimPrefix(location, "s3://"+bucket+"/"+f.vault.name+"/"), 0, -1)
	if err != nil {
		t.Fatalf("no export at %s: %v", location, err)
	}
	_ = r.Close()
	if size < 1000 {
		t.Errorf("an export of %d bytes", size)
	}
}

// trigger gives an exporter its recorded event, twice, as Lambda may.
type trigger struct {
	t        *testing.T
	exporter *process
}

func (g trigger) Invoke(ctx context.Context, id vault.JobID) error {
	event, err := recorded.Trigger("exporter/job")
	if err != nil || id != 1 {
		return fmt.Errorf("job %d: %w", id, err)
	}
	for range 2 {
		if out, err := g.exporter.invoke(ctx, event); err != nil || string(out) != "null" {
			g.t.Errorf("the exporter answers %s, %v", out, err)
		}
	}
	return nil
}

// search looks through all that the programs wrote: one line for each request, and nothing that a client sent or got.
func (f *fleet) search(t *testing.T, secret *canary.Set, requests int) {
	t.Helper()
	lines := 0
	for name, p := range f.running {
		p.end() // then all that it wrote is here
		written := p.output.String()
		lines += strings.Count(written, `"message":"request"`)
		for line := range strings.Lines(written) {
			if found := secret.Found(line); len(found) > 0 {
				t.Errorf("%s writes %v in a line of %d bytes", name, found, len(line))
			}
		}
	}
	if lines != requests {
		t.Errorf("%d lines for %d requests", lines, requests)
	}
	t.Logf("%d requests; %d texts searched for", requests, secret.Len())
}

// TestOneFunctionReadsWhatAnotherWrote: the programs share nothing but the tables.
func TestOneFunctionReadsWhatAnotherWrote(t *testing.T) {
	f := newFleet(t)
	create, _ := f.event(t, "tpm-passwords/v6-create")
	for range 2 { // the second finds a warm process
		if out := f.send(t, create); out.StatusCode != 201 {
			t.Fatalf("create: %d %s", out.StatusCode, out.Body)
		}
	}
	read, _ := f.event(t, "teampass-items/read-folder")
	if out := f.send(t, read); strings.Count(out.Body, `"pw":"recorded-pw-3"`) < 2 {
		t.Errorf("read back: %d %s, want what was created, twice", out.StatusCode, out.Body)
	}
}
