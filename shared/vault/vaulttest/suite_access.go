package vaulttest

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tresor/shared/vault"
)

const someHour vault.Hour = 500_000

func mustPutAccess(t *testing.T, s vault.Store, records ...vault.StoredAccess) {
	t.Helper()
	if err := untilNotBusy(func() error { return s.PutAccess(t.Context(), records) }); err != nil {
		t.Fatalf("put access: %v", err)
	}
}

func mustAccessHour(t *testing.T, s vault.Store, h vault.Hour) []vault.StoredAccess {
	t.Helper()
	var got []vault.StoredAccess
	if err := untilNotBusy(func() (err error) { got, err = s.AccessHour(t.Context(), h, ""); return err }); err != nil {
		t.Fatalf("access hour: %v", err)
	}
	return got
}

// testAccess: records are written once, in batches of any size, and listed by shard and id.
func testAccess(t *testing.T, open Opener) {
	s := open(t, "access")
	mustPutAccess(t, s)
	var want []vault.StoredAccess
	for shard := range uint8(vault.AccessShards) {
		for n := range 5 {
			want = append(want, accessRecord(someHour, shard, n, 200))
		}
	}
	shuffled := slices.Clone(want)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	mustPutAccess(t, s, shuffled[0])
	mustPutAccess(t, s, shuffled...) // the first one again
	mustPutAccess(t, s, accessRecord(someHour-1, 3, 1, 50), accessRecord(someHour+1, 3, 1, 60))

	same(t, "the hour", mustAccessHour(t, s, someHour), want)
	same(t, "the hour before", mustAccessHour(t, s, someHour-1), []vault.StoredAccess{accessRecord(someHour-1, 3, 1, 50)})
	same(t, "an hour without any", mustAccessHour(t, s, someHour+5), []vault.StoredAccess{})
}

// testAccessAfter: the records after an id are those of every shard, whether or not it is the id of a record.
func testAccessAfter(t *testing.T, open Opener) {
	s := open(t, "access-after")
	var all []vault.StoredAccess
	for _, shard := range []uint8{0, 7, vault.AccessShards - 1} {
		for n := range 4 {
			all = append(all, accessRecord(someHour, shard, n, 50))
		}
	}
	mustPutAccess(t, s, append(slices.Clone(all), accessRecord(someHour+1, 7, 3, 50))...)
	for _, after := range []string{"", "0", all[0].ID, all[1].ID, all[1].ID + "0", all[2].ID, all[3].ID, "7"} {
		want := slices.DeleteFunc(slices.Clone(all), func(r vault.StoredAccess) bool { return r.ID <= after })
		var got []vault.StoredAccess
		err := untilNotBusy(func() (err error) { got, err = s.AccessHour(t.Context(), someHour, after); return err })
		if err != nil {
			t.Fatalf("access hour after %q: %v", after, err)
		}
		same(t, "the records after "+strconv.Quote(after), got, want)
	}
}

// testAccessLarge: an hour above 1 MB, and one shard above 1 MB, are listed whole.
func testAccessLarge(t *testing.T, open Opener) {
	s := open(t, "access-large")
	var want []vault.StoredAccess
	for n := range 30 {
		want = append(want, accessRecord(someHour, 3, n, 50<<10))
	}
	for n := range 10 {
		want = append(want, accessRecord(someHour, 11, n, 50<<10))
	}
	for part := range slices.Chunk(want, 10) {
		mustPutAccess(t, s, part...)
	}
	same(t, "the hour", mustAccessHour(t, s, someHour), want)
}

type attempts struct {
	t *testing.T
	s vault.Store
}

func (a attempts) add(key string, delta int, now, expires time.Time, want int) {
	a.t.Helper()
	var got int
	err := untilNotBusy(func() (err error) { got, err = a.s.AddAttempts(a.t.Context(), key, delta, now, expires); return err })
	if err != nil || got != want {
		a.t.Errorf("add %d to %s: got %d, %v, want %d", delta, key, got, err, want)
	}
}

func (a attempts) count(key string, now time.Time, want int) {
	a.t.Helper()
	var got int
	err := untilNotBusy(func() (err error) { got, err = a.s.Attempts(a.t.Context(), key, now); return err })
	if err != nil || got != want {
		a.t.Errorf("attempts of %s: got %d, %v, want %d", key, got, err, want)
	}
}

func testAttempts(t *testing.T, open Opener) {
	a := attempts{t, open(t, "attempts")}
	now := time.Now().Truncate(time.Second)
	in := func(m int) time.Time { return now.Add(time.Duration(m) * time.Minute) }
	a.count("anna@10.0.0.1", now, 0)
	a.add("anna@10.0.0.1", 1, now, in(10), 1)
	a.add("anna@10.0.0.1", 2, now, in(10), 3)
	a.add("bert@10.0.0.1", 1, now, in(10), 1)
	a.count("anna@10.0.0.1", in(9), 3)

	a.count("anna@10.0.0.1", in(10), 0) // the expiry is not after now
	a.count("anna@10.0.0.1", in(11), 0)
	a.add("anna@10.0.0.1", 1, in(10), in(20), 1)
	a.count("anna@10.0.0.1", in(15), 1)
	a.add("anna@10.0.0.1", 1, in(15), in(30), 2) // each add moves the expiry
	a.count("anna@10.0.0.1", in(25), 2)
	a.add("anna@10.0.0.1", -1, in(40), in(50), 0) // nothing is left to take from

	a.add("bert@10.0.0.1", -1, now, in(10), 0)
	a.add("bert@10.0.0.1", -3, now, in(10), 0)
	a.add("bert@10.0.0.1", 1, now, in(10), 1)
	a.add("nobody", -1, now, in(10), 0)
	a.count("nobody", now, 0)
	a.add("nobody", 1, now, in(10), 1)
}

// testAttemptsConcurrent: no add is lost, each sees its own count, and taking back while others add stays exact.
func testAttemptsConcurrent(t *testing.T, open Opener) {
	handles := []vault.Store{open(t, "attempts-concurrent"), open(t, "attempts-concurrent")}
	now := time.Now().Truncate(time.Second)
	add := func(ctx context.Context, i, delta int) (n int, err error) {
		err = untilNotBusy(func() error {
			n, err = handles[i%2].AddAttempts(ctx, "k", delta, now, now.Add(time.Hour))
			return err
		})
		return n, err
	}
	seen := make([]int, 60)
	g, ctx := errgroup.WithContext(t.Context())
	for w := range 12 {
		g.Go(func() error {
			for i := w * 5; i < w*5+5; i++ {
				var err error
				if seen[i], err = add(ctx, w, 1); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	for i, n := range seen {
		if n != i+1 {
			t.Fatalf("got counts %v, want 1 to %d", seen, len(seen))
		}
	}
	g, ctx = errgroup.WithContext(t.Context())
	for w := range 10 {
		delta := 1 - 4*(w%2) // five add 1, five take 3 away
		g.Go(func() error { _, err := add(ctx, w/2, delta); return err })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	attempts{t, handles[0]}.count("k", now, 60+5-15)
}
