package vaulttest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tresor/shared/vault"
)

// canary is part of every sealed value of the suite; no error text may hold it.
const canary = "canary-in-sealed-bytes"

// patience bounds how long a test goes on sending again what the store answered with Busy.
const patience = 60 * time.Second

// NewTxnID returns a random transaction id.
func NewTxnID() vault.TxnID {
	var id vault.TxnID
	_, _ = rand.Read(id[:]) // never fails, by its documentation
	return id
}

// NewTransaction returns a transaction with a fresh id that puts the given records, each with that id.
func NewTransaction(put ...vault.StoredRecord) vault.Transaction {
	tx := vault.Transaction{ID: NewTxnID(), Put: put}
	for i := range tx.Put {
		tx.Put[i].Txn = tx.ID
	}
	return tx
}

// NewRecord returns a record for number s of table t with a sealed part of size bytes that differs between places.
func NewRecord(t vault.Table, s vault.Seq, size int) vault.StoredRecord {
	return vault.StoredRecord{
		RecordKey: vault.RecordKey{Table: t, Seq: s},
		Clear:     vault.Clear{Kind: "entry", Action: "test write", Target: uint64(s) + 100, Actor: 7},
		Sealed:    sealedBytes(uint64(t)<<60^uint64(s), size),
	}
}

// NewSecret returns a payload of size bytes for one version of an entry.
func NewSecret(e vault.EntryID, version uint32, size int) vault.StoredSecret {
	return vault.StoredSecret{
		SecretKey: vault.SecretKey{Entry: e, Version: version},
		Sealed:    sealedBytes(uint64(e)<<20^uint64(version)^1<<59, size),
	}
}

// sealedBytes returns size bytes, the same for the same seed, that do not compress and hold every byte value.
func sealedBytes(seed uint64, size int) []byte {
	var key [32]byte
	copy(key[:], fmt.Sprintf("%d", seed))
	b := make([]byte, size)
	_, _ = mathrand.NewChaCha8(key).Read(b) // never fails, by its documentation
	copy(b, canary)
	return b
}

func accessRecord(h vault.Hour, shard uint8, n, size int) vault.StoredAccess {
	return vault.StoredAccess{
		Hour: h, Shard: shard, ID: fmt.Sprintf("01J%023d", n),
		Clear:  vault.Clear{Kind: "access", Action: "test read", Actor: 7, More: fmt.Sprintf("entry %d 1", n+1)},
		Sealed: sealedBytes(uint64(h)<<24^uint64(shard)<<16^uint64(n), size),
	}
}

// untilNotBusy runs f until it returns something other than Busy, with random pauses, at most for patience.
func untilNotBusy(f func() error) error {
	end := time.Now().Add(patience)
	for {
		err := f()
		if !errors.Is(err, vault.Busy) || time.Now().After(end) {
			return err
		}
		time.Sleep(time.Duration(1+mathrand.IntN(15)) * time.Millisecond)
	}
}

// commit sends tx until the store has decided; that it finds itself already there is success.
func commit(ctx context.Context, s vault.Store, tx vault.Transaction) error {
	err := untilNotBusy(func() error { return s.Commit(ctx, tx) })
	if isOwn(err, tx.ID) {
		return nil
	}
	return err
}

// isOwn reports whether err is a conflict with a record that the transaction id wrote itself.
func isOwn(err error, id vault.TxnID) bool {
	var conflict *vault.ConflictError
	return errors.As(err, &conflict) &&
		slices.ContainsFunc(conflict.Existing, func(r vault.StoredRecord) bool { return r.Txn == id })
}

// tailAll reads t to its end, page by page, and checks what each page must be.
func tailAll(ctx context.Context, s vault.Store, t vault.Table, after vault.Seq) ([]vault.StoredRecord, error) {
	var all []vault.StoredRecord
	for {
		var page []vault.StoredRecord
		var more bool
		err := untilNotBusy(func() (err error) { page, more, err = s.Tail(ctx, t, after); return err })
		if err != nil {
			return nil, fmt.Errorf("tail %s after %d: %w", t, after, err)
		}
		for _, r := range page {
			if r.Table != t || r.Seq <= after {
				return nil, fmt.Errorf("tail %s after %d: got record %s %d", t, after, r.Table, r.Seq)
			}
			after = r.Seq
		}
		all = append(all, page...)
		if !more {
			return all, nil
		}
		if len(page) == 0 {
			return nil, fmt.Errorf("tail %s after %d: more after an empty page", t, after)
		}
	}
}

func mustCommit(t *testing.T, s vault.Store, tx vault.Transaction) {
	t.Helper()
	if err := commit(t.Context(), s, tx); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

func mustTail(t *testing.T, s vault.Store, tb vault.Table, after vault.Seq) []vault.StoredRecord {
	t.Helper()
	all, err := tailAll(t.Context(), s, tb, after)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func mustSecrets(t *testing.T, s vault.Store, keys ...vault.SecretKey) map[vault.SecretKey][]byte {
	t.Helper()
	var got map[vault.SecretKey][]byte
	if err := untilNotBusy(func() (err error) { got, err = s.Secrets(t.Context(), keys); return err }); err != nil {
		t.Fatalf("secrets: %v", err)
	}
	return got
}

// mustConflict checks that err is a lost race that shows exactly the wanted records and no sealed bytes.
func mustConflict(t *testing.T, err error, want ...vault.StoredRecord) {
	t.Helper()
	if !errors.Is(err, vault.Conflict) {
		t.Fatalf("got error %v, want a conflict", err)
	}
	var conflict *vault.ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("got error %T, want a *vault.ConflictError", err)
	}
	same(t, "existing records", conflict.Existing, want)
	noLeak(t, err)
}

func noLeak(t *testing.T, err error) {
	t.Helper()
	if err != nil && strings.Contains(err.Error(), canary) {
		t.Errorf("an error text holds sealed bytes")
	}
}

// digests shows large values as their length and hash: shorter to read, and cmp would take minutes over megabytes.
var digests = cmp.FilterValues(func(a, b []byte) bool { return len(a) > 64 || len(b) > 64 },
	cmp.Transformer("digest", func(b []byte) string { return fmt.Sprintf("%d bytes, sha256 %x", len(b), sha256.Sum256(b)) }))

// same compares, without regard to nil or empty.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) { // much faster on large values
		return
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), digests); d != "" {
		if len(d) > 2000 {
			d = d[:2000] + "..."
		}
		t.Errorf("%s differ (-want +got):\n%s", what, d)
	}
}

// keysOf returns the keys of secrets, and the map that reading all of them gives.
func keysOf(secrets []vault.StoredSecret) ([]vault.SecretKey, map[vault.SecretKey][]byte) {
	keys, want := make([]vault.SecretKey, len(secrets)), make(map[vault.SecretKey][]byte, len(secrets))
	for i, s := range secrets {
		keys[i], want[s.SecretKey] = s.SecretKey, s.Sealed
	}
	return keys, want
}
