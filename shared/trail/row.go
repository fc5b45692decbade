package trail

import (
	"slices"
	"sync"

	"tresor/shared/vault"
)

// Row is one thing that happened. It is small, since a process may hold a million: what many have in common is in its Context, and only the names' ids are
// here.
type Row struct {
	// ID is the second it happened in, and 20 bits that tell the rows of a second apart. It is the same in every process, orders the rows, and
	// fits into a JSON number.
	ID      uint64
	Context *Context
	Entry   vault.EntryID   // 0: none, or many
	Project vault.ProjectID // 0: none
	Object  uint64          // id of another thing that the event is about, of the kind that it implies
	detail  *detail         // nil: none
	Event   Event
}

// detail is what few rows have.
type detail struct {
	many    []vault.EntryID // ascending
	reason  string          // what the client gave
	members []vault.UserID  // who joined or left the group
	setting string          // key
}

// Context is who did it, by what and from where.
type Context struct {
	Actor      vault.UserID
	Credential vault.CredentialID
	Action     string // "dialect name"
	Source     string
}

// idBits is how many bits of an id tell the rows of a second apart: ten for the millisecond, and ten for those of one. Of these the highest says that it is of an
// access record, whose other bits are random ones of its own id; in the others the next says of which journal it is, and the rest count its operations within the
// millisecond.
//
// What holds: every process gives the same ids to what is in the journals, up to 256 operations of a journal within a millisecond have ids of their own, in
// the journal's order, and an access record's id differs from those of its hour. What does not: of one millisecond, the entries journal comes before the permissions
// journal and both before the accesses, whatever came first, and accesses are in no order. Two of them with the same bits are settled by neighbours, so that a
// record that shows late can move another one's id.
const (
	idBits      = 20
	millisShift = 10
	accessBit   = 1 << 9 // what is read was written before
	accessMask  = accessBit - 1
	tableBit    = 1 << 8
	countMask   = tableBit - 1
)

func firstID(s vault.Stamp) uint64 { return uint64(max(s, 0)) << idBits }

func idAt(s vault.Stamp, millis uint64) uint64 { return firstID(s) | millis<<millisShift }

// millis is when it happened in milliseconds.
func (r *Row) millis() int64 {
	return int64(r.At())*1000 + int64(r.ID>>millisShift&(1<<(idBits-millisShift)-1))
}

// At returns when it happened.
func (r *Row) At() vault.Stamp { return vault.Stamp(r.ID >> idBits) }

// Entries returns how many entries the row is about.
func (r *Row) Entries() int {
	switch {
	case r.isMany():
		return len(r.detail.many)
	case r.Entry != 0:
		return 1
	}
	return 0
}

// Reason returns what the client gave as its reason; "" for none.
func (r *Row) Reason() string {
	if r.detail == nil {
		return ""
	}
	return r.detail.reason
}

func (r *Row) setReason(s string) {
	if s != "" {
		r.details().reason = s
	}
}

// Members returns who joined or left the group, where that was all of its change.
func (r *Row) Members() []vault.UserID {
	if r.detail == nil {
		return nil
	}
	return r.detail.members
}

// Setting returns the key of the setting that was changed; "" for none.
func (r *Row) Setting() string {
	if r.detail == nil {
		return ""
	}
	return r.detail.setting
}

func (r *Row) isMany() bool { return r.detail != nil && r.detail.many != nil }

// details returns the row's detail to write to.
func (r *Row) details() *detail {
	if r.detail == nil {
		r.detail = &detail{}
	}
	return r.detail
}

// About reports whether the row is about an entry, alone or among others.
func (r *Row) About(id vault.EntryID) bool {
	if r.isMany() {
		_, found := slices.BinarySearch(r.detail.many, id)
		return found
	}
	return r.Entry == id
}

// AnyEntry reports whether the row is about an entry that match accepts.
func (r *Row) AnyEntry(match func(vault.EntryID) bool) bool {
	if r.isMany() {
		return slices.ContainsFunc(r.detail.many, match)
	}
	return r.Entry != 0 && match(r.Entry)
}

// setEntries says which entries the row is about.
func (r *Row) setEntries(ids []vault.EntryID) {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	switch len(ids) {
	case 0:
	case 1:
		r.Entry = ids[0]
	default:
		r.details().many = slices.Clip(ids)
	}
}

// counts counts operations by their millisecond. Clocks differ, so that a journal can come back to one: the newest few are remembered, by a rule that knows
// nothing but the journal.
type counts map[uint64]uint64

// maxCounts is how many milliseconds are remembered.
const maxCounts = 1000

// next returns the id of the next operation of a millisecond, which is given by its first id.
func (c *counts) next(first uint64) uint64 {
	if *c == nil || len(*c) == maxCounts {
		*c = counts{}
	}
	n := (*c)[first]
	(*c)[first]++
	return first | n&countMask
}

// contexts keeps one of each context: those of the journals for ever, and those of an hour until the hour is forgotten or over. A client's own text
// is no part of a context, so that they stay few.
type contexts struct {
	mu  sync.Mutex
	all map[Context]*Context
}

func (c *contexts) of(x Context) *Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.all[x]; known != nil {
		return known
	}
	if c.all == nil {
		c.all = map[Context]*Context{}
	}
	c.all[x] = &x
	return &x
}
