package vaulttest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"tresor/shared/vault"
)

func mustReseal(t *testing.T, s vault.Store, items ...vault.Resealed) int {
	t.Helper()
	var changed int
	err := untilNotBusy(func() (err error) {
		changed, err = s.(vault.ResealStore).Reseal(t.Context(), items)
		return err
	})
	if err != nil {
		t.Fatalf("reseal: %v", err)
	}
	return changed
}

// testReseal gives records, secrets and access records other bytes, and nothing else of them.
func testReseal(t *testing.T, open Opener) {
	s := open(t, "reseal")
	entry, user := NewRecord(vault.Entries, 1, 200), NewRecord(vault.Permissions, 1, 300_000)
	secret, seen := NewSecret(7, 1, 100), accessRecord(someHour, 3, 1, 100)
	tx := NewTransaction(entry, user)
	tx.PutSecrets = []vault.StoredSecret{secret}
	mustCommit(t, s, tx)
	mustPutAccess(t, s, seen)
	entry, user = tx.Put[0], tx.Put[1]

	fresh := func(seed, size int) []byte { return sealedBytes(uint64(seed)<<40, size) }
	other := []vault.Resealed{
		{Record: &entry.RecordKey, Was: entry.Sealed, Sealed: fresh(1, 210)},
		{Record: &user.RecordKey, Was: user.Sealed, Sealed: fresh(2, 300_000)},
		{Secret: &secret.SecretKey, Was: secret.Sealed, Sealed: fresh(3, 100)},
		{Access: ref(seen.Key()), Was: seen.Sealed, Sealed: fresh(4, 100)},
	}
	if got := mustReseal(t, s); got != 0 {
		t.Errorf("nothing: got %d", got)
	}
	if got := mustReseal(t, s, other...); got != len(other) {
		t.Errorf("got %d changed, want %d", got, len(other))
	}
	entry.Sealed, user.Sealed, secret.Sealed, seen.Sealed = other[0].Sealed, other[1].Sealed, other[2].Sealed, other[3].Sealed
	check := func(when string) {
		t.Helper()
		same(t, when+": entries", mustTail(t, s, vault.Entries, 0), []vault.StoredRecord{entry})
		same(t, when+": permissions", mustTail(t, s, vault.Permissions, 0), []vault.StoredRecord{user})
		same(t, when+": secrets", mustSecrets(t, s, secret.SecretKey), map[vault.SecretKey][]byte{secret.SecretKey: secret.Sealed})
		same(t, when+": access", mustAccessHour(t, s, someHour), []vault.StoredAccess{seen})
	}
	check("resealed")
	if got := mustReseal(t, s, other...); got != 0 { // an answer was lost, say
		t.Errorf("again: got %d changed, want 0", got)
	}
	check("again")
	missing := []vault.Resealed{
		{Record: &vault.RecordKey{Table: vault.Entries, Seq: 2}, Was: entry.Sealed, Sealed: fresh(5, 9)},
		{Secret: &vault.SecretKey{Entry: 7, Version: 2}, Was: secret.Sealed, Sealed: fresh(5, 9)},
		{Access: &vault.AccessKey{Hour: someHour, Shard: 3, ID: seen.ID + "0"}, Was: seen.Sealed, Sealed: fresh(5, 9)},
	}
	if got := mustReseal(t, s, missing...); got != 0 {
		t.Errorf("what is not there: got %d changed, want 0", got)
	}
	check("after what is not there")
	for what, odd := range map[string]vault.Resealed{
		"no place": {Was: secret.Sealed, Sealed: fresh(5, 9)}, "two places": {Record: missing[0].Record, Secret: missing[1].Secret, Was: secret.Sealed, Sealed: fresh(5, 9)},
	} {
		first := vault.Resealed{Secret: &secret.SecretKey, Was: secret.Sealed, Sealed: fresh(5, 9)}
		if _, err := s.(vault.ResealStore).Reseal(t.Context(), []vault.Resealed{first, odd}); !errors.Is(err, vault.Invalid) {
			t.Errorf("%s: got %v, want Invalid", what, err)
		}
	}
	check("after what has no place")
}

func ref[T any](v T) *T { return &v }

// testResealRaces: a payload that is purged or written anew stays so, and of several who reseal one item one does.
func testResealRaces(t *testing.T, open Opener) {
	handles := []vault.Store{open(t, "reseal-races"), open(t, "reseal-races")}
	var secrets []vault.StoredSecret
	for e := vault.EntryID(1); e <= 40; e++ {
		secrets = append(secrets, NewSecret(e, 1, 50))
	}
	putSecrets(t, handles[0], 1, secrets)
	var g errgroup.Group
	for i := range secrets {
		key := secrets[i].SecretKey
		g.Go(func() error { // purges
			tx := NewTransaction()
			tx.DropSecrets = []vault.SecretKey{key}
			if i%2 == 1 {
				return nil
			}
			return commit(t.Context(), handles[0], tx)
		})
		var wins [2]int
		for n, s := range handles {
			g.Go(func() error {
				return untilNotBusy(func() (err error) {
					wins[n], err = s.(vault.ResealStore).Reseal(t.Context(), []vault.Resealed{{Secret: &key, Was: secrets[i].Sealed, Sealed: fmt.Appendf(nil, "%s by %d", canary, n)}})
					return err
				})
			})
		}
		if i%8 == 7 {
			if err := g.Wait(); err != nil {
				t.Fatal(err)
			}
		}
		if i%8 == 7 && wins[0]+wins[1] != 1 {
			t.Errorf("secret %d: resealed %v times, want one of both", i+1, wins)
		}
	}
	keys, _ := keysOf(secrets)
	got := mustSecrets(t, handles[0], keys...)
	for i, k := range keys {
		if _, there := got[k]; there != (i%2 == 1) {
			t.Errorf("secret %d: there: %t", i+1, there)
		}
	}
}

// testKeysetsDrop: a version goes in the transaction that puts the one in its place, or not at all.
func testKeysetsDrop(t *testing.T, open Opener) {
	s := open(t, "keysets-drop")
	keyset := func(version uint32) vault.StoredKeyset {
		return vault.StoredKeyset{Purpose: vault.PurposeFiles, Version: version, VaultID: "the vault", Wrapped: fmt.Appendf(nil, "wrapped %d", version)}
	}
	first := NewTransaction()
	first.PutKeysets = []vault.StoredKeyset{keyset(1), keyset(2)}
	mustCommit(t, s, first)
	lost := NewTransaction()
	lost.PutKeysets, lost.DropKeysets = []vault.StoredKeyset{keyset(2)}, []vault.KeysetKey{{Purpose: vault.PurposeFiles, Version: 1}}
	mustConflict(t, untilNotBusy(func() error { return s.Commit(t.Context(), lost) }))
	same(t, "after a lost race", mustKeysets(t, s), first.PutKeysets)
	next := NewTransaction()
	next.PutKeysets = []vault.StoredKeyset{keyset(3)}
	next.DropKeysets = []vault.KeysetKey{{Purpose: vault.PurposeFiles, Version: 1}, {Purpose: vault.PurposeFiles, Version: 2}, {Purpose: vault.PurposeIndex, Version: 9}}
	mustCommit(t, s, next)
	same(t, "keysets", mustKeysets(t, s), slices.Clone(next.PutKeysets))
}
