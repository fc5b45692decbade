package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"tresor/shared/vault"
)

// Secrets implements vault.SecretStore. There is nothing to batch: a read here is a function call.
func (s *Store) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	ctx, err := reading(ctx)
	if err != nil {
		return nil, err
	}
	found := make(map[vault.SecretKey][]byte, len(keys))
	for _, k := range keys {
		sealed := []byte{}
		err := s.read.secret.QueryRowContext(ctx, secretKeyArgs(k)...).Scan(&sealed)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read a secret of entry %d: %w", k.Entry, classify(err))
		}
		found[k] = sealed
	}
	return found, nil
}

// Keysets implements vault.KeysetStore.
func (s *Store) Keysets(ctx context.Context) ([]vault.StoredKeyset, error) {
	return readAll(ctx, "read keysets", s.read.keysets, scanKeyset)
}

// AccessHour implements vault.AccessStore.
func (s *Store) AccessHour(ctx context.Context, h vault.Hour, after string) ([]vault.StoredAccess, error) {
	return readAll(ctx, "read access records", s.read.access, scanAccess, int64(h), after)
}

// readAll returns all rows of a statement.
func readAll[T any](ctx context.Context, what string, stmt *sql.Stmt, scan func(scanner) (T, error), args ...any) ([]T, error) {
	ctx, err := reading(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, classify(err))
	}
	defer func() { _ = rows.Close() }() // nothing was written
	var all []T
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, classify(err))
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, classify(err))
	}
	return all, nil
}

// AddAttempts implements vault.AttemptStore. It also removes some counters that have expired, whoever they belong to, so that their
// number stays bounded without a job. Busy: another process wrote for longer than the busy timeout.
func (s *Store) AddAttempts(ctx context.Context, key string, delta int, now, expires time.Time) (n int, err error) {
	err = s.writer.do(ctx, func(ctx context.Context) error {
		if _, err := s.writer.attemptsClean.ExecContext(ctx, instant(now)); err != nil {
			return err
		}
		return s.writer.attemptsAdd.QueryRowContext(ctx, key, delta, instant(now), instant(expires)).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count an attempt: %w", err)
	}
	return n, nil
}

// Marked implements vault.MarkStore.
func (s *Store) Marked(ctx context.Context, mark vault.Hash, now time.Time) (bool, error) {
	ctx, err := reading(ctx)
	if err != nil {
		return false, err
	}
	var n int
	if err := s.read.mark.QueryRowContext(ctx, mark[:], instant(now)).Scan(&n); err != nil {
		return false, fmt.Errorf("read a mark: %w", classify(err))
	}
	return n > 0, nil
}

// Attempts implements vault.AttemptStore.
func (s *Store) Attempts(ctx context.Context, key string, now time.Time) (n int, err error) {
	ctx, err = reading(ctx)
	if err != nil {
		return 0, err
	}
	err = s.read.attempts.QueryRowContext(ctx, key, instant(now)).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read attempts: %w", classify(err))
	}
	return n, nil
}
