package restore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"

	"tresor/shared/archive"
	"tresor/shared/journal"
	"tresor/shared/vault"
)

// Objects is where the contents of files go. Every blob store is one.
type Objects interface {
	archive.Objects
	// Put writes a new object with all that r gives. Exists: the key is taken.
	Put(ctx context.Context, key string, r io.Reader) (location string, err error)
}

// Target is where an archive is restored to.
type Target struct {
	Store vault.Store
	Blobs Objects      // nil: there is no place for files
	Ready func() error // called when all but the founding is done; nil: nothing
}

// Run restores into an empty store. Killed or failed, it may be run again, with a Plan of the same archive and options: it goes on, and does nothing twice. Memory does
// not grow with the vault.
//
// Errors: Exists (there is a vault, or what another restore has begun; nothing was changed), Invalid (there are files and no place for them; nothing was
// changed), Busy (run it again), those of the store.
func (p *Plan) Run(ctx context.Context, to Target) error {
	if err := p.run(ctx, to); err != nil {
		return fmt.Errorf("restore the vault: %w", err)
	}
	return nil
}

func (p *Plan) run(ctx context.Context, to Target) error {
	if p.manifest.Files > 0 && to.Blobs == nil {
		return invalid("the archive holds files and there is no place for them: name a bucket")
	}
	founded, err := p.claim(ctx, to.Store)
	if err == nil && !founded {
		err = p.fill(ctx, to)
	}
	if err != nil {
		return err
	}
	return p.end(ctx, to.Store)
}

// fill puts everything, and the beginning last.
func (p *Plan) fill(ctx context.Context, to Target) error {
	a, err := p.openAgain()
	if err != nil {
		return err
	}
	c := &copier{plan: p, to: to, items: &items{archive: a}}
	if err := c.all(ctx); err != nil {
		return err
	}
	if to.Ready != nil {
		if err := to.Ready(); err != nil {
			return err
		}
	}
	return p.found(ctx, to.Store, c.first)
}

// found makes the vault: from here on it is there.
func (p *Plan) found(ctx context.Context, s vault.Store, first []vault.StoredRecord) error {
	if len(first) != len(vault.Tables) {
		return &vault.Error{Kind: vault.Corrupt, Msg: "the archive does not begin with the records that found a vault"}
	}
	tx := newTransaction()
	tx.Put = first
	if p.cut != nil {
		r, err := p.record(tx.ID)
		if err != nil {
			return err
		}
		tx.Put = append(slices.Clone(first), r)
	}
	early, late := splitKeysets(p.manifest.Keysets, vault.MaxTransactionItems-len(tx.Put))
	if err := putKeysets(ctx, s, early); err != nil {
		return err
	}
	tx.PutKeysets = late
	err := commit(ctx, s, tx)
	var conflict *vault.ConflictError
	if errors.As(err, &conflict) && len(without(first, conflict.Existing)) == 0 { // an earlier sending, or the same restore beside this one
		return nil
	}
	return err
}

// splitKeysets returns the keysets that do not fit into the transaction that founds the vault, oldest versions first, and the others.
func splitKeysets(all []vault.StoredKeyset, room int) (early, late []vault.StoredKeyset) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b vault.StoredKeyset) int { return int(a.Version) - int(b.Version) })
	n := max(0, len(all)-room)
	return all[:n], all[n:]
}

func putKeysets(ctx context.Context, s vault.Store, list []vault.StoredKeyset) error {
	if len(list) == 0 {
		return nil
	}
	there, err := s.Keysets(ctx)
	if err != nil {
		return err
	}
	for _, k := range list {
		if slices.ContainsFunc(there, func(t vault.StoredKeyset) bool { return t.Purpose == k.Purpose && t.Version == k.Version }) {
			continue
		}
		tx := newTransaction()
		tx.PutKeysets = []vault.StoredKeyset{k}
		if err := commit(ctx, s, tx); err != nil {
			return err
		}
	}
	return nil
}

func newTransaction() (tx vault.Transaction) {
	_, _ = rand.Read(tx.ID[:]) // never fails (crypto/rand)
	return tx
}

// tries is how often a transaction is sent before the restore gives up: some 20 s.
const tries = 40

// commit sends a transaction until it is carried out or proven not to be. All that a restore puts may be sent again: it is put if absent, or the same bytes again.
func commit(ctx context.Context, s vault.Store, tx vault.Transaction) error {
	for try := 0; ; try++ {
		err := s.Commit(ctx, tx)
		if !errors.Is(err, vault.Busy) && !errors.Is(err, vault.Undecided) {
			return err
		}
		if try == tries || journal.Pause(ctx, try) != nil {
			return &vault.Error{Kind: vault.Busy, Msg: "the store is busy: run the restore again, it goes on where it was", Err: err}
		}
	}
}

// without returns those records that are not, byte for byte, among ours.
func without(found, ours []vault.StoredRecord) []vault.StoredRecord {
	return slices.DeleteFunc(slices.Clone(found), func(f vault.StoredRecord) bool {
		return slices.ContainsFunc(ours, func(o vault.StoredRecord) bool { return equal(&f, &o) })
	})
}

func equal(a, b *vault.StoredRecord) bool {
	return a.RecordKey == b.RecordKey && a.Txn == b.Txn && a.Clear == b.Clear && bytes.Equal(a.Sealed, b.Sealed)
}
