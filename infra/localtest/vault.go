package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"tresor/shared/attach"
	"tresor/shared/blob"
	"tresor/shared/scenario"
	"tresor/shared/seal/sealtest"
	"tresor/shared/snapshot"
	"tresor/shared/vault"
)

// testSnapshots: what one process writes, another begins with, through either reader; the newest of them; and a damaged one only costs time.
func (b *bucket) testSnapshots(t *testing.T) {
	objects, s := b.open(t), scenario.New(t)
	readers := map[string]blob.ReadOnly{"store": objects, "plain reader": b.reader(t, objects, b.ID, b.Secret)}
	for n := range 11 { // more than one digit
		s.Do(t, func(tx *vault.Tx) error {
			_, err := tx.CreateTag(fmt.Sprintf("tag %d", n))
			return err
		})
		_, heads, err := snapshot.Write(t.Context(), s.Log, objects)
		if err != nil {
			t.Fatal(err)
		}
		for name, from := range readers {
			other := s.Another(t, s.Store)
			if used, err := snapshot.Use(t.Context(), other.Log, from); !used || err != nil || other.Heads() != heads {
				t.Errorf("%s: got %v, %v at %v, want %v", name, used, err, other.Heads(), heads)
			}
		}
	}
	const first = "snapshots/0000000000000000-9-9-damaged"
	if _, err := objects.Put(t.Context(), first, bytes.NewReader([]byte("no snapshot"))); err != nil {
		t.Fatal(err)
	}
	for name, from := range readers {
		other := s.Another(t, s.Store)
		if used, err := snapshot.Use(t.Context(), other.Log, from); !used || !errors.Is(err, vault.Corrupt) || other.Heads() != s.Heads() {
			t.Errorf("%s: with a damaged one: got %v, %v at %v", name, used, err, other.Heads())
		}
	}
}

// testContents: the contents of files come back as they were, of the size that is asked for, until they are removed.
func (b *bucket) testContents(t *testing.T) {
	s := attach.New(b.open(t), sealtest.New(t))
	for _, n := range []int{0, 1, 1 << 20, 1<<20 + 1, 9 << 20} { // the last one is put in parts
		content := bytes.Repeat([]byte("0123456\xff"), n/8+1)[:n]
		object, err := s.Put(t.Context(), content)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if got, err := s.Get(t.Context(), object, int64(n)); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
		for range 2 { // what is gone may be removed
			if err := s.Remove(t.Context(), object); err != nil {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
		if _, err := s.Get(t.Context(), object, int64(n)); !errors.Is(err, vault.Corrupt) {
			t.Errorf("%d bytes, removed: got %v", n, err)
		}
	}
}
