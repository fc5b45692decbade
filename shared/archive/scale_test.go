package archive_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"tresor/shared/archive"
)

// watch notes the most that lives on the heap whenever bytes go by.
type watch struct {
	io.Reader
	io.Writer
	peak uint64
}

func (w *watch) look() {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	w.peak = max(w.peak, m.HeapAlloc)
}

func (w *watch) Write(p []byte) (int, error) {
	w.look()
	return w.Writer.Write(p)
}

func (w *watch) Read(p []byte) (int, error) {
	if len(p) > 1<<16 { // a chunk, not its length
		w.look()
	}
	return w.Reader.Read(p)
}

func living() uint64 {
	var w watch
	w.look()
	return w.peak
}

// TestMemoryIsBounded: neither side ever holds the secrets. Writing holds a chunk or two and a batch; verifying holds the journals.
func TestMemoryIsBounded(t *testing.T) {
	const entries, size = 10_000, 4000
	s := newSystem(t)
	project(t, s)
	s.create(t, entries, size)
	var file bytes.Buffer
	file.Grow(entries * size * 2)
	w := &watch{Writer: &file}
	before := living()
	m, err := archive.Write(t.Context(), w, s.source())
	if err != nil {
		t.Fatal(err)
	}
	wrote := w.peak - before
	r := &watch{Reader: bytes.NewReader(file.Bytes())}
	before = living()
	if _, err := archive.Verify(t.Context(), r, s.known); err != nil {
		t.Fatal(err)
	}
	read := r.peak - before
	runtime.KeepAlive(s) // freed in between, it would hide what the archive takes
	runtime.KeepAlive(file)
	t.Logf("%d entries, %d records, an archive of %d KB: writing held %d KB, verifying %d KB", m.Entries, m.Heads.Entries.Seq, file.Len()>>10, wrote>>10, read>>10)
	if file.Len() < entries*size || m.Secrets != entries {
		t.Fatalf("the archive has %d bytes and %d secrets", file.Len(), m.Secrets)
	}
	if wrote > 8<<20 || read > 20<<20 {
		t.Errorf("writing held %d KB, verifying %d KB, want at most 8 MB and 20 MB of %d MB", wrote>>10, read>>10, file.Len()>>20)
	}
}

func BenchmarkTenThousandEntries(b *testing.B) {
	s := newSystem(b)
	project(b, s)
	s.create(b, 10_000, 40)
	file, _ := s.write(b)
	b.Run("Write", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := archive.Write(b.Context(), io.Discard, s.source()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Verify", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.verify(b, file); err != nil {
				b.Fatal(err)
			}
		}
	})
}
