package journal

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"tresor/shared/stream"
	"tresor/shared/vault"
)

// A snapshot is the replica at one pair of heads, so that a process need not replay the journals from record 1. It is never believed more than the journals: what
// it says of them must be what they hold (law 14). The file:
//
//	"tresor snapshot\n" | header length, 4 bytes big endian | header (CBOR, in clear) | sealed stream (package stream)
//
// The stream holds items, each with its length before it, 4 bytes big endian, packed as records are: one with the heads and the rest of the image, then its parts.
const snapshotMagic = "tresor snapshot\n"

// SnapshotFormat is the newest format of snapshots that this code reads and the one that it writes. What is in them has the vault's format.
const SnapshotFormat = 1

const maxSnapshotHeader = 1 << 10

var snapshots = stream.Kind{Purpose: vault.PurposeIndex, Name: "snapshot", What: "the snapshot"}

// snapshotHeader is what is known of a snapshot without a key, and authenticated with the stream.
type snapshotHeader struct {
	Format  uint16 `cbor:"0,keyasint"`
	Records uint16 `cbor:"1,keyasint"` // the vault's format
	VaultID string `cbor:"2,keyasint"`
	ID      []byte `cbor:"3,keyasint"` // random
}

// snapshotHead is the first item.
type snapshotHead struct {
	Entries     vault.Head `cbor:"1,keyasint"`
	Permissions vault.Head `cbor:"2,keyasint"`
	Parts       int        `cbor:"3,keyasint"`
	Rest        vault.Rest `cbor:"4,keyasint"`
}

// WriteSnapshot writes the replica as it stands, and returns where in the journals that is. It holds the lock only while it notes what there is.
func (l *Log) WriteSnapshot(w io.Writer) (vault.Heads, error) {
	var image vault.Image
	exists := false
	var format uint16
	l.Read(func(s *vault.State) {
		if exists = s.Exists(); exists {
			image, format = s.Image(), s.Format()
		}
	})
	if !exists {
		return vault.Heads{}, vault.ErrNoVault
	}
	if err := l.writeImage(w, image, format); err != nil {
		return vault.Heads{}, fmt.Errorf("write a snapshot: %w", err)
	}
	return image.Heads, nil
}

func (l *Log) writeImage(w io.Writer, image vault.Image, format uint16) error {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	header, err := encoder.Marshal(snapshotHeader{SnapshotFormat, format, l.codec.sealer.VaultID(), id[:]})
	if err != nil {
		return err
	}
	beginning := binary.BigEndian.AppendUint32([]byte(snapshotMagic), uint32(len(header)))
	beginning = append(beginning, header...)
	if _, err := w.Write(beginning); err != nil {
		return err
	}
	sealed := snapshots.NewWriter(w, l.codec.sealer, streamID(beginning))
	if err := writeItem(sealed, snapshotHead{image.Heads.Entries, image.Heads.Permissions, len(image.Parts), image.Rest}); err != nil {
		return err
	}
	for _, part := range image.Parts {
		if err := writeItem(sealed, part); err != nil {
			return err
		}
	}
	return sealed.Close(nil)
}

func streamID(beginning []byte) string {
	sum := sha256.Sum256(beginning)
	return hex.EncodeToString(sum[:])
}

func writeItem(w io.Writer, v any) error {
	plain, err := encoder.Marshal(v)
	if err != nil {
		return err
	}
	packed := pack(plain)
	if _, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(packed)))); err != nil {
		return err
	}
	_, err = w.Write(packed)
	return err
}

// Adopt makes a snapshot the replica, if it is of this vault, ahead of the replica, and of what the journals hold (law 14); else the replica stays what it is, and the
// error says why. Nothing else depends on its having worked: who has no snapshot replays.
//
// Errors: Corrupt (damaged, forged, of other journals), NewerFormat, Conflict (the replica is as far), those of the store and of r.
func (l *Log) Adopt(ctx context.Context, r io.Reader) error {
	var newest footing
	state, err := l.readSnapshot(r)
	if err == nil {
		newest, err = l.vouchFor(ctx, state.Heads())
	}
	if err != nil {
		return fmt.Errorf("use a snapshot: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now, then := l.state.Heads(), state.Heads()
	if then.Entries.Seq <= now.Entries.Seq || then.Permissions.Seq <= now.Permissions.Seq {
		return &vault.Error{Kind: vault.Conflict, Err: errors.New("use a snapshot: the replica is as far")}
	}
	l.state, l.hashes, l.footing = state, [2]ring{}, newest
	for _, t := range vault.Tables {
		l.hashes[t-vault.Entries].set(then.Of(t))
	}
	return nil
}

func (l *Log) readSnapshot(r io.Reader) (*vault.State, error) {
	id, err := l.readSnapshotHeader(r)
	if err != nil {
		return nil, err
	}
	items, err := readItems(snapshots.NewReader(r, l.codec.sealer, id))
	if err != nil {
		return nil, err
	}
	var head snapshotHead
	if err := readItem(items[0], &head, new(bytes.Buffer)); err != nil {
		return nil, err
	}
	if head.Parts != len(items)-1 {
		return nil, corrupt("the snapshot has %d parts, not %d", len(items)-1, head.Parts)
	}
	parts, err := readParts(items[1:])
	if err != nil {
		return nil, err
	}
	return vault.StateOf(vault.Heads{Entries: head.Entries, Permissions: head.Permissions}, parts, head.Rest), nil
}

// readSnapshotHeader returns the id of the stream behind it.
func (l *Log) readSnapshotHeader(r io.Reader) (id string, err error) {
	var fixed [len(snapshotMagic) + 4]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return "", cutOff(err)
	}
	length := binary.BigEndian.Uint32(fixed[len(snapshotMagic):])
	if string(fixed[:len(snapshotMagic)]) != snapshotMagic || length > maxSnapshotHeader {
		return "", corrupt("this is no snapshot")
	}
	beginning := append(fixed[:], make([]byte, length)...)
	if _, err := io.ReadFull(r, beginning[len(fixed):]); err != nil {
		return "", cutOff(err)
	}
	var h snapshotHeader
	err = decoder.Unmarshal(beginning[len(fixed):], &h)
	switch {
	case err != nil:
		return "", corrupt("the snapshot's header does not decode")
	case h.Format > SnapshotFormat || h.Records > vault.Format:
		return "", &vault.Error{Kind: vault.NewerFormat, Err: fmt.Errorf("a snapshot of format %d with records of format %d", h.Format, h.Records)}
	case h.VaultID != l.codec.sealer.VaultID():
		return "", corrupt("the snapshot is another vault's")
	}
	return streamID(beginning), nil
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return corrupt("the snapshot is cut off")
	}
	return err
}

