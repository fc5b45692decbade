package trail

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
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
)

// cache keeps the rows of hours that do not change any more. Its user guards it.
type cache struct {
	hours map[vault.Hour]*cached
	rows  int
	uses  uint64
}

type cached struct {
	rows []Row
	used uint64
}

func (c *cache) get(h vault.Hour) ([]Row, bool) {
	hour := c.hours[h]
	if hour == nil {
		return nil, false
	}
	c.uses++
	hour.used = c.uses
	return hour.rows, true
}

// put keeps an hour and, where there are more than most rows then, forgets the hours that were used longest ago.
func (c *cache) put(h vault.Hour, rows []Row, most int) {
	c.remove(h)
	c.uses++
	c.hours[h] = &cached{rows, c.uses}
	if c.rows += len(rows); c.rows <= most {
		return
	}
	oldest := make([]vault.Hour, 0, len(c.hours))
	for h := range c.hours {
		oldest = append(oldest, h)
	}
	slices.SortFunc(oldest, func(a, b vault.Hour) int { return cmp.Compare(c.hours[a].used, c.hours[b].used) })
	for _, h := range oldest {
		if c.rows <= most-most/4 { // some room, so that not every hour sorts them all
			return
		}
		c.remove(h)
	}
}

func (c *cache) remove(h vault.Hour) {
	if old := c.hours[h]; old != nil {
		c.rows -= len(old.rows)
		delete(c.hours, h)
	}
}

// drop forgets an hour that was read before it was closed, if its closing says that it has another number of records.
func (c *cache) drop(h vault.Hour, records int) {
	if old := c.hours[h]; old != nil && len(old.rows) != records {
		c.remove(h)
	}
}

// span is an hour of access records.
type span struct {
	hour  vault.Hour
	count int
	rows  []Row // ascending by id; nil: not read
	read  bool
	// over says that the hour had stopped changing when the span was made, so that what is read of it later can be kept. Asked after reading, it could
	// have been closed meanwhile.
	over bool
}

// spans returns the hours that may have access records, newest first: the closed ones that have some, and every one since. Those that
// were read are filled in.
func (t *Trail) spans(now time.Time, from, to vault.Hour) (list []span) {
	for h, n := range t.closed {
		if n > 0 {
			list = append(list, span{hour: h, count: n})
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
		if rows, ok := t.cache.get(list[i].hour); ok {
			list[i].set(rows)
		}
		list[i].over = list[i].hour <= t.newest || now.Sub((list[i].hour+1).Start()) >= settled
	}
	return list
}

func (s *span) set(rows []Row) { s.rows, s.count, s.read = rows, len(rows), true }

// load reads the spans that need says are needed, the newest first and some at a time. Those that do not change any more are kept, even where the time is then
// over for others.
func (t *Trail) load(ctx context.Context, list []span, need func(*span) bool) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelHours)
	for i := range list {
		s := &list[i]
		if s.read || !need(s) {
			continue
		}
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error { return t.loadHour(gctx, s) })
	}
	err := g.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return asBusy(err)
}

func (t *Trail) loadHour(ctx context.Context, s *span) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	records, err := t.source.Accesses(ctx, s.hour)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	s.set(t.accessRows(s.hour, records))
	if s.over {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.cache.put(s.hour, s.rows, 2*t.limit)
	}
	return nil
}

// accessRows makes rows of an hour's access records, ascending by id.
func (t *Trail) accessRows(h vault.Hour, records []*vault.AccessRecord) []Row {
	slices.SortFunc(records, func(a, b *vault.AccessRecord) int { return cmp.Compare(a.ID, b.ID) })
	rows := make([]Row, 0, len(records))
	taken := make(map[uint64]bool, len(records))
	for _, a := range records {
		row := t.accessRow(h, a)
		for n := 0; taken[row.ID] && n < accessMask; n++ { // two random numbers are the same: ids are not
			row.ID = row.ID&^accessMask | (row.ID+1)&accessMask
		}
		taken[row.ID] = true
		rows = append(rows, row)
	}
	slices.SortFunc(rows, byID)
	return rows
}

// accessRow makes the row of an access record. Its time is that of writing, which its id has: the time of the request may lie in another hour.
func (t *Trail) accessRow(h vault.Hour, a *vault.AccessRecord) Row {
	row := Row{Context: t.contexts.of(Context{a.User, a.Credential, a.Action, a.Source, a.Reason}), Event: Revealed}
	at, millis, random := vault.StampOf(h.Start()), uint64(0), uint64(a.Number)
	if id, err := ulid.ParseStrict(a.ID); err == nil {
		at, millis = vault.Stamp(id.Time()/1000), id.Time()%1000
		random = uint64(id[13])<<16 | uint64(id[14])<<8 | uint64(id[15])
	}
	row.ID = idAt(at, millis) | accessBit | random&accessMask
	switch {
	case a.Withheld:
		row.Event = Withheld
	case len(a.Files) > 0:
		row.Event, row.Object = FileDownloaded, uint64(a.Files[0]) // one call takes one
	case len(a.Secrets) == 0:
		row.Event = Viewed
	}
	ids := append(make([]vault.EntryID, 0, len(a.Secrets)+len(a.Used)), a.Used...)
	for _, k := range a.Secrets {
		ids = append(ids, k.Entry)
	}
	row.setEntries(ids)
	return row
}
