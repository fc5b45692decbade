package trail

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tresor/shared/vault"
)

const (
	// parallelHours bounds how many hours are read at the same time. Each is up to 16 Queries.
	parallelHours = 4
	// settled is how long after its end an hour does not change any more (see package compact), be it closed or not.
	settled = 15 * time.Minute
	// ahead is how far the clock of whoever writes may be before that of whoever reads.
	ahead = 5 * time.Minute
	// slack is how far apart the clocks of two writers may be, and how long a record may take to be written: of an open hour that was read, what is older
	// than its newest record less this is not asked for again. What comes later still is there once the hour is closed, which says how many there are.
	slack = time.Minute
)

// span is an hour of access records.
type span struct {
	hour   vault.Hour
	count  int
	rows   []Row // ascending by id; nil: not read
	read   bool
	closed bool // the journal says how many records it has
	// over says that the hour had stopped changing when the span was made, so that what is read of it later is all of it. Asked after reading, it could
	// have been closed meanwhile.
	over bool
}

// spans returns the hours that may have access records, newest first: the closed ones that have some, and every one since. Those that
// were read and do not change any more are filled in.
func (t *Trail) spans(now time.Time, from, to vault.Hour) (list []span) {
	for h, n := range t.closed {
		if n > 0 {
			list = append(list, span{hour: h, count: n, closed: true})
		}
	}
	open := t.newest + 1
	if t.newest == 0 {
		open = vault.HourOf(t.first.Time())
	}
	if t.first != 0 {
		for h := open; h <= vault.HourOf(now.Add(ahead)); h++ {
			list = append(list, span{hour: h})
		}
	}
	list = slices.DeleteFunc(list, func(s span) bool { return s.hour < from || s.hour > to })
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(b.hour, a.hour) })
	for i := range list {
		s := &list[i]
		s.over = s.closed || now.Sub((s.hour+1).Start()) >= settled
		if known := t.cache.get(s.hour); known != nil && known.over {
			s.set(known.rows)
		}
	}
	return list
}

func (s *span) set(rows []Row) { s.rows, s.count, s.read = rows, len(rows), true }

// errTooMuch refuses what a process could not hold in memory.
func errTooMuch() error {
	return &vault.Error{Kind: vault.Invalid, Msg: "This goes through too much of the log: search it and narrow the search with date:YYYY-MM-DD."}
}

// load reads the spans that need says are needed, the newest first and some at a time. What was read stays, even where the time is then over for
// others. It ends where they have more rows than the limit: where that is known before they are read, they are not.
func (t *Trail) load(ctx context.Context, r *Rows, need func(*span) bool) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelHours)
	var held atomic.Int64 // rows of this load
	for i := range r.spans {
		s := &r.spans[i]
		if s.read || !need(s) {
			continue
		}
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error { return t.loadHour(gctx, s, r.ticket, &held) })
	}
	err := g.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return asBusy(err)
}

// loadHour fills a span in, by what another caller has read since this one came, or by reading what is not known yet.
func (t *Trail) loadHour(ctx context.Context, s *span, ticket uint64, held *atomic.Int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	known, done, err := t.claim(ctx, s.hour, ticket)
	if err != nil {
		return err
	}
	if done != nil {
		defer done()
		atLeast := int64(s.count)
		if known != nil {
			atLeast = int64(len(known.rows))
		}
		if held.Load()+atLeast > int64(t.limit) {
			return errTooMuch()
		}
		if known, err = t.readHour(ctx, s, known); err != nil {
			return err
		}
	}
	if held.Add(int64(len(known.rows))) > int64(t.limit) {
		return errTooMuch()
	}
	s.set(known.rows)
	return nil
}

// readHour reads what is not known of an hour yet and keeps it. The hour is claimed.
func (t *Trail) readHour(ctx context.Context, s *span, known *cached) (*cached, error) {
	t.mu.Lock()
	fresh := &cached{since: t.cache.ticket(), over: s.over}
	t.mu.Unlock()
	if known == nil {
		known = &cached{known: &contexts{}}
	}
	fresh.known = known.known
	settled, after := settledRows(known.rows)
	records, err := t.source.Accesses(ctx, s.hour, after)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	fresh.rows = replaceFrom(known.rows, settled, accessRows(fresh.known, s.hour, records))
	t.store(s, fresh)
	return fresh, nil
}

// store keeps what was read of an hour. Where the hour was closed meanwhile, its closing says whether that is all of it.
func (t *Trail) store(s *span, fresh *cached) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if records, closed := t.closed[s.hour]; closed && !s.closed {
		if records != len(fresh.rows) {
			t.cache.remove(s.hour)
			return
		}
		fresh.over = true
	}
	if fresh.over {
		fresh.known = nil
	}
	t.cache.put(s.hour, fresh, 2*t.limit)
}