// readItems cuts the stream's plaintext into items, still packed.
func readItems(r io.Reader) (items [][]byte, err error) {
	for {
		item, err := nextItem(r)
		if errors.Is(err, io.EOF) && len(items) > 0 {
			return items, nil
		} else if err != nil {
			return nil, unfit(err)
		}
		items = append(items, item)
	}
}

// nextItem returns io.EOF where there is none.
func nextItem(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxUnpacked {
		return nil, corrupt("an item of the snapshot has %d bytes", n)
	}
	item := make([]byte, n)
	if _, err := io.ReadFull(r, item); err != nil {
		return nil, unfit(err)
	}
	return item, nil
}

// unfit is what an end within the items is. Where the stream itself was cut, its reader says so.
func unfit(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return corrupt("the snapshot's items do not fit it")
	}
	return err
}

// readItem decodes an item. The buffer is room for what it unpacks to, which nothing decoded keeps.
func readItem(packed []byte, into any, room *bytes.Buffer) error {
	plain, err := unpackInto(room, packed)
	if err != nil {
		return unpackError(err, "a part of the snapshot")
	}
	if err := decoder.Unmarshal(plain, into); err != nil {
		return corrupt("a part of the snapshot does not decode")
	}
	return nil
}

// readParts decodes the parts on all processors: that is most of what a cold start does.
func readParts(items [][]byte) ([]vault.Part, error) {
	parts := make([]vault.Part, len(items))
	workers := min(runtime.GOMAXPROCS(0), len(items))
	failures := make([]error, workers)
	work := func(w int) {
		var room bytes.Buffer // one for all: a part unpacks to a megabyte and more
		for i := w; i < len(items) && failures[w] == nil; i += workers {
			var changes []vault.Change
			if failures[w] = readItem(items[i], &changes, &room); failures[w] == nil {
				parts[i] = vault.NewPart(changes)
			}
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { work(w) })
	}
	if workers > 0 {
		work(0)
	}
	wg.Wait()
	return parts, errors.Join(failures...)
}

// vouchFor checks that the journals hold, at a snapshot's heads, records with its hashes.
func (l *Log) vouchFor(ctx context.Context, heads vault.Heads) (newest footing, err error) {
	var records [len(vault.Tables)]opened
	var failures [len(vault.Tables)]error
	var wg sync.WaitGroup
	for i, t := range vault.Tables {
		wg.Go(func() { records[i], failures[i] = l.vouch(ctx, t, heads.Of(t)) })
	}
	wg.Wait()
	if err := errors.Join(failures[:]...); err != nil {
		return newest, err
	}
	for _, o := range records {
		newest.set(o)
	}
	return newest, nil
}

func (l *Log) vouch(ctx context.Context, t vault.Table, head vault.Head) (o opened, err error) {
	if head.Seq == 0 {
		return o, corrupt("the snapshot is of an empty %s journal", t)
	}
	var page []vault.StoredRecord
	err = persist(ctx, func() (err error) { page, _, err = l.store.Tail(ctx, t, head.Seq-1); return err })
	if err != nil {
		return o, fmt.Errorf("read the %s journal: %w", t, err)
	}
	if len(page) == 0 || page[0].Seq != head.Seq {
		return o, corrupt("the %s journal does not hold record %d of the snapshot", t, head.Seq)
	}
	if o, err = l.codec.openRecord(&page[0]); err == nil && o.hash != head.Hash {
		err = corrupt("the %s journal holds another record %d than the snapshot", t, head.Seq)
	}
	return o, err
}

// Snapshot returns the replica as a snapshot in memory: for tests and small vaults.
func (l *Log) Snapshot() ([]byte, error) {
	var b bytes.Buffer
	_, err := l.WriteSnapshot(&b)
	return b.Bytes(), err
}
