package replay_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	recorded "tresor/events"
	"tresor/infra/canary"
	"tresor/infra/replay"
	"tresor/shared/blob"
	"tresor/shared/compact"
	"tresor/shared/depot"
	"tresor/shared/dialect"
	"tresor/shared/gateway"
	"tresor/shared/invoke"
	"tresor/shared/scenario"
	"tresor/shared/trail"
	"tresor/shared/vault"
	"tresor/shared/watch"
)

// world is a vault in this process, and each function's own handler on it.
type world struct {
	*scenario.System
	*replay.World
	functions map[string]*gateway.Handler
	objects   string // the folder that exports and backups lie in
	depot     *depot.Depot
	later     depot.Invoker // who makes exports of more than one entry; nil: they are made in their calls
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{System: scenario.New(t), functions: map[string]*gateway.Handler{}, objects: t.TempDir()}
	var err error
	if w.World, err = replay.Prepare(t.Context(), w.Vault, w.Founding); err != nil {
		t.Fatal(err)
	}
	w.serve(t)
	return w
}

// serve makes the handlers as package wire does. They write to the log that is there now.
func (w *world) serve(t *testing.T) {
	t.Helper()
	blobs, err := blob.OpenFolder(w.objects)
	if err != nil {
		t.Fatal(err)
	}
	w.depot = depot.New(depot.Parts{Vault: w.Vault, Log: w.Log, Store: w.Store, Sealer: w.Sealer, Blobs: blobs, Now: w.Clock.Now, Later: w.later, Threshold: 1})
	for id, construct := range dialect.Functions {
		name := dialect.FunctionName(id)
		w.functions[name] = gateway.New(construct(dialect.Parts{Vault: w.Vault, Auth: w.Auth, Depot: w.depot, Trail: trail.New(w.Log)}),
			gateway.Options{Function: name, Fail: dialect.Fail(id), Meter: everyTime()})
	}
}

// everyTime returns a Meter that writes a line for each request, to what is stdout now.
func everyTime() *watch.Meter {
	var at atomic.Int64
	return watch.NewMeter(os.Stdout, "stack", func() time.Time { return time.Unix(at.Add(60), 0) })
}

func (w *world) send(t *testing.T, function string, ev events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	handler := w.functions[function]
	if handler == nil {
		t.Fatalf("no function %s", function)
	}
	out, err := handler.Proxy(t.Context(), ev)
	if err != nil {
		t.Errorf("%s: %v", function, err)
	}
	return out
}

