package restore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"tresor/shared/journal"
	"tresor/shared/vault"
)

// errNotEmpty refuses a place that is taken.
var errNotEmpty = &vault.Error{Kind: vault.Exists, Msg: "there is a vault here already; nothing was changed: restore into an empty place"}

// errOther refuses to go on with what another restore has begun.
var errOther = &vault.Error{Kind: vault.Exists, Msg: "another restore has begun here, of another archive or with other options; nothing was changed: run that one again, or restore into an empty place"}

// errEnded refuses to restore what was restored.
var errEnded = &vault.Error{Kind: vault.Exists, Msg: "there is a vault here already, which this very restore has made; nothing was changed"}

// Begun reports whether a restore has begun in a store, ended or not.
func Begun(ctx context.Context, s vault.Store) (bool, error) {
	return hasNote(ctx, s, vault.RestoreMark)
}

// hasNote reports whether there is a record that no tail shows.
func hasNote(ctx context.Context, s vault.Store, k vault.RecordKey) (bool, error) {
	tx := newTransaction()
	tx.Absent = []vault.RecordKey{k}
	err := commit(ctx, s, tx)
	if errors.Is(err, vault.Conflict) {
		return true, nil
	}
	return false, err
}

// claim puts the mark, or finds it put by the same restore. done: that one has made the vault and did not live to say so.
func (p *Plan) claim(ctx context.Context, s vault.Store) (done bool, err error) {
	empty, err := isEmpty(ctx, s)
	if err != nil {
		return false, err
	}
	if !empty { // either a vault, or the ruins of a restore
		begun, err := Begun(ctx, s)
		if err != nil {
			return false, err
		}
		if !begun {
			return false, errNotEmpty
		}
	}
	tx := newTransaction()
	tx.Put = []vault.StoredRecord{p.mark(vault.RestoreMark)}
	for _, t := range vault.Tables {
		tx.Absent = append(tx.Absent, vault.RecordKey{Table: t, Seq: 1})
	}
	err = commit(ctx, s, tx)
	var conflict *vault.ConflictError
	switch {
	case !errors.As(err, &conflict):
		return false, err
	case len(conflict.Existing) == 0: // no mark, and a record 1
		return false, errNotEmpty
	case !equal(&conflict.Existing[0], &tx.Put[0]):
		return false, refuse(ctx, s)
	}
	if ended, err := hasNote(ctx, s, vault.RestoreEnd); err != nil || ended {
		return false, cmp.Or[error](err, errEnded)
	}
	return isFounded(ctx, s)
}

// end notes that the restore has ended: from here on the place is taken for it too.
func (p *Plan) end(ctx context.Context, s vault.Store) error {
	tx := newTransaction()
	tx.Put = []vault.StoredRecord{p.mark(vault.RestoreEnd)}
	if err := commit(ctx, s, tx); err != nil && !errors.Is(err, vault.Conflict) { // by the same restore beside this one, or an earlier sending
		return err
	}
	return nil
}

// refuse says what another restore has left: a vault, or its ruins.
func refuse(ctx context.Context, s vault.Store) error {
	if founded, err := isFounded(ctx, s); err != nil || founded {
		return cmp.Or[error](err, errNotEmpty)
	}
	return errOther
}

// mark is the record that says which restore has begun. It is the same for every run of the same restore, and nothing in it is secret.
func (p *Plan) mark(k vault.RecordKey) vault.StoredRecord {
	text := fmt.Sprintf("tresor restore\narchive %s\nentries %d\npermissions %d\nold credentials %t\n", p.digest, p.Heads().Entries.Seq, p.Heads().Permissions.Seq,
		p.cut != nil && p.options.OldCredentials)
	sum := sha256.Sum256([]byte(text))
	return vault.StoredRecord{RecordKey: k, Txn: vault.TxnID(sum[:len(vault.TxnID{})]),
		Clear: vault.Clear{Kind: "restore", Action: string(vault.Command) + " restore"}, Sealed: []byte(text)}
}

func isEmpty(ctx context.Context, s vault.Store) (bool, error) {
	keysets, err := s.Keysets(ctx)
	if err != nil || len(keysets) > 0 {
		return false, err
	}
	for _, t := range vault.Tables {
		if page, err := tail(ctx, s, t, 0); err != nil || len(page) > 0 {
			return false, err
		}
	}
	return true, nil
}

func isFounded(ctx context.Context, s vault.Store) (bool, error) {
	page, err := tail(ctx, s, vault.Entries, 0)
	return len(page) > 0 && page[0].Seq == 1, err
}

func tail(ctx context.Context, s vault.Store, t vault.Table, after vault.Seq) (page []vault.StoredRecord, err error) {
	err = journal.Persist(ctx, func() (err error) { page, _, err = s.Tail(ctx, t, after); return err })
	if err != nil {
		err = fmt.Errorf("read the %s journal: %w", t, err)
	}
	return page, err
}
