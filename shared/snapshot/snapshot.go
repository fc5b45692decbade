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

// Newest returns the newest snapshot's object; NotFound if there is none. It may be damaged.
func Newest(ctx context.Context, from blob.ReadOnly) (blob.Object, error) {
	list, err := from.List(ctx, folder, "", 1)
	switch {
	case err != nil:
		return blob.Object{}, fmt.Errorf("look for a snapshot: %w", err)
	case len(list) == 0:
		return blob.Object{}, &vault.Error{Kind: vault.NotFound, Msg: "there is no snapshot"}
	}
	return list[0], nil
}

// Use makes the newest snapshot that can be used the replica of a log. It reports whether one was; an error says why the newest was not.
func Use(ctx context.Context, log Log, from blob.ReadOnly) (used bool, err error) {
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

func use(ctx context.Context, log Log, from blob.ReadOnly, o blob.Object) error {
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
	now := records(heads())
	newest, err := newestUpTo(ctx, in, now)
	if err != nil || now < newest+Due {
		return "", err
	}
	key, _, err = Renew(ctx, log, in)
	return key, err
}

// Renew is Write, and removes old ones.
func Renew(ctx context.Context, log Log, in blob.Store) (key string, heads vault.Heads, err error) {
	if key, heads, err = Write(ctx, log, in); err != nil {
		return "", heads, err
	}
	return key, heads, Prune(ctx, in, heads, time.Now().Add(-grace))
}

// newestUpTo returns how many records are before the newest snapshot that is not ahead of the journals.
func newestUpTo(ctx context.Context, in blob.Store, now uint64) (uint64, error) {
	for o, err := range blob.All(ctx, in, folder) {
		if err != nil {
			return 0, fmt.Errorf("list the snapshots: %w", err)
		}
		if n, ok := recordsIn(o.Key); ok && n <= now {
			return n, nil
		}
	}
	return 0, nil
}

// grace is how long an old snapshot stays: a process may just be reading it.
const grace = time.Hour

// Prune removes all snapshots but the newest Keep, of those written before a time. Those that are ahead of the journals are none of the Keep: they are of a vault that
// went back to an earlier point since.
func Prune(ctx context.Context, in blob.Store, now vault.Heads, before time.Time) error {
	kept := 0
	return remove(ctx, in, func(o blob.Object) bool {
		if n, ok := recordsIn(o.Key); ok && n <= records(now) {
			kept++
			return kept > Keep && o.Modified.Before(before)
		}
		return o.Modified.Before(before)
	})
}

// Clear removes all snapshots: those of a vault that went back to an earlier point say what is no longer so. Nobody would believe them, and everybody would read them.
func Clear(ctx context.Context, in blob.Store) error {
	return remove(ctx, in, func(blob.Object) bool { return true })
}

func remove(ctx context.Context, in blob.Store, old func(blob.Object) bool) error {
	for o, err := range blob.All(ctx, in, folder) {
		if err != nil {
			return fmt.Errorf("list the snapshots: %w", err)
		}
		if !old(o) {
			continue
		}
		if err := in.Delete(ctx, o.Key); err != nil {
			return fmt.Errorf("remove an old snapshot: %w", err)
		}
	}
	return nil
}

// Begin is Use for a process that starts: it takes at most a time, and what goes wrong is logged.
func Begin(ctx context.Context, log Log, from blob.ReadOnly, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if used, err := Use(ctx, log, from); err != nil {
		slog.WarnContext(ctx, "a snapshot could not be used", "used_another", used, "error", err.Error())
	}
}
