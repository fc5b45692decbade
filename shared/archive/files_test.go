package archive

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"testing"

	"tresor/shared/scenario"
	"tresor/shared/stream"
	"tresor/shared/vault"
)

// objects are contents in memory. Every second read is refused as busy, and every third breaks off.
type objects struct {
	all   map[string][]byte
	reads int
}

// Open implements Objects.
func (o *objects) Open(_ context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	all, ok := o.all[key]
	if !ok {
		return nil, 0, &vault.Error{Kind: vault.NotFound}
	}
	if o.reads++; o.reads%2 == 0 {
		return nil, 0, &vault.Error{Kind: vault.Busy}
	}
	r := io.Reader(bytes.NewReader(all[offset:min(int64(len(all)), offset+length)]))
	if o.reads%3 == 0 {
		r = io.MultiReader(io.LimitReader(r, 10), broken{})
	}
	return io.NopCloser(r), int64(len(all)), nil
}

type broken struct{}

// Read implements io.Reader.
func (broken) Read([]byte) (int, error) { return 0, &vault.Error{Kind: vault.Busy} }

// sizes of contents: none, one chunk and its borders, several; sealed they are a little longer than that.
var sizes = map[string]int{"empty": 0, "small": 9, "one": stream.ChunkSize, "more": stream.ChunkSize + 1, "three": 3 * stream.ChunkSize}

