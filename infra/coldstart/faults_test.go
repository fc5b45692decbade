package main

import (
	"encoding/json"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	recorded "tresor/events"
	"tresor/infra/coldstart/runtimeapi"
	"tresor/infra/replay"
)

// TestNoVaultYet: functions are deployed before `tresor init` runs. They say that nobody is known, in their dialect, and serve from the moment that
// there is a vault, without a new start.
func TestNoVaultYet(t *testing.T) {
	p := testPlace(t)
	name := vaultName(t)
	status := map[string]int{"syspass/account-view-pass": 404, "teampass-items/read-items": 405, "tpm-passwords/v6-show": 401}
	running := map[string]*process{}
	stranger := p.mustFound(t) // its credentials are well-formed
	foreign, err := replay.Prepare(t.Context(), stranger.vault, stranger.admin)
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range status {
		r := at(t, foreign, event)
		running[event] = p.function(t, r.Function, name)
		if out := running[event].request(t, r.Event); replay.Judge(r, want, out) != nil || strings.Contains(out.Body, foreign.Secrets[0]) {
			t.Errorf("%s before init: %v\n%s", event, replay.Judge(r, want, out), out.Body)
		}
	}
	own, err := p.found(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	world, err := replay.Prepare(t.Context(), own.vault, own.admin)
	if err != nil {
		t.Fatal(err)
	}
	for event := range status {
		r := at(t, world, event)
		served := false
		for end := time.Now().Add(20 * time.Second); !served && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			out := running[event].request(t, at(t, world, event).Event)
			served = replay.Judge(r, 200, out) == nil && strings.Contains(out.Body, "canary of")
		}
		if !served {
			t.Errorf("%s is not served after init: %s", event, running[event].output.String())
		}
	}
}

func at(t *testing.T, w *replay.World, name string) replay.Request {
	t.Helper()
	f := fleet{World: w}
	r, _ := f.event(t, name)
	return r
}

// TestSignalsAndAcknowledgedWrites: SIGTERM ends an idle program at once, SIGKILL at any time; what was acknowledged is there for the next.
func TestSignalsAndAcknowledgedWrites(t *testing.T) {
	p := testPlace(t)
	vault := p.mustFound(t)
	world, err := replay.Prepare(t.Context(), vault.vault, vault.admin)
	if err != nil {
		t.Fatal(err)
	}
	create := at(t, world, "tpm-passwords/v6-create")
	for i, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		f := p.function(t, create.Function, vault.name)
		if out := f.request(t, create.Event); out.StatusCode != 201 {
			t.Fatalf("create: %d %s", out.StatusCode, out.Body)
		}
		began := time.Now()
		f.signal(s)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: ended after %s", s, took)
		}
		if _, err := f.invoke(t.Context(), create.Event); !errors.Is(err, errEnded) {
			t.Errorf("%s: an event for a program that has ended: %v", s, err)
		}
		list := at(t, world, "tpm-passwords/v6-list")
		if out := p.function(t, list.Function, vault.name).request(t, list.Event); strings.Count(out.Body, `"name":"Recorded password"`) != i+1 {
			t.Errorf("%s: of %d acknowledged writes the next program shows %s", s, i+1, out.Body)
		}
	}
}

// TestBadEvents: what API Gateway never sends gets an error of the runtime or an answer, and the program goes on.
func TestBadEvents(t *testing.T) {
	p := testPlace(t)
	vault := p.mustFound(t)
	world, err := replay.Prepare(t.Context(), vault.vault, vault.admin)
	if err != nil {
		t.Fatal(err)
	}
	const canary = "CANARY7f3a"
	for _, event := range []string{"syspass/account-view-pass", "teampass-items/read-items", "tpm-passwords/v6-show"} {
		good := at(t, world, event)
		f := p.function(t, good.Function, vault.name)
		for _, bad := range []string{`null`, `{}`, `[]`, `"` + canary + `"`, `{"path":5}`, `{"path":"` + canary + `","httpMethod":"\u0000"}`, `{"body":"` + canary + `","isBase64Encoded":true,"httpMethod":"POST","path":"/api.php"}`} {
			out, err := f.invoke(t.Context(), json.RawMessage(bad))
			var failed *runtimeapi.FunctionError
			if err != nil && !errors.As(err, &failed) {
				t.Fatalf("%s, event %s: %v\n%s", event, bad, err, f.output.String())
			}
			if err == nil && !json.Valid(out) {
				t.Errorf("%s, event %s: answered %q", event, bad, out)
			}
		}
		if out := f.request(t, good.Event); replay.Judge(good, 200, out) != nil {
			t.Errorf("%s after bad events: %d %s", event, out.StatusCode, out.Body)
		}
		f.end()
		if written := f.output.String(); strings.Contains(written, canary) {
			t.Errorf("%s: what a bad event holds is written: %s", event, written)
		}
	}
}

// TestKMSOutOfReach: a function whose key is out of reach says so in its dialect and, in the log, why; no request ends it.
func TestKMSOutOfReach(t *testing.T) {
	p := testPlace(t)
	vault := p.mustFound(t)
	world, err := replay.Prepare(t.Context(), vault.vault, vault.admin)
	if err != nil {
		t.Fatal(err)
	}
	r := at(t, world, "teampass-items/read-items")
	p.kms.SetDown(true)
	f := p.function(t, r.Function, vault.name)
	if out := f.request(t, r.Event); out.StatusCode != 500 || strings.Contains(out.Body, "canary of") {
		t.Errorf("without KMS: %d %s", out.StatusCode, out.Body)
	}
	p.kms.SetDown(false)
	served := false
	for end := time.Now().Add(20 * time.Second); !served && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		served = f.request(t, r.Event).StatusCode == 200
	}
	if !served {
		t.Error("it does not serve after KMS came back")
	}
	f.end()
	if written := f.output.String(); !strings.Contains(written, `"message":"vault not ready"`) || !strings.Contains(written, "AccessDenied") {
		t.Errorf("without KMS it wrote %s", written)
	}
}

// TestEveryFunctionIsOfTheTemplate: the fleet above is all of the deployment.
func TestEveryFunctionIsOfTheTemplate(t *testing.T) {
	all, err := functions()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := recorded.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range loaded {
		if all[e.Function] == "" {
			t.Errorf("%s is of no function of the template", e.Name)
		}
	}
	triggered, err := recorded.Triggered()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range triggered {
		if _, ok := all[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
}
