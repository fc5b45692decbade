package vaulttest_test

import (
	"testing"
	"time"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

func wantCount(t *testing.T, f *vaulttest.Faulty, m vaulttest.Method, want vaulttest.Count) {
	t.Helper()
	if got := f.Count(m); got != want {
		t.Errorf("%s: got %+v, want %+v", m, got, want)
	}
}

// TestCommitUnits: a create is a record, its secret and the check on the other journal.
func TestCommitUnits(t *testing.T) {
	for _, c := range []struct{ record, secret, want int }{
		{600, 300, 2 + 2 + 2},
		{1024, 300, 4 + 2 + 2}, // keys and clear attributes count too
		{1500, 1500, 4 + 4 + 2},
		{4000, 10, 8 + 2 + 2},
	} {
		_, f := newFaulty()
		tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, c.record))
		tx.PutSecrets = []vault.StoredSecret{vaulttest.NewSecret(1, 1, c.secret)}
		tx.Absent = []vault.RecordKey{{Table: vault.Permissions, Seq: 1}}
		wantErr(t, f.Commit(t.Context(), tx), nil)
		wantCount(t, f, vaulttest.Commit, vaulttest.Count{Calls: 1, Items: 3, WriteUnits: c.want})
	}
}

func TestReadUnits(t *testing.T) {
	m, f := newFaulty()
	if _, _, err := f.Tail(t.Context(), vault.Entries, 0); err != nil {
		t.Fatal(err)
	}
	wantCount(t, f, vaulttest.Tail, vaulttest.Count{Calls: 1, ReadUnits: 1}) // an empty query is not free

	tx := vaulttest.NewTransaction()
	for n := vault.Seq(1); n <= 10; n++ {
		tx.Put = append(tx.Put, vaulttest.NewRecord(vault.Entries, n, 900))
		tx.PutSecrets = append(tx.PutSecrets, vaulttest.NewSecret(vault.EntryID(n), 1, 5000))
	}
	wantErr(t, m.Commit(t.Context(), tx), nil)
	f.Reset()
	if _, _, err := f.Tail(t.Context(), vault.Entries, 0); err != nil {
		t.Fatal(err)
	}
	wantCount(t, f, vaulttest.Tail, vaulttest.Count{Calls: 1, Items: 10, ReadUnits: 3}) // about 10 KB together

	keys := []vault.SecretKey{{Entry: 1, Version: 1}, {Entry: 2, Version: 1}, {Entry: 77, Version: 1}}
	if _, err := f.Secrets(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	wantCount(t, f, vaulttest.Secrets, vaulttest.Count{Calls: 1, Items: 3, ReadUnits: 2 + 2 + 1})
	if got, want := f.Total(), (vaulttest.Count{Calls: 2, Items: 13, ReadUnits: 8}); got != want {
		t.Errorf("total: got %+v, want %+v", got, want)
	}
}

func TestOtherUnits(t *testing.T) {
	_, f := newFaulty()
	now := time.Now()
	access := []vault.StoredAccess{
		{Hour: 1, Shard: 1, ID: "01J00000000000000000000001", Sealed: make([]byte, 300)},
		{Hour: 1, Shard: 2, ID: "01J00000000000000000000002", Sealed: make([]byte, 5000)},
	}
	keysets := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Permissions, 1, 100))
	keysets.PutKeysets = []vault.StoredKeyset{{Purpose: vault.PurposeIndex, Version: 1, VaultID: "v", Wrapped: make([]byte, 300)}}
	wantErr(t, f.PutAccess(t.Context(), access), nil)
	wantErr(t, f.Commit(t.Context(), keysets), nil)
	_, err1 := f.AccessHour(t.Context(), 1, "")
	_, err2 := f.AddAttempts(t.Context(), "k", 1, now, now.Add(time.Hour))
	_, err3 := f.Attempts(t.Context(), "k", now)
	_, err4 := f.Keysets(t.Context())
	for _, err := range []error{err1, err2, err3, err4} {
		wantErr(t, err, nil)
	}
	wantCount(t, f, vaulttest.PutAccess, vaulttest.Count{Calls: 1, Items: 2, WriteUnits: 1 + 5})
	wantCount(t, f, vaulttest.Commit, vaulttest.Count{Calls: 1, Items: 2, WriteUnits: 2 + 2})
	wantCount(t, f, vaulttest.AccessHour, vaulttest.Count{Calls: 1, Items: 2, ReadUnits: 15 + 2})
	wantCount(t, f, vaulttest.AddAttempts, vaulttest.Count{Calls: 1, Items: 1, WriteUnits: 1})
	wantCount(t, f, vaulttest.Attempts, vaulttest.Count{Calls: 1, Items: 1, ReadUnits: 1})
	wantCount(t, f, vaulttest.Keysets, vaulttest.Count{Calls: 1, Items: 1, ReadUnits: 1})
}
