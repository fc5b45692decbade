package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"tresor/shared/vault"
)

// This file holds every statement, and builds and parses every row. Unsigned numbers are stored as the signed number with the same
// bits, which is the same number for all that a vault counts up to.

const (
	applicationID = 0x74726573 // "tres", see https://www.sqlite.org/pragma.html#pragma_application_id
	schemaVersion = len(schemas)
)

// schemas are the steps from an empty file to the newest version; a file of an older version gets those that it lacks. Tables with small
// rows are kept in their primary key; those with large ones are not, because SQLite advises against it (https://www.sqlite.org/withoutrowid.html).
var schemas = [...]string{`
create table records (
	tbl integer not null, seq integer not null, txn blob not null,
	kind text not null, action text not null, target integer not null, actor integer not null,
	sealed blob not null,
	primary key (tbl, seq)) strict;
create table secrets (
	entry integer not null, version integer not null, sealed blob not null,
	primary key (entry, version)) strict;
create table keysets (
	purpose text not null, version integer not null, vault text not null, wrapped blob not null,
	primary key (purpose, version)) strict, without rowid;
create table access (
	hour integer not null, shard integer not null, id text not null, sealed blob not null,
	primary key (hour, shard, id)) strict, without rowid;
create table attempts (
	key text not null primary key, count integer not null, expires integer not null) strict, without rowid;
create index attempts_expires on attempts (expires);
`, `
create table marks (
	hash blob not null primary key, txn blob not null, expires integer not null) strict, without rowid;
create index marks_expires on marks (expires);
`}

// additions are columns that came later, which older programs neither read nor have to write: the version stays, so that going back to an older program needs no more than
// starting it (law 11). They are made where the last of them is missing.
const (
	additions = `
alter table records add column more text not null default '';
alter table access add column kind text not null default '';
alter table access add column action text not null default '';
alter table access add column target integer not null default 0;
alter table access add column actor integer not null default 0;
alter table access add column more text not null default '';
`
	hasAdditions = `select count(*) from pragma_table_info('access') where name = 'more'`
)

// readStatements run on the pool of readers.
type readStatements struct{ tail, secret, keysets, access, attempts, mark *sql.Stmt }

// writeStatements run on the one connection that writes.
type writeStatements struct {
	begin, commit, rollback                    *sql.Stmt
	record, recordAt, secret, drop, keyset     *sql.Stmt
	access, attemptsClean, attemptsAdd, absent *sql.Stmt
	mark, marksClean, replace, dropRecord      *sql.Stmt
	dropKeyset                                 *sql.Stmt
	resealRecord, resealSecret, resealAccess   *sql.Stmt

	all []*sql.Stmt
}

const (
	recordColumns = `tbl, seq, txn, kind, action, target, actor, more, sealed`
	accessColumns = `hour, shard, id, kind, action, target, actor, more, sealed`
)

func (r *readStatements) prepare(ctx context.Context, db *sql.DB) error {
	return prepareAll(ctx, db.PrepareContext, map[**sql.Stmt]string{
		&r.tail:     `select ` + recordColumns + ` from records where tbl = ? and seq > ? order by seq`,
		&r.secret:   `select sealed from secrets where entry = ? and version = ?`,
		&r.keysets:  `select purpose, version, vault, wrapped from keysets order by purpose, version`,
		&r.access:   `select ` + accessColumns + ` from access where hour = ? and id > ? order by shard, id`,
		&r.mark:     `select count(*) from marks where hash = ? and expires > ?`,
		&r.attempts: `select count from attempts where key = ? and expires > ?`,
	})
}

