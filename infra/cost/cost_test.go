package cost_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"tresor"
	recorded "tresor/events"
	"tresor/infra/cost"
	"tresor/infra/replay"
	"tresor/infra/template"
	"tresor/shared/dialect"
	"tresor/shared/gateway"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
	"tresor/shared/watch"
	"tresor/shared/wire/process"
)

var update = flag.Bool("update", false, "rewrite what is computed in docs/cost.md")

const page = "../../docs/cost.md"

// metered is a store that bills what DynamoDB would, to the ledger of each request, and weighs what is put.
type metered struct {
	vault.Store // counts too
	count       *vaulttest.Faulty

	mu    sync.Mutex
	bytes float64 // of all items that were put
}

// itemOverhead is what DynamoDB adds to each item, with the attributes beside what is sealed.
const itemOverhead = 100 + 120

func (m *metered) note(ctx context.Context, read, write float64) { watch.From(ctx).Stored(read, write) }

func (m *metered) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	m.note(ctx, 1, 0)
	return m.Store.Tail(ctx, t, after)
}

func (m *metered) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	m.note(ctx, float64(len(keys)), 0)
	return m.Store.Secrets(ctx, keys)
}

func (m *metered) PutAccess(ctx context.Context, list []vault.StoredAccess) error {
	m.note(ctx, 0, float64(len(list)))
	return m.Store.PutAccess(ctx, list)
}

func (m *metered) Commit(ctx context.Context, tx vault.Transaction) error {
	m.mu.Lock()
	for _, r := range tx.Put {
		m.bytes += float64(len(r.Sealed)) + itemOverhead
	}
	for _, s := range tx.PutSecrets {
		m.bytes += float64(len(s.Sealed)) + itemOverhead
	}
	m.mu.Unlock()
	return m.Store.Commit(ctx, tx)
}

// entries is how many the vault holds that is counted.
const entries = 10_000

// counted is a vault of that size, by whose counts all is computed.
type counted struct {
	*scenario.System
	store *metered
	world *replay.World
}

func count(t *testing.T) *counted {
	t.Helper()
	faulty := vaulttest.NewFaulty(vaulttest.NewMemory(), 1) // with nothing asked of it, it counts
	c := &counted{store: &metered{Store: faulty, count: faulty}}
	c.System = scenario.On(t, c.store)
	var err error
	if c.world, err = replay.Prepare(t.Context(), c.Vault, c.Founding); err != nil {
		t.Fatal(err)
	}
	project := vault.ProjectID(0)
	c.Do(t, func(tx *vault.Tx) (err error) {
		project, err = tx.CreateProject(vault.Project{Name: "Servers", Manager: c.Founding.AdminID})
		return err
	})
	notes := "Rack 12, second power supply; the contract ends in May, ask the owner before a restart of "
	for i := range entries {
		c.Do(t, func(tx *vault.Tx) error {
			_, err := tx.CreateEntry(vault.Entry{Project: project, Manager: c.Founding.AdminID, Name: fmt.Sprintf("host-%05d", i), Username: "svc_backup",
				URL: fmt.Sprintf("https://host-%05d.example.com/", i), Notes: notes + fmt.Sprint(i*7919)}, vault.Payload{Password: vault.NewSecret(fmt.Sprintf("secret %d of many", i))})
			return err
		})
	}
	return c
}

