package replay_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	recorded "tresor/events"
	"tresor/infra/canary"
	"tresor/shared/anchor"
	"tresor/shared/audit"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/compact"
)

// TestTheTriggersThatWatch gives the events of the anchor function, the nightly backup and the verifier to what their mains run, after a day on which everything was asked for,
// and looks for what they wrote: in logs, and in the anchor, which lies where others may read.
func TestTheTriggersThatWatch(t *testing.T) {
	w := newWorld(t)
	var secret canary.Set
	secret.AddCredentials(w.Founding)
	for _, s := range w.Secrets {
		secret.Add("a stored password", s)
	}
	all, _ := w.requests(t)
	canary.Written(t, func() {
		for _, r := range all {
			w.send(t, r.Function, r.Event)
		}
	})
	w.Clock.Add(2 * time.Hour)
	if _, err := compact.Close(t.Context(), w.Vault, w.Log, w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	objects, err := blob.OpenFolder(w.objects)
	if err != nil {
		t.Fatal(err)
	}
	anchors := blobtest.Folder(t)
	written := canary.Written(t, func() {
		for _, c := range []struct {
			trigger string
			job     func(context.Context) error
		}{
			{"anchor/hourly", func(ctx context.Context) error {
				_, err := anchor.Write(ctx, w.Log, w.Sealer, anchors, w.Clock.Now())
				return err
			}},
			{"backup/nightly", func(ctx context.Context) error { _, err := w.depot.Nightly(ctx); return err }},
			{"verifier/daily", func(ctx context.Context) error {
				return audit.Run(ctx, audit.Parts{Log: w.Log, Store: w.Store, Sealer: w.Sealer, Objects: objects, Anchors: anchors, Now: w.Clock.Now()})
			}},
		} {
			trigger, err := recorded.Trigger(c.trigger)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := lambda.NewHandler(c.job).Invoke(t.Context(), trigger); err != nil || string(out) != "null" {
				t.Errorf("%s: %s, %v", c.trigger, out, err)
			}
		}
	})
	if !strings.Contains(written, `"ok":true`) && !strings.Contains(written, "ok=true") || !strings.Contains(written, "anchors") {
		t.Errorf("the verifier wrote %q", written)
	}
	kept, problems, err := anchor.Load(t.Context(), anchors, w.Sealer, w.Clock.Now().Add(-time.Hour))
	if err != nil || len(kept) != 1 || len(problems) != 0 || len(kept[0].Closed) != 1 || kept[0].Closed[0].Records == 0 {
		t.Fatalf("got %+v, %q, %v", kept, problems, err)
	}
	file, err := kept[0].Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{written, string(file)} {
		if found := secret.Found(text); len(found) > 0 {
			t.Errorf("%v in %s", found, text)
		}
	}
}