// requests returns every recorded event, filled.
func (w *world) requests(t *testing.T) (all []replay.Request, status []int) {
	t.Helper()
	loaded, err := recorded.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range loaded {
		ev, err := w.Event(e, w.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		all, status = append(all, replay.Request{Name: e.Name, Function: e.Function, Event: ev}), append(status, e.Status)
	}
	return all, status
}

func TestEveryEventIsAnsweredByItsFunction(t *testing.T) {
	w := newWorld(t)
	all, status := w.requests(t)
	answered := map[string]int{}
	canary.Written(t, func() {
		for i, r := range all {
			out := w.send(t, r.Function, r.Event)
			if err := replay.Judge(r, status[i], out); err != nil {
				t.Errorf("%s: %v\n%s", r.Name, err, out.Body)
			}
			answered[r.Function]++
		}
	})
	for name := range w.functions {
		if answered[name] == 0 {
			t.Errorf("no event was answered by %s", name)
		}
	}
}

// TestTheSecretComesBack: the events that reveal do so with the very bytes that were stored, in each dialect.
func TestTheSecretComesBack(t *testing.T) {
	w := newWorld(t)
	all, _ := w.requests(t)
	secrets := map[string]string{"syspass/account-view-pass": w.Secrets[3], "teampass-items/read-items": w.Secrets[0], "teampass-post/read-items": w.Secrets[0], "tpm-passwords/v6-show": w.Secrets[4]}
	canary.Written(t, func() {
		for _, r := range all {
			want, reveals := secrets[r.Name]
			if !reveals {
				continue
			}
			if out := w.send(t, r.Function, r.Event); !strings.Contains(out.Body, want) {
				t.Errorf("%s: got %s, want the secret in it", r.Name, out.Body)
			}
			delete(secrets, r.Name)
		}
	})
	if len(secrets) > 0 {
		t.Errorf("no such event: %v", secrets)
	}
}

// TestTheTriggerClosesHours gives the compactor's event to what its main runs.
func TestTheTriggerClosesHours(t *testing.T) {
	w := newWorld(t)
	all, _ := w.requests(t)
	canary.Written(t, func() {
		for _, r := range all {
			if r.Name == "teampass-items/read-items" {
				w.send(t, r.Function, r.Event)
			}
		}
	})
	w.Clock.Add(2 * time.Hour)
	closed := 0
	job := lambda.NewHandler(func(ctx context.Context) (err error) {
		closed, err = compact.Close(ctx, w.Vault, w.Log, w.Clock.Now())
		return err
	})
	trigger, err := recorded.Trigger("compactor/hourly")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := job.Invoke(t.Context(), trigger); err != nil || closed == 0 {
		t.Errorf("closed %d hours, %v; want the hour of the read", closed, err)
	}
}

// starter is an Invoker that takes every job.
type starter struct{}

func (starter) Invoke(context.Context, vault.JobID) error { return nil }

// TestALargeExport has the sysPass function ask for an export that is too large for a call, and gives the exporter's event to what its main runs.
func TestALargeExport(t *testing.T) {
	w := newWorld(t)
	w.later = starter{}
	w.serve(t)
	var ev events.APIGatewayProxyRequest
	all, _ := w.requests(t)
	for _, r := range all {
		if r.Name == "syspass/account-search" {
			ev = r.Event
		}
	}
	ev.Body = `{"jsonrpc":"2.0","method":"config/export","params":{"authToken":"` + w.Admin.SysPass.AuthToken + `","path":"canary path","password":"canary password"},"id":1}`
	ev.IsBase64Encoded = false
	trigger, err := recorded.Trigger("exporter/job")
	if err != nil {
		t.Fatal(err)
	}
	var out events.APIGatewayProxyResponse
	written := canary.Written(t, func() {
		w.serve(t)
		out = w.send(t, "syspass", ev)
		_, err = lambda.NewHandler(func(ctx context.Context, e invoke.Event) error { return w.depot.Run(ctx, e.Job) }).Invoke(t.Context(), trigger)
	})
	var answer struct {
		Result struct{ Location, ResultMessage string }
	}
	if wrong := json.Unmarshal([]byte(out.Body), &answer); wrong != nil || err != nil || answer.Result.ResultMessage != "Export process started" {
		t.Fatalf("got %s, %v, %v", out.Body, wrong, err)
	}
	at, err := url.Parse(answer.Result.Location)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(at.Path); err != nil || !strings.Contains(string(content), "<Encrypted hash=") {
		t.Errorf("at %s: %d bytes, %v", answer.Result.Location, len(content), err)
	}
	if strings.Contains(written, "canary p") {
		t.Errorf("written: %s", written)
	}
}

// TestNothingSecretIsWritten sends every event and every transcript's request through the gateway, and searches all that this process wrote.
func TestNothingSecretIsWritten(t *testing.T) {
	w := newWorld(t)
	all, _ := w.requests(t)
	transcripts, err := w.Transcripts("../..", w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, transcripts...)
	var secret, stored, planted canary.Set // what requests carry may well stand in an export
	for _, set := range []*canary.Set{&secret, &stored, &planted} {
		set.AddCredentials(w.Admin)
		for _, s := range w.Secrets {
			set.Add("a stored password", s)
		}
	}
	failed := 0
	written := canary.Written(t, func() {
		w.serve(t)
		for _, r := range all {
			secret.AddRequest(r.Event)
			out := w.send(t, r.Function, r.Event)
			secret.AddAnswer(out)
			if out.StatusCode >= http.StatusInternalServerError {
				failed++
				if !strings.HasPrefix(r.Function, "teampass-") { // its contract names 500 for what it cannot make out
					t.Errorf("%s: %d %s", r.Name, out.StatusCode, out.Body)
				}
			}
		}
	})
	for _, leak := range leaks(&secret, written) {
		t.Error(leak)
	}
	if n := strings.Count(written, `"CloudWatchMetrics"`); n < len(all)/10 {
		t.Errorf("%d lines of metrics for %d requests: there is nothing to search", n, len(all))
	}
	for _, c := range w.Planted { // the names of calls, which requests carry too, are in records on purpose
		planted.Add("a canary", c)
	}
	w.searchRecords(t, &planted)
	if lines := strings.Count(written, `"msg":"request"`); lines != len(all) {
		t.Errorf("%d lines for %d requests", lines, len(all))
	}
	if len(w.Planted) < 300 {
		t.Errorf("only %d canaries in the transcripts", len(w.Planted))
	}
	if n := w.searchObjects(t, &stored); n < 5 {
		t.Errorf("only %d exports and backups to search", n)
	}
	t.Logf("%d requests, %d of transcripts with %d canaries, %d answered with 5xx; %d texts searched for", len(all), len(transcripts), len(w.Planted), failed, secret.Len())
}

// leaks says in which lines of what was written something secret is.
func leaks(secret *canary.Set, written string) (all []string) {
	for line := range strings.Lines(written) {
		if found := secret.Found(line); len(found) > 0 {
			all = append(all, fmt.Sprintf("written: %v in a line of %d bytes", found, len(line)))
		}
	}
	return all
}

// searchRecords looks at what a consumer of the tables' streams gets, who has no key: the events are made of it.
func (w *world) searchRecords(t *testing.T, secret *canary.Set) {
	t.Helper()
	records := 0
	for _, table := range vault.Tables {
		for after, more := vault.Seq(0), true; more; {
			var page []vault.StoredRecord
			var err error
			if page, more, err = w.Store.Tail(t.Context(), table, after); err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				after = r.Seq
				records++
				if found := secret.Found(fmt.Sprintf("%+v %s", r.Clear, r.Sealed)); len(found) > 0 {
					t.Errorf("%s record %d holds %v", table, r.Seq, found)
				}
			}
			more = more && len(page) > 0
		}
	}
	if records < 100 {
		t.Errorf("only %d records to search", records)
	}
}

