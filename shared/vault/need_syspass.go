package vault

import (
	"iter"
	"slices"
	"sort"
	"strings"
)

// FirstByClient returns the first entries, by client and then by name, that the caller may read and match accepts, at most take of them
// (negative: all). down turns the order of the names round, not that of the clients. It stops at the last entry wanted: sysPass
// lists have a limit and no total (sysPass 3.3).
func (r *Reader) FirstByClient(match func(*Row) bool, take int, down bool) []*Entry {
	rows := slices.Values(r.state.orders.byClient)
	if down {
		rows = namesDown(r.state.orders.byClient)
	}
	var page []*Entry
	for row := range rows {
		if take >= 0 && len(page) >= take {
			break
		}
		if match(row) && r.entryAccess(row.Entry).Level >= LevelRead {
			page = append(page, row.Entry)
		}
	}
	return page
}

// namesDown yields rows sorted by client and name with the rows of each client backwards.
func namesDown(rows []*Row) iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		for len(rows) > 0 {
			client, _, _ := strings.Cut(rows[0].order, "\x00")
			n := sort.Search(len(rows), func(i int) bool {
				c, _, _ := strings.Cut(rows[i].order, "\x00")
				return c > client
			})
			for _, row := range slices.Backward(rows[:n]) {
				if !yield(row) {
					return
				}
			}
			rows = rows[n:]
		}
	}
}

// ClosedHour returns the newest hour whose access records are part of what Reveals counts; 0 if there is none.
func (r *Reader) ClosedHour() Hour { return r.state.lastHour }

// MayAssign reports whether the caller may give an entry that it makes to another user or to any group (sysPass 2.5). A narrowed
// credential touches no managers.
func (r *Reader) MayAssign() bool {
	p := r.principal
	return p.operator || p.role == Admin && (!p.narrowed() || p.named)
}

// Written returns an entry as this Update leaves it, if this Update wrote it, whether or not the caller may still read it: who makes an
// entry private to somebody else is answered with what it made. NotFound: this Update did not write it.
func (t *Tx) Written(id EntryID) (*Entry, error) {
	for i := range t.changes {
		if e := t.changes[i].Entry; e != nil && e.ID == id {
			return t.x.entry(id), nil
		}
	}
	return nil, fail(NotFound, "no such entry")
}
