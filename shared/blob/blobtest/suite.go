package blobtest

import (
	"context"
	"errors"
	"testing"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

// Opener opens an empty store. It closes what it opened by t.Cleanup.
type Opener func(t *testing.T) blob.Store

// Unfinished may be implemented by a store that RunStore is given: it counts what unfinished writes have left, such as multipart uploads
// or temporary files.
type Unfinished interface {
	Unfinished(ctx context.Context) (int, error)
}

// RunStore checks that a store keeps the contract of blob.Store. Its tests run in parallel, each on a store of its own.
func RunStore(t *testing.T, open Opener) {
	for _, c := range conformance {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			c.test(t, s)
			mustHaveLeftNothing(t, s)
		})
	}
}

// conformance is the suite on one screen.
var conformance = []struct {
	name string
	test func(*testing.T, blob.Store)
}{
	{"missing", testMissing},
	{"taken", testTaken},
	{"taken-large", testTakenLarge},
	{"race", testRace},
	{"race-large", testRaceLarge},
	{"sizes", testSizes},
	{"large", testLarge},
	{"readers", testReaders},
	{"ranges", testRanges},
	{"ranges-of-nothing", testRangesOfNothing},
	{"keys", testKeys},
	{"keys-refused", testKeysRefused},
	{"reader-fails", testReaderFails},
	{"context-ended", testContextEnded},
	{"context-ends", testContextEnds},
	{"list", testList},
	{"list-many", testListMany},
	{"delete", testDelete},
}

func mustHaveLeftNothing(t *testing.T, s blob.Store) {
	t.Helper()
	u, ok := s.(Unfinished)
	if !ok {
		return
	}
	if n, err := u.Unfinished(t.Context()); err != nil || n != 0 {
		t.Errorf("%d unfinished writes are left, error %v; want none", n, err)
	}
}

// mustFail checks an error's kind.
func mustFail(t *testing.T, what string, err error, want vault.Kind) {
	t.Helper()
	if vault.KindOf(err) != want || !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// mustBeMissing checks that nothing is reachable under key.
func mustBeMissing(t *testing.T, s blob.Store, key string) {
	t.Helper()
	for _, length := range []int64{-1, 0, 1} {
		r, _, err := s.Open(t.Context(), key, 0, length)
		if err == nil {
			t.Errorf("open %q: it is there", key)
			_ = r.Close()
			continue
		}
		mustFail(t, "open "+key, err, vault.NotFound)
	}
	list, err := s.List(t.Context(), key, "", 0)
	if err != nil || len(list) != 0 {
		t.Errorf("list %q: got %v, error %v; want nothing", key, list, err)
	}
}
