package vaulttest

import (
	"math"
	"testing"

	"tresor/shared/vault"
)

func testAppend(t *testing.T, open Opener) {
	s := open(t, "append")
	for _, tb := range vault.Tables {
		same(t, "records of an empty "+tb.String(), mustTail(t, s, tb, 0), []vault.StoredRecord{})
	}
	var want []vault.StoredRecord
	for n := vault.Seq(1); n <= 12; n++ {
		tx := NewTransaction(NewRecord(vault.Entries, n, 200))
		mustCommit(t, s, tx)
		want = append(want, tx.Put...)
		same(t, "the tail after the last but one", mustTail(t, s, vault.Entries, n-1), tx.Put)
		same(t, "the tail after the last", mustTail(t, s, vault.Entries, n), []vault.StoredRecord{})
	}
	same(t, "all records", mustTail(t, s, vault.Entries, 0), want)
	same(t, "records of the other table", mustTail(t, s, vault.Permissions, 0), []vault.StoredRecord{})
}

func testTaken(t *testing.T, open Opener) {
	s := open(t, "taken")
	first := NewTransaction(NewRecord(vault.Entries, 1, 300))
	mustCommit(t, s, first)

	second := NewTransaction(NewRecord(vault.Entries, 1, 100))
	second.PutSecrets = []vault.StoredSecret{NewSecret(1, 1, 50)}
	mustConflict(t, untilNotBusy(func() error { return s.Commit(t.Context(), second) }), first.Put...)

	both := NewTransaction(NewRecord(vault.Permissions, 1, 100), NewRecord(vault.Entries, 1, 100))
	mustConflict(t, untilNotBusy(func() error { return s.Commit(t.Context(), both) }), first.Put...)

	same(t, "records", mustTail(t, s, vault.Entries, 0), first.Put)
	same(t, "records of permissions", mustTail(t, s, vault.Permissions, 0), []vault.StoredRecord{})
	same(t, "secrets", mustSecrets(t, s, second.PutSecrets[0].SecretKey), map[vault.SecretKey][]byte{})
}

func testAbsent(t *testing.T, open Opener) {
	s := open(t, "absent")
	// Entries change only while nothing follows permissions 1, and the other way round.
	p1 := NewTransaction(NewRecord(vault.Permissions, 1, 100))
	p1.Absent = []vault.RecordKey{{Table: vault.Entries, Seq: 1}}
	mustCommit(t, s, p1)
	e1 := NewTransaction(NewRecord(vault.Entries, 1, 100))
	e1.Absent = []vault.RecordKey{{Table: vault.Permissions, Seq: 2}}
	mustCommit(t, s, e1)

	late := NewTransaction(NewRecord(vault.Permissions, 2, 100))
	late.Absent = []vault.RecordKey{{Table: vault.Entries, Seq: 1}}
	late.PutSecrets = []vault.StoredSecret{NewSecret(9, 1, 30)}
	mustConflict(t, untilNotBusy(func() error { return s.Commit(t.Context(), late) }))

	same(t, "records of entries", mustTail(t, s, vault.Entries, 0), e1.Put)
	same(t, "records of permissions", mustTail(t, s, vault.Permissions, 0), p1.Put)
	same(t, "secrets", mustSecrets(t, s, late.PutSecrets[0].SecretKey), map[vault.SecretKey][]byte{})
}

// testOrder: numbers come in numeric order, however many digits they have. A store does not ask that they be contiguous.
func testOrder(t *testing.T, open Opener) {
	s := open(t, "order")
	numbers := []vault.Seq{1, 9, 10, 99, 100, 999_999, 1_000_000, 4_294_967_295, 4_294_967_296, 1 << 40}
	for i := range numbers {
		n := numbers[(i*7+3)%len(numbers)]
		mustCommit(t, s, NewTransaction(NewRecord(vault.Permissions, n, 64)))
	}
	var got []vault.Seq
	for _, r := range mustTail(t, s, vault.Permissions, 0) {
		got = append(got, r.Seq)
	}
	same(t, "numbers", got, numbers)
	if tail := mustTail(t, s, vault.Permissions, 4_294_967_295); len(tail) != 2 {
		t.Errorf("got %d records after 4294967295, want 2", len(tail))
	}
}

// testValues: what is stored comes back as it was, at the ends of each type's range.
func testValues(t *testing.T, open Opener) {
	s := open(t, "values")
	odd := NewRecord(vault.Entries, 1, 0)
	odd.Sealed = []byte{0}
	odd.Clear = vault.Clear{Kind: "batch", Action: "tpm PUT /passwords/{id}.json – ü \"'\\ 日本", Target: math.MaxUint64, Actor: math.MaxUint64, More: "entry 18446744073709551615;tag *"}
	empty := NewRecord(vault.Permissions, 1, 1<<10)
	empty.Clear = vault.Clear{}
	tx := NewTransaction(odd, empty)
	tx.PutSecrets = []vault.StoredSecret{NewSecret(math.MaxUint64, math.MaxUint32, 77), NewSecret(1, 0, 40)}
	mustCommit(t, s, tx)

	same(t, "records of entries", mustTail(t, s, vault.Entries, 0), tx.Put[:1])
	same(t, "records of permissions", mustTail(t, s, vault.Permissions, 0), tx.Put[1:])
	keys, want := keysOf(tx.PutSecrets)
	same(t, "secrets", mustSecrets(t, s, keys...), want)
}

