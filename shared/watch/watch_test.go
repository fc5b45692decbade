package watch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tresor/shared/vault"
	"tresor/shared/watch"
)

func TestALedgerSumsWhatManySay(t *testing.T) {
	ctx, l := watch.With(t.Context())
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			watch.From(ctx).Stored(1, 0.5)
			watch.From(context.WithoutCancel(ctx)).CaughtUp(2) // as shared work does
		})
	}
	wg.Wait()
	watch.Caller(ctx, 7)
	l.Revealed(3)
	l.Revealed(-1)
	l.LostRace()
	l.Refused(vault.NotFound)
	l.Refused(vault.Forbidden)
	want := watch.Figures{Actor: 7, Outcome: "not allowed", Calls: 10, ReadUnits: 10, WriteUnits: 5, CatchUp: 20, Reveals: 2, Conflicts: 1}
	if got := l.Figures(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWithoutALedgerNothingHappens(t *testing.T) {
	l := watch.From(t.Context())
	l.Stored(1, 1)
	l.Refused(vault.Busy)
	watch.Caller(t.Context(), 1)
	if got := l.Figures(); got != (watch.Figures{}) {
		t.Errorf("got %+v", got)
	}
}

func TestALineHasNoZeros(t *testing.T) {
	if got := (watch.Figures{}).Attrs(); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	got := watch.Figures{Actor: 3, Calls: 4, ReadUnits: 3, WriteUnits: 1, CatchUp: 2, Conflicts: 1, Reveals: 9}.Attrs()
	var names []string
	for _, a := range got {
		names = append(names, a.Key)
	}
	if want := "actor calls rru wru catch_up conflicts"; strings.Join(names, " ") != want {
		t.Errorf("got %v, want %s", names, want)
	}
}

// meter returns a Meter whose clock the test sets, and a way to take what it wrote.
func meter(now *time.Time) (*watch.Meter, func() []map[string]any) {
	var out bytes.Buffer
	m := watch.NewMeter(&out, "stack", func() time.Time { return *now })
	return m, func() (lines []map[string]any) {
		for line := range strings.Lines(out.String()) {
			var v map[string]any
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				panic(err)
			}
			lines = append(lines, v)
		}
		out.Reset()
		return lines
	}
}

// metrics returns a line's metrics, after checking that CloudWatch would find every one that it names.
func metrics(t *testing.T, line map[string]any) map[string]float64 {
	t.Helper()
	meta := line["_aws"].(map[string]any)
	d := meta["CloudWatchMetrics"].([]any)[0].(map[string]any)
	if d["Namespace"] != watch.Namespace || line["Stack"] != "stack" || meta["Timestamp"].(float64) < 1e12 {
		t.Errorf("got %v", line)
	}
	if dims := d["Dimensions"].([]any); len(dims) != 1 || len(dims[0].([]any)) != 1 || dims[0].([]any)[0] != "Stack" {
		t.Errorf("dimensions are %v, want the stack alone: each combination is billed", dims)
	}
	found := map[string]float64{}
	for _, m := range d["Metrics"].([]any) {
		name := m.(map[string]any)["Name"].(string)
		v, ok := line[name].(float64)
		if !ok || v == 0 {
			t.Errorf("%s is named and is %v", name, line[name])
		}
		found[name] = v
	}
	if len(line) != len(found)+2 {
		t.Errorf("the line holds more than it names: %v", slices.Sorted(maps.Keys(line)))
	}
	return found
}

func TestAtMostALineAMinute(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	m, written := meter(&now)
	m.Request(watch.Figures{Outcome: watch.OK, CatchUp: 5}, true)
	lines := written()
	if len(lines) != 1 {
		t.Fatalf("%d lines after the first request, want 1", len(lines))
	}
	if got := metrics(t, lines[0]); !maps.Equal(got, map[string]float64{"ColdStarts": 1, "CatchUp": 5}) {
		t.Errorf("got %v", got)
	}
	for range 59 {
		now = now.Add(time.Second)
		m.Request(watch.Figures{Outcome: watch.OK, Reveals: 2, CatchUp: 1, Conflicts: 1}, false)
		m.Request(watch.Figures{Outcome: vault.Forbidden.Error(), CatchUp: 3}, false)
	}
	if lines = written(); len(lines) != 0 {
		t.Errorf("wrote %v within a minute", lines)
	}
	now = now.Add(time.Second)
	m.Request(watch.Figures{Outcome: vault.NotFound.Error()}, false)
	if lines = written(); len(lines) != 1 {
		t.Fatalf("%d lines after a minute, want 1", len(lines))
	}
	if got := metrics(t, lines[0]); !maps.Equal(got, map[string]float64{"Reveals": 118, "Conflicts": 59, "Denials": 59, "CatchUp": 3}) {
		t.Errorf("got %v", got)
	}
}

func TestAnIdleVaultHasNoMetric(t *testing.T) {
	now := time.Now()
	m, written := meter(&now)
	for range 24 {
		now = now.Add(time.Hour)
		m.Job(watch.Figures{Outcome: watch.OK, Calls: 20, ReadUnits: 20, CatchUp: 4})
		m.Request(watch.Figures{Outcome: watch.OK, Calls: 2}, false)
	}
	if lines := written(); len(lines) != 0 {
		t.Errorf("wrote %v", lines)
	}
	m.Job(watch.Figures{Outcome: watch.OK, Reveals: 1000})
	m.Job(watch.Figures{Outcome: watch.OK, Reveals: 1}) // in the same minute: the next run may be another process's
	if lines := written(); len(lines) != 2 || metrics(t, lines[0])["Reveals"] != 1000 {
		t.Errorf("wrote %v after two exports", lines)
	}
	var none *watch.Meter
	none.Request(watch.Figures{Reveals: 1}, true)
	none.Job(watch.Figures{Reveals: 1})
}

// Every refusal of a caller is a denial, and nothing else.
func TestDenials(t *testing.T) {
	want := map[vault.Kind]bool{vault.Unauthenticated: true, vault.Disabled: true, vault.Forbidden: true, vault.Throttled: true}
	for _, k := range vault.Kinds() {
		now := time.Now()
		m, written := meter(&now)
		m.Request(watch.Figures{Outcome: k.Error()}, false)
		if got := len(written()) == 1; got != want[k] {
			t.Errorf("%v counts as a denial: %v", k, got)
		}
	}
}

// TestAMeterTakesManyRequestsAtOnce, and loses none of them between two lines.
func TestAMeterTakesManyRequestsAtOnce(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	m, written := meter(&now)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if i%2 == 0 {
				m.Request(watch.Figures{Reveals: 1}, false)
			} else {
				m.Job(watch.Figures{Reveals: 1}) // writes a line each time
			}
		})
	}
	wg.Wait()
	m.Job(watch.Figures{Reveals: 1})
	sum := 0.0
	for _, line := range written() {
		sum += metrics(t, line)["Reveals"]
	}
	if sum != 51 {
		t.Errorf("%v reveals in all lines, want 51", sum)
	}
}
