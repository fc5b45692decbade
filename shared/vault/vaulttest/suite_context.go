package vaulttest

import (
	"context"
	"testing"
	"time"

	"tresor/shared/vault"
)

// testContextEnded: no method answers under a context that has ended, and none of them harms the store by it.
func testContextEnded(t *testing.T, open Opener) {
	s := open(t, "context-ended")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	now := time.Now().Truncate(time.Second)
	tx := NewTransaction(NewRecord(vault.Entries, 1, 100))
	for name, call := range map[string]func() error{
		"Tail":        func() error { _, _, err := s.Tail(ended, vault.Entries, 0); return err },
		"Commit":      func() error { return s.Commit(ended, tx) },
		"Secrets":     func() error { _, err := s.Secrets(ended, []vault.SecretKey{{Entry: 1, Version: 1}}); return err },
		"PutAccess":   func() error { return s.PutAccess(ended, []vault.StoredAccess{accessRecord(someHour, 1, 1, 50)}) },
		"AccessHour":  func() error { _, err := s.AccessHour(ended, someHour, ""); return err },
		"AddAttempts": func() error { _, err := s.AddAttempts(ended, canary, 1, now, now.Add(time.Hour)); return err },
		"Attempts":    func() error { _, err := s.Attempts(ended, canary, now); return err },
		"Marked":      func() error { _, err := s.Marked(ended, vault.Hash{1}, now); return err },
		"Keysets":     func() error { _, err := s.Keysets(ended); return err },
	} {
		err := call()
		if err == nil {
			t.Errorf("%s under an ended context: got no error", name)
		}
		noLeak(t, err)
	}
	same(t, "records", mustTail(t, s, vault.Entries, 0), []vault.StoredRecord{})
	mustCommit(t, s, tx)
	same(t, "records", mustTail(t, s, vault.Entries, 0), tx.Put)
}

// testContextEnds: commits whose context ends somewhere on the way. Success means that it is there; after an error, sending the
// same transaction again decides; the store goes on working throughout.
func testContextEnds(t *testing.T, open Opener) {
	s := open(t, "context-ends")
	var want []vault.StoredRecord
	failed := 0
	for n := vault.Seq(1); n <= 60; n++ {
		tx := NewTransaction(NewRecord(vault.Entries, n, 2000))
		tx.PutSecrets = []vault.StoredSecret{NewSecret(vault.EntryID(n), 1, 2000)}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*50*time.Microsecond)
		err := s.Commit(ctx, tx)
		cancel()
		if err != nil {
			noLeak(t, err)
			failed++
			mustCommit(t, s, tx)
		}
		want = append(want, tx.Put...)
		same(t, "the last record", mustTail(t, s, vault.Entries, n-1), tx.Put)
		same(t, "its secret", mustSecrets(t, s, tx.PutSecrets[0].SecretKey),
			map[vault.SecretKey][]byte{tx.PutSecrets[0].SecretKey: tx.PutSecrets[0].Sealed})
	}
	t.Logf("%d of 60 commits ended by their context", failed)
	same(t, "all records", mustTail(t, s, vault.Entries, 0), want)
}
