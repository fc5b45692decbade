package journal

import (
	"context"
	"fmt"

	"tresor/shared/vault"
)

// History calls fn with the records of a journal that come after a head, opened and in order, and returns the head of what fn has seen; the zero Head is
// before record 1. Each record must continue the chain of the one before. It stops where a number is missing (law 1: what is behind a gap may still become
// visible), so the head that it returns may be behind the journal's. fn's error ends it. On an error the head still says how far it got, so that the next
// call goes on from there.
//
// It reads what is stored, whatever the replica holds: a replica that began from a snapshot has never seen the records before it.
// Errors: Busy, Corrupt, NewerFormat, and fn's.
func (l *Log) History(ctx context.Context, t vault.Table, after vault.Head, fn func(*vault.Record) error) (vault.Head, error) {
	for {
		var page []vault.StoredRecord
		var more bool
		err := persist(ctx, func() (err error) { page, more, err = l.store.Tail(ctx, t, after.Seq); return err })
		if err != nil {
			return after, fmt.Errorf("read the %s journal: %w", t, err)
		}
		n := contiguous(page, after.Seq)
		list, err := l.openAll(page[:n])
		if err != nil {
			return after, err
		}
		for _, o := range list {
			if o.record.Prev != after.Hash {
				return after, corrupt("%s record %d does not continue record %d: previous hash differs", t, o.record.Seq, after.Seq)
			}
			if err := fn(o.record); err != nil {
				return after, err
			}
			after = o.head()
		}
		if n < len(page) || !more {
			return after, nil
		}
	}
}
