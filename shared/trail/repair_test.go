package trail_test

import (
	"errors"
	"testing"
	"time"

	"tresor/shared/vault"
)

// TestARepairedJournal leaves no rows of the records that were cut, whether the new ones are as many as the old ones or more, in either journal.
func TestARepairedJournal(t *testing.T) {
	for _, table := range vault.Tables {
		for more := range 3 {
			f := newFake()
			now := f.days(t, 5)
			f.write(table, now, vault.Change{Setting: &vault.Setting{Key: "kept"}})
			for range 2 {
				f.write(table, now.Add(time.Second), vault.Change{Setting: &vault.Setting{Key: "cut"}})
			}
			tr := caughtUp(t, f)
			before := everything(t, tr, now)
			f.cut(table, 2)
			for range 2 + more {
				f.write(table, now.Add(time.Second), vault.Change{Setting: &vault.Setting{Key: "new"}})
			}
			if err := tr.CatchUp(t.Context(), f.heads()); err != nil {
				t.Fatal(err)
			}
			keys := map[string]int{}
			rows := everything(t, tr, now)
			for i := range rows {
				keys[rows[i].Setting()]++
			}
			if keys["kept"] != 1 || keys["cut"] != 0 || keys["new"] != 2+more || len(rows) != len(before)+more {
				t.Errorf("%s, %d more: %v, %d rows after %d", table, more, keys, len(rows), len(before))
			}
		}
	}
}

// TestADamagedJournal is not read from its beginning by every call; once it is sound again the log goes on.
func TestADamagedJournal(t *testing.T) {
	f := newFake()
	now := f.days(t, 5)
	tr := caughtUp(t, f)
	f.write(vault.Entries, now, vault.Change{Entry: &vault.Entry{ID: 9}})
	read := f.history
	f.damaged = 5
	for range 3 {
		if err := tr.CatchUp(t.Context(), f.heads()); !errors.Is(err, vault.Corrupt) {
			t.Fatalf("got %v", err)
		}
	}
	if again := f.history - read; again != 5 {
		t.Errorf("%d records of the entries journal read, want all of it once", again)
	}
	f.damaged = 0
	if err := tr.CatchUp(t.Context(), f.heads()); err != nil {
		t.Fatal(err)
	}
	if rows := everything(t, tr, now); len(rows) != 1+5*11+1 {
		t.Errorf("%d rows", len(rows))
	}
}
