package blobtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"tresor/shared/blob"
)

const mb = 1 << 20

// Content is random bytes: the same for the same seed, however often and wherever they are read.
type Content struct {
	Seed byte
	Size int64
}

// Reader returns a new reader of the content. It is nothing but a reader: no size, no seeking.
func (c Content) Reader() io.Reader {
	return struct{ io.Reader }{io.LimitReader(rand.NewChaCha8([32]byte{c.Seed}), c.Size)}
}

// Bytes returns the content from offset on, length bytes or to the end.
func (c Content) Bytes(offset, length int64) []byte {
	r := c.Reader()
	_, _ = io.CopyN(io.Discard, r, offset)
	if length >= 0 {
		r = io.LimitReader(r, length)
	}
	b, _ := io.ReadAll(r) // neither reader has errors
	return b
}

func hashOf(r io.Reader) (sum [sha256.Size]byte, size int64, err error) {
	h := sha256.New()
	size, err = io.Copy(h, r)
	return [sha256.Size]byte(h.Sum(nil)), size, err
}

// is reports whether the object under key is c, whole.
func is(t *testing.T, s blob.Store, key string, c Content) bool {
	t.Helper()
	r, size, err := s.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Errorf("open %q: %v", key, err)
		return false
	}
	got, n, err := hashOf(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Errorf("read %q: %v after %d bytes", key, err, n)
		return false
	}
	want, _, _ := hashOf(c.Reader())
	if size != n {
		t.Errorf("open %q: said %d bytes, gave %d", key, size, n)
	}
	return n == c.Size && got == want
}

func mustBe(t *testing.T, s blob.Store, key string, c Content) {
	t.Helper()
	if !is(t, s, key, c) {
		t.Errorf("%q is not the %d bytes that were put", key, c.Size)
	}
}

// put puts small contents.
func put(t *testing.T, s blob.Store, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := s.Put(t.Context(), key, bytes.NewReader([]byte(key))); err != nil {
			t.Errorf("put %q: %v", key, err)
		}
	}
}
