package trail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tresor/shared/vault"
)

// Source is where the log lies. journal.Log is one.
type Source interface {
	// History calls fn with the records of a journal after a head, in order, and returns the head of what fn has seen, on an error too.
	History(ctx context.Context, t vault.Table, after vault.Head, fn func(*vault.Record) error) (vault.Head, error)
	// Accesses returns the access records of an hour whose ids come after one; "" is before all ids.
	Accesses(ctx context.Context, h vault.Hour, after string) ([]*vault.AccessRecord, error)
}

// Trail is one process's reader of the log. It is safe for concurrent use, and starts nothing that outlives a call.
type Trail struct {
	source Source
	limit  int

	turn  chan struct{} // held by whoever reads the journals
	fold  *fold         // guarded by turn
	stuck vault.Heads   // guarded by turn; after these records a journal does not go on, although it was read anew

	mu      sync.Mutex // guards what is below; never held across I/O
	heads   vault.Heads
	journal []Row // ascending by id; what is in it is never changed in place
	closed  map[vault.Hour]int
	newest  vault.Hour // closed
	first   vault.Stamp
	cache   cache
}

// Option changes how a Trail works.
type Option func(*Trail)

// Limit is how many access records one call may go through; 500,000 if not given. Twice as many are kept.
func Limit(n int) Option { return func(t *Trail) { t.limit = n } }

// New returns a Trail that has read nothing yet.
func New(s Source, options ...Option) *Trail {
	t := &Trail{source: s, limit: 500_000, turn: make(chan struct{}, 1), closed: map[vault.Hour]int{}, cache: newCache()}
	t.fold = newFold()
	for _, o := range options {
		o(t)
	}
	return t
}

// errBusy is what a call says that has run out of time. What was read stays, so that the next one gets further.
func errBusy(err error) error {
	return &vault.Error{Kind: vault.Busy, Msg: "The log is being read: try again, or search it with a date:YYYY-MM-DD.", Err: err}
}

// asBusy gives what ran out of time its text.
func asBusy(err error) error {
	if errors.Is(err, vault.Busy) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errBusy(err)
	}
	return err
}

// CatchUp returns when the trail holds the journals up to heads at least. Errors: Busy, where the time is over or records do not show; those of
// the source.
func (t *Trail) CatchUp(ctx context.Context, heads vault.Heads) error {
	if t.reaches(heads) {
		return nil
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return errBusy(ctx.Err())
	}
	if t.strays(heads) {
		t.startAnew()
	}
	for try := 0; !t.reaches(heads); try++ {
		if try == maxAsk || try > 0 && vault.Pause(ctx, askPause) != nil {
			return errBusy(errors.New("records of the journals do not show"))
		}
		for _, table := range vault.Tables {
			err := t.read(ctx, table, heads.Of(table))
			if errors.Is(err, vault.Corrupt) && t.repaired(table) {
				t.startAnew()
				err = t.read(ctx, table, heads.Of(table))
			}
			if err != nil {
				return asBusy(err)
			}
		}
	}
	return nil
}

// maxAsk is how often a catch-up asks for records that a replica has and a read does not show, and askPause the longest pause in between.
const (
	maxAsk   = 4
	askPause = 20 * time.Millisecond
)

// reaches reports whether both journals were read up to heads.
func (t *Trail) reaches(heads vault.Heads) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, table := range vault.Tables {
		have, want := t.heads.Of(table), heads.Of(table)
		if have.Seq < want.Seq || have.Seq == want.Seq && have.Hash != want.Hash {
			return false
		}
	}
	return true
}

// read reads a journal from where it was read to, if that is not far enough. What was read stays, whatever ends it. The turn is held.
func (t *Trail) read(ctx context.Context, table vault.Table, to vault.Head) error {
	after := t.fold.heads.Of(table)
	if after.Seq >= to.Seq {
		return nil
	}
	head, err := t.source.History(ctx, table, after, func(r *vault.Record) error {
		if err := ctx.Err(); err != nil {
			return err // before the record counts as seen
		}
		t.fold.record(r)
		return nil
	})
	t.fold.heads.Set(table, head)
	t.keep()
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	return nil
}

// keep makes what was folded part of the list. The turn is held.
func (t *Trail) keep() {
	rows, hours := t.fold.take()
	slices.SortFunc(rows, byID)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heads, t.first = t.fold.heads, t.fold.first
	t.journal = merge(t.journal, rows)
	for _, h := range hours {
		t.newest = max(t.newest, h.Hour)
		t.closed[h.Hour] = h.Records
		t.cache.closed(h.Hour, h.Records)
	}
}

func byID(a, b Row) int { return cmp.Compare(a.ID, b.ID) }

// merge returns both lists as one. Readers hold the old one, so that it is added to at its end or left alone.
func merge(old, rows []Row) []Row {
	if len(rows) == 0 || len(old) == 0 || old[len(old)-1].ID <= rows[0].ID {
		return append(old, rows...)
	}
	all := slices.Concat(old, rows)
	slices.SortStableFunc(all, byID)
	return all
}
