package vaulttest

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tresor/shared/vault"
)

// marksAt is the time of the suite's marks: they are told to be expired by the transaction's clock, not by the store's. It lies ahead, so that
// no store removes one on the way.
var marksAt = time.Now().Add(24 * time.Hour).Truncate(time.Second)

func mark(name string, after time.Duration) vault.Mark {
	return vault.Mark{Hash: sha256.Sum256([]byte(name)), Expires: marksAt.Add(after)}
}

// marked is a transaction at a time that puts a record, a secret and marks.
func marked(n vault.Seq, after time.Duration, marks ...vault.Mark) vault.Transaction {
	tx := NewTransaction(NewRecord(vault.Entries, n, 100))
	tx.PutSecrets = []vault.StoredSecret{NewSecret(vault.EntryID(n), 1, 60)}
	tx.PutMarks, tx.Now = marks, marksAt.Add(after)
	return tx
}

// mustMeet checks that tx fails by exactly the wanted marks and has done nothing.
func mustMeet(t *testing.T, s vault.Store, tx vault.Transaction, existing []vault.StoredRecord, want ...vault.Mark) {
	t.Helper()
	before := mustTail(t, s, vault.Entries, 0)
	err := untilNotBusy(func() error { return s.Commit(t.Context(), tx) })
	mustConflict(t, err, existing...)
	var conflict *vault.ConflictError
	if errors.As(err, &conflict) {
		hashes := make([]vault.Hash, len(want))
		for i, m := range want {
			hashes[i] = m.Hash
		}
		same(t, "marks", conflict.Marks, hashes)
	}
	same(t, "records after a conflict", mustTail(t, s, vault.Entries, 0), before)
	if len(existing) == 0 {
		keys, _ := keysOf(tx.PutSecrets)
		same(t, "secrets after a conflict", mustSecrets(t, s, keys...), map[vault.SecretKey][]byte{})
	}
}

// mustBeMarked checks which marks a store shows at a time.
func mustBeMarked(t *testing.T, s vault.Store, after time.Duration, want map[string]bool) {
	t.Helper()
	for name, there := range want {
		var got bool
		err := untilNotBusy(func() (err error) {
			got, err = s.Marked(t.Context(), mark(name, 0).Hash, marksAt.Add(after))
			return err
		})
		if err != nil || got != there {
			t.Errorf("mark %s: got %v, %v, want %v", name, got, err, there)
		}
	}
}

// testMarks: one that is absent is put with the transaction, one that exists lets nothing of it happen.
func testMarks(t *testing.T, open Opener) {
	s := open(t, "marks")
	a, b, c := mark("a", time.Minute), mark("b", time.Minute), mark("c", time.Minute)
	first := marked(1, 0, a, b)
	mustCommit(t, s, first)
	mustMeet(t, s, marked(2, 0, a), nil, a)
	mustMeet(t, s, marked(2, 0, c, b), nil, b)
	mustMeet(t, s, marked(2, 0, b, c, a), nil, b, a)
	mustMeet(t, s, marked(1, 0, c), first.Put)       // a lost race puts no mark
	mustMeet(t, s, marked(1, 0, a, c), first.Put, a) // both
	absent := marked(2, 0, c)
	absent.Absent = []vault.RecordKey{{Table: vault.Entries, Seq: 1}}
	mustMeet(t, s, absent, nil)
	mustBeMarked(t, s, 0, map[string]bool{"a": true, "b": true, "c": false})
	mustCommit(t, s, marked(2, 0, c))
	mustBeMarked(t, open(t, "marks"), 0, map[string]bool{"a": true, "b": true, "c": true})
	mustBeMarked(t, open(t, "marks-2"), 0, map[string]bool{"a": false})
	mustMeet(t, open(t, "marks"), marked(3, 0, c), nil, c)
	mustCommit(t, open(t, "marks-2"), marked(1, 0, a)) // another vault's
}

// testMarksExpire: one whose expiry is not after the transaction's time counts as absent, and is put anew.
func testMarksExpire(t *testing.T, open Opener) {
	s := open(t, "marks-expire")
	mustCommit(t, s, marked(1, 0, mark("a", time.Minute)))
	mustMeet(t, s, marked(2, time.Minute-time.Millisecond, mark("a", time.Hour)), nil, mark("a", 0))
	mustBeMarked(t, s, time.Minute-time.Millisecond, map[string]bool{"a": true})
	mustBeMarked(t, s, time.Minute, map[string]bool{"a": false})
	mustCommit(t, s, marked(2, time.Minute, mark("a", time.Hour), mark("b", time.Hour)))
	mustMeet(t, s, marked(3, 2*time.Minute, mark("a", 2*time.Hour)), nil, mark("a", 0))
}

// testMarksTwice: a transaction sent again, because its answer was lost, does not meet its own marks; one of another id does.
func testMarksTwice(t *testing.T, open Opener) {
	s := open(t, "marks-twice")
	a := mark("a", time.Hour)
	tx := marked(1, 0, a)
	mustCommit(t, s, tx)
	for range 2 {
		err := untilNotBusy(func() error { return s.Commit(t.Context(), tx) })
		var conflict *vault.ConflictError
		if err != nil && !isOwn(err, tx.ID) || errors.As(err, &conflict) && len(conflict.Marks) > 0 {
			t.Errorf("sent again: got %v, want success or a conflict with our own record alone", err)
		}
	}
	mustMeet(t, s, marked(2, 0, a), nil, a)
	mustCommit(t, s, marked(2, 0, mark("b", time.Hour)))
}

// testMarksConcurrent: of many that put the same mark at once, each with a record that no other wants, one wins.
func testMarksConcurrent(t *testing.T, open Opener) {
	const putters = 12
	a := mark("a", time.Hour)
	results := make([]error, putters)
	var g errgroup.Group
	for i := range putters {
		s := open(t, "marks-concurrent")
		tx := marked(vault.Seq(1+i), 0, a, mark(string(rune('b'+i)), time.Hour))
		g.Go(func() error { results[i] = commit(t.Context(), s, tx); return nil })
	}
	_ = g.Wait() // none returns an error
	won := 0
	for i, err := range results {
		var conflict *vault.ConflictError
		switch {
		case err == nil:
			won++
		case !errors.As(err, &conflict) || len(conflict.Marks) != 1 || conflict.Marks[0] != a.Hash:
			t.Errorf("putter %d: got %v, want a conflict by the mark", i, err)
		}
	}
	if got := mustTail(t, open(t, "marks-concurrent"), vault.Entries, 0); won != 1 || len(got) != 1 {
		t.Errorf("%d won and %d records are there, want 1 and 1", won, len(got))
	}
}
