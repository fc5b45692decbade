package blobtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

func testKeys(t *testing.T, s blob.Store) {
	long, deep := strings.Repeat("x", blob.MaxPart), strings.Repeat("d", blob.MaxPart)
	keys := []string{
		"single", "a b/c  d", "per%cent/%2F%25", "plus+plus", "ümlaut/ü", "日本/語.txt", "question?x=y&z", "hash#frag", "quo'te\"s", "semi;colon:co,ma",
		"~/*", "$(x)`y`", "<a>&amp;", "a..b", "a/.b", "a/...", "a/b..", "e\u0301/composed \u00e9", "😀", "\ufeffmark", long,
		strings.Repeat("ü", blob.MaxPart/2), deep + "/" + long + "/" + long + "/" + strings.Repeat("y", blob.MaxKey-3*(blob.MaxPart+1)),
	}
	for i, key := range keys {
		c := Content{Seed: byte(i), Size: int64(10 + i)}
		if _, err := s.Put(t.Context(), key, c.Reader()); err != nil {
			t.Errorf("put %q: %v", key, err)
			continue
		}
		mustBe(t, s, key, c)
		mustList(t, s, key, "", 10, []string{key})
	}
}

func testKeysRefused(t *testing.T, s blob.Store) {
	ctx := t.Context()
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", "./a", "a/./b", "a/.", ".tmp/x", ".hidden", "a\\b", "a\x00b", "a\nb", "\x7f", "a\u0085", "a\xff",
		"a\uffff", strings.Repeat("x", blob.MaxPart+1), strings.Repeat("x/", blob.MaxKey/2) + "x",
	} {
		_, err := s.Put(ctx, key, strings.NewReader("x"))
		mustFail(t, fmt.Sprintf("put %q", key), err, vault.Invalid)
		r, _, err := s.Open(ctx, key, 0, -1)
		if err == nil {
			_ = r.Close()
		}
		mustFail(t, fmt.Sprintf("open %q", key), err, vault.Invalid)
		mustFail(t, fmt.Sprintf("delete %q", key), s.Delete(ctx, key), vault.Invalid)
	}
	for _, prefix := range []string{"/", "a//", "../", ".t", "a\x00", "a\xff", strings.Repeat("x", blob.MaxPart+1)} {
		_, err := s.List(ctx, prefix, "", 1)
		mustFail(t, fmt.Sprintf("list %q", prefix), err, vault.Invalid)
		_, err = s.List(ctx, "", prefix, 1)
		mustFail(t, fmt.Sprintf("list after %q", prefix), err, vault.Invalid)
	}
	mustList(t, s, "", "", 10, nil)
}

var errReader = errors.New("the source broke")

// failing returns what c gives, and then an error instead of an end.
func failing(c Content, err error) io.Reader {
	return io.MultiReader(c.Reader(), readerFunc(func([]byte) (int, error) { return 0, err }))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// testReaderFails: of a source that breaks nothing is left, wherever it breaks, and its key is free.
func testReaderFails(t *testing.T, s blob.Store) {
	for _, want := range []error{errReader, io.ErrUnexpectedEOF} {
		for _, size := range []int64{0, 10, 8*mb - 1, 8 * mb, 8*mb + 1, 20 * mb} {
			location, err := s.Put(t.Context(), "half", failing(Content{Seed: 7, Size: size}, want))
			if !errors.Is(err, want) || location != "" {
				t.Errorf("put of a source that breaks after %d bytes: got location %q, error %v; want %v", size, location, err, want)
			}
			mustBeMissing(t, s, "half")
			mustHaveLeftNothing(t, s)
		}
	}
	put(t, s, "half")
	mustList(t, s, "", "", 10, []string{"half"})
}

// testContextEnded: with a context that has ended nothing is done.
func testContextEnded(t *testing.T, s blob.Store) {
	put(t, s, "there")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"put":    func() error { _, err := s.Put(ctx, "new", strings.NewReader("x")); return err },
		"list":   func() error { _, err := s.List(ctx, "", "", 1); return err },
		"delete": func() error { return s.Delete(ctx, "there") },
		"open": func() error {
			r, _, err := s.Open(ctx, "there", 0, -1)
			if err == nil {
				_ = r.Close()
			}
			return err
		},
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want the context's error", name, err)
		}
	}
	mustList(t, s, "", "", 10, []string{"there"})
}

// testContextEnds: a context that ends while a content is read, by whatever its reader does, ends the Put, and nothing is left.
func testContextEnds(t *testing.T, s blob.Store) {
	for _, size := range []int64{0, 100, 8 * mb, 16 * mb, 20 * mb} {
		for _, rest := range []int64{0, size} { // what the reader would have gone on to give
			ctx, cancel := context.WithCancel(t.Context())
			end := readerFunc(func([]byte) (int, error) { cancel(); return 0, io.EOF })
			r := io.MultiReader(Content{Seed: 8, Size: size}.Reader(), end, Content{Seed: 8, Size: rest}.Reader())
			if _, err := s.Put(ctx, "ended", r); !errors.Is(err, context.Canceled) {
				t.Errorf("put, ended after %d bytes of %d: got %v, want the context's error", size, size+rest, err)
			}
			cancel()
			mustBeMissing(t, s, "ended")
			mustHaveLeftNothing(t, s)
		}
	}
	c := Content{Seed: 9, Size: 20 * mb}
	if _, err := s.Put(t.Context(), "ended", c.Reader()); err != nil {
		t.Fatalf("put: %v", err)
	}
	mustEndReading(t, s, "ended")
}

// mustEndReading checks that a reader ends with its context.
func mustEndReading(t *testing.T, s blob.Store, key string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, _, err := s.Open(ctx, key, 0, -1)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer r.Close()
	if _, err := io.CopyN(io.Discard, r, 100); err != nil {
		t.Errorf("read: %v", err)
	}
	cancel()
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("read on: got %v after %d bytes, want the context's error", err, n)
	}
}
