package archive

import (
	"crypto/sha256"
	"errors"
	"hash"
	"slices"

	"tresor/shared/vault"
)

// Manifest is what an archive says at its end of what is in it.
type Manifest struct {
	Header
	Entries   int // that the journal names, those in the trash included
	Hours     int // of access records, closed ones
	OpenHours int // and since then
	Accesses  int // access records in both
	Secrets   int // payloads: every version of every entry's, but for the purged ones
	Purged    []vault.SecretKey
	Files     int      // contents of files, those in the trash included
	Missing   []string // contents that files name and that are not there
	Sections  []Section
}

// Section is one part of an archive.
type Section struct {
	Name   string // "entries", "permissions", "access", "secrets", "files" (only if there are any)
	Items  int
	SHA256 vault.Hash // over the section's items as they lie in the chunks
}

// wireManifest is the body of the last item.
type wireManifest struct {
	Heads    [2]vault.Head `cbor:"1,keyasint"`
	Entries  uint64        `cbor:"2,keyasint"`
	Sections []wireSection `cbor:"3,keyasint"`
	Purged   []wireKey     `cbor:"4,keyasint,omitempty"`
	Missing  []string      `cbor:"5,keyasint,omitempty"`
}

type wireSection struct {
	Section section    `cbor:"1,keyasint"`
	Items   uint64     `cbor:"2,keyasint"`
	Sum     vault.Hash `cbor:"3,keyasint"`
}

type wireKey struct {
	_       struct{} `cbor:",toarray"`
	Entry   vault.EntryID
	Version uint32
}

// tally counts what goes by: the writer's becomes the manifest, the reader's is compared with it.
type tally struct {
	items    [sectionEnd]uint64
	sums     [sectionEnd]hash.Hash
	hours    [2]int // open and closed ones
	accesses int
	files    int
}

func newTally() *tally {
	t := &tally{}
	for s := sectionEntries; s < sectionEnd; s++ {
		t.sums[s] = sha256.New()
	}
	return t
}

func (t *tally) add(s section, it *Item, head [itemHead]byte, body []byte) {
	t.items[s]++
	_, _ = t.sums[s].Write(head[:]) // never fails (hash.Hash)
	_, _ = t.sums[s].Write(body)
	switch {
	case it.Hour != nil && it.Hour.Closed:
		t.hours[1]++
	case it.Hour != nil:
		t.hours[0]++
	case it.Access != nil:
		t.accesses++
	case it.File != nil && it.File.Offset == 0:
		t.files++
	}
}

func (t *tally) sections() []wireSection {
	var list []wireSection
	for s := sectionEntries; s < sectionEnd; s++ {
		if s == sectionFiles && t.items[s] == 0 { // as it was before there were files
			continue
		}
		list = append(list, wireSection{s, t.items[s], vault.Hash(t.sums[s].Sum(nil))})
	}
	return list
}

// manifest returns what w says in the form for callers.
func (t *tally) manifest(h Header, w *wireManifest) Manifest {
	m := Manifest{Header: h, Entries: int(w.Entries), Hours: t.hours[1], OpenHours: t.hours[0], Accesses: t.accesses, Secrets: int(t.items[sectionSecrets]),
		Files: t.files, Missing: w.Missing}
	for _, k := range w.Purged {
		m.Purged = append(m.Purged, vault.SecretKey{Entry: k.Entry, Version: k.Version})
	}
	for _, s := range w.Sections {
		m.Sections = append(m.Sections, Section{sectionNames[s.Section], int(s.Items), s.Sum})
	}
	return m
}

// check compares a manifest with what was read.
func (t *tally) check(heads vault.Heads, w *wireManifest) error {
	for _, s := range w.Sections {
		if s.Section >= sectionEnd {
			return &vault.Error{Kind: vault.NewerFormat, Msg: "the archive holds what this version of tresor does not know"}
		}
	}
	wrong := ""
	switch {
	case w.Heads != [2]vault.Head{heads.Entries, heads.Permissions}:
		wrong = "the heads differ from the header's"
	case !slices.Equal(w.Sections, t.sections()):
		wrong = "the sections differ"
	case !slices.IsSortedFunc(w.Purged, func(a, b wireKey) int {
		return compareKeys(vault.SecretKey{Entry: a.Entry, Version: a.Version}, vault.SecretKey{Entry: b.Entry, Version: b.Version})
	}):
		wrong = "the purged secrets are not in order"
	case !slices.IsSorted(w.Missing):
		wrong = "the missing files are not in order"
	default:
		return nil
	}
	return corrupt("the archive is not what its manifest says", errors.New(wrong))
}
