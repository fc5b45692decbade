package archive

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// What only someone with the key can make: archives whose every byte is authentic and whose content is not right.

// parts is an archive taken apart.
type parts struct {
	header   Header
	items    []Item
	manifest *wireManifest   // nil: the one that fits the items
	encoded  cbor.RawMessage // of the manifest, instead
	raw      []byte          // after the items, before the manifest
	after    []byte          // after the manifest
}

func world(t testing.TB) *scenario.System {
	t.Helper()
	s := scenario.New(t)
	s.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateProject(vault.Project{Name: "Initech"}); return err })
	for range 2 {
		s.Do(t, func(tx *vault.Tx) error {
			id, err := tx.CreateEntry(vault.Entry{Name: "backup-01", Project: 1}, vault.Payload{Password: vault.NewSecret("s3cret")})
			if err != nil {
				return err
			}
			return tx.SetPassword(id, vault.NewSecret("n3w"))
		})
	}
	s.Clock.Add(2 * 3600e9)
	s.Do(t, func(tx *vault.Tx) error { // an hour without records, closed by hand
		h := vault.HourOf(s.Clock.Now()) - 1
		sum, err := s.Log.SummariseHour(t.Context(), h)
		return errors.Join(err, tx.CloseHour(sum))
	})
	if err := s.Log.RecordAccess(t.Context(), vault.AccessRecord{Format: vault.Format, User: 1, Action: "test", Secrets: []vault.SecretKey{{Entry: 1, Version: 1}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Log.RecordAccess(t.Context(), vault.AccessRecord{Format: vault.Format, User: 1, Action: "test"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func takeApart(t testing.TB, s *scenario.System) *parts {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(t.Context(), &b, Source{Store: s.Store, Log: s.Log, Sealer: s.Sealer, Now: s.Clock.Now}); err != nil {
		t.Fatal(err)
	}
	r, err := Open(&b, func(Header) (vault.Sealer, error) { return s.Sealer, nil })
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

// assemble writes the parts without looking at them.
func (p *parts) assemble(t testing.TB, s vault.Sealer) []byte {
	t.Helper()
	var file bytes.Buffer
	beginning := must(p.header.encode())
	file.Write(beginning)
	b := &backup{chunks: chunked.NewWriter(&file, s, digest(beginning))}
	write := func(k kind, v any) {
		if _, _, err := b.write(k, v); err != nil {
			t.Fatal(err)
		}
	}
	for i := range p.items {
		write(p.items[i].wire())
	}
	var m any = p.manifest
	switch {
	case p.encoded != nil:
		m = p.encoded
	case p.manifest == nil:
		m = p.fitting()
	}
	_, _ = b.chunks.Write(p.raw)
	write(kindManifest, m)
	_, _ = b.chunks.Write(p.after)
	if err := b.chunks.Close(func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// fitting returns the manifest that fits the items, wherever they are.
func (p *parts) fitting() *wireManifest {
	all := newTally()
	for i := range p.items {
		k, v := p.items[i].wire()
		body := must(encoder.Marshal(v))
		s := map[kind]section{kindRecord: sectionEntries, kindHour: sectionAccess, kindAccess: sectionAccess, kindSecret: sectionSecrets, kindFile: sectionFiles}[k]
		if k == kindRecord {
			s = section(p.items[i].Record.Table)
		}
		all.add(s, &p.items[i], itemHeadOf(k, len(body)), body)
	}
	return &wireManifest{Heads: [2]vault.Head{p.header.Heads.Entries, p.header.Heads.Permissions}, Entries: 2, Sections: all.sections()}
}

func (p *parts) clone() *parts {
	c := *p
	c.items = slices.Clone(p.items)
	return &c
}

// index returns where the first item is that match accepts.
func (p *parts) index(t testing.TB, match func(*Item) bool) int {
	t.Helper()
	for i := range p.items {
		if match(&p.items[i]) {
			return i
		}
	}
	t.Fatal("no such item")
	return -1
}

func isRecord(table vault.Table, seq vault.Seq) func(*Item) bool {
	return func(it *Item) bool {
		return it.Record != nil && it.Record.RecordKey == vault.RecordKey{Table: table, Seq: seq}
	}
}
func isHour(it *Item) bool   { return it.Hour != nil }
func isAccess(it *Item) bool { return it.Access != nil }
func isSecret(it *Item) bool { return it.Secret != nil }
func isClosed(it *Item) bool { return it.Hour != nil && it.Hour.Closed }

// resealed returns a value's plaintext sealed in another place.
func resealed(t testing.TB, s vault.Sealer, sealed []byte, from, to vault.SecretKey) []byte {
	t.Helper()
	bind := func(k vault.SecretKey) vault.Binding {
		return vault.Binding{Table: vault.Entries, Kind: "secret", ID: string('0' + rune(k.Entry)), Field: "payload", Version: uint64(k.Version)}
	}
	plain, err := s.Open(vault.PurposeSecrets, sealed, bind(from))
	if err != nil {
		t.Fatal(err)
	}
	return must(s.Seal(vault.PurposeSecrets, plain, bind(to)))
}

func TestForgeries(t *testing.T) {
	s := world(t)
	whole := takeApart(t, s)
	open := func(Header) (vault.Sealer, error) { return s.Sealer, nil }
	if _, err := Verify(t.Context(), bytes.NewReader(whole.assemble(t, s.Sealer)), open); err != nil {
		t.Fatalf("put together as it was: %v", err)
	}
	drop := func(match func(*Item) bool) func(*parts) {
		return func(p *parts) { i := p.index(t, match); p.items = slices.Delete(p.items, i, i+1) }
	}
	swap := func(match func(*Item) bool) func(*parts) {
		return func(p *parts) { i := p.index(t, match); p.items[i], p.items[i+1] = p.items[i+1], p.items[i] }
	}
	twice := func(match func(*Item) bool) func(*parts) {
		return func(p *parts) { i := p.index(t, match); p.items = slices.Insert(p.items, i, p.items[i]) }
	}
	last := func(p *parts) *Item { return &p.items[len(p.items)-1] }
	manifest := func(change func(*wireManifest)) func(*parts) {
		return func(p *parts) { p.manifest = p.fitting(); change(p.manifest) }
	}
	item := func(k kind, body ...byte) []byte {
		head := itemHeadOf(k, len(body))
		return append(head[:], body...)
	}
	for what, forge := range map[string]func(*parts){
		"a record less":             drop(isRecord(vault.Entries, 2)),
		"the last record less":      drop(isRecord(vault.Entries, whole.header.Heads.Entries.Seq)),
		"a permissions record less": drop(isRecord(vault.Permissions, 1)),
		"records swapped":           swap(isRecord(vault.Entries, 1)),
		"journals mixed":            swap(isRecord(vault.Entries, whole.header.Heads.Entries.Seq)),
		"a record twice":            twice(isRecord(vault.Entries, 2)),
		"a closed hour less":        drop(isHour),
		"an open hour less":         func(p *parts) { i := p.index(t, isAccess) - 1; p.items = slices.Delete(p.items, i, i+3) },
		"an hour twice":             twice(isHour),
		"an open hour called closed": func(p *parts) {
			p.items[p.index(t, isAccess)-1].Hour = &Hour{whole.items[p.index(t, isAccess)-1].Hour.Hour, true}
		},
		"a closed hour called open":   func(p *parts) { i := p.index(t, isClosed); p.items[i].Hour = &Hour{p.items[i].Hour.Hour - 9, false} },
		"an hour after the secrets":   func(p *parts) { p.items = append(p.items, p.items[p.index(t, isHour)]) },
		"access records swapped":      swap(isAccess),
		"an access record twice":      twice(isAccess),
		"an access record before all": func(p *parts) { p.items = slices.Insert(p.items, 0, p.items[p.index(t, isAccess)]) },
		"an access record changed": func(p *parts) {
			a := *p.items[p.index(t, isAccess)].Access
			a.Sealed = slices.Clone(a.Sealed)
			a.Sealed[30] ^= 1
			p.items[p.index(t, isAccess)].Access = &a
		},
		"an access record in a closed hour": func(p *parts) {
			i := p.index(t, isClosed)
			p.items = slices.Insert(p.items, i+1, p.items[p.index(t, isAccess)])
		},
		"a secret less":        drop(isSecret),
		"the last secret less": func(p *parts) { p.items = p.items[:len(p.items)-1] },
		"secrets swapped":      swap(isSecret),
		"a secret twice":       twice(isSecret),
		"a secret of another entry": func(p *parts) {
			one := p.items[p.index(t, isSecret)].Secret
			last(p).Secret = &vault.StoredSecret{SecretKey: last(p).Secret.SecretKey, Sealed: one.Sealed}
		},
		"a version that nobody wrote": func(p *parts) {
			k := last(p).Secret.SecretKey
			more := vault.SecretKey{Entry: k.Entry, Version: k.Version + 1}
			p.items = append(p.items, Item{Secret: &vault.StoredSecret{SecretKey: more, Sealed: resealed(t, s.Sealer, last(p).Secret.Sealed, k, more)}})
		},
		"records of another vault": func(p *parts) {
			other := takeApart(t, world(t))
			for i := range p.items {
				if p.items[i].Record != nil {
					p.items[i] = other.items[i]
				}
			}
		},
		"a head that is not the journal's": func(p *parts) { p.header.Heads.Entries.Hash[0] ^= 1 },
		"other heads in the manifest":      manifest(func(m *wireManifest) { m.Heads[1].Seq++ }),
		"a section less in the manifest":   manifest(func(m *wireManifest) { m.Sections = m.Sections[1:] }),
		"another count in the manifest":    manifest(func(m *wireManifest) { m.Sections[3].Items++ }),
		"another sum in the manifest":      manifest(func(m *wireManifest) { m.Sections[2].Sum[0]++ }),
		"other entries in the manifest":    manifest(func(m *wireManifest) { m.Entries++ }),
		"purged in the manifest alone":     manifest(func(m *wireManifest) { m.Purged = []wireKey{{Entry: 1, Version: 1}} }),
		"purged ones in disorder":          manifest(func(m *wireManifest) { m.Purged = []wireKey{{Entry: 2, Version: 1}, {Entry: 1, Version: 1}} }),
		"a manifest encoded in another way": func(p *parts) {
			p.encoded = append([]byte{0xb8}, must(encoder.Marshal(p.fitting()))...) // the length of the map in a byte of its own
			p.encoded[1] &= 0x1f
		},
		"an hour too many": func(p *parts) {
			i := p.index(t, isSecret)
			h := vault.HourOf(p.header.Created) + 1
			p.items = slices.Insert(p.items, i, Item{Hour: &Hour{h, false}})
		},
		"no manifest":                  func(p *parts) { p.raw = item(kindManifest) },
		"items after the manifest":     func(p *parts) { p.after = item(kindHour, 0xa0) },
		"a byte after the manifest":    func(p *parts) { p.after = []byte{1} },
		"an item that does not decode": func(p *parts) { p.raw = item(kindSecret, 0xff) },
		"an item with more in it":      func(p *parts) { p.raw = item(kindHour, 0xa1, 0x18, 0x63, 0x01) },
		"an item with a tail":          func(p *parts) { p.raw = item(kindHour, 0xa1, 0x01, 0x01, 0x00) },
		"an item of no end":            func(p *parts) { p.raw = []byte{byte(kindSecret), 0xff, 0xff, 0xff, 0xff} },
		"an item longer than the file": func(p *parts) { p.raw = []byte{byte(kindSecret), 1, 0, 0, 0} },
	} {
		p := whole.clone()
		forge(p)
		m, err := Verify(t.Context(), bytes.NewReader(p.assemble(t, s.Sealer)), open)
		var e *vault.Error
		if !errors.Is(err, vault.Corrupt) || !errors.As(err, &e) || e.Msg == "" {
			t.Errorf("%s: got %+v, %v; want kind Corrupt with a text", what, m, err)
		}
	}
}

// What is purged is said to be, and then it may be missing.
func TestAPurgedSecretMayBeMissing(t *testing.T) {
	s := world(t)
	p := takeApart(t, s)
	i := p.index(t, isSecret)
	k := p.items[i].Secret.SecretKey
	p.items = slices.Delete(p.items, i, i+1)
	p.manifest = p.fitting()
	p.manifest.Purged = []wireKey{{Entry: k.Entry, Version: k.Version}}
	m, err := Verify(t.Context(), bytes.NewReader(p.assemble(t, s.Sealer)), func(Header) (vault.Sealer, error) { return s.Sealer, nil })
	if err != nil || !slices.Equal(m.Purged, []vault.SecretKey{k}) {
		t.Errorf("got %v, %v; want %v purged", m.Purged, err, k)
	}
}

// What a later program adds must not be passed over.
func TestWhatIsNewerIsRefused(t *testing.T) {
	s := world(t)
	whole := takeApart(t, s)
	open := func(Header) (vault.Sealer, error) { return s.Sealer, nil }
	head := itemHeadOf(77, 1)
	kinds := whole.clone()
	kinds.raw = append(head[:], 0xa0)
	section := whole.clone()
	section.manifest = &wireManifest{Sections: []wireSection{{Section: 9}}}
	body := must(encoder.Marshal(map[int]any{0: Format + 1, 1: "all is different", 99: 1}))
	format := append([]byte(magic), 0, 0, 0, byte(len(body)))
	for what, file := range map[string][]byte{
		"a kind": kinds.assemble(t, s.Sealer), "a section": section.assemble(t, s.Sealer), "a format": append(format, body...),
	} {
		if _, err := Verify(t.Context(), bytes.NewReader(file), open); !errors.Is(err, vault.NewerFormat) {
			t.Errorf("%s: got %v, want NewerFormat", what, err)
		}
	}
}
