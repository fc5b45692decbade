package vault

import (
	"cmp"
	"slices"
	"strings"
)

// Row is an entry with what lists and searches need of it, computed once per change and not once per search.
type Row struct {
	*Entry
	text  string // the searchable fields, folded, each followed by a NUL
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
	return &Row{Entry: e, text: b.String()}
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

// few is how many changes are cheaper to insert one by one than to sort again.
const few = 32

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
	many := len(o.fresh) > few || len(o.gone) > few
	for _, r := range o.fresh {
		r.order = s.clientKey(r.Entry)
	}
	switch {
	case many:
		s.rebuildOrders()
	case o.rekey:
		o.byUpdated = o.merge(o.byUpdated, compareUpdated)
		s.rebuildByClient()
	default:
		o.byUpdated = o.merge(o.byUpdated, compareUpdated)
		o.byClient = o.merge(o.byClient, compareClient)
	}
	o.gone, o.fresh, o.rekey = nil, nil, false
}

// merge takes the replaced rows out of a sorted list and puts the fresh ones in. A row both fresh and gone within one run of records
// cancels out.
func (o *orders) merge(list []*Row, compare func(a, b *Row) int) []*Row {
	for _, r := range o.gone {
		if i, ok := slices.BinarySearchFunc(list, r, compare); ok {
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

func (s *State) rebuildOrders() {
	o := &s.orders
	o.byUpdated = o.byUpdated[:0]
	for _, r := range s.entries {
		if !r.Trashed.Is() {
			o.byUpdated = append(o.byUpdated, r)
		}
	}
	slices.SortFunc(o.byUpdated, compareUpdated)
	s.rebuildByClient()
}

func (s *State) rebuildByClient() {
	o := &s.orders
	o.byClient = append(o.byClient[:0], o.byUpdated...)
	for _, r := range o.byClient {
		r.order = s.clientKey(r.Entry)
	}
	slices.SortFunc(o.byClient, compareClient)
}

func (s *State) clientKey(e *Entry) string {
	client := ""
	if p := rootOf(s, e.Project); p != nil {
		client = p.Name
	}
	return Fold(client) + "\x00" + Fold(e.Name)
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

func compareClient(a, b *Row) int {
	return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.ID, b.ID))
}
