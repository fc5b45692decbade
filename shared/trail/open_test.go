package trail_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tresor/shared/trail"
	"tresor/shared/vault"
)

// busyHour makes a vault whose first hour is open and has so many access records, one a second.
func busyHour(t testing.TB, records int) (f *fake, now time.Time) {
	t.Helper()
	f = newFake()
	f.write(vault.Permissions, base, vault.Change{User: &vault.User{ID: 1}})
	for i := range records {
		f.show(t, base.Add(time.Duration(i)*time.Second), 1)
	}
	return f, base.Add(time.Duration(records) * time.Second)
}

func total(t testing.TB, tr *trail.Trail, now time.Time) int {
	t.Helper()
	_, n := page(t, tr, now, 0, 0)
	return n
}

// TestAnOpenHourIsReadOn from its last minute, and not anew; a record that is late by less is found, and none is there twice.
func TestAnOpenHourIsReadOn(t *testing.T) {
	f, now := busyHour(t, 1000)
	tr := caughtUp(t, f)
	if n := total(t, tr, now); n != 1001 || f.records != 1000 {
		t.Fatalf("%d rows, %d records read", n, f.records)
	}
	held := everything(t, tr, now) // in use while more is read
	f.records = 0
	f.show(t, now, 2)
	f.show(t, now.Add(-30*time.Second), 3) // by a clock that is behind
	if n := total(t, tr, now); n != 1003 || f.records != 61+2 {
		t.Errorf("%d rows, %d records read again, want those of a minute", n, f.records)
	}
	rows := everything(t, tr, now)
	for i := range rows[1:] {
		if rows[i].ID <= rows[i+1].ID {
			t.Fatalf("row %d is not after row %d", rows[i].ID, rows[i+1].ID)
		}
	}
	if rows[0].Entry != 2 || rows[30].Entry != 3 || len(rows) != 1003 || len(held) != 1001 {
		t.Errorf("%d rows after %d: %v", len(rows), len(held), texts(rows[:32]))
	}
}

// TestARecordThatIsVeryLate is found once the hour is closed.
func TestARecordThatIsVeryLate(t *testing.T) {
	f, now := busyHour(t, 300)
	tr := caughtUp(t, f)
	total(t, tr, now)
	f.show(t, base.Add(10*time.Second), 9)
	if n := total(t, tr, now); n != 301 {
		t.Errorf("%d rows: an open hour was read anew", n)
	}
	f.closeHour(vault.HourOf(base))
	if err := tr.CatchUp(t.Context(), f.heads()); err != nil {
		t.Fatal(err)
	}
	if n := total(t, tr, now); n != 302 {
		t.Errorf("%d rows after the hour was closed, want 302", n)
	}
}

// TestCallersShareARead: while an hour is read nobody else reads it, one read serves all who came before it began, and whoever has no time left goes.
func TestCallersShareARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, now := busyHour(t, 100)
		hour := vault.HourOf(base)
		tr := caughtUp(t, f)
		first := make(chan struct{})
		var blocked atomic.Bool
		f.during = func(h vault.Hour) {
			if h == hour && blocked.CompareAndSwap(false, true) {
				<-first
			}
		}
		var calls sync.WaitGroup
		call := func(want int) {
			calls.Go(func() {
				if _, n, err := tr.Page(t.Context(), now, 0, 0); n != want || err != nil {
					t.Errorf("%d rows, want %d, %v", n, want, err)
				}
			})
		}
		call(101)
		synctest.Wait()
		f.show(t, now, 2) // too late for the first
		for range 5 {
			call(102)
		}
		ctx, cancel := context.WithCancel(t.Context())
		calls.Go(func() {
			if _, _, err := tr.Page(ctx, now, 0, 0); !errors.Is(err, vault.Busy) {
				t.Errorf("a call without time: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		if f.reads[hour] != 1 {
			t.Errorf("the hour was read %d times at once", f.reads[hour])
		}
		close(first)
		calls.Wait()
		if f.reads[hour] != 2 {
			t.Errorf("the hour was read %d times, want once for the first and once for the five", f.reads[hour])
		}
	})
}

// TestAnOpenHourThatIsTooMuch is refused to pages too. Where that is known it is not read again.
func TestAnOpenHourThatIsTooMuch(t *testing.T) {
	f, now := busyHour(t, 100)
	tr := caughtUp(t, f, trail.Limit(100))
	if n := total(t, tr, now); n != 101 {
		t.Errorf("%d rows", n)
	}
	f.show(t, now, 2)
	hour := vault.HourOf(base)
	for try := range 2 {
		if _, _, err := tr.Page(t.Context(), now, 0, 5); !errors.Is(err, vault.Invalid) || f.reads[hour] != 2 {
			t.Errorf("try %d: %v after %d reads", try, err, f.reads[hour])
		}
	}
	if _, err := tr.Between(t.Context(), now, vault.StampOf(base.Add(-48*time.Hour)), vault.StampOf(base)-1); err != nil {
		t.Errorf("another time: %v", err)
	}
}

// TestManyOpenHoursThatAreTooMuch together end the reading as soon as that is known.
func TestManyOpenHoursThatAreTooMuch(t *testing.T) {
	f := newFake()
	f.write(vault.Permissions, base, vault.Change{User: &vault.User{ID: 1}})
	for i := range 400 {
		f.show(t, base.Add(time.Duration(i)*30*time.Minute), 1)
	}
	tr := caughtUp(t, f, trail.Limit(20))
	_, _, err := tr.Page(t.Context(), base.Add(200*time.Hour), 0, 5)
	if !errors.Is(err, vault.Invalid) || f.records > 60 {
		t.Errorf("%v after %d records", err, f.records)
	}
}
