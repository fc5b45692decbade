package trail

import (
	"context"
	"math"
	"slices"
	"time"

	"tresor/shared/vault"
)

// Rows are a part of the log, newest first, as it was at one moment.
type Rows struct {
	journal []Row  // ascending
	spans   []span // newest first
	ticket  uint64 // says how new what others read must be
}

// rows returns what is known of the log from one second to another; the access records are not read yet.
func (t *Trail) rows(now time.Time, from, to vault.Stamp) *Rows {
	t.mu.Lock()
	defer t.mu.Unlock()
	lo, hi := index(t.journal, firstID(from)), len(t.journal)
	if to < math.MaxInt64>>idBits {
		hi = index(t.journal, firstID(to+1))
	}
	return &Rows{t.journal[lo:max(lo, hi):max(lo, hi)], t.spans(now, hourOf(from), hourOf(to)), t.cache.ticket()}
}

func hourOf(s vault.Stamp) vault.Hour { return vault.Hour(s / 3600) }

// index returns where the rows from an id on begin.
func index(rows []Row, id uint64) int {
	i, _ := slices.BinarySearchFunc(rows, id, func(r Row, id uint64) int {
		if r.ID < id {
			return -1
		}
		return 1
	})
	return i
}

// Page returns the rows from number skip on, at most take of them, and how many there are in all. It reads the hours that are not closed, and of the
// others only those that the page touches. Errors: Busy, Invalid if they have more access records than the limit, and the source's.
func (t *Trail) Page(ctx context.Context, now time.Time, skip, take int) (page []Row, total int, err error) {
	r := t.rows(now, 0, math.MaxInt64)
	for {
		needed := r.needed(skip, skip+take)
		if len(needed) == 0 {
			break
		}
		// What a closed hour turns out to have may differ from what the journal says, if somebody removed a record: then the page begins elsewhere.
		if err := t.load(ctx, r, func(s *span) bool { return needed[s.hour] }); err != nil {
			return nil, 0, err
		}
	}
	n := 0
	for _, seg := range r.segments() {
		if n < skip+take && n+seg.count > skip {
			i := n
			for row := range seg.all {
				if i >= skip && i < skip+take {
					page = append(page, *row)
				}
				i++
			}
		}
		n += seg.count
	}
	return page, n, nil
}

// needed returns the hours that must be read next for the rows from one number up to another: those without a known count, and when there are none
// those that have such rows.
func (r *Rows) needed(from, to int) map[vault.Hour]bool {
	unknown, touched := map[vault.Hour]bool{}, map[vault.Hour]bool{}
	n := 0
	for _, seg := range r.segments() {
		if s := seg.span; s != nil && !s.read {
			switch {
			case s.count == 0:
				unknown[s.hour] = true
			case n < to && n+seg.count > from:
				touched[s.hour] = true
			}
		}
		n += seg.count
	}
	if len(unknown) > 0 {
		return unknown
	}
	return touched
}

// Between returns the rows from one second to another, all of them read. Errors: Busy, Invalid if there are more access records than a search may go
// through, and the source's.
func (t *Trail) Between(ctx context.Context, now time.Time, from, to vault.Stamp) (*Rows, error) {
	r := t.rows(now, from, to)
	for _, need := range []func(*span) bool{func(s *span) bool { return s.count == 0 }, func(*span) bool { return true }} {
		if r.accesses() > t.limit {
			return nil, errTooMuch()
		}
		if err := t.load(ctx, r, need); err != nil {
			return nil, err
		}
	}
	for i := range r.spans {
		s := &r.spans[i]
		lo, hi := index(s.rows, firstID(from)), len(s.rows)
		if to < math.MaxInt64>>idBits {
			hi = index(s.rows, firstID(to+1))
		}
		s.set(s.rows[lo:max(lo, hi)])
	}
	return r, nil
}

// accesses counts the access records as far as it is known.
func (r *Rows) accesses() (n int) {
	for i := range r.spans {
		n += r.spans[i].count
	}
	return n
}

// All yields every row, newest first. Rows that were not read are left out.
func (r *Rows) All(yield func(*Row) bool) {
	for _, seg := range r.segments() {
		for row := range seg.all {
			if !yield(row) {
				return
			}
		}
	}
}

// segment is a run of rows: an hour that has access records, or what lies between two of them.
type segment struct {
	journal []Row
	span    *span
	count   int
}

// segments returns the list in pieces, newest first.
func (r *Rows) segments() []segment {
	list := make([]segment, 0, 2*len(r.spans)+1)
	journal := r.journal
	cut := func(id uint64) []Row {
		i := index(journal, id)
		above := journal[i:]
		journal = journal[:i]
		return above
	}
	for i := range r.spans {
		s := &r.spans[i]
		newer := cut(firstID(vault.StampOf((s.hour + 1).Start())))
		within := cut(firstID(vault.StampOf(s.hour.Start())))
		list = append(list, segment{newer, nil, len(newer)}, segment{within, s, len(within) + s.count})
	}
	return append(list, segment{journal, nil, len(journal)})
}

// all yields the rows of a segment, newest first.
func (g *segment) all(yield func(*Row) bool) {
	var accesses []Row
	if g.span != nil {
		accesses = g.span.rows
	}
	i, j := len(g.journal)-1, len(accesses)-1
	for i >= 0 || j >= 0 {
		var row *Row
		if j < 0 || i >= 0 && g.journal[i].ID > accesses[j].ID {
			row = &g.journal[i]
			i--
		} else {
			row = &accesses[j]
			j--
		}
		if !yield(row) {
			return
		}
	}
}
