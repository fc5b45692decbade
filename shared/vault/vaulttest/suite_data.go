package vaulttest

import (
	"testing"

	"tresor/shared/vault"
)

// putSecrets commits secrets in as few transactions as the item limit and the byte limit allow, the first record at number from.
func putSecrets(t *testing.T, s vault.Store, from vault.Seq, secrets []vault.StoredSecret) {
	t.Helper()
	for len(secrets) > 0 {
		tx := NewTransaction(NewRecord(vault.Entries, from, 64))
		for size := 64; len(secrets) > 0 && 1+len(tx.PutSecrets) < vault.MaxTransactionItems; secrets = secrets[1:] {
			if size += len(secrets[0].Sealed); size > vault.MaxTransactionBytes {
				break
			}
			tx.PutSecrets = append(tx.PutSecrets, secrets[0])
		}
		mustCommit(t, s, tx)
		from++
	}
}

// testSecrets reads more keys than one batch holds, some of them missing, one of them named twice.
func testSecrets(t *testing.T, open Opener) {
	s := open(t, "secrets")
	same(t, "no keys", mustSecrets(t, s), map[vault.SecretKey][]byte{})
	var secrets []vault.StoredSecret
	for e := vault.EntryID(1); e <= 125; e++ {
		secrets = append(secrets, NewSecret(e, 1, 100), NewSecret(e, 2, 100))
	}
	putSecrets(t, s, 1, secrets)

	keys, want := keysOf(secrets)
	same(t, "all 250", mustSecrets(t, s, keys...), want)
	keys = append(keys, keys[0],
		vault.SecretKey{Entry: 1, Version: 3}, vault.SecretKey{Entry: 1, Version: 0},
		vault.SecretKey{Entry: 126, Version: 1}, vault.SecretKey{Entry: 12, Version: 51}, vault.SecretKey{Entry: 0, Version: 1})
	same(t, "all 250 and missing ones", mustSecrets(t, s, keys...), want)
	same(t, "only a missing one", mustSecrets(t, s, vault.SecretKey{Entry: 999, Version: 1}), map[vault.SecretKey][]byte{})
}

// testSecretsDrop: a purge drops payloads in the transaction that records it; to drop what is gone is harmless.
func testSecretsDrop(t *testing.T, open Opener) {
	s := open(t, "secrets-drop")
	secrets := []vault.StoredSecret{NewSecret(1, 1, 100), NewSecret(1, 2, 100), NewSecret(2, 1, 100)}
	putSecrets(t, s, 1, secrets)
	keys, want := keysOf(secrets)

	lost := NewTransaction(NewRecord(vault.Entries, 1, 64))
	lost.DropSecrets = keys[:2]
	err := untilNotBusy(func() error { return s.Commit(t.Context(), lost) })
	mustConflict(t, err, mustTail(t, s, vault.Entries, 0)...)
	same(t, "after a lost race", mustSecrets(t, s, keys...), want)

	drop := NewTransaction(NewRecord(vault.Entries, 2, 64))
	drop.DropSecrets = []vault.SecretKey{keys[0], {Entry: 77, Version: 1}}
	mustCommit(t, s, drop)
	delete(want, keys[0])
	same(t, "after a drop", mustSecrets(t, s, keys...), want)
}

// testSecretsLarge reads more than the 16 MB that one DynamoDB batch answers: the rest comes back unprocessed and is asked again.
func testSecretsLarge(t *testing.T, open Opener) {
	s := open(t, "secrets-large")
	var secrets []vault.StoredSecret
	for e := vault.EntryID(1); e <= 50; e++ {
		secrets = append(secrets, NewSecret(e, 1, vault.MaxSealedItem))
	}
	putSecrets(t, s, 1, secrets)
	keys, want := keysOf(secrets)
	got := mustSecrets(t, s, keys...)
	if len(got) != len(want) {
		t.Fatalf("got %d secrets, want %d", len(got), len(want))
	}
	for k, w := range want {
		if string(got[k]) != string(w) {
			t.Errorf("secret %v differs", k)
		}
	}
}

func mustKeysets(t *testing.T, s vault.Store) []vault.StoredKeyset {
	t.Helper()
	var got []vault.StoredKeyset
	if err := untilNotBusy(func() (err error) { got, err = s.Keysets(t.Context()); return err }); err != nil {
		t.Fatalf("keysets: %v", err)
	}
	return got
}

// testKeysets: keysets come into being with record 1, and one that exists is never overwritten.
func testKeysets(t *testing.T, open Opener) {
	s := open(t, "keysets")
	same(t, "no vault", mustKeysets(t, s), []vault.StoredKeyset{})
	keyset := func(p vault.Purpose, version uint32, wrapped string) vault.StoredKeyset {
		return vault.StoredKeyset{Purpose: p, Version: version, VaultID: "the vault", Wrapped: []byte(wrapped)}
	}
	first := NewTransaction(NewRecord(vault.Permissions, 1, 64))
	for _, p := range vault.Purposes {
		first.PutKeysets = append(first.PutKeysets, keyset(p, 1, "first of "+string(p)))
	}
	mustCommit(t, s, first)

	other := NewTransaction(NewRecord(vault.Permissions, 2, 64))
	other.PutKeysets = []vault.StoredKeyset{keyset(vault.PurposeFiles, 1, "another")}
	mustConflict(t, untilNotBusy(func() error { return s.Commit(t.Context(), other) }))

	for i, v := range []uint32{10, 2} { // 2 comes before 10
		tx := NewTransaction(NewRecord(vault.Permissions, vault.Seq(2+i), 64))
		tx.PutKeysets = []vault.StoredKeyset{keyset(vault.PurposeFiles, v, "later")}
		mustCommit(t, s, tx)
	}
	same(t, "keysets", mustKeysets(t, s), []vault.StoredKeyset{
		keyset(vault.PurposeCredentials, 1, "first of credentials"),
		keyset(vault.PurposeExports, 1, "first of exports"),
		keyset(vault.PurposeFiles, 1, "first of files"), keyset(vault.PurposeFiles, 2, "later"), keyset(vault.PurposeFiles, 10, "later"),
		keyset(vault.PurposeIndex, 1, "first of index"),
		keyset(vault.PurposeSecrets, 1, "first of secrets"),
	})
	if got := mustTail(t, s, vault.Permissions, 0); len(got) != 3 {
		t.Errorf("got %d records, want 3", len(got))
	}
}
