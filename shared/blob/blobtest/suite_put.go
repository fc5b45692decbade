package blobtest

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

func testMissing(t *testing.T, s blob.Store) {
	mustBeMissing(t, s, "files/1")
	put(t, s, "files/12", "other/x")
	for _, key := range []string{"files/1", "files", "files/12/3"} {
		mustFailToOpen(t, s, key)
	}
}

func mustFailToOpen(t *testing.T, s blob.Store, key string) {
	t.Helper()
	r, _, err := s.Open(t.Context(), key, 0, -1)
	if err == nil {
		_ = r.Close()
	}
	mustFail(t, "open "+key, err, vault.NotFound)
}

func testTaken(t *testing.T, s blob.Store)      { mustRefuse(t, s, 100) }
func testTakenLarge(t *testing.T, s blob.Store) { mustRefuse(t, s, 9*mb) }

// mustRefuse checks that nothing is overwritten: by another content, the same one, and none.
func mustRefuse(t *testing.T, s blob.Store, size int64) {
	t.Helper()
	first := Content{Seed: 1, Size: size}
	location, err := s.Put(t.Context(), "exports/1", first.Reader())
	if err != nil || !strings.HasSuffix(location, "/exports/1") || !strings.Contains(location, "://") {
		t.Errorf("put: got location %q, error %v", location, err)
	}
	for _, c := range []Content{{Seed: 2, Size: size}, first, {}} {
		location, err := s.Put(t.Context(), "exports/1", c.Reader())
		mustFail(t, fmt.Sprintf("put %d bytes again", c.Size), err, vault.Exists)
		if location != "" {
			t.Errorf("got location %q of what was refused", location)
		}
	}
	mustBe(t, s, "exports/1", first)
}

func testRace(t *testing.T, s blob.Store)      { race(t, s, 20, 1000) }
func testRaceLarge(t *testing.T, s blob.Store) { race(t, s, 3, 9*mb) }

// race lets several writers put one key each round: exactly one wins, and what is there is what it put.
func race(t *testing.T, s blob.Store, rounds int, size int64) {
	const writers = 4
	for round := range rounds {
		key := fmt.Sprintf("race/%d", round)
		errs := make([]error, writers)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() { errs[w] = putDecided(t, s, key, Content{Seed: byte(w), Size: size}) })
		}
		all.Wait()
		winners := 0
		for w, err := range errs {
			if err != nil {
				mustFail(t, "put by a loser", err, vault.Exists)
				continue
			}
			winners++
			mustBe(t, s, key, Content{Seed: byte(w), Size: size})
		}
		if winners != 1 {
			t.Errorf("%q: %d writers of %d won, want one: %v", key, winners, writers, errs)
		}
	}
}

// putDecided puts until it is not told to come again, which must be soon: of several that are, one was there first.
func putDecided(t *testing.T, s blob.Store, key string, c Content) error {
	const tries = 100
	var err error
	for range tries {
		if _, err = s.Put(t.Context(), key, c.Reader()); vault.KindOf(err) != vault.Busy {
			break
		}
	}
	return err
}

func testSizes(t *testing.T, s blob.Store) {
	for _, size := range []int64{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 8*mb - 1, 8 * mb, 8*mb + 1, 16 * mb} {
		key, c := fmt.Sprintf("sizes/%d", size), Content{Seed: 3, Size: size}
		if _, err := s.Put(t.Context(), key, c.Reader()); err != nil {
			t.Errorf("put %d bytes: %v", size, err)
			continue
		}
		mustBe(t, s, key, c)
		if list, err := s.List(t.Context(), key, "", 1); err != nil || len(list) != 1 || list[0].Size != size {
			t.Errorf("list: got %v, error %v; want %d bytes", list, err, size)
		}
	}
}

// large is many parts, and the last one not full.
const large = 100*mb + 12345

func testLarge(t *testing.T, s blob.Store) {
	c := Content{Seed: 4, Size: large}
	if _, err := s.Put(t.Context(), "backups/1", c.Reader()); err != nil {
		t.Fatalf("put: %v", err)
	}
	mustBe(t, s, "backups/1", c)
	mustRead(t, s, "backups/1", c, 64*mb-5, 10)
	if err := s.Delete(t.Context(), "backups/1"); err != nil {
		t.Errorf("delete: %v", err)
	}
}

// testReaders: it does not matter in what pieces a content comes.
func testReaders(t *testing.T, s blob.Store) {
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"halves": iotest.HalfReader, "with-end": iotest.DataErrReader,
		"empty-reads": func(r io.Reader) io.Reader { return &stutter{r: r} },
	} {
		for _, size := range []int64{0, 1, 1000, 8*mb - 1, 8 * mb, 8*mb + 1} {
			putInPieces(t, s, fmt.Sprintf("readers/%s/%d", name, size), Content{Seed: 5, Size: size}, wrap)
		}
	}
	putInPieces(t, s, "readers/bytes", Content{Seed: 5, Size: mb}, iotest.OneByteReader)
}

func putInPieces(t *testing.T, s blob.Store, key string, c Content, wrap func(io.Reader) io.Reader) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, wrap(c.Reader())); err != nil {
		t.Errorf("put %q: %v", key, err)
		return
	}
	mustBe(t, s, key, c)
}

// stutter returns nothing at every second read, without an error.
type stutter struct {
	r     io.Reader
	again bool
}

func (s *stutter) Read(p []byte) (int, error) {
	if s.again = !s.again; s.again {
		return 0, nil
	}
	return s.r.Read(p)
}
