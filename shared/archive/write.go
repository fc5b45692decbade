package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"tresor/shared/journal"
	"tresor/shared/stream"
	"tresor/shared/vault"
)

// Source is the vault that is backed up.
type Source struct {
	Store  vault.Store
	Log    vault.Log    // over Store
	Sealer vault.Sealer // for PurposeIndex and PurposeExports
	Blobs  Objects      // nil: there are no contents of files
	Now    func() time.Time
}

// Write writes the vault as of now to w, as one archive: both journals up to one pair of heads closed under law 2, the secrets and files that they name, the access
// records, and the wrapped keysets. Others may go on writing meanwhile; what they write is not in it. It holds a chunk, a page of records and a batch of
// secrets in memory, and some tens of bytes for each entry. Only if it returns no error is there an archive: what w got before an error does not open to the end.
//
// It asks again what the store answers with Busy, until the context ends. Who may make a backup, and the record that it was made, are the caller's.
//
// Errors: NotFound (there is no vault), Busy (also: keys were rotated meanwhile; begin again), NewerFormat, Corrupt (the vault does not verify), an ended context's, those of w.
func Write(ctx context.Context, w io.Writer, src Source) (Manifest, error) {
	m, err := write(ctx, w, src)
	if err != nil {
		return Manifest{}, fmt.Errorf("back up the vault: %w", err)
	}
	return m, nil
}

func write(ctx context.Context, w io.Writer, src Source) (Manifest, error) {
	b, err := begin(ctx, w, src)
	if err != nil {
		return Manifest{}, err
	}
	for _, step := range [...]func(context.Context) error{b.journals, b.hours, b.secrets, b.files} {
		if err := step(ctx); err != nil {
			return Manifest{}, err
		}
	}
	return b.end(ctx)
}

// backup is a Write in progress.
type backup struct {
	src      Source
	header   Header
	chunks   *stream.Writer
	order    *sequence
	tally    *tally
	contents *contents
	purged   []vault.SecretKey
	missing  []string
}

// begin takes the moment that is backed up and writes the header.
func begin(ctx context.Context, w io.Writer, src Source) (*backup, error) {
	heads, err := cut(ctx, src.Log)
	if err != nil {
		return nil, err
	}
	keysets, err := readKeysets(ctx, src) // after the heads: no record up to them is sealed under a key that came later
	if err != nil {
		return nil, err
	}
	now := time.Now
	if src.Now != nil {
		now = src.Now
	}
	h := newHeader(src.Sealer.VaultID(), now(), heads, keysets)
	beginning, err := h.encode()
	if err != nil {
		return nil, err
	}
	if n, err := w.Write(beginning); err != nil || n < len(beginning) {
		return nil, fmt.Errorf("write the archive: %w", cmp.Or(err, io.ErrShortWrite))
	}
	return &backup{src: src, header: h, chunks: chunked.NewWriter(w, src.Sealer, digest(beginning)),
		order: newSequence(heads), tally: newTally(), contents: newContents()}, nil
}

// cut returns the newest pair of heads. A replica is never at any but a closed one.
func cut(ctx context.Context, log vault.Log) (heads vault.Heads, err error) {
	if err := log.CatchUp(ctx); err != nil {
		return heads, err
	}
	exists := false
	log.Read(func(s *vault.State) { heads, exists = s.Heads(), s.Exists() })
	if !exists {
		return heads, &vault.Error{Kind: vault.NotFound, Msg: "there is no vault to back up"}
	}
	return heads, nil
}

// readKeysets returns all keysets of the vault. One missing would make a backup that nobody can open.
func readKeysets(ctx context.Context, src Source) (keysets []vault.StoredKeyset, err error) {
	err = journal.Persist(ctx, func() (err error) { keysets, err = src.Store.Keysets(ctx); return err })
	if err != nil {
		return nil, fmt.Errorf("read the keysets: %w", err)
	}
	for _, k := range keysets {
		if k.VaultID != src.Sealer.VaultID() {
			return nil, corrupt(fmt.Sprintf("keyset %s version %d is another vault's", k.Purpose, k.Version), nil)
		}
	}
	for _, p := range vault.Purposes {
		if !slices.ContainsFunc(keysets, func(k vault.StoredKeyset) bool { return k.Purpose == p }) {
			return nil, corrupt(fmt.Sprintf("the keyset for %s is missing", p), nil)
		}
	}
	return keysets, nil
}

// put writes one item.
func (b *backup) put(it Item) error {
	s, err := b.order.next(&it)
	if err != nil {
		return err
	}
	k, v := it.wire()
	head, body, err := b.write(k, v)
	if err != nil {
		return err
	}
	b.tally.add(s, &it, head, body)
	return nil
}

func (b *backup) write(k kind, v any) (head [itemHead]byte, body []byte, err error) {
	body, err = encoder.Marshal(v)
	if err != nil {
		return head, nil, fmt.Errorf("encode an item: %w", err)
	}
	if len(body) > maxItem {
		return head, nil, &vault.Error{Kind: vault.TooLarge, Msg: "the vault is too large for one archive", Err: fmt.Errorf("an item of %d bytes", len(body))}
	}
	head = itemHeadOf(k, len(body))
	if _, err = b.chunks.Write(head[:]); err == nil {
		_, err = b.chunks.Write(body)
	}
	return head, body, err
}

// end writes the manifest and the last chunk.
func (b *backup) end(ctx context.Context) (Manifest, error) {
	if err := b.order.end(); err != nil {
		return Manifest{}, err
	}
	w := &wireManifest{Heads: [2]vault.Head{b.header.Heads.Entries, b.header.Heads.Permissions}, Entries: uint64(b.contents.entries()), Sections: b.tally.sections(), Missing: b.missing}
	for _, k := range b.purged {
		w.Purged = append(w.Purged, wireKey{Entry: k.Entry, Version: k.Version})
	}
	if _, _, err := b.write(kindManifest, w); err != nil {
		return Manifest{}, err
	}
	if err := b.chunks.Close(func() error { return b.sameKeysets(ctx) }); err != nil {
		return Manifest{}, err
	}
	return b.tally.manifest(b.header, w), nil
}

// sameKeysets checks that the header still holds every keyset: what was sealed meanwhile under a key that it does not hold would never open.
func (b *backup) sameKeysets(ctx context.Context) error {
	now, err := readKeysets(ctx, b.src)
	if err != nil {
		return err
	}
	same := slices.EqualFunc(now, b.header.Keysets, func(x, y vault.StoredKeyset) bool { return x.Purpose == y.Purpose && x.Version == y.Version })
	if !same {
		return &vault.Error{Kind: vault.Busy, Msg: "keys were rotated during the backup: begin again", Err: errors.New("the keysets have changed")}
	}
	return nil
}