// read counts one warm read of a secret by a recorded event, behind an API Gateway, as wire.Start serves it.
func (c *counted) read(t *testing.T, name, id string, tmpl *template.Template) cost.Read {
	t.Helper()
	var ev events.APIGatewayProxyRequest
	all, err := recorded.Load()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(e recorded.Event) bool { return e.Name == name })
	if at < 0 {
		t.Fatalf("no event %s", name)
	}
	if ev, err = c.world.Event(all[at], c.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	var line bytes.Buffer
	g := gateway.New(dialect.Functions[id](dialect.Parts{Vault: c.Vault, Auth: c.Auth}),
		gateway.Options{Function: dialect.FunctionName(id), Log: process.NewLogger(&line), Fronted: true, Meter: watch.NewMeter(io.Discard, "tresor", time.Now)})
	var out events.APIGatewayProxyResponse
	for range 2 { // the first one may meet a password that is not verified yet
		line.Reset()
		c.store.count.Reset()
		if out, err = g.Proxy(t.Context(), ev); err != nil || out.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s, %v", name, out.StatusCode, out.Body, err)
		}
	}
	used := c.store.count.Total()
	for _, want := range []string{`"outcome":"ok"`, `"actor":1`, `"calls":4`, `"rru":3`, `"wru":1`, `"dialect":`, `"ms":`, `"request_id":`, `"resource":`} {
		if !strings.Contains(line.String(), want) {
			t.Errorf("%s: %s is not in %s", name, want, line.String())
		}
	}
	answer := len(out.Body) + 300 // HTTP/1.1 and API Gateway's own headers
	for k, vs := range out.MultiValueHeaders {
		answer += len(k) + len(strings.Join(vs, "")) + 4
	}
	return cost.Read{ReadUnits: used.ReadUnits, WriteUnits: used.WriteUnits, FunctionLine: len(duration.ReplaceAllString(line.String(), `"ms":12.3`)), AccessLog: accessLog(t, tmpl, ev.Resource), Answer: answer}
}

// duration is the member whose length differs from run to run.
var duration = regexp.MustCompile(`"ms":[0-9.e-]+`)

var contextVariable = regexp.MustCompile(`\$context\.[A-Za-z.]+`)

// accessLog returns the length of a line that the template has API Gateway write.
func accessLog(t *testing.T, tmpl *template.Template, resource string) int {
	t.Helper()
	format, _ := template.Map(tmpl.Resources["Api"].Properties["AccessLogSetting"])["Format"].(string)
	values := map[string]string{"resourcePath": resource, "httpMethod": "POST", "status": "200", "requestId": "7c2af7db-31f3-42b5-8a6d-9ffc74e3b9e0", "identity.sourceIp": "203.0.113.199", "responseLatency": "12"}
	line := contextVariable.ReplaceAllStringFunc(format, func(v string) string {
		if text, ok := values[strings.TrimPrefix(v, "$context.")]; ok {
			return text
		}
		return "some ten bytes" // what was added since
	})
	if len(line) < 100 {
		t.Fatalf("the access log's line is %q", line)
	}
	return len(line)
}

// worst is the dearest of some reads, in each respect, its bytes rounded up to tens: a duration may have a digit more.
func worst(reads ...cost.Read) (w cost.Read) {
	tens := func(n int) int { return (n + 9) / 10 * 10 }
	for _, r := range reads {
		w.ReadUnits, w.WriteUnits = max(w.ReadUnits, r.ReadUnits), max(w.WriteUnits, r.WriteUnits)
		w.FunctionLine, w.AccessLog, w.Answer = max(w.FunctionLine, tens(r.FunctionLine+4)), max(w.AccessLog, tens(r.AccessLog)), max(w.Answer, (r.Answer+99)/100*100)
	}
	return w
}

