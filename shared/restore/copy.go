package restore

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tresor/shared/archive"
	"tresor/shared/journal"
	"tresor/shared/vault"
)

// items reads an archive item by item, and can look ahead.
type items struct {
	archive *archive.Reader
	ahead   *archive.Item
}

// peek returns the next item without taking it; nil at the end.
func (i *items) peek() (*archive.Item, error) {
	if i.ahead != nil {
		return i.ahead, nil
	}
	it, err := i.archive.Next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	i.ahead = &it
	return i.ahead, nil
}

func (i *items) take() { i.ahead = nil }

// copier puts into a store all of an archive but what makes it a vault.
type copier struct {
	plan   *Plan
	to     Target
	items  *items
	first  []vault.StoredRecord // both records 1, for the end
	tx     vault.Transaction    // being filled
	size   int
	access []vault.StoredAccess
}

// accessBatch is how many access records are put at once.
const accessBatch = 100

// all copies, in the archive's order. What is left over of one section goes with the next.
func (c *copier) all(ctx context.Context) error {
	c.tx = newTransaction()
	for {
		it, err := c.items.peek()
		if err != nil {
			return err
		}
		if it == nil {
			return errors.Join(c.flush(ctx), c.flushAccess(ctx))
		}
		if err := c.one(ctx, it); err != nil {
			return err
		}
	}
}

func (c *copier) one(ctx context.Context, it *archive.Item) error {
	if it.File != nil {
		return c.file(ctx, it.File.Object)
	}
	c.items.take()
	switch {
	case it.Record != nil:
		return c.record(ctx, it.Record)
	case it.Secret != nil && c.plan.cut.hasSecret(it.Secret.SecretKey):
		c.tx.PutSecrets = append(c.tx.PutSecrets, *it.Secret)
		return c.added(ctx, len(it.Secret.Sealed))
	case it.Access != nil: // all of them, also those after a cut: who saw what stays true
		if err := journal.ShowAccess(c.plan.sealer, it.Access); err != nil {
			return err
		}
		if c.access = append(c.access, *it.Access); len(c.access) == accessBatch {
			return c.flushAccess(ctx)
		}
	}
	return nil
}

func (c *copier) record(ctx context.Context, r *vault.StoredRecord) error {
	if !c.plan.cut.has(r.RecordKey) {
		return nil
	}
	if err := journal.ShowRecord(c.plan.sealer, r); err != nil {
		return err
	}
	if r.Seq == 1 {
		c.first = append(c.first, *r)
		return nil
	}
	c.tx.Put = append(c.tx.Put, *r)
	return c.added(ctx, len(r.Sealed))
}

// added sends the transaction when there is no room for the largest item beside what is in it.
func (c *copier) added(ctx context.Context, size int) error {
	c.size += size + 512
	if c.tx.Items() < vault.MaxTransactionItems-1 && c.size < vault.MaxTransactionBytes-vault.MaxSealedItem {
		return nil
	}
	return c.flush(ctx)
}

// flush puts what is not there yet. Records that are must be the same.
func (c *copier) flush(ctx context.Context) error {
	for len(c.tx.Put)+len(c.tx.PutSecrets) > 0 {
		c.tx.Absent = []vault.RecordKey{{Table: vault.Entries, Seq: 1}} // who finds a vault has no business to write secrets into it
		err := commit(ctx, c.to.Store, c.tx)
		var conflict *vault.ConflictError
		if err == nil {
			break
		}
		switch {
		case !errors.As(err, &conflict):
			return err
		case len(conflict.Existing) == 0:
			return &vault.Error{Kind: vault.Busy, Msg: "the same restore has ended beside this one", Err: err}
		}
		left := without(c.tx.Put, conflict.Existing)
		if len(left)+len(conflict.Existing) != len(c.tx.Put) {
			return &vault.Error{Kind: vault.Exists, Msg: fmt.Sprintf("there is another %s record %d than the archive's", conflict.Existing[0].Table, conflict.Existing[0].Seq)}
		}
		c.tx.ID, c.tx.Put = newTransaction().ID, left
	}
	c.tx, c.size = newTransaction(), 0
	return nil
}

func (c *copier) flushAccess(ctx context.Context) error {
	err := journal.Persist(ctx, func() error { return c.to.Store.PutAccess(ctx, c.access) })
	if err != nil {
		return fmt.Errorf("put access records: %w", err)
	}
	c.access = c.access[:0]
	return nil
}
