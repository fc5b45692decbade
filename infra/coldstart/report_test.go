package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tresor/shared/journal"
)

// TestAStartAsksOnce counts what a function asks before it polls: both journals, the keysets, and KMS for each keyset of its role. On no vault
// there is nothing to unwrap; and who has no key asks for nothing at all.
func TestAStartAsksOnce(t *testing.T) {
	p := testPlace(t)
	full := p.mustFound(t)
	if err := full.fill(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	all, err := functions()
	if err != nil {
		t.Fatal(err)
	}
	for name, purposes := range all {
		for vault, decrypts := range map[string]int{full.name: len(strings.Fields(purposes)), full.name + "-none": 0} {
			m, before := remember(p.dynamo), p.kms.Decrypts()
			f, err := start(t.Context(), program(t, name), p.environment(vault, purposes, m.URL))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			_, err = f.ready(ctx)
			cancel()
			f.end()
			m.Close()
			if err != nil {
				t.Fatal(err)
			}
			asks := 3
			if keyless[name] {
				asks = 0
			}
			if n, k := m.missed(), p.kms.Decrypts()-before; n != asks || k != decrypts {
				t.Errorf("%s on %s asks DynamoDB %d times and KMS %d times, want %d and %d", name, vault, n, k, asks, decrypts)
			}
		}
	}
}

// The figures are the machine's; that all are there is ours.
func TestReport(t *testing.T) {
	p, stop, err := open(t.Context()) // as the command does
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	dir := strings.TrimSuffix(program(t, hello), hello)
	var out bytes.Buffer
	if err := p.report(t.Context(), options{functions: []string{"teampass-info"}, runs: 1, json: true}, dir, &out); err != nil {
		t.Fatal(err)
	}
	var figures map[string]figure
	if err := json.Unmarshal(out.Bytes(), &figures); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Fatalf("got %s, %v; want one object on one line", out.Bytes(), err)
	}
	for name, budgeted := range map[string]bool{"hello": false, "teampass_info_empty": true, "teampass_info_full": false, "teampass_info_empty_dynamodb_local": false, "teampass_info_full_dynamodb_local": false} {
		f := figures["cold_start_"+name]
		if f.Value <= 0 || f.Least <= 0 || f.Processor <= 0 || f.Times <= 0 || (f.Budget != nil) != budgeted {
			t.Errorf("%s: got %+v", name, f)
		}
	}
	if err := p.report(t.Context(), options{functions: []string{"none"}, runs: 1}, dir, &out); err == nil {
		t.Error("no error for a function that is not there")
	}
}

func TestTable(t *testing.T) {
	limit := 3.0
	var out bytes.Buffer
	if err := table(&out, []figure{{name: "a", Value: 1, OK: true}, {name: "b", Value: 4, Budget: &limit}, {name: "c", Value: 2, Budget: &limit, OK: true}}); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(out.String(), "\n")
	for i, want := range []string{"budget", "a", "MISSED", "ok"} {
		if !strings.Contains(rows[i], want) {
			t.Errorf("row %d: got %q, want %q in it", i, rows[i], want)
		}
	}
}

// TestMemoryGivesTheSameAnswerAgain, and asks behind it once for the same thing, whatever the order of its members.
func TestMemoryGivesTheSameAnswerAgain(t *testing.T) {
	p := testPlace(t)
	f := p.mustFound(t) // not through the memory, which would say for ever that there is no vault
	m := remember(p.dynamo)
	defer m.Close()
	local := *p
	local.dynamo = m.URL
	store, err := local.store(f.name)
	if err != nil {
		t.Fatal(err)
	}
	for process, want := range map[string]int{"the first": 2, "the second": 2} {
		log := journal.Open(store, f.sealer)
		for range 2 { // from the beginning, and from the first record on, which is the newest
			if err := log.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if asked := m.missed(); asked != want {
			t.Errorf("after %s process: asked %d times for two tails", process, asked)
		}
	}
	if ordered([]byte(`{"a":1,"b":{"c":2,"d":3}}`)) != ordered([]byte(`{"b":{"d":3,"c":2},"a":1}`)) || ordered([]byte("x")) != "x" {
		t.Error("the order of members tells requests apart")
	}
}

// TestAStartThatFailedIsNotMeasured: it would be a fast one.
func TestAStartThatFailedIsNotMeasured(t *testing.T) {
	const good = `{"level":"INFO","message":"start","function":"x","outcome":"ok"}` + "\n"
	for text, want := range map[string]bool{"": true, good: true, good + good: false, strings.Replace(good, `"ok"`, `"busy"`, 1): false,
		`{"level":"ERROR","message":"vault not ready"}` + "\n" + good: false, "panic: x\n": false, good + "panic: x\n": false, strings.Replace(good, "start", "job", 1): false} {
		if err := started(text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
