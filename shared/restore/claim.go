package restore

import (
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

// Begun reports whether a restore has begun in a store, ended or not.
func Begun(ctx context.Context, s vault.Store) (bool, error) {
	tx := newTransaction()
	tx.Absent = []vault.RecordKey{vault.RestoreMark}
	err := commit(ctx, s, tx)
	if errors.Is(err, vault.Conflict) {
		return true, nil
	}
	return false, err
}

// claim puts the mark, or finds it put by the same restore. done: that one has ended.
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
	tx.Put = []vault.StoredRecord{p.mark()}
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
		return false, p.refuse(ctx, s)
	}
	founded, err := hasRecord(ctx, s, vault.Entries, 1)
	if err != nil || !founded {
		return false, err
	}
	if p.isDone(ctx, s) {
		return true, nil
	}
	return false, errNotEmpty
}

// refuse says what another restore has left: a vault, or its ruins.
func (p *Plan) refuse(ctx context.Context, s vault.Store) error {
	if founded, err := hasRecord(ctx, s, vault.Entries, 1); err != nil || founded {
		return errors.Join(err, errNotEmpty)
	}
	return errOther
}

// mark is the record that says which restore has begun. It is the same for every run of the same restore, and nothing in it is secret.
func (p *Plan) mark() vault.StoredRecord {
	text := fmt.Sprintf("tresor restore\narchive %s\nentries %d\npermissions %d\nold credentials %t\n", p.digest, p.Heads().Entries.Seq, p.Heads().Permissions.Seq,
		p.cut != nil && p.options.OldCredentials)
	sum := sha256.Sum256([]byte(text))
	return vault.StoredRecord{RecordKey: vault.RestoreMark, Txn: vault.TxnID(sum[:len(vault.TxnID{})]),
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

func hasRecord(ctx context.Context, s vault.Store, t vault.Table, n vault.Seq) (bool, error) {
	page, err := tail(ctx, s, t, n-1)
	return len(page) > 0 && page[0].Seq == n, err
}

func tail(ctx context.Context, s vault.Store, t vault.Table, after vault.Seq) (page []vault.StoredRecord, err error) {
	err = journal.Persist(ctx, func() (err error) { page, _, err = s.Tail(ctx, t, after); return err })
	if err != nil {
		err = fmt.Errorf("read the %s journal: %w", t, err)
	}
	return page, err
}

// isDone reports whether the restored vault is there and nobody has written to it since.
func (p *Plan) isDone(ctx context.Context, s vault.Store) bool {
	for _, t := range vault.Tables {
		last, err := tail(ctx, s, t, p.end(t)-1)
		if err != nil || len(last) != 1 || last[0].Seq != p.end(t) {
			return false
		}
	}
	return true
}
