// Package expiry tells an event bus, once a day, which entries expire soon and which have expired. Which those are is the vault's to say.
//
// The one idea: what was told is marked in the store, per day and run of ids, after it was sent. So a second run of a day sends nothing, and one after a run that was ended
// half-way sends the rest. Between sending and marking lies one short moment in which an end means that a few events come twice, with the same ids.
package expiry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"tresor/shared/bus"
	"tresor/shared/vault"
)

// Marks is what is needed of a store.
type Marks interface {
	Marked(ctx context.Context, mark vault.Hash, now time.Time) (bool, error)
	Commit(ctx context.Context, tx vault.Transaction) error
}

// Putter takes events. bus.Bus is one.
type Putter interface {
	Put(ctx context.Context, events []bus.Event) (taken int, err error)
}

const (
	// run is how many ids share a mark. They are ids and not places in a list: the list may change within a day.
	run = 50
	// keep is how long a mark stays: the day, and what clocks differ by.
	keep  = 72 * time.Hour
	tries = 5 // of what the store is too busy for
)

// Events of a vault are named after it.
type Events struct {
	Vault *vault.Vault
	Name  string
	Marks Marks
	Bus   Putter
}

// Send tells what expires, and returns how many events it sent. In a vault that does not exist it does nothing. After an error, what was not sent is the next call's.
func (x Events) Send(ctx context.Context, now time.Time) (sent int, err error) {
	if err := x.Vault.Fresh(ctx); err != nil {
		return 0, fmt.Errorf("find what expires: %w", err)
	}
	var due []vault.Due
	x.Vault.Peek(func(s *vault.State) { due = s.Due(now) })
	day := now.UTC().Format(time.DateOnly)
	for len(due) > 0 {
		n := slices.IndexFunc(due, func(d vault.Due) bool { return runOf(d) != runOf(due[0]) })
		if n < 0 {
			n = len(due)
		}
		taken, err := x.sendRun(ctx, due[:n], day, now)
		sent += taken
		if err != nil {
			return sent, fmt.Errorf("tell what expires, from entry %d on: %w", due[0].Entry, err)
		}
		due = due[n:]
	}
	return sent, nil
}

func runOf(d vault.Due) uint64 { return uint64(d.Entry) / run }

// sendRun sends what is due among ids that share a mark, unless the mark is there.
func (x Events) sendRun(ctx context.Context, due []vault.Due, day string, now time.Time) (int, error) {
	mark := vault.Hash(sha256.Sum256(fmt.Appendf(nil, "expiry %s %d", day, runOf(due[0]))))
	var marked bool
	err := persist(ctx, func() (err error) { marked, err = x.Marks.Marked(ctx, mark, now); return err })
	if err != nil || marked {
		return 0, err
	}
	events := make([]bus.Event, len(due))
	for i := range due {
		events[i] = x.event(&due[i], day, now)
	}
	taken, err := x.Bus.Put(ctx, events)
	if err != nil {
		return taken, err
	}
	tx := vault.Transaction{PutMarks: []vault.Mark{{Hash: mark, Expires: now.Add(keep)}}, Now: now}
	_, _ = rand.Read(tx.ID[:]) // never fails (crypto/rand)
	err = persist(ctx, func() error { return x.Marks.Commit(ctx, tx) })
	if errors.Is(err, vault.Conflict) { // another run of this hour has sent the same
		err = nil
	}
	return taken, err
}

func (x Events) event(d *vault.Due, day string, now time.Time) bus.Event {
	name, rule := "entry.expiring", "date"
	if d.Expired() {
		name = "entry.expired"
	}
	if d.Renewal {
		rule = "renewal"
	}
	return bus.New(name, now, bus.Detail{ID: bus.NewID(x.Name, "expiry", day, d.Entry, name), Vault: x.Name, Kind: "entry", Targets: []uint64{uint64(d.Entry)},
		Project: uint64(d.Project), Due: d.At.Time().Format(time.RFC3339), Days: &d.Days, Rule: rule, Archived: d.Archived})
}

// persist asks again what the store was too busy for. A commit whose answer was lost is sent again as it is: that it has happened is no conflict with itself.
func persist(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if try == tries || !errors.Is(err, vault.Busy) && !errors.Is(err, vault.Undecided) {
			return err
		}
		if err := vault.Pause(ctx, time.Second/20<<try); err != nil {
			return err
		}
	}
}
