package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
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

// testEvents sends every file of events/ to its function: those of the API to containers that stay, where SAM touches no path, a function's one after the other and all functions
// at once; then the last of each function, those whose path must stay as it is, and every trigger, by `sam local invoke`, two at a time, to a container of its own.
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
	began := time.Now()
	var stay, own jobs
	for function, list := range byFunction(all) {
		stay = append(stay, job{function, func(fail func(string, error)) {
			for _, e := range list[:len(list)-1] {
				fail(e.Name, request(world, e, ids, warm))
			}
		}})
		for i, e := range list {
			if i == len(list)-1 || escaped(t, world, e) { // those are searches: once more changes nothing
				own = append(own, job{function, func(fail func(string, error)) { fail(e.Name, request(world, e, ids, cold)) }})
			}
		}
	}
	for _, o := range others {
		own = append(own, job{o.Function, func(fail func(string, error)) { fail(o.Name, trigger(world, o, ids, cold)) }})
	}
	stay.run(t, len(stay))
	fmt.Fprintf(os.Stderr, "local-test: %d events of the API (%.1f s)\n", len(all)-len(stay), time.Since(began).Seconds())
	began = time.Now()
	own.run(t, 2)
	t.Run("Effects", s.testEffects)
	if i := slices.IndexFunc(all, func(e recorded.Event) bool { return e.Name == "tpm-passwords/v6-show" }); i >= 0 {
		s.testDisabledKey(t, world, all[i], ids, cold)
	} else {
		t.Error("no event shows a password")
	}
	fmt.Fprintf(os.Stderr, "local-test: sam local invoke, %d times (%.1f s)\n", len(own), time.Since(began).Seconds())
}

// byFunction keeps the order of each function's events.
func byFunction(all []recorded.Event) map[string][]recorded.Event {
	out := map[string][]recorded.Event{}
	for _, e := range all {
		out[e.Function] = append(out[e.Function], e)
	}
	return out
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

// job is work on one function, which tells what failed.
type job struct {
	function string
	do       func(fail func(event string, err error))
}

type jobs []job

// run does all jobs, so many at a time.
func (all jobs) run(t *testing.T, workers int) {
	t.Helper()
	queue := make(chan job)
	var busy sync.WaitGroup
	for range workers {
		busy.Go(func() {
			for j := range queue {
				j.do(func(event string, err error) {
					if err != nil {
						t.Errorf("%s: %v", event, err)
					}
				})
			}
		})
	}
	for _, j := range all {
		queue <- j
	}
	close(queue)
	busy.Wait()
}

// testDisabledKey: a function that starts while the key is disabled answers nobody.
func (s *stage) testDisabledKey(t *testing.T, world *replay.World, e recorded.Event, ids map[string]string, cold invoker) {
	t.Helper()
	s.Services.KMS.SetDisabled(true)
	defer s.Services.KMS.SetDisabled(false)
	if err := request(world, e, ids, cold); err == nil || errors.Is(err, samlocal.ErrFunction) { // it runs, and answers with an error of the dialect's
		t.Errorf("with a disabled key: got %v", err)
	}
}
