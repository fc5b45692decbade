package trail_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tresor/shared/vault"
)

// TestTheOrderWithinAMillisecond is the journal's, however many operations came before; a clock that is behind does not make two ids the same.
func TestTheOrderWithinAMillisecond(t *testing.T) {
	f := newFake()
	f.write(vault.Permissions, base, vault.Change{User: &vault.User{ID: 1}})
	entry := vault.EntryID(0)
	write := func(millis uint16) {
		entry++
		f.write(vault.Entries, base.Add(time.Second), vault.Change{Entry: &vault.Entry{ID: entry}})
		ops := f.journals[0][len(f.journals[0])-1].Ops
		ops[0].Millis = millis
	}
	for millis := range uint16(500) { // two milliseconds have a hundred operations each, the first of them across the journal's 256th
		n := 2
		if millis == 100 || millis == 400 {
			n = 100
		}
		for range n {
			write(millis)
		}
	}
	write(499 - 1) // by another clock
	write(499)
	rows := everything(t, caughtUp(t, f), base)
	slices.Reverse(rows)
	ids := map[uint64]bool{}
	var got []vault.EntryID
	for _, r := range rows[1:] {
		ids[r.ID] = true
		got = append(got, r.Entry)
	}
	if len(ids) != int(entry) || len(got) != int(entry) {
		t.Errorf("%d ids of %d rows, want %d", len(ids), len(got), entry)
	}
	late := got[len(got)-4:]
	if want := []vault.EntryID{entry - 1, entry - 3, entry - 2, entry}; !slices.Equal(late, want) {
		t.Errorf("the end is %v, want %v", late, want)
	}
	if rest := got[:len(got)-4]; !slices.IsSorted(rest) {
		t.Error("not in the journal's order: " + fmt.Sprint(rest))
	}
}
