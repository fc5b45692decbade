package vault

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"strings"
)

// Order is an order in which entries are listed.
type Order uint8

const (
	// ByUpdated is updated DESC, id DESC (TPM 2.4).
	ByUpdated Order = iota
	// ByClient is client name, entry name, id, all ascending (sysPass 3.3).
	ByClient
)

// Entries returns the entries from number skip on, at most take of them (negative: all), that the caller may read and match accepts, and how many there are in
// all. In an Update it shows the entries as they were before it.
func (r *Reader) Entries(order Order, match func(*Row) bool, skip, take int) (page []*Entry, total int) {
	r.scan()
	list := r.state.orders.byUpdated
	if order == ByClient {
		list = r.state.orders.byClient
	}
	for _, row := range list {
		if !match(row) || !r.mayRead(row) {
			continue
		}
		if total >= skip && (take < 0 || len(page) < take) {
			page = append(page, &row.Entry)
		}
		total++
	}
	return page, total
}

// EntriesIn returns the living entries directly in a project that the caller may read, ascending by id.
func (r *Reader) EntriesIn(projects map[ProjectID]bool) []*Entry {
	page, _ := r.Entries(ByUpdated, func(row *Row) bool { return projects[row.Project] }, 0, -1)
	slices.SortFunc(page, func(a, b *Entry) int { return cmp.Compare(a.ID, b.ID) })
	return page
}

// Field is a searchable field of an entry.
type Field uint8

// The searchable fields. FieldAny is all of them; FieldBasic all but the custom ones.
const (
	FieldName Field = iota
	FieldUsername
	FieldEmailAddress
	FieldURL
	FieldNotesText
	FieldCustom
	FieldBasic
	FieldAny
)

// Term is a text to search for, made ready once for many rows.
type Term struct {
	folded string
	pairs  pairSet
}

// NewTerm returns the term for a text that is folded (see Fold) and contains no NUL.
func NewTerm(folded string) *Term {
	t := &Term{folded: folded}
	t.pairs.add(folded)
	return t
}

// Has reports whether a field contains the term. It is Contains, made quick for searches of all rows.
func (row *Row) Has(f Field, t *Term) bool {
	return row.pairs.has(&t.pairs) && row.Contains(f, t.folded)
}

// MayHave reports whether a row may contain every one of the terms: false rules it out, without a look into its text.
func (row *Row) MayHave(all *TermSet) bool { return row.pairs.has(&all.pairs) }

// TermSet is what several terms need of a row together.
type TermSet struct{ pairs pairSet }

// Add makes a term part of the set.
func (s *TermSet) Add(t *Term) {
	for i := range s.pairs {
		s.pairs[i] |= t.pairs[i]
	}
}

// Contains reports whether a field contains term, which must be folded (see Fold) and must not contain NUL.
func (row *Row) Contains(f Field, folded string) bool {
	switch f {
	case FieldAny:
		return strings.Contains(row.text, folded)
	case FieldBasic:
		return strings.Contains(row.text[:len(row.text)-len(row.Text(FieldCustom))-1], folded)
	default:
		return strings.Contains(row.Text(f), folded)
	}
}

// Text returns a single field, folded.
func (row *Row) Text(f Field) string {
	rest := row.text
	for range f {
		_, rest, _ = strings.Cut(rest, "\x00")
	}
	field, _, _ := strings.Cut(rest, "\x00")
	return field
}

// FirstByClient returns the first entries, by client and then by name, that the caller may read and match accepts, at most take of them
// (negative: all). down turns the order of the names round, not that of the clients. It stops at the last entry wanted: sysPass
// lists have a limit and no total (sysPass 3.3).
func (r *Reader) FirstByClient(match func(*Row) bool, take int, down bool) []*Entry {
	r.scan()
	rows := slices.Values(r.state.orders.byClient)
	if down {
		rows = namesDown(r.state.orders.byClient)
	}
	var page []*Entry
	for row := range rows {
		if take >= 0 && len(page) >= take {
			break
		}
		if match(row) && r.mayRead(row) {
			page = append(page, &row.Entry)
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
