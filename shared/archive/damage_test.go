package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tresor/shared/archive"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/vault"
)

// refused reads a damaged file with the vault's own keys and reports whether that fails as it should.
func refused(t *testing.T, s *system, what string, file []byte, reasons ...string) {
	t.Helper()
	_, err := s.verify(t, file)
	wantCorrupt(t, what, err, reasons...)
}

// flipped calls f with the file while one of its bits is another.
func flipped(file []byte, at, bit int, f func()) {
	file[at] ^= 1 << bit
	defer func() { file[at] ^= 1 << bit }()
	f()
}

// TestEveryByteOfASmallArchive changes each byte of a whole archive: header, framing, and all that is sealed.
func TestEveryByteOfASmallArchive(t *testing.T) {
	s := newSystem(t)
	file, _ := s.write(t)
	if len(file) < 1000 || len(file) > 20_000 {
		t.Fatalf("the archive has %d bytes", len(file))
	}
	for at := range file {
		flipped(file, at, at%8, func() {
			if _, err := s.verify(t, file); !errors.Is(err, vault.Corrupt) && !errors.Is(err, vault.NewerFormat) {
				t.Errorf("byte %d changed: got %v, want kind Corrupt", at, err)
			}
		})
	}
	if _, err := s.verify(t, file); err != nil {
		t.Errorf("changed back: %v", err)
	}
}

// TestEveryBitOfTheFraming changes every bit of every length, and bytes spread over every chunk, its ends above all.
func TestEveryBitOfTheFraming(t *testing.T) {
	s := large(t)
	file, _ := s.write(t)
	at := borders(t, file)
	for i := 3; i+2 < len(at); i += 2 {
		length, body, end := at[i], at[i+1], at[i+2]
		for bit := range 32 {
			flipped(file, length+bit/8, bit%8, func() {
				refused(t, s, fmt.Sprintf("chunk %d, bit %d of its length", i/2, bit), file, "changed", "cut off")
			})
		}
		for _, at := range []int{body, body + 1, body + 4, body + 5, body + 16, body + 17, (body + end) / 2, end - 17, end - 16, end - 1} {
			flipped(file, at, at%8, func() { refused(t, s, fmt.Sprintf("byte %d", at), file, "changed") })
		}
	}
}

func TestCuts(t *testing.T) {
	s := large(t)
	file, _ := s.write(t)
	var cuts []int
	for _, b := range borders(t, file) {
		cuts = append(cuts, b-1, b, b+1, b+3, b+100)
	}
	for at := 17; at < len(file); at += len(file) / 29 {
		cuts = append(cuts, at)
	}
	for _, at := range cuts {
		if at >= 0 && at < len(file) {
			refused(t, s, fmt.Sprintf("cut at %d", at), file[:at], "cut off")
		}
	}
}

func TestChunksOutOfPlace(t *testing.T) {
	s := large(t)
	file, _ := s.write(t)
	at := borders(t, file)
	chunk := func(n int) []byte { return file[at[2*n+1]:at[2*n+3]] } // from 1
	begin, last := file[:at[3]], (len(at)-4)/2
	join := func(parts ...[]byte) []byte { return slices.Concat(append([][]byte{begin}, parts...)...) }
	for what, forged := range map[string][]byte{
		"swapped":                         join(chunk(2), chunk(1), chunk(3), chunk(4)),
		"inner ones swapped":              join(chunk(1), chunk(3), chunk(2), chunk(4)),
		"one repeated":                    join(chunk(1), chunk(1), chunk(2), chunk(3), chunk(4)),
		"one left out":                    join(chunk(1), chunk(3), chunk(4)),
		"the first left out":              join(chunk(2), chunk(3), chunk(4)),
		"the last in place of one before": join(chunk(1), chunk(2), chunk(4)),
	} {
		refused(t, s, what, forged, "changed")
	}
	refused(t, s, "the last repeated", join(chunk(1), chunk(2), chunk(3), chunk(4), chunk(4)), "follow")
	refused(t, s, "one appended", join(chunk(1), chunk(2), chunk(3), chunk(4), chunk(1)), "follow")
	refused(t, s, "a byte appended", append(bytes.Clone(file), 0), "follow")
	refused(t, s, "no chunk", begin, "cut off")
	refused(t, s, "the last left out", join(chunk(1), chunk(2), chunk(3)), "cut off")
	for n := 1; n <= last; n++ { // called the last, or not the last any more
		flipped(file, at[2*n+1], 7, func() { refused(t, s, fmt.Sprintf("chunk %d", n), file, "changed") })
	}
}

// Two archives of one vault, at the same heads and under the same keys.
func TestPartsOfAnotherArchive(t *testing.T) {
	s := large(t)
	one, _ := s.write(t)
	two, _ := s.write(t)
	a, b := borders(t, one), borders(t, two)
	refused(t, s, "the other's header", slices.Concat(two[:b[3]], one[a[3]:]), "changed")
	refused(t, s, "the other's second chunk", slices.Concat(one[:a[5]], two[b[5]:b[7]], one[a[7]:]), "changed")
	refused(t, s, "the other's end", slices.Concat(one[:a[5]], two[b[5]:]), "changed")
	refused(t, s, "both, one after the other", slices.Concat(one, two), "follow")
}

