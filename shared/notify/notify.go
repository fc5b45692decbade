// Package notify tells an event bus what the tables' streams tell of the vault: what was changed, by whom, and who saw what. It opens nothing and has no key.
//
// The one idea: a record's clear attributes say all that an event may say, so an event is a pure function of the record; its id names the record. What is sent twice, as
// streams, retries and lost answers have it, is recognised by that.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"tresor/shared/bus"
	"tresor/shared/dynamo/layout"
	"tresor/shared/vault"
	"tresor/shared/watch"
)

// Putter takes events, in order, and says how many of the first ones it has surely taken. bus.Bus is one.
type Putter interface {
	Put(ctx context.Context, events []bus.Event) (taken int, err error)
}

// Notifier handles batches of a stream. It is safe for concurrent use.
type Notifier struct {
	feed  *layout.Feed
	vault string
	bus   Putter
}

// New returns a Notifier of a vault.
func New(c layout.Config, to Putter) (*Notifier, error) {
	feed, err := layout.NewFeed(c)
	return &Notifier{feed, c.Vault, to}, err
}

// Batch is what Lambda hands over of a stream: records of one shard, in their order.
type Batch struct {
	Records []Record `json:"Records"`
}

// Record is a stream's record of one item.
type Record struct {
	EventName string `json:"eventName"`
	Stream    string `json:"eventSourceARN"`
	Change    struct {
		Number  string          `json:"SequenceNumber"`
		Created float64         `json:"ApproximateCreationDateTime"` // Unix seconds
		Image   json.RawMessage `json:"NewImage"`
	} `json:"dynamodb"`
}

// Answer tells Lambda from where on a batch is to be handed over again (ReportBatchItemFailures).
type Answer struct {
	Failures []Failure `json:"batchItemFailures"`
}

// Failure is the first record of a shard that was not handled.
type Failure struct {
	Number string `json:"itemIdentifier"`
}

// reserve is what is left of the function's time for the answer: without one, the whole batch would come again.
const reserve = 2 * time.Second

// Handle sends the events of a batch. What was not taken is reported by the first record that it belongs to: in a shard, what follows that one comes again with it. Where
// not even the first event was taken, that is an error, as is a record that has no number to report it by: the whole batch comes again, and the function's errors are what
// an alarm looks at.
func (n *Notifier) Handle(ctx context.Context, b Batch) (Answer, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-reserve))
		defer cancel()
	}
	var events []bus.Event
	var of []int // whose event each is
	for i := range b.Records {
		for _, e := range n.events(ctx, &b.Records[i]) {
			events, of = append(events, e), append(of, i)
		}
	}
	answer := Answer{Failures: []Failure{}}
	taken, err := n.bus.Put(ctx, events)
	if err == nil {
		return answer, nil
	}
	number := b.Records[of[min(taken, len(of)-1)]].Change.Number
	watch.From(ctx).Refused(vault.KindOf(err)) // what is reported by its number is no error of the run
	slog.ErrorContext(ctx, "events not sent", "sent", taken, "of", len(events), "error", err.Error())
	switch {
	case taken == 0:
		return answer, fmt.Errorf("notify: %w", err)
	case number == "":
		return answer, fmt.Errorf("notify: %w", errors.Join(errNoNumber, err))
	}
	answer.Failures = append(answer.Failures, Failure{number})
	return answer, nil
}

var errNoNumber = errors.New("a stream's record has no number")

// events returns what a stream's record is to others; nothing if it is not of an item that was put, such as one that has expired.
func (n *Notifier) events(ctx context.Context, r *Record) []bus.Event {
	if r.EventName != "INSERT" {
		return nil
	}
	put, err := n.feed.Parse(r.Stream, r.Change.Image)
	if err == nil && put.Record != nil {
		var events []bus.Event
		if events, err = n.ofRecord(put.Record, r.time()); err == nil {
			return events
		}
	}
	if err == nil && put.Access != nil {
		var events []bus.Event
		if events, err = n.ofAccess(put.Access, r.time()); err == nil {
			return events
		}
	}
	if err == nil {
		return nil
	}
	// No try will make it readable, and those after it must not wait: that there is one is an event, too.
	slog.ErrorContext(ctx, "unreadable record of a stream", "number", r.Change.Number, "error", err.Error())
	return []bus.Event{bus.New("record.unreadable", r.time(), bus.Detail{ID: bus.NewID(n.vault, "stream", r.Change.Number, "record.unreadable"), Vault: n.vault, Kind: "record"})}
}

// time is when the item was put, to the second, as far as the stream says.
func (r *Record) time() time.Time {
	s := r.Change.Created
	if !(s > 0 && s < math.MaxInt32*100) {
		return time.Now()
	}
	return time.Unix(int64(s), 0)
}
