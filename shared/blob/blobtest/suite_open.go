package blobtest

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

// mustRead checks what a range holds.
func mustRead(t *testing.T, s blob.Store, key string, c Content, offset, length int64) {
	t.Helper()
	r, size, err := s.Open(t.Context(), key, offset, length)
	if err != nil {
		t.Errorf("open %d bytes at %d of %d: %v", length, offset, c.Size, err)
		return
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Errorf("read %d bytes at %d of %d: %v", length, offset, c.Size, err)
	}
	if size != c.Size {
		t.Errorf("open %d bytes at %d: got size %d, want %d", length, offset, size, c.Size)
	}
	if want := c.Bytes(offset, length); !bytes.Equal(got, want) {
		t.Errorf("open %d bytes at %d of %d: got %d bytes, want %d, or they differ", length, offset, c.Size, len(got), len(want))
	}
}

func testRanges(t *testing.T, s blob.Store) {
	c := Content{Seed: 6, Size: 1000}
	if _, err := s.Put(t.Context(), "ranges", c.Reader()); err != nil {
		t.Fatal(err)
	}
	for _, offset := range []int64{0, 1, 500, 998, 999, 1000, 1001, 1 << 40, math.MaxInt64} {
		for _, length := range []int64{-1, math.MinInt64, 0, 1, 2, 500, 999, 1000, 1001, 1 << 40, math.MaxInt64} {
			mustRead(t, s, "ranges", c, offset, length)
		}
	}
	_, _, err := s.Open(t.Context(), "ranges", -1, 1)
	mustFail(t, "open at -1", err, vault.Invalid)
}

func testRangesOfNothing(t *testing.T, s blob.Store) {
	if _, err := s.Put(t.Context(), "nothing", Content{}.Reader()); err != nil {
		t.Fatal(err)
	}
	for _, offset := range []int64{0, 1, 100} {
		for _, length := range []int64{-1, 0, 1, 100} {
			mustRead(t, s, "nothing", Content{}, offset, length)
		}
	}
}

func testDelete(t *testing.T, s blob.Store) {
	put(t, s, "files/1", "files/1-2", "files/3/4")
	for _, key := range []string{"files/1", "files/1", "files/5", "files", "files/3", "files/3/4/5", "other/6"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	mustFailToOpen(t, s, "files/1")
	mustList(t, s, "files/", "", 10, []string{"files/1-2", "files/3/4"})
	put(t, s, "files/1") // a key is free again
	mustList(t, s, "files/", "", 10, []string{"files/1", "files/1-2", "files/3/4"})
}
