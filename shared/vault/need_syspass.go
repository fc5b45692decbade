package vault

// First returns the first entries in an order that the caller may read and match accepts, at most take of them (negative: all). It
// stops at the last of them: sysPass lists have a limit and no total (sysPass 3.3).
func (r *Reader) First(order Order, match func(*Row) bool, take int) []*Entry {
	list := r.state.orders.byUpdated
	if order == ByClient {
		list = r.state.orders.byClient
	}
	var page []*Entry
	for _, row := range list {
		if take >= 0 && len(page) >= take {
			break
		}
		if match(row) && r.entryAccess(row.Entry).Level >= LevelRead {
			page = append(page, row.Entry)
		}
	}
	return page
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
