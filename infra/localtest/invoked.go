package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	recorded "tresor/events"
	"tresor/infra/replay"
	"tresor/infra/samlocal"
)

// invoker sends an event to a function.
type invoker func(function string, event []byte) (json.RawMessage, error)

// testEvents sends every file of events/ to its function: those of the API to containers that stay, where SAM touches no path; and the last of each function, and every
// trigger, as `sam local invoke` does, two at a time, to a container of their own.
func (s *stage) testEvents(t *testing.T) {
	system, err := s.Services.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	world, err := replay.Prepare(t.Context(), system.Vault, s.Admin.Founding())
	if err != nil {
		t.Fatal(err)
	}
	all, err := recorded.Load()
	if err != nil {
		t.Fatal(err)
	}
	others, err := recorded.Others()
	if err != nil {
		t.Fatal(err)
	}
	ids, err := samlocal.Functions()
	if err != nil {
		t.Fatal(err)
	}
	for name := range ids {
		if !has(all, others, name) {
			t.Errorf("no event for %s", name)
		}
	}
	warm := func(function string, event []byte) (json.RawMessage, error) {
		return s.Lambda.Invoke(t.Context(), function, event)
	}
	cold := func(function string, event []byte) (json.RawMessage, error) {
		return s.Run.Once(t.Context(), function, event)
	}
	began, rest := time.Now(), pairs{}
	for i, e := range all {
		if isLast(all, i) {
			rest.add(func() error { return request(world, e, ids, cold) }, e.Name)
			continue
		}
		if err := request(world, e, ids, warm); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
	for _, o := range others {
		rest.add(func() error { return trigger(world, o, ids, cold) }, o.Name)
	}
	fmt.Fprintf(os.Stderr, "local-test: %d events of the API (%.1f s)\n", len(all)-len(rest)+len(others), time.Since(began).Seconds())
	began = time.Now()
	rest.run(t)
	fmt.Fprintf(os.Stderr, "local-test: sam local invoke, %d times (%.1f s)\n", len(rest), time.Since(began).Seconds())
}

func has(all []recorded.Event, others []recorded.Other, function string) bool {
	for _, e := range all {
		if e.Function == function {
			return true
		}
	}
	for _, o := range others {
		if o.Function == function {
			return true
		}
	}
	return false
}

// isLast reports whether no later event is of the same function.
func isLast(all []recorded.Event, i int) bool {
	for _, e := range all[i+1:] {
		if e.Function == all[i].Function {
			return false
		}
	}
	return true
}

// request sends a recorded event of the API and judges the answer.
func request(world *replay.World, e recorded.Event, ids map[string]string, send invoker) error {
	ev, err := world.Event(e, time.Now())
	if err != nil {
		return err
	}
	event, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	id, known := ids[e.Function]
	if !known {
		return fmt.Errorf("the template has no function for events/%s", e.Function)
	}
	answer, err := send(id, event)
	if err != nil {
		return err
	}
	var out events.APIGatewayProxyResponse
	if err := json.Unmarshal(answer, &out); err != nil {
		return fmt.Errorf("%w: %s", err, answer)
	}
	if err := replay.Judge(replay.Request{Name: e.Name, Function: e.Function, Event: ev}, e.Status, out); err != nil {
		return fmt.Errorf("%w\n%s", err, out.Body)
	}
	return nil
}

// trigger sends an event that is not of the API. An answer says that it worked by being one; one to a batch says also what of it did not.
func trigger(world *replay.World, o recorded.Other, ids map[string]string, send invoker) error {
	event, err := world.Fill(o)
	if err != nil {
		return err
	}
	id, known := ids[o.Function]
	if !known {
		return fmt.Errorf("the template has no function for events/%s", o.Function)
	}
	answer, err := send(id, event)
	if err != nil {
		return err
	}
	var batch struct {
		Failures []any `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &batch); err == nil && len(batch.Failures) > 0 {
		return fmt.Errorf("of the batch, %d failed: %s", len(batch.Failures), answer)
	}
	return nil
}

// pairs are jobs for two at a time.
type pairs []job

type job struct {
	name string
	do   func() error
}

func (p *pairs) add(do func() error, name string) { *p = append(*p, job{name, do}) }

func (p *pairs) run(t *testing.T) {
	t.Helper()
	queue := make(chan job)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for j := range queue {
				if err := j.do(); err != nil {
					t.Errorf("%s: %v", j.name, err)
				}
			}
		})
	}
	for _, j := range *p {
		queue <- j
	}
	close(queue)
	workers.Wait()
}

// testDisabledKey: a function that starts while the key is disabled answers nobody, and recovers without a new deployment.
func (s *stage) testDisabledKey(t *testing.T) {
	all, err := recorded.Load()
	if err != nil {
		t.Fatal(err)
	}
	system, err := s.Services.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	world, err := replay.Prepare(t.Context(), system.Vault, s.Admin.Founding())
	if err != nil {
		t.Fatal(err)
	}
	ids, err := samlocal.Functions()
	if err != nil {
		t.Fatal(err)
	}
	cold := func(function string, event []byte) (json.RawMessage, error) {
		return s.Run.Once(t.Context(), function, event)
	}
	for _, e := range all {
		if e.Name != "tpm-passwords/v6-show" {
			continue
		}
		s.Services.KMS.SetDisabled(true)
		err := request(world, e, ids, cold)
		s.Services.KMS.SetDisabled(false)
		if err == nil {
			t.Error("with a disabled key: it is answered all the same")
		}
		if err := request(world, e, ids, cold); err != nil {
			t.Errorf("enabled again: %v", err)
		}
		return
	}
	t.Fatal("no such event")
}