// TestALeakIsFound has a function leak on purpose, in each place that the search looks at.
func TestALeakIsFound(t *testing.T) {
	w := newWorld(t)
	transcripts, err := w.Transcripts("../..", w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, leak := range map[string]func(canary string){
		"a log":     func(c string) { slog.Info("request", "note", c) },
		"a level":   func(c string) { slog.Debug("request", "note", c) },
		"an error":  func(c string) { slog.Error("job failed", "error", fmt.Errorf("open %q: %w", c, vault.Corrupt)) },
		"a metric":  func(c string) { watch.NewMeter(os.Stdout, c, time.Now).Job(watch.Figures{Reveals: 1}) },
		"a print":   func(c string) { fmt.Println(c) },
		"in base64": func(c string) { slog.Info("request", "note", base64.StdEncoding.EncodeToString([]byte("; "+c))) },
		"in a URL":  func(c string) { slog.Info("request", "url", "/api/index.php/add/item?"+url.QueryEscape(c)) },
	} {
		var secret canary.Set
		for _, r := range transcripts {
			secret.AddRequest(r.Event)
		}
		for _, i := range []int{0, len(w.Planted) / 2, len(w.Planted) - 1} {
			if found := leaks(&secret, canary.Written(t, func() { leak(w.Planted[i]) })); len(found) != 1 {
				t.Errorf("%s: found %q, want one leak of canary %d", name, found, i)
			}
		}
	}
	if found := leaks(&canary.Set{}, canary.Written(t, func() { slog.Info("request") })); len(found) != 0 {
		t.Errorf("found %q where nothing is", found)
	}
}

// searchObjects looks for what is stored in each export and backup, and returns how many there are.
func (w *world) searchObjects(t *testing.T, stored *canary.Set) (n int) {
	t.Helper()
	err := filepath.WalkDir(w.objects, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		content, err := os.ReadFile(path)
		if found := stored.Found(string(content)); len(found) > 0 {
			t.Errorf("%s holds %v", d.Name(), found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTranscriptsOfEveryDialect(t *testing.T) {
	w := newWorld(t)
	all, err := w.Transcripts("../..", w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, r := range all {
		name, _, _ := strings.Cut(r.Function, "-")
		of[name]++
	}
	for _, d := range []vault.Dialect{vault.SysPass, vault.TeamPass, vault.TPM} {
		if of[string(d)] < 30 {
			t.Errorf("%d requests of %s", of[string(d)], d)
		}
	}
}

// TestJudgeRefuses holds the judge to what it is for.
func TestJudgeRefuses(t *testing.T) {
	header := func(kind string) map[string][]string {
		return map[string][]string{"Cache-Control": {"no-store"}, "Content-Type": {kind}}
	}
	const plain, charset = "application/json", "application/json; charset=utf-8"
	for name, c := range map[string]struct {
		function string
		want     int
		out      events.APIGatewayProxyResponse
	}{
		"another status":         {"syspass", 404, events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: header(charset), Body: `{"jsonrpc":"2.0","result":1,"id":1}`}},
		"no JSON":                {"teampass-items", 200, events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: header(plain), Body: "Not found"}},
		"another content type":   {"teampass-items", 200, events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: header("text/plain"), Body: "[]"}},
		"may be cached":          {"teampass-items", 200, events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: map[string][]string{"Content-Type": {plain}}, Body: "[]"}},
		"no body":                {"tpm-passwords", 200, events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: header(charset)}},
		"no JSON-RPC":            {"syspass", 200, events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: header(charset), Body: `{"result":1}`}},
		"TPM's error as success": {"tpm-passwords", 200, events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: header(charset), Body: `{"error":true}`}},
		"another's error":        {"tpm-passwords", 404, events.APIGatewayProxyResponse{StatusCode: 404, MultiValueHeaders: header(charset), Body: `{"message":"no"}`}},
		"an error without text":  {"teampass-items", 405, events.APIGatewayProxyResponse{StatusCode: 405, MultiValueHeaders: header(plain), Body: `{}`}},
	} {
		if replay.Judge(replay.Request{Function: c.function}, c.want, c.out) == nil {
			t.Errorf("%s: no complaint", name)
		}
	}
}
