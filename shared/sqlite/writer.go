package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// writer is the one connection of this process that writes. SQLite lets one transaction write at a time, so a second connection
// would only wait, and wait worse: the slot here is handed over in order of arrival, SQLite's lock is polled.
type writer struct {
	slot chan struct{} // holds one value while someone writes
	db   *sql.DB
	conn *sql.Conn
	writeStatements
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, classify(err)
	}
	return &writer{slot: make(chan struct{}, 1), db: db, conn: conn}, nil
}

func (w *writer) close() error {
	return errors.Join(w.writeStatements.close(), w.conn.Close(), w.db.Close())
}

func (w *writer) release() { <-w.slot }

// do waits for the slot and runs f in a transaction.
func (w *writer) do(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil { // select would take the slot half the time
		return err
	}
	select {
	case w.slot <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer w.release()
	if err := w.start(ctx); err != nil {
		return err
	}
	return w.finish(ctx, f)
}

// start begins a transaction, waiting for another process to end its own until the busy timeout (then Busy) or until ctx ends.
func (w *writer) start(ctx context.Context) error {
	if _, err := w.begin.ExecContext(ctx); err != nil {
		w.undo(ctx) // an interrupted begin may have begun
		return fmt.Errorf("begin: %w", classify(err))
	}
	return nil
}

// finish runs f in the transaction that start began, and commits. From here on the context is not looked at: what is left is local
// and takes a millisecond, and whoever gives up in the middle of it would not know what happened.
func (w *writer) finish(ctx context.Context, f func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	if err := f(ctx); err != nil {
		w.undo(ctx)
		return classify(err)
	}
	if _, err := w.commit.ExecContext(ctx); err != nil {
		w.undo(ctx)
		return fmt.Errorf("commit: %w", uncommitted(err))
	}
	return nil
}

// undo rolls back. Its error says only that SQLite had already done so.
func (w *writer) undo(ctx context.Context) { _, _ = w.rollback.ExecContext(context.WithoutCancel(ctx)) }
