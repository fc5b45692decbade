package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"tresor/shared/seal/sealtest"
	"tresor/shared/vault"
)

var kind = Kind{Purpose: vault.PurposeFiles, Name: "test", What: "the test"}

// sealed seals content under an id.
func sealed(t testing.TB, s vault.Sealer, id string, content []byte) []byte {
	t.Helper()
	var file bytes.Buffer
	w := kind.NewWriter(&file, s, id)
	if n, err := w.Write(content); err != nil || n != len(content) {
		t.Fatal(n, err)
	}
	if err := w.Close(nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func open(s vault.Sealer, id string, file []byte) ([]byte, error) {
	return io.ReadAll(kind.NewReader(bytes.NewReader(file), s, id))
}

func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	s := sealtest.New(t)
	for _, n := range []int{0, 1, 100, ChunkSize - 1, ChunkSize, ChunkSize + 1, 3 * ChunkSize} {
		want := content(n)
		file := sealed(t, s, "id", want)
		if got, err := open(s, "id", file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
		got, err := io.ReadAll(iotest.OneByteReader(kind.NewReader(iotest.HalfReader(bytes.NewReader(file)), s, "id")))
		if n <= 100 && (err != nil || !bytes.Equal(got, want)) {
			t.Errorf("%d bytes, a few at a time: got %d, %v", n, len(got), err)
		}
	}
}

func TestEveryByteAndEveryCut(t *testing.T) {
	s := sealtest.New(t)
	for _, n := range []int{0, 10} {
		file := sealed(t, s, "id", content(n))
		for at := range file {
			changed := bytes.Clone(file)
			changed[at] ^= 1 << (at % 8)
			if _, err := open(s, "id", changed); !errors.Is(err, vault.Corrupt) {
				t.Errorf("%d bytes, byte %d changed: got %v", n, at, err)
			}
			if _, err := open(s, "id", file[:at]); !errors.Is(err, vault.Corrupt) {
				t.Errorf("%d bytes, cut at %d: got %v", n, at, err)
			}
		}
		if _, err := open(s, "id", append(file, 0)); !errors.Is(err, vault.Corrupt) {
			t.Errorf("%d bytes, and one more: got %v", n, err)
		}
	}
}

func TestChunksBelongToTheirPlace(t *testing.T) {
	s := sealtest.New(t)
	file, other := sealed(t, s, "id", content(3*ChunkSize-7)), sealed(t, s, "other", content(3*ChunkSize-7))
	size := FrameSize + ChunkSize + (len(file)-3*FrameSize-(3*ChunkSize-7))/3
	one, two, three := file[:size], file[size:2*size], file[2*size:]
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	if got, err := open(s, "id", join(one, two, three)); err != nil || len(got) != 3*ChunkSize-7 {
		t.Fatal(len(got), err)
	}
	for what, forged := range map[string][]byte{
		"swapped": join(two, one, three), "repeated": join(one, one, two, three), "left out": join(one, three), "cut": join(one, two), "two ends": join(one, two, three, three),
		"another's": join(one, other[size:2*size], three), "nothing": nil,
	} {
		if _, err := open(s, "id", forged); !errors.Is(err, vault.Corrupt) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	for what, err := range map[string]error{
		"another id":   second(open(s, "other", file)),
		"another kind": second(io.ReadAll(Kind{vault.PurposeFiles, "other", "the other"}.NewReader(bytes.NewReader(file), s, "id"))),
		"another key":  second(open(sealtest.New(t), "id", file)),
	} {
		if !errors.Is(err, vault.Corrupt) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Chunks of a writer that is stopped, or that cuts them another way.
func TestChunksOfAnotherSize(t *testing.T) {
	s := sealtest.New(t)
	for what, sizes := range map[string][]int{"small": {5, 5}, "empty": {0, 5}, "an empty last one": {ChunkSize, 0}, "too large": {ChunkSize + 1}} {
		var file bytes.Buffer
		w := kind.NewWriter(&file, s, "id")
		for i, n := range sizes {
			w.plain = make([]byte, n)
			chunk, err := w.seal(i == len(sizes)-1)
			if err != nil {
				t.Fatal(err)
			}
			file.Write(chunk)
		}
		if _, err := open(s, "id", file.Bytes()); !errors.Is(err, vault.Corrupt) {
			t.Errorf("%s: got %v, want Corrupt", what, err)
		}
	}
}

func TestErrorsOfOthers(t *testing.T) {
	s := sealtest.New(t)
	broken := errors.New("broken")
	if _, err := io.ReadAll(kind.NewReader(iotest.ErrReader(broken), s, "id")); !errors.Is(err, broken) {
		t.Errorf("a broken reader: got %v", err)
	}
	w := kind.NewWriter(failing{broken}, s, "id")
	if _, err := w.Write(content(2 * ChunkSize)); !errors.Is(err, broken) {
		t.Errorf("a broken writer: got %v", err)
	}
	var file bytes.Buffer
	w = kind.NewWriter(&file, s, "id")
	if err := w.Close(func() error { return broken }); !errors.Is(err, broken) || file.Len() != 0 {
		t.Errorf("without consent: got %v and %d bytes", err, file.Len())
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, fmt.Errorf("no: %w", f.err) }
