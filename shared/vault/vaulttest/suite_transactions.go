package vaulttest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tresor/shared/vault"
)

// testAtomic: one failing condition, whichever, and nothing of the transaction is there, in neither table.
func testAtomic(t *testing.T, open Opener) {
	s := open(t, "atomic")
	base := NewTransaction(NewRecord(vault.Entries, 1, 100), NewRecord(vault.Permissions, 1, 100))
	base.PutMarks, base.Now = []vault.Mark{mark("taken", time.Hour)}, marksAt
	base.PutKeysets = []vault.StoredKeyset{{Purpose: vault.PurposeIndex, Version: 1, VaultID: "v", Wrapped: []byte("w1")}}
	mustCommit(t, s, base)

	for name, spoil := range map[string]func(*vault.Transaction){
		"record of entries":     func(tx *vault.Transaction) { tx.Put[0].Seq = 1 },
		"record of permissions": func(tx *vault.Transaction) { tx.Put[1].Seq = 1 },
		"absent entries":        func(tx *vault.Transaction) { tx.Absent[0].Seq = 1 },
		"absent permissions":    func(tx *vault.Transaction) { tx.Absent[1].Seq = 1 },
		"keyset":                func(tx *vault.Transaction) { tx.PutKeysets[0].Version = 1 },
		"mark":                  func(tx *vault.Transaction) { tx.PutMarks[0] = mark("taken", time.Hour) },
	} {
		tx := wide()
		spoil(&tx)
		err := untilNotBusy(func() error { return s.Commit(t.Context(), tx) })
		if !errors.Is(err, vault.Conflict) {
			t.Errorf("%s: got %v, want a conflict", name, err)
		}
		noLeak(t, err)
		same(t, name+": entries", mustTail(t, s, vault.Entries, 0), base.Put[:1])
		same(t, name+": permissions", mustTail(t, s, vault.Permissions, 0), base.Put[1:])
		keys, _ := keysOf(tx.PutSecrets)
		same(t, name+": secrets", mustSecrets(t, s, keys...), map[vault.SecretKey][]byte{})
		same(t, name+": keysets", mustKeysets(t, s), base.PutKeysets)
	}

	tx := wide() // unspoilt, all of it is there
	mustCommit(t, s, tx)
	keys, want := keysOf(tx.PutSecrets)
	same(t, "entries", mustTail(t, s, vault.Entries, 1), tx.Put[:1])
	same(t, "permissions", mustTail(t, s, vault.Permissions, 1), tx.Put[1:])
	same(t, "secrets", mustSecrets(t, s, keys...), want)
	same(t, "keysets", mustKeysets(t, s), append(base.PutKeysets, tx.PutKeysets...))
}

// wide is a transaction with something of everything.
func wide() vault.Transaction {
	tx := NewTransaction(NewRecord(vault.Entries, 2, 100), NewRecord(vault.Permissions, 2, 100))
	tx.Absent = []vault.RecordKey{{Table: vault.Entries, Seq: 3}, {Table: vault.Permissions, Seq: 3}}
	tx.PutSecrets = []vault.StoredSecret{NewSecret(5, 1, 60), NewSecret(5, 2, 60), NewSecret(6, 1, 60)}
	tx.PutKeysets = []vault.StoredKeyset{{Purpose: vault.PurposeIndex, Version: 2, VaultID: "v", Wrapped: []byte("w2")}}
	tx.PutMarks, tx.Now = []vault.Mark{mark("wide", time.Hour)}, marksAt
	return tx
}

// testTwice: the same bytes under one id are carried out at most once, and the second sending says so.
func testTwice(t *testing.T, open Opener) {
	s := open(t, "twice")
	tx := NewTransaction(NewRecord(vault.Entries, 1, 100), NewRecord(vault.Permissions, 1, 100))
	tx.PutSecrets = []vault.StoredSecret{NewSecret(1, 1, 60)}
	resend := func(when string) {
		err := untilNotBusy(func() error { return s.Commit(t.Context(), tx) })
		if err != nil && !isOwn(err, tx.ID) {
			t.Errorf("%s: got %v, want success or a conflict with our own record", when, err)
		}
	}
	mustCommit(t, s, tx)
	resend("at once")
	next := NewTransaction(NewRecord(vault.Entries, 2, 100))
	mustCommit(t, s, next)
	resend("after another record")

	same(t, "entries", mustTail(t, s, vault.Entries, 0), []vault.StoredRecord{tx.Put[0], next.Put[0]})
	same(t, "permissions", mustTail(t, s, vault.Permissions, 0), tx.Put[1:])
	keys, want := keysOf(tx.PutSecrets)
	same(t, "secrets", mustSecrets(t, s, keys...), want)
}

// testLimits: what the vault may send is accepted and comes back whole.
func testLimits(t *testing.T, open Opener) {
	s := open(t, "limits")
	var puts []vault.StoredRecord // the most items, all records
	for n := vault.Seq(1); n <= vault.MaxTransactionItems/2; n++ {
		puts = append(puts, NewRecord(vault.Entries, n, 64), NewRecord(vault.Permissions, n, 64))
	}
	mustCommit(t, s, NewTransaction(puts...))
	if e, p := mustTail(t, s, vault.Entries, 0), mustTail(t, s, vault.Permissions, 0); len(e)+len(p) != vault.MaxTransactionItems {
		t.Errorf("got %d + %d records, want %d in all", len(e), len(p), vault.MaxTransactionItems)
	}

	many := NewTransaction(NewRecord(vault.Entries, 1000, 64)) // the most items, mostly secrets
	for e := vault.EntryID(1); e < vault.MaxTransactionItems; e++ {
		many.PutSecrets = append(many.PutSecrets, NewSecret(e, 1, 64))
	}
	big := NewTransaction(NewRecord(vault.Entries, 1001, vault.MaxSealedItem)) // the most bytes
	for total := 2 * vault.MaxSealedItem; total <= vault.MaxTransactionBytes; total += vault.MaxSealedItem {
		big.PutSecrets = append(big.PutSecrets, NewSecret(vault.EntryID(total), 2, vault.MaxSealedItem))
	}
	marks := NewTransaction(NewRecord(vault.Entries, 1002, 64)) // the most items, mostly marks
	marks.Now = marksAt
	for i := range vault.MaxTransactionItems - 1 {
		marks.PutMarks = append(marks.PutMarks, mark(fmt.Sprint(i), time.Hour))
	}
	for _, tx := range []vault.Transaction{many, big, marks} {
		mustCommit(t, s, tx)
		keys, want := keysOf(tx.PutSecrets)
		same(t, "records", mustTail(t, s, vault.Entries, tx.Put[0].Seq-1), tx.Put)
		same(t, "secrets", mustSecrets(t, s, keys...), want)
	}
}
