package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"tresor/shared/vault"
)

// Reseal implements vault.ResealStore by one transaction.
func (s *Store) Reseal(ctx context.Context, items []vault.Resealed) (changed int, err error) {
	if err := cmp.Or(ctx.Err(), vault.CheckResealed(items)); err != nil || len(items) == 0 {
		return 0, err
	}
	err = s.writer.do(ctx, func(ctx context.Context) error {
		changed = 0
		for _, i := range items {
			done, err := s.writer.reseal(ctx, i)
			if err != nil {
				return err
			}
			if done {
				changed++
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("reseal %d items: %w", len(items), repeatable(err))
	}
	return changed, nil
}

func (w *writer) reseal(ctx context.Context, i vault.Resealed) (bool, error) {
	var stmt *sql.Stmt
	var place []any
	switch {
	case i.Record != nil:
		stmt, place = w.resealRecord, recordKeyArgs(*i.Record)
	case i.Secret != nil:
		stmt, place = w.resealSecret, secretKeyArgs(*i.Secret)
	default:
		stmt, place = w.resealAccess, []any{int64(i.Access.Hour), int64(i.Access.Shard), i.Access.ID}
	}
	args := append([]any{blob(i.Sealed)}, place...)
	return inserted(stmt.ExecContext(ctx, append(args, blob(i.Was))...))
}

// repeatable makes what is not known to have been written what may be done again.
func repeatable(err error) error {
	if errors.Is(err, vault.Undecided) {
		return &vault.Error{Kind: vault.Busy, Err: err}
	}
	return err
}