func TestAnotherKey(t *testing.T) {
	s, other := newSystem(t), newSystem(t)
	file, _ := s.write(t)
	_, err := archive.Verify(t.Context(), bytes.NewReader(file), other.open(t))
	wantCorrupt(t, "another key", err, "the key does not open this archive")
	_, err = archive.Verify(t.Context(), bytes.NewReader(file), other.known)
	wantCorrupt(t, "another vault's keysets", err, "the key does not open this archive")

	// Keysets of the same vault id, which are not those that the archive was sealed under.
	_, forged, err := seal.Create(t.Context(), keyfile.Generate(), s.sealer.VaultID())
	if err != nil {
		t.Fatal(err)
	}
	_, err = archive.Verify(t.Context(), bytes.NewReader(file), func(archive.Header) (vault.Sealer, error) { return forged, nil })
	wantCorrupt(t, "other keysets", err, "another key")
}

// What the key gives for an answer stays what it was: the key may only be out of reach.
func TestTheKeyIsOutOfReach(t *testing.T) {
	s := newSystem(t)
	file, _ := s.write(t)
	for _, kind := range []vault.Kind{vault.Busy, vault.Forbidden, vault.Internal} {
		_, err := archive.Open(bytes.NewReader(file), func(archive.Header) (vault.Sealer, error) { return nil, &vault.Error{Kind: kind} })
		if vault.KindOf(err) != kind || err == nil {
			t.Errorf("got %v, want kind %v", err, kind)
		}
	}
	sealer, err := seal.Open(t.Context(), s.key, must(s.Store.Keysets(t.Context())), vault.PurposeIndex)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = archive.Open(bytes.NewReader(file), func(archive.Header) (vault.Sealer, error) { return sealer, nil }); !errors.Is(err, vault.Forbidden) {
		t.Errorf("a key for other purposes: got %v, want Forbidden", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestNotAnArchive(t *testing.T) {
	s := newSystem(t)
	refused(t, s, "nothing", nil, "cut off")
	refused(t, s, "a text", []byte("Dear Sir or Madam, please find enclosed"), "not an archive")
	refused(t, s, "a header without end", []byte("tresor archive\n\xff\xff\xff\xff"), "header")
	refused(t, s, "an empty header", []byte("tresor archive\n\x00\x00\x00\x00"), "header")
}

// broken is a file on a disk that fails.
type broken struct {
	io.Reader
	err error
}

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.err
	}
	return n, err
}

func TestAReaderThatFails(t *testing.T) {
	s := rich(t)
	file, _ := s.write(t)
	failure := errors.New("the disk is gone")
	for _, n := range append(borders(t, file), 5, 500, len(file)-10) {
		_, err := archive.Verify(t.Context(), broken{bytes.NewReader(file[:n]), failure}, s.known)
		if !errors.Is(err, failure) || vault.KindOf(err) != vault.Internal {
			t.Errorf("fails after %d bytes: got %v, want the reader's error", n, err)
		}
	}
}

// A reader that keeps saying that it is busy must not be asked for ever, wherever that happens.
func TestAReaderThatIsBusy(t *testing.T) {
	s := large(t)
	for range 8 { // access records beyond the end of a chunk
		keys := make([]vault.SecretKey, 15_000)
		for i := range keys {
			keys[i] = vault.SecretKey{Entry: vault.EntryID(rand.Uint64())}
		}
		if err := s.Log.RecordAccess(t.Context(), vault.AccessRecord{Format: vault.Format, User: 1, Action: "test", Secrets: keys}); err != nil {
			t.Fatal(err)
		}
	}
	file, _ := s.write(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, n := range borders(t, file)[3:] {
		_, err := archive.Verify(ctx, broken{bytes.NewReader(file[:n]), vault.Busy}, s.known)
		if !errors.Is(err, vault.Busy) || ctx.Err() != nil {
			t.Fatalf("busy after %d bytes: got %v, want Busy at once", n, err)
		}
	}
}

// One byte at a time, as a slow connection may give it.
type trickle struct{ io.Reader }

func (r trickle) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(1, len(p))]) }

func TestAReaderThatGivesLittle(t *testing.T) {
	s := rich(t)
	file, _ := s.write(t)
	if _, err := archive.Verify(t.Context(), trickle{bytes.NewReader(file)}, s.known); err != nil {
		t.Error(err)
	}
}

func TestAnErrorStays(t *testing.T) {
	s := rich(t)
	file, _ := s.write(t)
	r, err := archive.Open(bytes.NewReader(file), s.known)
	if err != nil {
		t.Fatal(err)
	}
	if m := r.Manifest(); m.Entries != 0 || m.ID != r.Header().ID {
		t.Errorf("before the end: got manifest %+v, want its header alone", m)
	}
	for err == nil {
		_, err = r.Next()
	}
	_, again := r.Next()
	if !errors.Is(err, io.EOF) || !errors.Is(again, io.EOF) || r.Manifest().Entries != richEntries {
		t.Errorf("got %v, then %v, manifest %+v", err, again, r.Manifest())
	}
}
