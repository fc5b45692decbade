// Package snapshot keeps snapshots of the replica where objects lie, and finds the one to begin with. What is in one, and whether it may be believed, is package
// journal's.
//
// The one idea: a key's name sorts the newest first, so that whoever starts needs one list of one page, no pointer that two writers could fight over, and no object
// that is ever overwritten. Everything here may fail without harm: a process without a snapshot replays the journals.
package snapshot

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

// Objects is what reading takes of a blob.Store.
type Objects interface {
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Object, error)
	Open(ctx context.Context, key string, offset, length int64) (r io.ReadCloser, size int64, err error)
}

// Log is what a snapshot is made of, and for: journal.Log.
type Log interface {
	CatchUp(ctx context.Context) error
	WriteSnapshot(w io.Writer) (vault.Heads, error)
	Adopt(ctx context.Context, r io.Reader) error
}

const folder = "snapshots/"

// Keep is how many snapshots Prune leaves: a damaged newest one is no reason to replay everything.
const Keep = 3

// maxSize bounds what is read, in bytes: about 100 times the snapshot of 100,000 entries.
const maxSize = 512 << 20

// keyOf names a snapshot. 18446744073709551615 less the number of records before it comes first, so that the newest is the first in a list.
func keyOf(h vault.Heads) string {
	var unique [4]byte
	_, _ = rand.Read(unique[:]) // never fails (crypto/rand)
	return fmt.Sprintf("%s%016x-%d-%d-%s", folder, math.MaxUint64-records(h), h.Entries.Seq, h.Permissions.Seq, hex.EncodeToString(unique[:]))
}

func records(h vault.Heads) uint64 { return uint64(h.Entries.Seq) + uint64(h.Permissions.Seq) }

// recordsIn returns how many records are before the snapshot with a key.
func recordsIn(key string) (uint64, bool) {
	var inverse, entries, permissions uint64
	if n, err := fmt.Sscanf(key, folder+"%016x-%d-%d-", &inverse, &entries, &permissions); err != nil || n != 3 || math.MaxUint64-inverse != entries+permissions {
		return 0, false
	}
	return entries + permissions, true
}

// Use makes the newest snapshot that can be used the replica of a log. It reports whether one was; an error says why the newest was not.
func Use(ctx context.Context, log Log, from Objects) (used bool, err error) {
	list, err := from.List(ctx, folder, "", Keep)
	if err != nil {
		return false, fmt.Errorf("list the snapshots: %w", err)
	}
	var failures []error
	for _, o := range list {
		err := use(ctx, log, from, o)
		if err == nil || errors.Is(err, vault.Conflict) { // the replica is as far as the newest
			return err == nil, errors.Join(failures...)
		}
		failures = append(failures, fmt.Errorf("%s: %w", o.Key, err))
	}
	return false, errors.Join(failures...)
}

func use(ctx context.Context, log Log, from Objects, o blob.Object) error {
	r, size, err := from.Open(ctx, o.Key, 0, -1)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	if size > maxSize {
		return &vault.Error{Kind: vault.TooLarge, Err: fmt.Errorf("a snapshot of %d bytes", size)}
	}
	return log.Adopt(ctx, io.LimitReader(r, maxSize))
}

// Write writes a snapshot of the vault as of now, and returns its key.
func Write(ctx context.Context, log Log, to blob.Store) (key string, heads vault.Heads, err error) {
	if err := log.CatchUp(ctx); err != nil {
		return "", heads, err
	}
	var file bytes.Buffer
	if heads, err = log.WriteSnapshot(&file); err != nil {
		return "", heads, err
	}
	key = keyOf(heads)
	if _, err := to.Put(ctx, key, &file); err != nil {
		return "", heads, fmt.Errorf("put a snapshot: %w", err)
	}
	return key, heads, nil
}

// Due is how many records may follow the newest snapshot before there is to be another (law 14).
const Due = 1000

// Refresh writes a snapshot if one is due, and removes old ones. It returns the key of what it wrote; "" for nothing.
func Refresh(ctx context.Context, log Log, heads func() vault.Heads, in blob.Store) (key string, err error) {
	if err := log.CatchUp(ctx); err != nil {
		return "", err
	}
	list, err := in.List(ctx, folder, "", Keep)
	if err != nil {
		return "", fmt.Errorf("list the snapshots: %w", err)
	}
	newest := uint64(0)
	if len(list) > 0 {
		newest, _ = recordsIn(list[0].Key)
	}
	if now := records(heads()); now < newest+Due {
		return "", nil
	}
	if key, _, err = Write(ctx, log, in); err != nil {
		return "", err
	}
	return key, Prune(ctx, in, time.Now().Add(-grace))
}

// grace is how long an old snapshot stays: a process may just be reading it.
const grace = time.Hour

// Prune removes all snapshots but the newest Keep, of those written before a time.
func Prune(ctx context.Context, in blob.Store, before time.Time) error {
	kept := 0
	for o, err := range blob.All(ctx, in, folder) {
		if err != nil {
			return fmt.Errorf("list the snapshots: %w", err)
		}
		if kept++; kept <= Keep || !o.Modified.Before(before) {
			continue
		}
		if err := in.Delete(ctx, o.Key); err != nil {
			return fmt.Errorf("remove an old snapshot: %w", err)
		}
	}
	return nil
}

// Begin is Use for a process that starts: it takes at most a time, and what goes wrong is logged.
func Begin(ctx context.Context, log Log, from Objects, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if used, err := Use(ctx, log, from); err != nil {
		slog.WarnContext(ctx, "a snapshot could not be used", "used_another", used, "error", err.Error())
	}
}
