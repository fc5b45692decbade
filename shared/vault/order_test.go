package vault

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOrdersStaySorted replays random runs of changes and compares the orders with what sorting everything gives.
func TestOrdersStaySorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewState()
		for range rapid.IntRange(1, 12).Draw(t, "runs") {
			for range rapid.IntRange(0, 30).Draw(t, "changes") {
				if rapid.IntRange(0, 9).Draw(t, "kind") == 0 {
					id := ProjectID(rapid.IntRange(1, 4).Draw(t, "project"))
					s.setProject(&Project{ID: id, Name: rapid.StringMatching("[a-c]{0,2}").Draw(t, "client")})
					continue
				}
				s.setEntry(&Entry{
					ID: EntryID(rapid.IntRange(1, 40).Draw(t, "id")), Name: rapid.StringMatching("[a-cÄ]{0,2}").Draw(t, "name"),
					Project: ProjectID(rapid.IntRange(1, 4).Draw(t, "in")), Updated: Stamp(rapid.IntRange(1, 5).Draw(t, "updated")),
					Trashed: Trash{At: Stamp(max(0, rapid.IntRange(-3, 1).Draw(t, "trashed")))},
				})
			}
			s.Settle()
			checkOrder(t, s, "byUpdated", s.orders.byUpdated, compareUpdated)
			checkOrder(t, s, "byClient", s.orders.byClient, compareClient)
		}
	})
}

func checkOrder(t *rapid.T, s *State, name string, got []*Row, compare func(a, b *Row) int) {
	var want []*Row
	for _, r := range s.entries {
		if !r.Trashed.Is() {
			if r.order != s.clientKey(&r.Entry) {
				t.Fatalf("entry %d has a stale sort key", r.ID)
			}
			want = append(want, r)
		}
	}
	slices.SortFunc(want, compare)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %d rows, want %d, or another order", name, len(got), len(want))
	}
}

// TestATermIsFoundWhereverTheTextContainsIt: passing over rows by their pairs loses no row.
func TestATermIsFoundWhereverTheTextContainsIt(t *testing.T) {
	texts := rapid.StringMatching("[a-cÄß \\n]{0,12}")
	rapid.Check(t, func(t *rapid.T) {
		row := newRow(&Entry{Name: texts.Draw(t, "name"), Notes: texts.Draw(t, "notes"), Fields: []CustomField{{Number: 1, Data: texts.Draw(t, "custom")}}})
		folded := Fold(rapid.StringMatching("[a-cÄß ]{0,3}").Draw(t, "term"))
		term := NewTerm(folded)
		var set TermSet
		set.Add(term)
		set.Add(NewTerm(row.Text(FieldName)))
		if row.Contains(FieldAny, folded) && !row.MayHave(&set) {
			t.Fatalf("%q is ruled out for %q", row.text, folded)
		}
		for f := FieldName; f <= FieldAny; f++ {
			if got, want := row.Has(f, term), row.Contains(f, folded); got != want {
				t.Fatalf("field %d of %q: Has(%q) is %v, Contains %v", f, row.text, folded, got, want)
			}
		}
	})
}