// withFiles returns a vault with files, two of one content, one in the trash, one whose content is gone.
func withFiles(t testing.TB) (*scenario.System, *objects) {
	t.Helper()
	s, o := world(t), &objects{all: map[string][]byte{}}
	for name, size := range sizes {
		var sealed bytes.Buffer
		w := stream.File.NewWriter(&sealed, s.Sealer, name)
		if _, err := io.CopyN(w, rand.Reader, int64(size)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(nil); err != nil {
			t.Fatal(err)
		}
		o.all[vault.ContentKey(name)] = sealed.Bytes()
	}
	s.Do(t, func(tx *vault.Tx) (err error) {
		var last vault.FileID
		for _, name := range []string{"empty", "small", "one", "more", "three", "gone", "small"} {
			id, failed := tx.AddFile(vault.File{Entry: 1, Name: name, Object: name})
			err, last = errors.Join(err, failed), id
		}
		return errors.Join(err, tx.TrashFile(last-2), tx.TrashFile(1))
	})
	return s, o
}

func archiveWithFiles(t testing.TB) (*scenario.System, *objects, []byte, Manifest) {
	t.Helper()
	s, o := withFiles(t)
	var b bytes.Buffer
	m, err := Write(t.Context(), &b, Source{Store: s.Store, Log: s.Log, Sealer: s.Sealer, Blobs: o, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s, o, b.Bytes(), m
}

// TestFilesAreInItAsTheyLie compares the pieces with the objects, and the manifest with both.
func TestFilesAreInItAsTheyLie(t *testing.T) {
	s, o, file, written := archiveWithFiles(t)
	open := func(Header) (vault.Sealer, error) { return s.Sealer, nil }
	m, err := Verify(t.Context(), bytes.NewReader(file), open)
	if err != nil || m.Files != len(sizes) || written.Files != len(sizes) || !slices.Equal(m.Missing, []string{"gone"}) || !slices.Equal(written.Missing, m.Missing) {
		t.Fatalf("got %d files, %q missing, %v; written %d, %q", m.Files, m.Missing, err, written.Files, written.Missing)
	}
	if last := m.Sections[len(m.Sections)-1]; last.Name != "files" || last.Items != 4+2+4 {
		t.Errorf("got %+v", last)
	}
	got := map[string][]byte{}
	r, err := Open(bytes.NewReader(file), open)
	if err != nil {
		t.Fatal(err)
	}
	for it, err := r.Next(); !errors.Is(err, io.EOF); it, err = r.Next() {
		if err != nil {
			t.Fatal(err)
		}
		if it.File != nil {
			got[vault.ContentKey(it.File.Object)] = append(got[vault.ContentKey(it.File.Object)], it.File.Data...)
		}
	}
	for key, want := range o.all {
		if !bytes.Equal(got[key], want) {
			t.Errorf("%s: got %d bytes, want %d", key, len(got[key]), len(want))
		}
	}
}

// TestNoPlaceForFiles: without one, the contents are missing, and the archive says so.
func TestNoPlaceForFiles(t *testing.T) {
	s, _ := withFiles(t)
	var b bytes.Buffer
	m, err := Write(t.Context(), &b, Source{Store: s.Store, Log: s.Log, Sealer: s.Sealer, Now: s.Clock.Now})
	if err != nil || m.Files != 0 || len(m.Missing) != len(sizes)+1 {
		t.Fatalf("got %d files, %q missing, %v", m.Files, m.Missing, err)
	}
	if got, err := Verify(t.Context(), &b, func(Header) (vault.Sealer, error) { return s.Sealer, nil }); err != nil || !slices.Equal(got.Missing, m.Missing) {
		t.Errorf("got %q, %v", got.Missing, err)
	}
}

func isFile(object string, offset int64) func(*Item) bool {
	return func(it *Item) bool {
		return it.File != nil && it.File.Object == object && it.File.Offset == offset
	}
}

// TestForgedFiles: authentic archives whose files are not those of the vault.
func TestForgedFiles(t *testing.T) {
	s, o := withFiles(t)
	src := Source{Store: s.Store, Log: s.Log, Sealer: s.Sealer, Blobs: o, Now: s.Clock.Now}
	var b bytes.Buffer
	if _, err := Write(t.Context(), &b, src); err != nil {
		t.Fatal(err)
	}
	open := func(Header) (vault.Sealer, error) { return s.Sealer, nil }
	whole := itemsOf(t, b.Bytes(), open)
	verify := func(p *parts) error {
		m := p.fitting()
		m.Missing = []string{"gone"}
		p.manifest = m
		_, err := Verify(t.Context(), bytes.NewReader(p.assemble(t, s.Sealer)), open)
		return err
	}
	if err := verify(whole.clone()); err != nil {
		t.Fatalf("put together as it was: %v", err)
	}
	drop := func(p *parts, match func(*Item) bool) {
		i := p.index(t, match)
		p.items = slices.Delete(p.items, i, i+1)
	}
	change := func(p *parts, match func(*Item) bool, f func(*FilePiece)) {
		i := p.index(t, match)
		piece := *p.items[i].File
		piece.Data = bytes.Clone(piece.Data)
		f(&piece)
		p.items[i] = Item{File: &piece}
	}
	for name, forge := range map[string]func(*parts){
		"a file is left out":    func(p *parts) { drop(p, isFile("small", 0)) },
		"the last piece":        func(p *parts) { drop(p, isFile("three", 3<<20)) },
		"a piece in the middle": func(p *parts) { drop(p, isFile("three", 1<<20)) },
		"the first piece":       func(p *parts) { drop(p, isFile("three", 0)) },
		"a changed byte":        func(p *parts) { change(p, isFile("one", 0), func(f *FilePiece) { f.Data[500] ^= 1 }) },
		"an empty piece":        func(p *parts) { change(p, isFile("small", 0), func(f *FilePiece) { f.Data = nil }) },
		"a byte too many":       func(p *parts) { change(p, isFile("small", 0), func(f *FilePiece) { f.Data = append(f.Data, 0) }) },
		"another's content": func(p *parts) {
			change(p, isFile("small", 0), func(f *FilePiece) { f.Data = o.all[vault.ContentKey("empty")] })
		},
		"a file of no record":     func(p *parts) { p.items = append(p.items, Item{File: &FilePiece{"zzz", 0, []byte{1}}}) },
		"one that should be gone": func(p *parts) { change(p, isFile("empty", 0), func(f *FilePiece) { f.Object = "gone" }) },
		"a file before the secret": func(p *parts) {
			i, j := p.index(t, isSecret), p.index(t, isFile("empty", 0))
			p.items[i], p.items[j] = p.items[j], p.items[i]
		},
		"two files in wrong order": func(p *parts) {
			i, j := p.index(t, isFile("empty", 0)), p.index(t, isFile("small", 0))
			p.items[i], p.items[j] = p.items[j], p.items[i]
		},
		"a negative offset": func(p *parts) { change(p, isFile("small", 0), func(f *FilePiece) { f.Offset = -1 }) },
	} {
		p := whole.clone()
		forge(p)
		var e *vault.Error
		if err := verify(p); !errors.Is(err, vault.Corrupt) || !errors.As(err, &e) || e.Msg == "" {
			t.Errorf("%s: got %v, want Corrupt with a text", name, err)
		}
	}
}

// itemsOf takes an archive apart.
func itemsOf(t testing.TB, file []byte, open func(Header) (vault.Sealer, error)) *parts {
	t.Helper()
	r, err := Open(bytes.NewReader(file), open)
	if err != nil {
		t.Fatal(err)
	}
	p := &parts{header: r.Header()}
	for {
		it, err := r.Next()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatal(err)
		}
		p.items = append(p.items, it)
	}
}

// TestWhatWasPurgedIsNotMissed: neither its contents nor the entry count, and what another file still names is missed all the same.
func TestWhatWasPurgedIsNotMissed(t *testing.T) {
	s, o := withFiles(t)
	var entries int
	s.Log.Read(func(state *vault.State) {
		for _, part := range state.Image().Parts {
			for _, c := range part {
				if c.Entry != nil && !c.Entry.Trashed.Is() {
					entries++
				}
			}
		}
	})
	s.Do(t, func(tx *vault.Tx) error {
		id, err := tx.CreateEntry(vault.Entry{Name: "purged", Project: 1}, vault.Payload{})
		_, attached := tx.AddFile(vault.File{Entry: id, Name: "f", Object: "purged"})
		_, trashed := tx.TrashEntries([]vault.EntryID{id}, false)
		return errors.Join(err, attached, trashed)
	})
	delete(o.all, vault.ContentKey("one"))
	purge := scenario.Operator()
	purge.Action.Name = "purge"
	if _, err := vault.Update(t.Context(), s.Vault, purge, func(tx *vault.Tx) (int, error) {
		n, _, err := tx.Purge(vault.StampOf(s.Clock.Now()) + 1)
		return n, err
	}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	written, err := Write(t.Context(), &b, Source{Store: s.Store, Log: s.Log, Sealer: s.Sealer, Blobs: o, Now: s.Clock.Now})
	if err != nil || written.Entries != entries || !slices.Equal(written.Missing, []string{"gone", "one"}) {
		t.Fatalf("got %d entries, %q missing, %v; want %d", written.Entries, written.Missing, err, entries)
	}
	if m, err := Verify(t.Context(), bytes.NewReader(b.Bytes()), func(Header) (vault.Sealer, error) { return s.Sealer, nil }); err != nil || m.Entries != entries || !slices.Equal(m.Missing, written.Missing) {
		t.Errorf("got %d entries, %q missing, %v", m.Entries, m.Missing, err)
	}
}
