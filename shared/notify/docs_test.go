package notify_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tresor/shared/bus"
)

// TestTheDocumentedEvents: docs/rotation.md names every member of a detail and every type of the recorded streams, and shows events as they are sent.
func TestTheDocumentedEvents(t *testing.T) {
	text, err := os.ReadFile("../../docs/rotation.md")
	if err != nil {
		t.Fatal(err)
	}
	for f := range reflect.TypeFor[bus.Detail]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("the member %s is not documented", name)
		}
	}
	var sent []string
	for _, name := range []string{"entries", "permissions"} {
		to := &taker{limit: 1000}
		replay(t, name, to)
		for _, e := range to.got {
			out, err := json.Marshal(e.Detail)
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, string(out))
			kind, changed := strings.CutSuffix(e.Type, ".changed")
			if !strings.Contains(string(text), "`"+e.Type+"`") && (!changed || !strings.Contains(string(text), "`"+kind+"`")) {
				t.Errorf("the type %s is not documented", e.Type)
			}
		}
	}
	shown := 0
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, `{"version"`) {
			shown++
			if !slices.Contains(sent, line) {
				t.Errorf("nothing is sent as it is shown: %s", line)
			}
		}
	}
	if shown != 2 {
		t.Errorf("%d events are shown", shown)
	}
}

// TestTheExamplesEvent is one that the expiry function could have sent.
func TestTheExamplesEvent(t *testing.T) {
	text, err := os.ReadFile("../../docs/rotation/event.json")
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Source, Time string
		Type         string `json:"detail-type"`
		Detail       bus.Detail
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	if err := d.Decode(&e); err != nil {
		t.Fatal(err)
	}
	if e.Source != "tresor" || e.Type != "entry.expiring" || e.Detail.Version != bus.Version || e.Detail.Time != e.Time || !strings.HasSuffix(e.Detail.ID, "/17/entry.expiring") || *e.Detail.Days != 5 {
		t.Errorf("got %+v", e)
	}
}
