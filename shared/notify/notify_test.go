package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	recorded "tresor/events"
	"tresor/shared/bus"
	"tresor/shared/dynamo"
	"tresor/shared/notify"
	"tresor/shared/vault"
)

// taker is a bus that takes up to a number of events.
type taker struct {
	limit int
	err   error
	got   []bus.Event
	until time.Duration // left of the context
}

func (k *taker) Put(ctx context.Context, events []bus.Event) (int, error) {
	if d, ok := ctx.Deadline(); ok {
		k.until = time.Until(d)
	}
	n := min(k.limit, len(events))
	k.got = events[:n]
	if n < len(events) {
		return n, k.err
	}
	return n, nil
}

func replay(t *testing.T, name string, to *taker) (notify.Batch, notify.Answer) {
	t.Helper()
	text, err := recorded.Trigger("notifier/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var b notify.Batch
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	return b, handle(t, b, to)
}

func notifier(t *testing.T, to *taker) *notify.Notifier {
	t.Helper()
	n, err := notify.New(dynamo.Config{Vault: "tresor", Entries: "EntriesTable", Permissions: "PermissionsTable"}, to)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func handle(t *testing.T, b notify.Batch, to *taker) notify.Answer {
	t.Helper()
	a, err := notifier(t, to).Handle(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// lines are events in short: type, ids, who, where.
func lines(events []bus.Event) (out []string) {
	for _, e := range events {
		d := e.Detail
		line := fmt.Sprintf("%s %s %v", e.Type, d.Kind, d.Targets)
		for _, part := range []struct {
			show bool
			text string
		}{
			{d.Unnamed, "unnamed"}, {d.Batch, "batch"}, {d.Action != "", "by " + d.Action}, {d.Actor != 0, fmt.Sprint("of ", d.Actor)},
			{d.Journal != "", fmt.Sprint(d.Journal, " ", d.Seq)}, {d.Access != "", "access " + strings.TrimPrefix(d.Access, "01KX6M0000000000000000000")},
		} {
			if part.show {
				line += " " + part.text
			}
		}
		out = append(out, line)
	}
	return out
}

func TestRecordedStreams(t *testing.T) {
	for name, want := range map[string][]string{
		"entries": {
			"entry.changed entry [5] by syspass account/create of 1 entries 17",
			"entry.changed entry [5] by tpm passwords/update of 3 entries 18",
			"tag.changed tag [2] by tpm passwords/update of 3 entries 18",
			"entry.changed entry [5 7] batch entries 19",
			"favourites.changed favourites [3] batch entries 19",
			"entry.changed entry [] unnamed by teampass delete/folder of 2 entries 20",
			"project.changed project [] unnamed by teampass delete/folder of 2 entries 20",
			"entry.changed entry [5] by tpm passwords/lock of 3 entries 21",
			"lock.requested entry [5] by tpm passwords/lock of 3 entries 21",
			"entry.changed entry [5] by tpm passwords/unlock of 3 entries 22",
			"lock.requested entry [5] by tpm passwords/unlock of 3 entries 22",
			"record.unreadable record []",
			"project.changed project [4] by tpm projects/create of 3 entries 25",
		},
		"permissions": {
			"user.changed user [3] by tpm users/change_password of 1 permissions 31",
			"grants.changed grants [4] by tpm projects/security of 1 permissions 32",
			"project.changed project [4] by tpm projects/security of 1 permissions 32",
			"setting.changed setting [] by tresor settings permissions 33",
			"entry.revealed entry [5] by tpm passwords/show of 3 access 1",
			"entry.revealed entry [5 7 11] by teampass read/folder of 2 access 2",
			"entry.revealed entry [5] by tpm passwords/show of 3 access 3",
			"lock.requested entry [5] by tpm passwords/show of 3 access 3",
			"file.revealed file [9] by tpm files/download of 3 access 4",
			"lock.requested entry [5] by tpm files/download of 3 access 4",
			"entry.withheld entry [5] by tpm passwords/show of 3 access 5",
			"access.recorded access [] by tpm log/list of 3 access 6",
			"entry.revealed entry [] unnamed access 7",
			"restore.begun restore [] by tresor restore permissions 0",
		},
	} {
		to := &taker{limit: 1000}
		_, a := replay(t, name, to)
		if diff := cmp.Diff(want, lines(to.got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if out, err := json.Marshal(a); err != nil || string(out) != `{"batchItemFailures":[]}` {
			t.Errorf("%s: answered %s, %v", name, out, err)
		}
		again, ids := &taker{limit: 1000}, map[string]bool{}
		replay(t, name, again)
		for i, e := range to.got {
			if ids[e.Detail.ID] || e.Detail.ID != again.got[i].Detail.ID || !strings.HasPrefix(e.Detail.ID, "tresor/") || !strings.HasSuffix(e.Detail.ID, "/"+e.Type) {
				t.Errorf("%s: event %d has the id %s", name, i, e.Detail.ID)
			}
			ids[e.Detail.ID] = true
		}
	}
}

// TestWhatAnOlderTresorWrote names less, and is told of all the same.
func TestWhatAnOlderTresorWrote(t *testing.T) {
	to := &taker{limit: 1000}
	b, _ := replay(t, "entries", to)
	for i := range b.Records {
		image := map[string]json.RawMessage{}
		if err := json.Unmarshal(b.Records[i].Change.Image, &image); err != nil {
			continue // what was removed has none
		}
		delete(image, "m")
		b.Records[i].Change.Image, _ = json.Marshal(image)
	}
	handle(t, b, to)
	want := []string{
		"entry.changed entry [5] by syspass account/create of 1 entries 17",
		"tag.changed tag [2] by tpm passwords/update of 3 entries 18",
		"entry.changed entry [] unnamed batch entries 19",
		"entry.changed entry [11] by teampass delete/folder of 2 entries 20",
		"entry.changed entry [5] by tpm passwords/lock of 3 entries 21",
		"lock.requested entry [5] by tpm passwords/lock of 3 entries 21",
		"entry.changed entry [5] by tpm passwords/unlock of 3 entries 22",
		"lock.requested entry [5] by tpm passwords/unlock of 3 entries 22",
		"record.unreadable record []",
		"project.changed project [4] by tpm projects/create of 3 entries 25",
	}
	if diff := cmp.Diff(want, lines(to.got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNoRecordStopsTheNext: what somebody has put into a table that no tresor writes is told of as unreadable, in one small event, and those after it are told.
func TestNoRecordStopsTheNext(t *testing.T) {
	for name, attributes := range map[string]map[string]string{
		"more things than one event takes": {"m": "entry" + strings.Repeat(" 1", 150_000)},
		"more kinds than there are":        {"m": "k 1" + strings.Repeat(";k 1", 90_000)},
		"a kind that is none":              {"k": strings.Repeat("k", 300_000)},
		"an action that is none":           {"a": strings.Repeat("a", 300_000)},
	} {
		to := &taker{limit: 1000}
		b, _ := replay(t, "entries", to)
		all := len(to.got)
		image := map[string]json.RawMessage{}
		if err := json.Unmarshal(b.Records[0].Change.Image, &image); err != nil {
			t.Fatal(err)
		}
		for attribute, text := range attributes {
			image[attribute] = json.RawMessage(`{"S":"` + text + `"}`)
		}
		b.Records[0].Change.Image, _ = json.Marshal(image)
		handle(t, b, to)
		size := 0
		for _, e := range to.got {
			text, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			size = max(size, len(text))
		}
		if len(to.got) != all || to.got[0].Type != "record.unreadable" || size > 1000 {
			t.Errorf("%s: %d events, want %d, the first is %.80s, the largest has %d bytes", name, len(to.got), all, to.got[0].Type, size)
		}
	}
}

// TestOneEvent shows a whole one.
func TestOneEvent(t *testing.T) {
	to := &taker{limit: 1000}
	replay(t, "entries", to)
	out, err := json.Marshal(to.got[0].Detail)
	const want = `{"version":1,"id":"tresor/entries/17/11111111111111111111111111111111/entry.changed","vault":"tresor","time":"2026-07-10T19:19:05Z","kind":"entry","target":5,"targets":[5],` +
		`"action":"syspass account/create","actor":1,"journal":"entries","seq":17}`
	if err != nil || string(out) != want {
		t.Errorf("got %s, %v\nwant %s", out, err, want)
	}
}

// TestWhatIsNotTakenComesAgain: the first record that is not handled is named, and no later one; what a record has before it counts as handled.
func TestWhatIsNotTakenComesAgain(t *testing.T) {
	full := &taker{limit: 1000}
	b, _ := replay(t, "entries", full)
	for limit := 1; limit < len(full.got); limit++ {
		to := &taker{limit: limit, err: &vault.Error{Kind: vault.Busy}}
		a := handle(t, b, to)
		if len(a.Failures) != 1 {
			t.Fatalf("after %d events: %d failures, want one", limit, len(a.Failures))
		}
		from := slices.IndexFunc(b.Records, func(r notify.Record) bool { return r.Change.Number == a.Failures[0].Number })
		rest := &taker{limit: 1000}
		handle(t, notify.Batch{Records: b.Records[from:]}, rest)
		seen := map[string]bool{}
		for _, e := range append(slices.Clone(to.got), rest.got...) {
			seen[e.Detail.ID] = true
		}
		if len(seen) != len(full.got) {
			t.Errorf("after %d events and record %d: %d events in all, want %d", limit, from, len(seen), len(full.got))
		}
		if doubled := limit + len(rest.got) - len(full.got); doubled > 1 {
			t.Errorf("after %d events: %d come again", limit, doubled)
		}
	}
}

func TestABatchThatCannotBeReported(t *testing.T) {
	b, _ := replay(t, "entries", &taker{limit: 1000})
	none := &taker{err: &vault.Error{Kind: vault.Busy}}
	if a, err := notifier(t, none).Handle(t.Context(), b); !errors.Is(err, vault.Busy) || len(a.Failures) != 0 {
		t.Errorf("nothing was taken: got %+v, %v", a, err)
	}
	b.Records[1].Change.Number = ""
	to := &taker{limit: 1, err: &vault.Error{Kind: vault.Busy}}
	if a, err := notifier(t, to).Handle(t.Context(), b); !errors.Is(err, vault.Busy) || len(a.Failures) != 0 {
		t.Errorf("got %+v, %v", a, err)
	}
	if a, err := notifier(t, to).Handle(t.Context(), notify.Batch{}); err != nil || a.Failures == nil {
		t.Errorf("an empty batch: got %+v, %v", a, err)
	}
	for _, text := range []string{`{"Records":[{"dynamodb":{"SequenceNumber":7}}]}`, `{"Records":{}}`, `[]`} {
		if err := json.Unmarshal([]byte(text), new(notify.Batch)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

// TestTimeForTheAnswer: sending ends before the function does.
func TestTimeForTheAnswer(t *testing.T) {
	to := &taker{limit: 1000}
	b, _ := replay(t, "entries", to)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := notifier(t, to).Handle(ctx, b); err != nil || to.until > 58*time.Second || to.until < 50*time.Second {
		t.Errorf("%v, and %s to send", err, to.until)
	}
}
