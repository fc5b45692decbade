package bus

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Version is that of Detail. It grows when a member changes its meaning or goes, not when one is added.
const Version = 1

// source names tresor on the bus.
const source = "tresor"

// Event is what a rule sees.
type Event struct {
	Type   string // "entry.changed"
	Time   time.Time
	Detail Detail
}

// Detail is an event's detail: ids, and never a name or a secret.
type Detail struct {
	Version int    `json:"version"`
	ID      string `json:"id"` // the same for the same event, however often it is sent
	Vault   string `json:"vault"`
	Time    string `json:"time"` // RFC 3339
	Kind    string `json:"kind"` // of the targets: "entry", "user", ...
	// Target is the only target, or the first. Targets are all of them, ascending: a rule's pattern matches if any of them does. Both are absent where they are too many
	// to be named, and of what has no id.
	Target  uint64   `json:"target,omitempty"`
	Targets []uint64 `json:"targets,omitempty"`
	Unnamed bool     `json:"unnamed,omitempty"` // there are more targets than are named, which are then none
	Action  string   `json:"action,omitempty"`  // "tpm passwords/update"
	Actor   uint64   `json:"actor,omitempty"`   // a user; absent: tresor itself, or an operator
	Batch   bool     `json:"batch,omitempty"`   // several calls wrote the record together: no action and actor is that of all
	Journal string   `json:"journal,omitempty"` // where the record is: "entries", "permissions"
	Seq     uint64   `json:"seq,omitempty"`     // its number there
	Access  string   `json:"access,omitempty"`  // or the id of the access record

	// Of entry.expiring and entry.expired.
	Project uint64 `json:"project,omitempty"`
	Due     string `json:"due,omitempty"`  // RFC 3339: when it expires, or did
	Days    *int   `json:"days,omitempty"` // until then, in days of UTC; below 0: since then
	Rule    string `json:"rule,omitempty"` // "date", "renewal"
	// Archived entries take no change.
	Archived bool `json:"archived,omitempty"`
}

// NewID joins the parts of an id. Parts of one event's id never depend on when or how often it is made.
func NewID(parts ...any) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('/')
		}
		fmt.Fprint(&b, p)
	}
	return b.String()
}

// New returns an event. It fills in what each detail has.
func New(kind string, at time.Time, d Detail) Event {
	d.Version, d.Time = Version, at.UTC().Format(time.RFC3339)
	if len(d.Targets) > 0 {
		d.Target = d.Targets[0]
	}
	return Event{kind, at, d}
}

// entry is an event in a request to EventBridge (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html).
type entry struct {
	Source       string
	DetailType   string
	Detail       string
	EventBusName string
	Time         int64
}

func (b *Bus) entry(e Event) (entry, error) {
	detail, err := json.Marshal(e.Detail)
	return entry{source, e.Type, string(detail), b.name, e.Time.Unix()}, err
}

// size is what EventBridge counts of an entry (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html).
func (e *entry) size() int { return 14 + len(e.Source) + len(e.DetailType) + len(e.Detail) }
