package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"tresor/shared/vault"
)

// pageBytes is how much a Tail reads at once, as on DynamoDB.
const pageBytes = 1 << 20

// rowBytes is what a record takes beside its sealed part, counted towards a page.
const rowBytes = 100

// Tail implements vault.JournalStore. Unlike DynamoDB's, it shows all of a transaction or nothing.
func (s *Store) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	ctx, err := reading(ctx)
	if err != nil {
		return nil, false, err
	}
	rows, err := s.read.tail.QueryContext(ctx, recordKeyArgs(vault.RecordKey{Table: t, Seq: after})...)
	if err != nil {
		return nil, false, fmt.Errorf("read records of %s after %d: %w", t, after, classify(err))
	}
	page, more, err := readPage(rows)
	if err != nil {
		return nil, false, fmt.Errorf("read records of %s after %d: %w", t, after, classify(err))
	}
	return page, more, nil
}

// readPage reads records until they fill a page, and closes rows.
func readPage(rows *sql.Rows) (page []vault.StoredRecord, more bool, err error) {
	defer func() { _ = rows.Close() }() // nothing was written
	size := 0
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, false, err
		}
		if size += len(r.Sealed) + rowBytes; size > pageBytes && len(page) > 0 {
			return page, true, nil
		}
		page = append(page, r)
	}
	return page, false, rows.Err()
}

// Commit implements vault.JournalStore. A transaction sent twice finds its own record: a conflict that carries its id.
func (s *Store) Commit(ctx context.Context, tx vault.Transaction) error {
	err := s.writer.do(ctx, func(ctx context.Context) error { return s.writer.carryOut(ctx, tx) })
	if err != nil {
		return fmt.Errorf("transaction %s: %w", tx.ID, err)
	}
	return nil
}

// carryOut does all of tx, or returns a *vault.ConflictError for a condition that does not hold.
func (w *writer) carryOut(ctx context.Context, tx vault.Transaction) error {
	if err := w.putConditional(ctx, tx); err != nil {
		return err
	}
	if err := w.rewrite(ctx, tx); err != nil {
		return err
	}
	for _, s := range tx.PutSecrets {
		if _, err := w.secret.ExecContext(ctx, secretArgs(s)...); err != nil {
			return fmt.Errorf("put a secret of entry %d: %w", s.Entry, err)
		}
	}
	for _, k := range tx.DropSecrets {
		if _, err := w.drop.ExecContext(ctx, secretKeyArgs(k)...); err != nil {
			return fmt.Errorf("drop a secret of entry %d: %w", k.Entry, err)
		}
	}
	for _, k := range tx.PutKeysets {
		put, err := inserted(w.keyset.ExecContext(ctx, keysetArgs(k)...))
		if err != nil {
			return fmt.Errorf("put keyset %s %d: %w", k.Purpose, k.Version, err)
		}
		if !put {
			return &vault.ConflictError{}
		}
	}
	for _, k := range tx.DropKeysets {
		if _, err := w.dropKeyset.ExecContext(ctx, string(k.Purpose), int64(k.Version)); err != nil {
			return fmt.Errorf("drop keyset %s %d: %w", k.Purpose, k.Version, err)
		}
	}
	return nil
}

// rewrite does to the journals what only a repair does.
func (w *writer) rewrite(ctx context.Context, tx vault.Transaction) error {
	for _, r := range tx.Replace {
		if _, err := w.replace.ExecContext(ctx, recordArgs(r)...); err != nil {
			return fmt.Errorf("replace record %d of %s: %w", r.Seq, r.Table, err)
		}
	}
	for _, k := range tx.DropRecords {
		if _, err := w.dropRecord.ExecContext(ctx, recordKeyArgs(k)...); err != nil {
			return fmt.Errorf("drop record %d of %s: %w", k.Seq, k.Table, err)
		}
	}
	return nil
}

// putConditional puts the records and marks and checks what must be absent. A conflict shows every record and mark that was in the way.
func (w *writer) putConditional(ctx context.Context, tx vault.Transaction) error {
	existing, err := w.putRecords(ctx, tx)
	if err != nil {
		return err
	}
	used, err := w.putMarks(ctx, tx)
	if err != nil {
		return err
	}
	if len(existing) > 0 || len(used) > 0 {
		return &vault.ConflictError{Existing: existing, Marks: used}
	}
	for _, k := range tx.Absent {
		var n int
		if err := w.absent.QueryRowContext(ctx, recordKeyArgs(k)...).Scan(&n); err != nil {
			return fmt.Errorf("look for record %d of %s: %w", k.Seq, k.Table, err)
		}
		if n > 0 {
			return &vault.ConflictError{}
		}
	}
	return nil
}

// putRecords returns the records that were there already.
func (w *writer) putRecords(ctx context.Context, tx vault.Transaction) (existing []vault.StoredRecord, err error) {
	for _, r := range tx.Put {
		put, err := inserted(w.record.ExecContext(ctx, recordArgs(r)...))
		if err != nil {
			return nil, fmt.Errorf("put record %d of %s: %w", r.Seq, r.Table, err)
		}
		if put {
			continue
		}
		old, err := scanRecord(w.recordAt.QueryRowContext(ctx, recordKeyArgs(r.RecordKey)...))
		if err != nil {
			return nil, fmt.Errorf("read record %d of %s: %w", r.Seq, r.Table, err)
		}
		existing = append(existing, old)
	}
	return existing, nil
}

// putMarks returns the marks that another transaction has put. It also removes some that have expired, so that their number stays bounded
// without a job.
func (w *writer) putMarks(ctx context.Context, tx vault.Transaction) (used []vault.Hash, err error) {
	if len(tx.PutMarks) == 0 {
		return nil, nil
	}
	if _, err := w.marksClean.ExecContext(ctx, instant(tx.Now)); err != nil {
		return nil, fmt.Errorf("remove expired marks: %w", err)
	}
	for _, m := range tx.PutMarks {
		put, err := inserted(w.mark.ExecContext(ctx, m.Hash[:], tx.ID[:], instant(m.Expires), instant(tx.Now)))
		if err != nil {
			return nil, fmt.Errorf("put a mark: %w", err)
		}
		if !put {
			used = append(used, m.Hash)
		}
	}
	return used, nil
}

// inserted says whether an insert that does nothing on conflict has inserted.
func inserted(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