func parse(t *testing.T) *template.Template {
	t.Helper()
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// rounded makes a measure one that does not change with every byte of a format: two digits.
func rounded(n float64) float64 {
	scale := math.Pow(10, math.Floor(math.Log10(n))-1)
	return math.Ceil(n/scale) * scale
}

func TestTheCostPageIsComputed(t *testing.T) {
	tmpl := parse(t)
	c := count(t)
	of := map[string]cost.Read{}
	for name, id := range map[string]string{"syspass/account-view-pass": "SyspassFunction", "teampass-items/read-items": "TeampassItemsFunction", "tpm-passwords/v6-show": "TpmPasswordsFunction"} {
		of[name] = c.read(t, name, id, tmpl)
		t.Logf("%s: %+v", name, of[name])
	}
	read := worst(of["syspass/account-view-pass"], of["teampass-items/read-items"], of["tpm-passwords/v6-show"])
	if read.ReadUnits > 3 || read.WriteUnits > 1 {
		t.Errorf("a read takes %d RRU and %d WRU; 3 and 1 are promised", read.ReadUnits, read.WriteUnits)
	}
	reads := cost.Reads(1e6, read, cost.Memory(tmpl, "TpmPasswordsFunction"), 3, 0, cost.Assumed)
	told := cost.Reads(1e6, read, cost.Memory(tmpl, "TpmPasswordsFunction"), 3, cost.Memory(tmpl, "NotifierFunction"), cost.Assumed)
	if by := template.Map(tmpl.Parameters["EnableRevealEvents"])["Default"]; by != "false" {
		t.Errorf("reveals are told by default (%v), and the budget is of reads that are not", by)
	}

	store, jobs := c.idle(t, tmpl)
	var list strings.Builder
	slices.SortFunc(jobs, func(a, b cost.Job) int { return strings.Compare(a.Name, b.Name) })
	for _, j := range jobs {
		if j.Runs > 100 && j.Units.Read > 500 {
			t.Errorf("%s reads %.0f units in each of %.0f runs: as much as the whole vault, again and again", j.Name, j.Units.Read, j.Runs)
		}
		fmt.Fprintf(&list, "| %s | %.0f | %.0f | %.0f | %.1f | %.1f | %.1f |\n", strings.ToLower(strings.TrimSuffix(j.Name, "Function")), j.Runs, j.MemoryMB, j.Units.Read, j.Units.Write, j.Units.Puts, j.Units.Gets)
	}
	idle := cost.Idle(store, jobs, cost.Assumed)

	if got := reads.Free(); got > 4.80 {
		t.Errorf("a million reads cost $%.2f, want at most $4.80", got)
	}
	if got := idle.List(); got > 2 { // at list prices: nothing of it depends on what else the account does
		t.Errorf("an idle month costs $%.2f beside the key, want at most $2", got)
	}
	a := cost.Assumed
	checkPage(t, map[string]string{
		"counted": fmt.Sprintf("A read takes %d RRU and %d WRU, the function's line %d bytes, API Gateway's %d, an answer some %d.\n", read.ReadUnits, read.WriteUnits, read.FunctionLine, read.AccessLog, read.Answer),
		"assumed": fmt.Sprintf("%.0f ms that Lambda bills for a warm read, %.0f cold starts among them, %.1f s for a start (a job's run included), and %.0f requests to KMS at a start beside one for each keyset.\n", a.ReadMillis, a.ColdStarts, a.ColdSeconds, a.ColdKMS),
		"reads":   reads.Table(), "idle": idle.Table(), "jobs": "| function | runs a month | MB | RRU | WRU | PUT and LIST | GET |\n|---|---:|---:|---:|---:|---:|---:|\n" + list.String(),
		"sums": sums(reads, told, idle),
	})
}

// sums says on one line each what the page promises.
func sums(reads, told, idle cost.Bill) string {
	return fmt.Sprintf("| | budget | list price | after free allowances |\n|---|---:|---:|---:|\n| a million reads of a secret | $4.80 | $%.2f | $%.2f |\n| the same, each told to the event bus (`EnableRevealEvents`) | | $%.2f | $%.2f |\n| an idle month, beside the KMS key ($1) | $2.00 | $%.2f | $%.2f |\n",
		reads.List(), reads.Free(), told.List(), told.Free(), idle.List(), idle.Free())
}

// checkPage compares what stands between a marker and its end with what was computed, or writes it there.
func checkPage(t *testing.T, blocks map[string]string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	now := string(text)
	for name, want := range blocks {
		begin, end := "<!-- "+name+" -->\n", "<!-- end -->"
		before, rest, ok := strings.Cut(now, begin)
		got, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Errorf("docs/cost.md has no block %s", name)
			continue
		}
		if got != want && !*update {
			t.Errorf("docs/cost.md, %s: it says\n%s\nand what was counted is\n%s\n(go test ./infra/cost -update writes it)", name, got, want)
		}
		now = before + begin + want + end + after
	}
	if *update {
		if err := os.WriteFile(page, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestABillIsQuantityTimesPrice(t *testing.T) {
	r := cost.Read{ReadUnits: 3, WriteUnits: 1, FunctionLine: 274, AccessLog: 174, Answer: 1000}
	b := cost.Reads(1e6, r, 1024, 2, 0, cost.Assumptions{ReadMillis: 10})
	// 3.50 API, 0.20 requests, 0.133334 time, 0.375 and 0.625 units, 0.25 logs, 0.09 transfer, 0.90 metrics
	if got := b.List(); math.Abs(got-6.073334) > 1e-6 {
		t.Errorf("list price $%f", got)
	}
	if got := b.Free(); math.Abs(got-4.5) > 1e-9 {
		t.Errorf("$%f after the allowances", got)
	}
	// Told to the bus: 1.00 events, 0.20 requests, and 2500 GB-s of a notifier with 256 MB.
	if got := cost.Reads(1e6, r, 1024, 2, 256, cost.Assumptions{ReadMillis: 10}).List(); math.Abs(got-7.306667) > 1e-5 {
		t.Errorf("told, list price $%f", got)
	}
	if got := cost.Reads(2e6, r, 1024, 2, 0, cost.Assumptions{}).Free(); math.Abs(got-9.2) > 1e-9 {
		t.Errorf("two millions cost $%f after the allowances, want the second million's requests to Lambda paid", got)
	}
}

func TestAnAlarmIsPaidByItsMetrics(t *testing.T) {
	tmpl, err := template.Parse([]byte(`
Globals: {Function: {MemorySize: 512}}
Resources:
  A: {Type: AWS::CloudWatch::Alarm, Properties: {MetricName: x}}
  B: {Type: AWS::CloudWatch::Alarm, Properties: {Metrics: [{Id: e, Expression: m1+m2}, {Id: m1, MetricStat: {}}, {Id: m2, MetricStat: {Stat: Sum}}]}}
  C: {Type: AWS::CloudWatch::Dashboard}
  F: {Type: AWS::Serverless::Function, Properties: {Environment: {Variables: {TRESOR_PURPOSES: index files}}, Events: {E: {Type: Schedule, Properties: {Schedule: 'cron(5 3 * * ? *)'}}}}}
  G: {Type: AWS::Serverless::Function, Properties: {MemorySize: 256, Events: {E: {Type: Schedule, Properties: {Schedule: rate(15 minutes)}}, H: {Type: Api}}}}
  H: {Type: AWS::Serverless::Function, Properties: {Events: {H: {Type: Api}}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if a, d := cost.AlarmMetrics(tmpl), cost.Dashboards(tmpl); a != 3 || d != 1 {
		t.Errorf("%v metrics, %v dashboards", a, d)
	}
	jobs, err := cost.Jobs(tmpl)
	slices.SortFunc(jobs, func(a, b cost.Job) int { return strings.Compare(a.Name, b.Name) })
	if want := []cost.Job{{Name: "F", Runs: 30, MemoryMB: 512, Keysets: 2}, {Name: "G", Runs: 96 * 30, MemoryMB: 256}}; err != nil || !slices.Equal(jobs, want) {
		t.Errorf("got %+v, %v", jobs, err)
	}
}

func TestSchedules(t *testing.T) {
	for text, want := range map[string]float64{"cron(5 * * * ? *)": 24, "cron(0/10 * * * ? *)": 144, "cron(0 2 * * ? *)": 1, "cron(0,30 8-17 ? * MON-FRI *)": 20, "rate(1 day)": 1, "rate(6 hours)": 4, "cron(1)": -1, "rate(0 hours)": -1, "often": -1, "rate(1 year)": -1} {
		tmpl, err := template.Parse([]byte("Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {Events: {E: {Type: Schedule, Properties: {Schedule: '" + text + "'}}}}}}"))
		if err != nil {
			t.Fatal(err)
		}
		jobs, err := cost.Jobs(tmpl)
		if (err != nil) != (want < 0) || err == nil && jobs[0].Runs != want*30 {
			t.Errorf("%s: got %+v, %v; want %v a day", text, jobs, err, want)
		}
	}
}
