package vault

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func entries(ids ...EntryID) (list []Change) {
	for _, id := range ids {
		list = append(list, Change{Entry: &Entry{ID: id}})
	}
	return list
}

// TestClear: everything that a record is about can be known without a key, whatever stands first in it.
func TestClear(t *testing.T) {
	tag := Change{Tag: &Tag{ID: 4, Name: "canary"}}
	op := func(reason string, changes ...Change) Op {
		return Op{Actor: 2, Action: "a", Reason: reason, Changes: changes}
	}
	for name, c := range map[string]struct {
		ops  []Op
		want Clear
		is   []Things
	}{
		"nothing":       {nil, Clear{Kind: "none"}, nil},
		"one entry":     {[]Op{op("", entries(17)...)}, Clear{"entry", "a", 17, 2, ""}, []Things{{"entry", []uint64{17}}}},
		"a tag first":   {[]Op{op("", append([]Change{tag}, entries(17)...)...)}, Clear{"tag", "a", 4, 2, "entry 17;tag 4"}, []Things{{"entry", []uint64{17}}, {"tag", []uint64{4}}}},
		"a counter too": {[]Op{op("", append([]Change{{Given: &Given{}}}, entries(17)...)...)}, Clear{"given", "a", 0, 2, "entry 17"}, []Things{{"entry", []uint64{17}}}},
		"a batch":       {[]Op{op("", entries(9, 5)...), op("", entries(5)...)}, Clear{"batch", "a", 9, 2, "entry 5 4"}, []Things{{"entry", []uint64{5, 9}}}},
		"a bulk": {[]Op{op("", Change{TrashBulk: &TrashBulk{Deltas: []uint64{3, 1, 5}}})}, Clear{"entry", "a", 3, 2, "entry 3 1 5"},
			[]Things{{"entry", []uint64{3, 4, 9}}}},
		"with a reason": {[]Op{op("canary", entries(17)...)}, Clear{"entry", "a", 17, 2, "entry 17;locked 17"}, []Things{{"entry", []uint64{17}}, {"locked", []uint64{17}}}},
	} {
		r := Record{Ops: c.ops}
		got := r.Clear()
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
		is, err := got.Things()
		if diff := cmp.Diff(c.is, is); diff != "" || err != nil {
			t.Errorf("%s: %v, things differ (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestClearOfManyNamesNone(t *testing.T) {
	ids := make([]EntryID, maxNamed)
	for i := range ids {
		ids[i] = EntryID(i*7 + 1)
	}
	r := Record{Ops: []Op{{Changes: entries(ids...)}}}
	if all, err := r.Clear().Things(); err != nil || len(all) != 1 || len(all[0].IDs) != maxNamed || !slices.IsSorted(all[0].IDs) {
		t.Errorf("as many as are named: got %v, %v", all, err)
	}
	r.Ops[0].Changes = append(r.Ops[0].Changes, Change{Tag: &Tag{ID: 1}})
	if got := r.Clear(); got.More != "entry *;tag *" {
		t.Errorf("one more: got %q", got.More)
	}
	if all, err := r.Clear().Things(); err != nil || len(all) != 2 || all[0].IDs != nil {
		t.Errorf("one more: got %v, %v", all, err)
	}
}

func TestClearOfAnAccess(t *testing.T) {
	secrets := []SecretKey{{Entry: 9, Version: 1}, {Entry: 5, Version: 3}, {Entry: 9, Version: 2}}
	for name, c := range map[string]struct {
		record AccessRecord
		want   string
	}{
		"secrets":               {AccessRecord{Secrets: secrets}, "entry 5 4"},
		"withheld":              {AccessRecord{Secrets: secrets, Withheld: true, Files: []FileID{3}, Reason: "canary"}, "entry 5 4"},
		"a file":                {AccessRecord{Files: []FileID{3}}, "file 3"},
		"a secret for a reason": {AccessRecord{Secrets: secrets[:1], Reason: "canary"}, "entry 9;locked 9"},
		"a use for a reason":    {AccessRecord{Used: []EntryID{8, 9}, Reason: "canary"}, "locked 8 1"},
		"nothing":               {AccessRecord{}, ""},
	} {
		c.record.User, c.record.Action = 2, "a"
		want := Clear{Kind: "access", Action: "a", Actor: 2, More: c.want}
		switch {
		case c.record.Withheld:
			want.Kind = "withheld"
		case strings.Contains(c.want, "locked"):
			want.Kind = "unlocked"
		case c.want == "":
			want.Kind = "unnamed"
		}
		if got := c.record.Clear(); got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// TestThingsRefuses whatever Clear does not write. Anybody who can write to a table may have written it, and no event may become too large to be sent by it.
func TestThingsRefuses(t *testing.T) {
	const right = "entry 7 1 18446744073709551607;tag *" // the last id is the largest
	if all, err := (Clear{Kind: "batch", More: right}).Things(); err != nil || len(all) != 2 || all[0].IDs[2] != math.MaxUint64 {
		t.Errorf("%q: got %v, %v", right, all, err)
	}
	kinds := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = "k" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + " 1"
		}
		return strings.Join(list, ";")
	}
	if _, err := (Clear{Kind: "batch", More: kinds(maxKinds)}).Things(); err != nil {
		t.Errorf("%d kinds: %v", maxKinds, err)
	}
	for _, more := range []string{
		"entry", "entry ", " 1", "entry x", "entry -1", "entry 1;", "entry 1;;tag 1", "entry 99999999999999999999", "entry 1 *", "entry * 1", "entry 1  2", "Entry 1", "entry\t1",
		"entry 1 0", "entry 7 18446744073709551609", "tag 1;entry 1", "tag 1;tag 2", strings.Repeat("k", maxKind+1) + " 1",
		kinds(maxKinds + 1), "entry" + strings.Repeat(" 1", maxNamed+1), "entry" + strings.Repeat(" 1", maxNamed) + ";tag 1",
	} {
		if got, err := (Clear{Kind: "batch", More: more}).Things(); err == nil {
			t.Errorf("%.80q: got %d kinds", more, len(got))
		}
	}
	for _, c := range []Clear{{}, {Kind: "entry 1", Target: 1}, {Kind: strings.Repeat("k", maxKind+1)}, {Kind: "entry", Action: strings.Repeat("a", maxAction+1)}} {
		if got, err := c.Things(); err == nil {
			t.Errorf("%.80q: got %v", c.Kind, got)
		}
	}
}
