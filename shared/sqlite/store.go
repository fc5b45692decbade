// Package sqlite is the embedded store: the whole vault in one SQLite file, through a driver in pure Go. It is for `tresor serve`
// on one machine, for tests and for trying things out. It is not part of any Lambda function, and it knows nothing of what it
// stores: every value is sealed before it arrives.
//
// The one idea: SQLite in WAL mode already is what vault.Store asks for. One writer at a time, readers that never wait for it, and
// a commit that returns when its bytes are on the disk, for any number of processes on the same file; so `tresor token add` works
// while `tresor serve` runs. bbolt was measured too and is a little faster, but locks the file for one process.
//
// Durability: synchronous=FULL makes SQLite call fsync before a commit returns. What the tests prove by kill -9 is that the death of
// the process loses nothing that was acknowledged. They cannot prove what happens when the power fails: that rests on the file
// system and on a disk that does what fsync asks of it.
package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"tresor/shared/vault"
)

// Store is a vault in a SQLite file. One file holds one vault.
type Store struct {
	readers *sql.DB
	read    readStatements
	writer  *writer
	access  accessQueue
}

var (
	_ vault.Store       = (*Store)(nil)
	_ vault.ResealStore = (*Store)(nil)
)

// Close closes the file. The last one to close it, of all processes, folds the write-ahead log into it.
func (s *Store) Close() error {
	return errors.Join(s.readers.Close(), s.writer.close())
}

// reading returns the context for a read. A read is local and short, so it is refused under an ended context and else runs to its
// end: to watch the context on the way would cost a goroutine a call, more than the read itself.
func reading(ctx context.Context) (context.Context, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return context.WithoutCancel(ctx), nil
}
