package trail_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/trail"
	"tresor/shared/vault"
)

func page(t testing.TB, tr *trail.Trail, now time.Time, skip, take int) ([]trail.Row, int) {
	t.Helper()
	rows, total, err := tr.Page(t.Context(), now, skip, take)
	if err != nil {
		t.Fatal(err)
	}
	return rows, total
}

// everything returns the log as a search goes through it.
func everything(t testing.TB, tr *trail.Trail, now time.Time) (list []trail.Row) {
	t.Helper()
	r, err := tr.Between(t.Context(), now, 0, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	for row := range r.All {
		list = append(list, *row)
	}
	return list
}

func texts(rows []trail.Row) (out []string) {
	for i := range rows {
		out = append(out, told(&rows[i]))
	}
	return out
}

// TestPagesAreTheList: pages of any size, one after another, are what a search goes through, strictly in order, and each says how many there are.
func TestPagesAreTheList(t *testing.T) {
	f := newFake()
	now := f.days(t, 30)
	all := everything(t, caughtUp(t, f), now)
	if len(all) != 1+30*11 {
		t.Fatalf("%d rows, want the first user, and 10 accesses and a change an hour", len(all))
	}
	for i := 1; i < len(all); i++ {
		if all[i].ID >= all[i-1].ID {
			t.Fatalf("row %d does not come before row %d", i, i-1)
		}
		if all[i].ID >= 1<<53 {
			t.Fatalf("%d is no JSON number", all[i].ID)
		}
	}
	for _, size := range []int{1, 7, 11, 20, 1000} {
		tr := caughtUp(t, f)
		var got []trail.Row
		for skip := 0; ; skip += size {
			rows, total := page(t, tr, now, skip, size)
			if total != len(all) {
				t.Fatalf("pages of %d, from %d: %d in all, want %d", size, skip, total, len(all))
			}
			if len(rows) == 0 {
				break
			}
			got = append(got, rows...)
		}
		if diff := cmp.Diff(texts(all), texts(got)); diff != "" {
			t.Errorf("pages of %d (-list +pages):\n%s", size, diff)
		}
	}
}

// TestAPageReadsTheHoursItTouches and those that are open; of those that are closed the journal says how many records they have.
func TestAPageReadsTheHoursItTouches(t *testing.T) {
	f := newFake()
	now := f.days(t, 100)
	first := vault.HourOf(base)
	tr := caughtUp(t, f)
	if _, total := page(t, tr, now, 0, 0); total != 1+100*11 {
		t.Errorf("a count of %d", total)
	}
	if len(f.reads) != 3 || f.reads[first+98] != 1 || f.reads[first+99] != 1 || f.reads[first+100] != 1 { // the next one too: a clock may be ahead
		t.Errorf("a count has read %v", f.reads)
	}
	clear(f.reads)
	page(t, tr, now, 50*11+2, 5) // in the middle of an hour
	closed := 0
	for h := range f.reads {
		if h < first+98 {
			closed++
		}
	}
	if closed != 1 {
		t.Errorf("a page has read %v", f.reads)
	}
	clear(f.reads)
	page(t, tr, now, 50*11+2, 5)
	for h := range f.reads {
		if h < first+98 {
			t.Errorf("the page has read closed hour %d again", h-first)
		}
	}
	seen := f.history
	f.write(vault.Entries, now, vault.Change{Entry: &vault.Entry{ID: 7}})
	if err := tr.CatchUp(t.Context(), f.heads()); err != nil || f.history != seen+1 {
		t.Errorf("read %d records of the journals for one new one, %v", f.history-seen, err)
	}
	if rows, _ := page(t, tr, now, 0, 1); len(rows) != 1 || rows[0].Event != trail.EntryUpdated || rows[0].Entry != 7 {
		t.Errorf("got %v", texts(rows))
	}
}

// TestAnHourClosesBetweenTwoCalls: nothing is there twice, or lost, and what was read is not read again. A record that came after the hour was read is there
// because its closing says so.
func TestAnHourClosesBetweenTwoCalls(t *testing.T) {
	f := newFake()
	now := f.days(t, 10)
	first := vault.HourOf(base)
	tr := caughtUp(t, f)
	later := now.Add(time.Hour)
	before := everything(t, tr, later)
	f.closeHour(first + 8)
	f.show(t, (first + 9).Start().Add(59*time.Minute), 3)
	f.closeHour(first + 9)
	clear(f.reads)
	if err := tr.CatchUp(t.Context(), f.heads()); err != nil {
		t.Fatal(err)
	}
	after := everything(t, tr, later)
	if len(after) != len(before)+1 || f.reads[first+8] != 0 || f.reads[first+9] != 1 {
		t.Errorf("%d rows after %d; read %v", len(after), len(before), f.reads)
	}
	if _, total := page(t, tr, later, 0, 0); total != len(after) {
		t.Errorf("a count of %d, want %d", total, len(after))
	}
}

// TestAnHourClosesWhileItIsRead: what was read before its last record is not kept as all of it.
func TestAnHourClosesWhileItIsRead(t *testing.T) {
	f := newFake()
	now := f.days(t, 5)
	tr := caughtUp(t, f)
	open := vault.HourOf(base) + 4
	var once sync.Once
	closing := func() {
		f.show(t, open.Start().Add(58*time.Minute), 1)
		f.closeHour(open - 1)
		f.closeHour(open)
		if err := tr.CatchUp(t.Context(), f.heads()); err != nil {
			t.Error(err)
		}
	}
	f.during = func(h vault.Hour) {
		if h == open {
			once.Do(closing)
		}
	}
	if got := len(everything(t, tr, now)); got != 1+5*11 {
		t.Errorf("%d rows then", got)
	}
	if got := len(everything(t, tr, now)); got != 1+5*11+1 {
		t.Errorf("%d rows after it", got)
	}
}

// TestASearchGoesOnWhereTheLastOneStopped: out of time it is Busy, but what it read stays.
func TestASearchGoesOnWhereTheLastOneStopped(t *testing.T) {
	f := newFake()
	now := f.days(t, 50).Add(time.Hour)
	tr := caughtUp(t, f)
	for tries := 1; ; tries++ {
		f.left = 12
		_, err := tr.Between(t.Context(), now, 0, math.MaxInt64)
		if err == nil {
			if tries < 3 {
				t.Errorf("done after %d tries of 12 hours each", tries)
			}
			break
		}
		if !errors.Is(err, vault.Busy) || tries > 10 {
			t.Fatalf("try %d: %v", tries, err)
		}
	}
	first := vault.HourOf(base)
	for h := first; h < first+48; h++ {
		if f.reads[h] != 1 {
			t.Errorf("hour %d was read %d times", h-first, f.reads[h])
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	other := trail.New(f)
	if err := other.CatchUp(ended, f.heads()); !errors.Is(err, vault.Busy) {
		t.Errorf("a catch-up out of time: %v", err)
	}
	if err := other.CatchUp(t.Context(), f.heads()); err != nil {
		t.Errorf("the next one: %v", err)
	}
	f.left = -1
	if got, want := len(everything(t, other, now)), len(everything(t, tr, now)); got != want {
		t.Errorf("%d rows after a catch-up in two parts, want %d", got, want)
	}
}

// TestRecordsThatDoNotShow make a catch-up Busy, never short.
func TestRecordsThatDoNotShow(t *testing.T) {
	f := newFake()
	now := f.days(t, 5)
	f.hidden = 1
	tr := trail.New(f)
	if err := tr.CatchUp(t.Context(), f.heads()); !errors.Is(err, vault.Busy) {
		t.Errorf("got %v, want Busy", err)
	}
	f.hidden = 0
	if err := tr.CatchUp(t.Context(), f.heads()); err != nil {
		t.Fatal(err)
	}
	if got := everything(t, tr, now); len(got) != 1+5*11 {
		t.Errorf("%d rows", len(got))
	}
}

// TestALimitedSearch refuses to go through more access records than its limit before it reads them, and not what is narrowed.
func TestALimitedSearch(t *testing.T) {
	f := newFake()
	now := f.days(t, 50)
	tr := caughtUp(t, f, trail.Limit(200))
	_, err := tr.Between(t.Context(), now, 0, math.MaxInt64)
	if !errors.Is(err, vault.Invalid) || len(f.reads) > 3 {
		t.Errorf("got %v, after reading %d hours", err, len(f.reads))
	}
	r, err := tr.Between(t.Context(), now, vault.StampOf(base.Add(10*time.Hour)), vault.StampOf(base.Add(12*time.Hour))-1)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range r.All {
		n++
	}
	if n != 22 {
		t.Errorf("%d rows in two hours, want 22", n)
	}
	for i := range 50 { // more than is kept: the oldest go
		from := base.Add(time.Duration(i) * time.Hour)
		if _, err := tr.Between(t.Context(), now, vault.StampOf(from), vault.StampOf(from)+3599); err != nil {
			t.Fatal(err)
		}
	}
	clear(f.reads)
	for _, i := range []int{1, 47} {
		from := base.Add(time.Duration(i) * time.Hour)
		if _, err := tr.Between(t.Context(), now, vault.StampOf(from), vault.StampOf(from)+3599); err != nil {
			t.Fatal(err)
		}
	}
	first := vault.HourOf(base)
	if f.reads[first+1] != 1 || f.reads[first+47] != 0 {
		t.Errorf("read %v: the oldest hour should have been forgotten, and the newest not", f.reads)
	}
}

// TestATimeEndsWithinTheHour: rows are of the seconds asked for, both included.
func TestATimeEndsWithinTheHour(t *testing.T) {
	f := newFake()
	now := f.days(t, 3)
	tr := caughtUp(t, f)
	at := func(minutes int) vault.Stamp { return vault.StampOf(base.Add(time.Duration(minutes) * time.Minute)) }
	r, err := tr.Between(t.Context(), now, at(60+5), at(60+10))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row := range r.All {
		got = append(got, row.At().Time().Format("15:04"))
	}
	if want := []string{"01:10", "01:07", "01:05"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestIDsAreUnique although two records of a second have the same random bits.
func TestIDsAreUnique(t *testing.T) {
	f := newFake()
	f.write(vault.Permissions, base, vault.Change{User: &vault.User{ID: 1}})
	for i := range 3 {
		f.show(t, base, 1)
		f.accesses[vault.HourOf(base)][i].ID = id(base.Add(time.Duration(i)*time.Millisecond), 1<<19-1)
	}
	ids := map[uint64]bool{}
	for _, row := range everything(t, caughtUp(t, f), base) {
		ids[row.ID] = true
	}
	if len(ids) != 4 {
		t.Errorf("got %v, want 4 ids", ids)
	}
}

// TestRowsAreSmall measures what a process keeps of each access record.
func TestRowsAreSmall(t *testing.T) {
	f := newFake()
	f.write(vault.Permissions, base, vault.Change{User: &vault.User{ID: 1}})
	const n = 100_000
	for i := range n {
		f.show(t, base.Add(time.Duration(i%7200)*time.Second), vault.EntryID(i+1))
	}
	now := base.Add(5 * time.Hour)
	tr := caughtUp(t, f)
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	if _, err := tr.Between(t.Context(), now, 0, math.MaxInt64); err != nil {
		t.Fatal(err)
	}
	each := (heap() - before) / n
	t.Logf("%.0f bytes a row", each)
	if each > 100 {
		t.Errorf("%.0f bytes a row", each)
	}
	if got := len(everything(t, tr, now)); got != n+1 {
		t.Errorf("%d rows", got)
	}
	runtime.KeepAlive(tr)
}