// testPages: a tail longer than a page of 1 MB is read in several, each at most that long.
func testPages(t *testing.T, open Opener) {
	s := open(t, "pages")
	var want []vault.StoredRecord
	for n := vault.Seq(1); n <= 60; {
		var put []vault.StoredRecord
		for range 20 {
			put = append(put, NewRecord(vault.Entries, n, 20<<10+int(n)*700))
			n++
		}
		tx := NewTransaction(put...)
		mustCommit(t, s, tx)
		want = append(want, tx.Put...)
	}
	var first []vault.StoredRecord
	var more bool
	if err := untilNotBusy(func() (err error) { first, more, err = s.Tail(t.Context(), vault.Entries, 0); return err }); err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, r := range first {
		size += len(r.Sealed)
	}
	if !more || len(first) == len(want) || size > 1<<20+vault.MaxSealedItem || size < 256<<10 {
		t.Errorf("got a first page of %d records, %d bytes, more %v; want less than all, at most 1 MB and the record that crosses it, more", len(first), size, more)
	}
	same(t, "all pages", mustTail(t, s, vault.Entries, 0), want)
	same(t, "pages from the middle", mustTail(t, s, vault.Entries, 17), want[17:])
	same(t, "the end", mustTail(t, s, vault.Entries, 60), []vault.StoredRecord{})
}

// testRestoreMark: record 0 is put once, like any other, and is in no tail.
func testRestoreMark(t *testing.T, open Opener) {
	s := open(t, "restore-mark")
	look := func() error {
		tx := NewTransaction()
		tx.Absent = []vault.RecordKey{vault.RestoreMark}
		return untilNotBusy(func() error { return s.Commit(t.Context(), tx) })
	}
	if err := look(); err != nil {
		t.Errorf("looking for no mark: %v", err)
	}
	begin := NewTransaction(NewRecord(vault.RestoreMark.Table, vault.RestoreMark.Seq, 100))
	begin.Absent = []vault.RecordKey{{Table: vault.Entries, Seq: 1}, {Table: vault.Permissions, Seq: 1}}
	mustCommit(t, s, begin)
	mustConflict(t, look())

	other := NewTransaction(NewRecord(vault.RestoreMark.Table, vault.RestoreMark.Seq, 50))
	mustConflict(t, untilNotBusy(func() error { return s.Commit(t.Context(), other) }), begin.Put...)
	first := NewTransaction(NewRecord(vault.Entries, 1, 100), NewRecord(vault.Permissions, 1, 100))
	first.Absent = []vault.RecordKey{vault.RestoreMark}
	mustConflict(t, untilNotBusy(func() error { return s.Commit(t.Context(), first) }))
	for _, tb := range vault.Tables {
		same(t, "records of "+tb.String(), mustTail(t, s, tb, 0), []vault.StoredRecord{})
	}
	first.ID, first.Absent = NewTxnID(), nil
	mustCommit(t, s, first)
	same(t, "the tail", mustTail(t, s, vault.Permissions, 0), first.Put[1:])
}

// testRepair: records are taken away and replaced, in one transaction with a condition of it, or not at all.
func testRepair(t *testing.T, open Opener) {
	s := open(t, "repair")
	var want []vault.StoredRecord
	for n := vault.Seq(1); n <= 5; n++ {
		tx := NewTransaction(NewRecord(vault.Entries, n, 100), NewRecord(vault.Permissions, n, 100))
		mustCommit(t, s, tx)
		want = append(want, tx.Put[0])
	}
	repair := NewTransaction()
	repair.Replace = []vault.StoredRecord{NewRecord(vault.Entries, 3, 60), NewRecord(vault.Permissions, 6, 60)}
	repair.DropRecords = []vault.RecordKey{{Table: vault.Entries, Seq: 4}, {Table: vault.Entries, Seq: 5}, {Table: vault.Entries, Seq: 9}}
	repair.Absent = []vault.RecordKey{{Table: vault.Permissions, Seq: 5}}
	mustConflict(t, untilNotBusy(func() error { return s.Commit(t.Context(), repair) }))
	same(t, "records after a condition that failed", mustTail(t, s, vault.Entries, 0), want)

	repair.ID, repair.Absent = NewTxnID(), nil
	mustCommit(t, s, repair)
	same(t, "records", mustTail(t, s, vault.Entries, 0), append(want[:2:2], repair.Replace[0]))
	if tail := mustTail(t, s, vault.Permissions, 4); len(tail) != 2 {
		t.Errorf("got %d records after 4, want the fifth, and the sixth where there was none", len(tail))
	}
	again := NewTransaction(NewRecord(vault.Entries, 4, 30))
	mustCommit(t, s, again)
	same(t, "the place is free", mustTail(t, s, vault.Entries, 3), again.Put)
}
