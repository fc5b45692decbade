package tpm

import (
	"context"
	"errors"
	"iter"
	"math"
	"net/http"
	"time"

	"tresor/shared/trail"
	"tresor/shared/vault"
)

// moment is what a call for the log must see at least: what was written before it came.
type moment struct {
	heads vault.Heads
	now   time.Time
	size  int // of a page
}

// logList makes the endpoint of the log, whole or searched (tpm 7.6). It takes two looks at the vault: the first says whether the caller may read
// the log, before anything of it is read, and how far it goes; the second decides again and says what things are called. Between them the log is read, and
// after them it is filtered: neither holds the vault up.
func logList(name string, search bool) endpoint {
	return endpoint{named(name, false, false), func(v *vault.Vault, c *call) (reply, error) {
		at, err := vault.View(c.r.Context(), v, c.req, func(r *vault.Reader) (moment, error) {
			heads, err := r.LogHeads()
			return moment{heads, r.Now(), c.pageSize(r)}, err
		})
		if err != nil {
			return reply{}, err
		}
		part, err := readLog(c, at, search)
		if err != nil {
			return toldToRetry(err)
		}
		wanted := part.wanted()
		names, err := vault.View(c.r.Context(), v, c.req, wanted.resolve)
		if err != nil {
			return reply{}, err
		}
		return c.listed(part.page(c, names, at.size), at.size), nil
	}}
}

// toldToRetry answers a call that ran out of time with what the client can do about it; others are too busy for other reasons.
func toldToRetry(err error) (reply, error) {
	var e *vault.Error
	if errors.As(err, &e) && e.Kind == vault.Busy && e.Msg != "" {
		return failed(http.StatusServiceUnavailable, e.Msg), nil
	}
	return reply{}, err
}

// logReserve is what is left of a call's time for the second look and the answer.
const logReserve = 4 * time.Second

func withLogReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := time.Until(deadline)
	return context.WithTimeout(ctx, max(left-logReserve, left/4))
}

// logPart is what was read of the log: a page of it, or all rows to search by their names.
type logPart struct {
	rows  []trail.Row
	total int

	query *logQuery // nil: rows are the page
	all   *trail.Rows
}

func readLog(c *call, at moment, search bool) (part logPart, err error) {
	if search {
		if part.query, err = parseLogQuery(c.search); err != nil {
			return part, err
		}
	}
	ctx, cancel := withLogReserve(c.r.Context())
	defer cancel()
	if err := c.log.CatchUp(ctx, at.heads); err != nil {
		return part, err
	}
	skip, take := c.part(at.size)
	q := part.query
	if q == nil || q.everything() {
		part.query = nil
		part.rows, part.total, err = c.log.Page(ctx, at.now, skip, take)
		return part, err
	}
	if part.all, err = c.log.Between(ctx, at.now, q.from, q.to); err == nil && !q.needsNames() {
		part.narrow(skip, take)
	}
	return part, err
}

// narrow makes a search that needs no names the page of what it finds, so that the second look is at the names of that page only.
func (p *logPart) narrow(skip, take int) {
	for row := range p.found(nil) {
		if p.total >= skip && len(p.rows) < take {
			p.rows = append(p.rows, *row)
		}
		p.total++
	}
	p.query, p.all = nil, nil
}

// found yields the rows that the search finds.
func (p *logPart) found(names *logNames) iter.Seq[*trail.Row] {
	return func(yield func(*trail.Row) bool) {
		for row := range p.all.All {
			if p.query.matches(row, names) && !yield(row) {
				return
			}
		}
	}
}

// wanted returns what must have a name: of a page what is on it, of a search what its names may decide about.
func (p *logPart) wanted() *logWanted {
	w := newLogWanted()
	for i := range p.rows {
		w.add(&p.rows[i])
	}
	if p.query != nil {
		for row := range p.found(nil) {
			w.add(row)
		}
	}
	return w
}

// page renders what the call asks for.
func (p *logPart) page(c *call, names *logNames, size int) page {
	out := page{items: []any{}, total: p.total}
	if p.query == nil {
		for i := range p.rows {
			out.items = append(out.items, names.item(&p.rows[i]))
		}
		return out
	}
	skip, take := c.part(size)
	for row := range p.found(names) {
		if out.total >= skip && len(out.items) < take {
			out.items = append(out.items, names.item(row))
		}
		out.total++
	}
	return out
}

// endOfTime is later than anything.
const endOfTime vault.Stamp = math.MaxInt64
