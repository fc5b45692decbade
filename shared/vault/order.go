package vault

import (
	"cmp"
	"slices"
	"strings"
)

// Row is an entry with what lists and searches need of it, computed once per change and not once per search. The entry is part of it: going
// through 100,000 rows costs what it costs to fetch their memory.
type Row struct {
	Entry
	plain bool   // nothing but its manager and its project decides who may read it
	text  string // the searchable fields, folded, each followed by a NUL
	pairs pairSet
	order string // the sort key of byClient
}

// The searchable fields, in the order in which they lie in a row's text.
const (
	textName = iota
	textUsername
	textEmail
	textURL
	textNotes
	textCustom
	textFields
)

func newRow(e *Entry) *Row {
	var b strings.Builder
	b.Grow(len(e.Name) + len(e.Username) + len(e.Email) + len(e.URL) + len(e.Notes) + textFields)
	for _, s := range [...]string{e.Name, e.Username, e.Email, e.URL, e.Notes} {
		b.WriteString(Fold(noNUL(s)))
		b.WriteByte(0)
	}
	for _, f := range e.Fields {
		if f.Data != "" {
			b.WriteString(Fold(noNUL(f.Data)))
			b.WriteByte('\n') // a word of a search never spans two fields
		}
	}
	b.WriteByte(0)
	row := &Row{Entry: *e, text: b.String()}
	row.plain = e.Owner == 0 && e.MainGroup == 0 && !e.Private && !e.PrivateGroup && len(e.Users) == 0 && len(e.Groups) == 0
	row.pairs.add(row.text)
	return row
}

// pairSet is the set of all pairs of neighbouring bytes in a text, hashed to 512 bits. A text cannot contain a term whose pairs it does not
// have, so that a search passes over most rows without looking into their texts.
type pairSet [8]uint64

func (s *pairSet) add(text string) {
	for i := 1; i < len(text); i++ {
		h := uint(text[i-1])*37 + uint(text[i])
		s[h/64%8] |= 1 << (h % 64)
	}
}

// has reports whether every pair of t is in s.
func (s *pairSet) has(t *pairSet) bool {
	for i := range s {
		if s[i]&t[i] != t[i] {
			return false
		}
	}
	return true
}

func noNUL(s string) string { return strings.ReplaceAll(s, "\x00", "") }

// orders keeps the living entries sorted the two ways that the dialects list them, so that a page never sorts 100,000 entries. A single
// change moves one element; a long replay sorts once, in settle.
type orders struct {
	byUpdated []*Row // updated DESC, id DESC (TPM 2.4)
	byClient  []*Row // client name, entry name, id (sysPass 3.3)
	gone      []*Row // replaced since the last settle
	fresh     []*Row
	rekey     bool // a project changed: sort keys and their order are stale
}

// few is how many changes are cheaper to move one by one than to merge in.
const few = 8

func (o *orders) change(old, fresh *Row) {
	if old != nil && !old.Trashed.Is() {
		o.gone = append(o.gone, old)
	}
	if !fresh.Trashed.Is() {
		o.fresh = append(o.fresh, fresh)
	}
}

func (o *orders) projectChanged() { o.rekey = true }

// Settle brings the sorted orders up to date. Call it after the last of a run of Apply.
func (s *State) Settle() {
	o := &s.orders
	for _, r := range o.fresh {
		r.order = s.clientKey(&r.Entry)
	}
	o.byUpdated = o.update(o.byUpdated, compareUpdated)
	if o.rekey {
		o.byClient = append(o.byClient[:0], o.byUpdated...)
		for _, r := range o.byClient {
			r.order = s.clientKey(&r.Entry)
		}
		slices.SortFunc(o.byClient, compareClient)
	} else {
		o.byClient = o.update(o.byClient, compareClient)
	}
	o.gone, o.fresh, o.rekey = nil, nil, false
}

// update takes the replaced rows out of a sorted list and puts the fresh ones in. A row that is both, replaced within one run of records,
// cancels out.
func (o *orders) update(list []*Row, compare func(a, b *Row) int) []*Row {
	if len(o.fresh) <= few && len(o.gone) <= few {
		return o.move(list, compare)
	}
	gone := make(map[*Row]bool, len(o.gone))
	for _, r := range o.gone {
		gone[r] = true
	}
	isGone := func(r *Row) bool { return gone[r] }
	fresh := slices.DeleteFunc(slices.Clone(o.fresh), isGone)
	slices.SortFunc(fresh, compare)
	return merge(slices.DeleteFunc(list, isGone), fresh, compare)
}

// move is update for a few changes.
func (o *orders) move(list []*Row, compare func(a, b *Row) int) []*Row {
	for _, r := range o.gone {
		if i, ok := slices.BinarySearchFunc(list, r, compare); ok && list[i] == r {
			list = slices.Delete(list, i, i+1)
		}
	}
	for _, r := range o.fresh {
		if slices.Contains(o.gone, r) {
			continue
		}
		i, _ := slices.BinarySearchFunc(list, r, compare)
		list = slices.Insert(list, i, r)
	}
	return list
}

// merge merges two sorted lists, from the end, within the space of the first where it suffices.
func merge(list, fresh []*Row, compare func(a, b *Row) int) []*Row {
	i, j := len(list)-1, len(fresh)-1
	list = append(list, fresh...)
	for k := len(list) - 1; j >= 0; k-- {
		if i >= 0 && compare(list[i], fresh[j]) > 0 {
			list[k] = list[i]
			i--
		} else {
			list[k] = fresh[j]
			j--
		}
	}
	return list
}

// clientKey is the sort key of byClient.
func (s *State) clientKey(e *Entry) string {
	return s.clientPart(e.Project) + SortKey(noNUL(e.Name))
}

// clientPart is the beginning of clientKey, the same for all entries of a project.
func (s *State) clientPart(id ProjectID) string {
	client := ""
	if p := rootOf(s, id); p != nil {
		client = p.Name
	}
	return SortKey(noNUL(client)) + "\x00"
}

// rootOf returns the root ancestor of a project: its sysPass client. nil for no project.
func rootOf(x index, id ProjectID) *Project {
	p := x.project(id)
	for depth := maxDepth; p != nil && p.Parent != 0 && depth > 0; depth-- {
		p = x.project(p.Parent)
	}
	return p
}

func compareUpdated(a, b *Row) int {
	return cmp.Or(cmp.Compare(b.Updated, a.Updated), cmp.Compare(b.ID, a.ID))
}

// compareClient compares a key once, which most pairs are done with: loading and renaming a client sort by it.
func compareClient(a, b *Row) int {
	if c := strings.Compare(a.order, b.order); c != 0 {
		return c
	}
	return cmp.Compare(a.ID, b.ID)
}
