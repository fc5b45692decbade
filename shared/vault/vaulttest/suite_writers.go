package vaulttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tresor/shared/vault"
)

// testVaultsApart: two vaults of one store share nothing.
func testVaultsApart(t *testing.T, open Opener) {
	a, b := open(t, "vaults-apart"), open(t, "vaults-apart-2")
	now := time.Now().Truncate(time.Second)
	tx := wide()
	mustCommit(t, a, tx)
	mustPutAccess(t, a, accessRecord(someHour, 1, 1, 50))
	attempts{t, a}.add("k", 4, now, now.Add(time.Hour), 4)
	keys, want := keysOf(tx.PutSecrets)
	for _, tb := range vault.Tables {
		same(t, "records", mustTail(t, b, tb, 0), []vault.StoredRecord{})
	}
	same(t, "secrets", mustSecrets(t, b, keys...), map[vault.SecretKey][]byte{})
	same(t, "keysets", mustKeysets(t, b), []vault.StoredKeyset{})
	same(t, "access records", mustAccessHour(t, b, someHour), []vault.StoredAccess{})
	attempts{t, b}.count("k", now, 0)

	mustCommit(t, b, wide())
	same(t, "secrets", mustSecrets(t, a, keys...), want)
}

// testTwoWriters: what one handle has written the other sees at its next call.
func testTwoWriters(t *testing.T, open Opener) {
	a, b := open(t, "two-writers"), open(t, "two-writers")
	handles := [2]vault.Store{a, b}
	now := time.Now().Truncate(time.Second)
	for n := vault.Seq(1); n <= 10; n++ {
		w, r := handles[n%2], handles[(n+1)%2]
		tx := NewTransaction(NewRecord(vault.Entries, n, 100))
		tx.PutSecrets = []vault.StoredSecret{NewSecret(vault.EntryID(n), 1, 80)}
		mustCommit(t, w, tx)
		same(t, "the other's tail", mustTail(t, r, vault.Entries, n-1), tx.Put)
		keys, want := keysOf(tx.PutSecrets)
		same(t, "the other's secret", mustSecrets(t, r, keys...), want)
		late := NewTransaction(NewRecord(vault.Entries, n, 90))
		mustConflict(t, untilNotBusy(func() error { return r.Commit(t.Context(), late) }), tx.Put...)
	}
	mustPutAccess(t, a, accessRecord(someHour, 2, 1, 50))
	same(t, "the other's access records", mustAccessHour(t, b, someHour), []vault.StoredAccess{accessRecord(someHour, 2, 1, 50)})
	attempts{t, a}.add("k", 2, now, now.Add(time.Hour), 2)
	attempts{t, b}.add("k", 1, now, now.Add(time.Hour), 3)
	attempts{t, a}.count("k", now, 3)
}

// acknowledged collects which transaction was told that it holds which number.
type acknowledged struct {
	mu sync.Mutex
	by map[vault.Seq]vault.TxnID
}

// testTwentyWriters: twenty handles append as fast as they can; every acknowledged record is there once, with its secret, and the
// numbers have no gap.
func testTwentyWriters(t *testing.T, open Opener) {
	const writers, each = 20, 5
	ack := acknowledged{by: map[vault.Seq]vault.TxnID{}}
	g, ctx := errgroup.WithContext(t.Context())
	for range writers {
		s := open(t, "twenty-writers")
		g.Go(func() error { return ack.write(ctx, s, each) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	s := open(t, "twenty-writers")
	all := mustTail(t, s, vault.Entries, 0)
	if len(all) != writers*each || len(ack.by) != writers*each {
		t.Fatalf("got %d records and %d acknowledged, want %d", len(all), len(ack.by), writers*each)
	}
	for i, r := range all {
		if r.Seq != vault.Seq(i+1) || ack.by[r.Seq] != r.Txn {
			t.Errorf("record %d: got number %d of %s, want %s", i+1, r.Seq, r.Txn, ack.by[r.Seq])
		}
		key := vault.SecretKey{Entry: vault.EntryID(r.Clear.Target), Version: 1}
		if string(mustSecrets(t, s, key)[key]) != string(r.Sealed) {
			t.Errorf("record %d: its secret is missing or another's", r.Seq)
		}
	}
}

// write appends n records to entries, each with a secret whose entry id is the next number, as the vault gives ids.
func (a *acknowledged) write(ctx context.Context, s vault.Store, n int) error {
	var head vault.Seq
	for range n {
		for done := false; !done; {
			tail, err := tailAll(ctx, s, vault.Entries, head)
			if err != nil {
				return err
			}
			for _, r := range tail { // a read may show a record before the one in front of it
				if r.Seq == head+1 {
					head++
				}
			}
			if done, err = a.try(ctx, s, head+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// try commits a record at number n; false means that another was first.
func (a *acknowledged) try(ctx context.Context, s vault.Store, n vault.Seq) (bool, error) {
	tx := NewTransaction(NewRecord(vault.Entries, n, 150))
	tx.Put[0].Clear.Target = uint64(n)
	tx.Put[0].Sealed = append(tx.Put[0].Sealed, tx.ID[:]...)
	tx.PutSecrets = []vault.StoredSecret{{SecretKey: vault.SecretKey{Entry: vault.EntryID(n), Version: 1}, Sealed: tx.Put[0].Sealed}}
	err := commit(ctx, s, tx)
	if errors.Is(err, vault.Conflict) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("commit %d: %w", n, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if other, taken := a.by[n]; taken {
		return false, fmt.Errorf("number %d was acknowledged to %s and to %s", n, other, tx.ID)
	}
	a.by[n] = tx.ID
	return true, nil
}