func (w *writeStatements) prepare(ctx context.Context, conn *sql.Conn) error {
	prepare := func(ctx context.Context, text string) (*sql.Stmt, error) {
		stmt, err := conn.PrepareContext(ctx, text)
		if err == nil {
			w.all = append(w.all, stmt)
		}
		return stmt, err
	}
	return prepareAll(ctx, prepare, map[**sql.Stmt]string{
		&w.begin:      `begin immediate`,
		&w.commit:     `commit`,
		&w.rollback:   `rollback`,
		&w.record:     `insert into records (` + recordColumns + `) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
		&w.replace:    `insert or replace into records (` + recordColumns + `) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		&w.dropRecord: `delete from records where tbl = ? and seq = ?`,
		&w.recordAt:   `select ` + recordColumns + ` from records where tbl = ? and seq = ?`,
		&w.absent:     `select count(*) from records where tbl = ? and seq = ?`,
		&w.secret: `insert into secrets (entry, version, sealed) values (?, ?, ?)
			on conflict do update set sealed = excluded.sealed`,
		&w.drop:         `delete from secrets where entry = ? and version = ?`,
		&w.keyset:       `insert into keysets (purpose, version, vault, wrapped) values (?, ?, ?, ?) on conflict do nothing`,
		&w.dropKeyset:   `delete from keysets where purpose = ? and version = ?`,
		&w.resealRecord: `update records set sealed = ? where tbl = ? and seq = ? and sealed = ?`,
		&w.resealSecret: `update secrets set sealed = ? where entry = ? and version = ? and sealed = ?`,
		&w.resealAccess: `update access set sealed = ? where hour = ? and shard = ? and id = ? and sealed = ?`,
		&w.access:       `insert into access (` + accessColumns + `) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
		&w.attemptsClean: `delete from attempts where key in
			(select key from attempts where expires <= ? order by expires limit 100)`,
		&w.attemptsAdd: `insert into attempts (key, count, expires) values (?1, max(0, ?2), ?4)
			on conflict do update set expires = ?4, count = max(0, ?2 + case when expires > ?3 then count else 0 end)
			returning count`,
		&w.mark: `insert into marks (hash, txn, expires) values (?1, ?2, ?3)
			on conflict do update set txn = ?2, expires = ?3 where expires <= ?4 or txn = ?2`,
		&w.marksClean: `delete from marks where hash in
			(select hash from marks where expires <= ? order by expires limit 100)`,
	})
}

// close ends the statements: database/sql does not, for those of one connection, and SQLite keeps a connection open that has one.
func (w *writeStatements) close() error {
	var errs []error
	for _, stmt := range w.all {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

func prepareAll(ctx context.Context, prepare func(context.Context, string) (*sql.Stmt, error), all map[**sql.Stmt]string) error {
	for into, text := range all {
		stmt, err := prepare(ctx, text)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", text, classify(err))
		}
		*into = stmt
	}
	return nil
}

func recordKeyArgs(k vault.RecordKey) []any { return []any{int64(k.Table), int64(k.Seq)} }

func recordArgs(r vault.StoredRecord) []any {
	return append(append([]any{int64(r.Table), int64(r.Seq), r.Txn[:]}, clearArgs(r.Clear)...), blob(r.Sealed))
}

func clearArgs(c vault.Clear) []any {
	return []any{c.Kind, c.Action, int64(c.Target), int64(c.Actor), c.More}
}

// scanner is a *sql.Row or *sql.Rows.
type scanner interface{ Scan(into ...any) error }

func scanRecord(from scanner) (r vault.StoredRecord, err error) {
	var table, seq, target, actor int64
	var txn []byte
	if err := from.Scan(&table, &seq, &txn, &r.Clear.Kind, &r.Clear.Action, &target, &actor, &r.Clear.More, &r.Sealed); err != nil {
		return r, err
	}
	if copy(r.Txn[:], txn) != len(r.Txn) || len(txn) != len(r.Txn) {
		return r, &vault.Error{Kind: vault.Corrupt, Err: fmt.Errorf("a transaction id of %d bytes", len(txn))}
	}
	r.Table, r.Seq = vault.Table(table), vault.Seq(seq)
	r.Clear.Target, r.Clear.Actor = uint64(target), vault.UserID(actor)
	return r, nil
}

func secretKeyArgs(k vault.SecretKey) []any { return []any{int64(k.Entry), int64(k.Version)} }

func secretArgs(s vault.StoredSecret) []any {
	return append(secretKeyArgs(s.SecretKey), blob(s.Sealed))
}

func keysetArgs(k vault.StoredKeyset) []any {
	return []any{string(k.Purpose), int64(k.Version), k.VaultID, blob(k.Wrapped)}
}

func scanKeyset(from scanner) (k vault.StoredKeyset, err error) {
	err = from.Scan(&k.Purpose, &k.Version, &k.VaultID, &k.Wrapped)
	return k, err
}

func accessArgs(r vault.StoredAccess) []any {
	return append(append([]any{int64(r.Hour), int64(r.Shard), r.ID}, clearArgs(r.Clear)...), blob(r.Sealed))
}

func scanAccess(from scanner) (r vault.StoredAccess, err error) {
	var target, actor int64
	err = from.Scan(&r.Hour, &r.Shard, &r.ID, &r.Clear.Kind, &r.Clear.Action, &target, &actor, &r.Clear.More, &r.Sealed)
	r.Clear.Target, r.Clear.Actor = uint64(target), vault.UserID(actor)
	return r, err
}

// instant is how a time is stored: nanoseconds since the Unix epoch.
func instant(t time.Time) int64 { return t.UnixNano() }

// blob keeps an empty value from being stored as null.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
