package sqlite

import (
	"context"
	"fmt"
	"sync"

	"tresor/shared/vault"
)

// accessQueue is where concurrent callers of PutAccess meet. Whoever comes while a transaction is being written joins the batch that
// waits for its turn; whichever of them gets the writer's slot first writes the batch of all in one transaction, so that they share
// one fsync. There is no goroutine that writes for others, and nothing to stop.
type accessQueue struct {
	mu      sync.Mutex
	waiting *accessBatch
}

type accessBatch struct {
	parts [][]vault.StoredAccess // one of each caller; guarded by the queue's mutex until the batch is taken
	done  chan struct{}          // closed when err is set
	err   error
}

// PutAccess implements vault.AccessStore. Under an ended context the records may be written all the same.
func (s *Store) PutAccess(ctx context.Context, records []vault.StoredAccess) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(records) == 0 {
		return nil
	}
	b, place := s.access.join(records)
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		s.access.leave(b, place)
		return ctx.Err()
	case s.writer.slot <- struct{}{}:
	}
	defer s.writer.release() // after done is closed: the next one to get the slot is none of this batch
	select {
	case <-b.done: // both had happened
		return b.err
	default:
	}
	if err := s.writer.start(ctx); err != nil && ctx.Err() != nil {
		s.access.leave(b, place) // our context is no reason for the others to fail
		return err
	} else if err != nil {
		return s.access.finish(b, err)
	}
	return s.access.finish(b, s.writer.finish(ctx, func(ctx context.Context) error {
		return s.writer.putAccess(ctx, s.access.take(b))
	}))
}

// join adds records to the batch that waits.
func (q *accessQueue) join(records []vault.StoredAccess) (b *accessBatch, place int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == nil {
		q.waiting = &accessBatch{done: make(chan struct{})}
	}
	b = q.waiting
	b.parts = append(b.parts, records)
	return b, len(b.parts) - 1
}

// leave takes a caller's records out of a batch that has not been taken yet.
func (q *accessQueue) leave(b *accessBatch, place int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == b {
		b.parts[place] = nil
	}
}

// take ends the joining of b and returns its parts.
func (q *accessQueue) take(b *accessBatch) [][]vault.StoredAccess {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == b {
		q.waiting = nil
	}
	return b.parts
}

// finish tells all callers of b its result.
func (q *accessQueue) finish(b *accessBatch, err error) error {
	q.take(b)
	if err != nil {
		err = fmt.Errorf("put access records: %w", err)
	}
	b.err = err
	close(b.done)
	return err
}

func (w *writer) putAccess(ctx context.Context, parts [][]vault.StoredAccess) error {
	for _, records := range parts {
		for _, r := range records {
			if _, err := w.writeStatements.access.ExecContext(ctx, accessArgs(r)...); err != nil {
				return err
			}
		}
	}
	return nil
}
