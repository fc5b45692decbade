package archive

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tresor/shared/vault"
)

// TestTheOrderIsTheReaders: who only iterates, as a restore does, gets nothing out of its place either.
func TestTheOrderIsTheReaders(t *testing.T) {
	s := world(t)
	whole := takeApart(t, s)
	hour := func(h vault.Hour, closed bool) Item { return Item{Hour: &Hour{h, closed}} }
	at := func(match func(*Item) bool) Item { return whole.items[whole.index(t, match)] }
	access := func(shard uint8) Item {
		return Item{Access: &vault.StoredAccess{Shard: shard, ID: "x", Sealed: []byte{1}}}
	}
	journals := whole.items[:whole.index(t, isHour)]
	for what, items := range map[string][]Item{
		"an hour before the records":    slices.Concat([]Item{hour(1, true)}, whole.items),
		"an hour after the secrets":     slices.Concat(whole.items, []Item{hour(1, true)}),
		"the next hour after a secret":  slices.Concat(journals, []Item{hour(1, false), at(isSecret), hour(2, false)}),
		"a record after the hours":      slices.Concat(journals, []Item{hour(1, true), journals[0]}),
		"a record beyond the head":      slices.Concat(journals, []Item{{Record: &vault.StoredRecord{RecordKey: vault.RecordKey{Table: vault.Permissions, Seq: whole.header.Heads.Permissions.Seq + 1}}}}),
		"a record of no journal":        {{Record: &vault.StoredRecord{RecordKey: vault.RecordKey{Table: 3, Seq: 1}}}},
		"a record of journal 0":         {{Record: &vault.StoredRecord{RecordKey: vault.RecordKey{Seq: 1}}}},
		"an access record in no hour":   slices.Concat(journals, []Item{access(1)}),
		"an access record in no shard":  slices.Concat(journals, []Item{hour(1, true), access(vault.AccessShards)}),
		"a closed hour after open ones": slices.Concat(journals, []Item{hour(1, false), hour(2, true)}),
		"an open hour left out":         slices.Concat(journals, []Item{hour(1, false), hour(3, false)}),
		"an access record too late":     slices.Concat(whole.items, []Item{access(1)}),
		"a secret before the records":   slices.Concat([]Item{at(isSecret)}, whole.items),
		"a secret of version 0":         slices.Concat(journals, []Item{{Secret: &vault.StoredSecret{SecretKey: vault.SecretKey{Entry: 1}}}}),
		"no permissions":                journals[:whole.header.Heads.Entries.Seq],
		"nothing":                       nil,
	} {
		p := whole.clone()
		p.items = items
		p.manifest = whole.fitting()
		p.manifest.Sections = nil
		r, err := Open(bytes.NewReader(p.assemble(t, s.Sealer)), func(Header) (vault.Sealer, error) { return s.Sealer, nil })
		for err == nil {
			_, err = r.Next()
		}
		if !errors.Is(err, vault.Corrupt) || !strings.Contains(err.Error(), "not in order") {
			t.Errorf("%s: got %v, want Corrupt for the order", what, err)
		}
	}
}

// An archive is no store to write to, nor one to read in another order.
func TestTheViewRefuses(t *testing.T) {
	s := world(t)
	a, err := Open(bytes.NewReader(takeApart(t, s).assemble(t, s.Sealer)), func(Header) (vault.Sealer, error) { return s.Sealer, nil })
	if err != nil {
		t.Fatal(err)
	}
	var store vault.Store = newView(a)
	ctx, now := t.Context(), s.Clock.Now()
	_, _, tail := store.Tail(ctx, vault.Entries, 7)
	_, hour := store.AccessHour(ctx, 1, "")
	_, secrets := store.Secrets(ctx, []vault.SecretKey{{Entry: 1, Version: 1}})
	_, keysets := store.Keysets(ctx)
	_, add := store.AddAttempts(ctx, "x", 1, now, now)
	_, attempts := store.Attempts(ctx, "x", now)
	_, marked := store.Marked(ctx, vault.Hash{1}, now)
	for i, err := range []error{tail, hour, secrets, keysets, add, attempts, marked, store.Commit(ctx, vault.Transaction{}), store.PutAccess(ctx, nil)} {
		if err == nil {
			t.Errorf("call %d was not refused", i)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// TestAnHourAfterAnID leaves out what comes before, and the hour counts as read all the same.
func TestAnHourAfterAnID(t *testing.T) {
	s := world(t)
	p := takeApart(t, s)
	open := func() *view {
		a, err := Open(bytes.NewReader(p.assemble(t, s.Sealer)), func(Header) (vault.Sealer, error) { return s.Sealer, nil })
		if err != nil {
			t.Fatal(err)
		}
		v := newView(a)
		for _, table := range vault.Tables {
			for more := true; more; {
				if _, more, err = v.Tail(t.Context(), table, v.heads.Of(table).Seq); err != nil {
					t.Fatal(err)
				}
			}
		}
		return v
	}
	found := 0
	first, second := open(), open()
	for _, it := range p.items {
		if it.Hour == nil {
			continue
		}
		first.open, second.open = !it.Hour.Closed, !it.Hour.Closed
		all, err := first.AccessHour(t.Context(), it.Hour.Hour, "")
		if err != nil {
			t.Fatal(err)
		}
		after := ""
		if len(all) > 0 {
			after, found = all[0].ID, found+1
		}
		rest, err := second.AccessHour(t.Context(), it.Hour.Hour, after)
		want := slices.DeleteFunc(slices.Clone(all), func(r vault.StoredAccess) bool { return r.ID <= after })
		if diff := cmp.Diff(want, rest, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	if found == 0 {
		t.Error("no hour has records: the test says less than it should")
	}
}
