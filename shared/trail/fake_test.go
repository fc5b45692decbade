package trail_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"tresor/shared/trail"
	"tresor/shared/vault"
)

// base is the first hour of the fake's log.
var base = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)

// fake is a log in memory that counts what is read of it.
type fake struct {
	mu       sync.Mutex
	journals [2][]*vault.Record
	damaged  vault.Seq       // no entries record after it can be read; 0: all can
	hashes   [2][]vault.Hash // of the records
	version  byte            // goes into the hashes of the records to come
	accesses map[vault.Hour][]*vault.AccessRecord
	reads    map[vault.Hour]int
	records  int              // access records read
	history  int              // records read
	left     int              // hours that may still be read before the time is over; negative: any number
	hidden   int              // records at the end of each journal that do not show
	during   func(vault.Hour) // called when an hour was read and not yet returned
}

func newFake() *fake {
	return &fake{accesses: map[vault.Hour][]*vault.AccessRecord{}, reads: map[vault.Hour]int{}, left: -1}
}

func (f *fake) History(ctx context.Context, t vault.Table, after vault.Head, fn func(*vault.Record) error) (vault.Head, error) {
	f.mu.Lock()
	all := f.journals[t-vault.Entries]
	all = all[:max(0, len(all)-f.hidden)]
	f.mu.Unlock()
	for int(after.Seq) < len(all) {
		if after.Hash != f.hash(t, after.Seq) || f.damaged != 0 && t == vault.Entries && after.Seq >= f.damaged {
			return after, fmt.Errorf("record %d does not continue: %w", after.Seq+1, vault.Corrupt)
		}
		if err := fn(all[after.Seq]); err != nil {
			return after, err
		}
		after = vault.Head{Seq: after.Seq + 1, Hash: f.hash(t, after.Seq+1)}
		f.mu.Lock()
		f.history++
		f.mu.Unlock()
	}
	return after, ctx.Err()
}

func (f *fake) hash(t vault.Table, n vault.Seq) vault.Hash {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n == 0 {
		return vault.Hash{}
	}
	return f.hashes[t-vault.Entries][n-1]
}

// cut takes the last records off a journal; those to come have other hashes.
func (f *fake) cut(t vault.Table, n int) {
	i := t - vault.Entries
	f.journals[i] = f.journals[i][:len(f.journals[i])-n]
	f.hashes[i] = f.hashes[i][:len(f.journals[i])]
	f.version++
}

func (f *fake) Accesses(ctx context.Context, h vault.Hour, after string) ([]*vault.AccessRecord, error) {
	f.mu.Lock()
	if f.left == 0 {
		f.mu.Unlock()
		return nil, context.DeadlineExceeded
	}
	f.left--
	f.reads[h]++
	list := slices.DeleteFunc(slices.Clone(f.accesses[h]), func(a *vault.AccessRecord) bool { return a.ID <= after })
	f.records += len(list)
	f.mu.Unlock()
	if f.during != nil {
		f.during(h)
	}
	return list, ctx.Err()
}

// write appends a record of one operation.
func (f *fake) write(t vault.Table, at time.Time, changes ...vault.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := &f.journals[t-vault.Entries]
	f.hashes[t-vault.Entries] = append(f.hashes[t-vault.Entries], vault.Hash{f.version, byte(len(*list))})
	*list = append(*list, &vault.Record{Table: t, Seq: vault.Seq(len(*list) + 1),
		Ops: []vault.Op{{At: vault.StampOf(at), Actor: 1, Action: "tpm test", Changes: changes}}})
}

// show adds an access record.
func (f *fake) show(t testing.TB, at time.Time, entries ...vault.EntryID) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	h := vault.HourOf(at)
	n := len(f.accesses[h])
	a := &vault.AccessRecord{ID: id(at, uint64(h)<<20|uint64(n)), At: vault.StampOf(at), User: vault.UserID(n%5 + 1), Action: "tpm passwords/show", Source: "192.0.2.1"}
	for _, e := range entries {
		a.Secrets = append(a.Secrets, vault.SecretKey{Entry: e, Version: 1})
	}
	f.accesses[h] = append(f.accesses[h], a)
}

func id(at time.Time, random uint64) string {
	var u ulid.ULID
	_ = u.SetTime(ulid.Timestamp(at))
	for i := range 8 {
		u[15-i] = byte(random >> (8 * i))
	}
	return u.String()
}

// closeHour does what the compactor does.
func (f *fake) closeHour(h vault.Hour) {
	f.mu.Lock()
	n := len(f.accesses[h])
	f.mu.Unlock()
	f.write(vault.Permissions, (h + 1).Start().Add(20*time.Minute), vault.Change{AccessHour: &vault.AccessHour{Hour: h, Records: n}})
}

func (f *fake) heads() (h vault.Heads) {
	for _, t := range vault.Tables {
		n := vault.Seq(len(f.journals[t-vault.Entries]))
		h.Set(t, vault.Head{Seq: n, Hash: f.hash(t, n)})
	}
	return h
}

// days makes so many hours with ten accesses and one change each; all but the last two are closed. It returns the time of the last change.
func (f *fake) days(t testing.TB, hours int) (now time.Time) {
	t.Helper()
	f.write(vault.Permissions, base, vault.Change{User: &vault.User{ID: 1}})
	for i := range hours {
		start := base.Add(time.Duration(i) * time.Hour)
		for n := range 10 {
			f.show(t, start.Add(time.Duration(n)*5*time.Minute), vault.EntryID(n+1))
		}
		now = start.Add(7 * time.Minute)
		f.write(vault.Entries, now, vault.Change{Entry: &vault.Entry{ID: vault.EntryID(i + 1)}})
		if i >= 2 {
			f.closeHour(vault.HourOf(base) + vault.Hour(i-2))
		}
	}
	return now.Add(50 * time.Minute)
}

func caughtUp(t testing.TB, f *fake, options ...trail.Option) *trail.Trail {
	t.Helper()
	tr := trail.New(f, options...)
	if err := tr.CatchUp(t.Context(), f.heads()); err != nil {
		t.Fatal(err)
	}
	return tr
}

// told writes a row down.
func told(r *trail.Row) string {
	return fmt.Sprintf("%s %d %d %d", r.At().Time().Format("02T15:04:05"), r.Event, r.Context.Actor, r.Entry)
}
