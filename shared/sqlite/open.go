package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tresor/shared/vault"
)

// Option changes how Open opens.
type Option func(*options)

type options struct{ busy time.Duration }

// BusyTimeout sets how long a write waits for another process that writes, before it is answered with Busy. The default is 5 s.
func BusyTimeout(d time.Duration) Option { return func(o *options) { o.busy = d } }

// readerCount is how many reads run side by side. More than the cores of a small machine, because a read may wait for the disk.
const readerCount = 8

// Open opens the vault in the file at path, and makes the file, readable by its owner only, if there is none; its folder must exist.
// Errors: NewerFormat if a newer tresor has made the file, Corrupt if it is not a vault's, Busy if another process kept it locked.
func Open(ctx context.Context, path string, opts ...Option) (*Store, error) {
	o := options{busy: 5 * time.Second}
	for _, opt := range opts {
		opt(&o)
	}
	s, err := open(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("open vault file %s: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string, o options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := secureFile(path); err != nil {
		return nil, err
	}
	w, err := openWriter(ctx, path, o)
	if err != nil {
		return nil, err
	}
	s := &Store{writer: w}
	if s.readers, err = openPool(path, readerCount, o.busy, url.Values{"_query_only": {"1"}}); err != nil {
		return nil, errors.Join(err, w.close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	if err := s.writer.setUp(ctx); err != nil {
		return err
	}
	if err := s.writer.prepare(ctx, s.writer.conn); err != nil {
		return err
	}
	return s.read.prepare(ctx, s.readers)
}

// secureFile makes the file, or takes from an existing one what others may do with it. SQLite gives its log the same mode.
//
// It never opens an existing file: closing it again would drop the locks that SQLite holds on it in this process, as POSIX locks
// have it (https://www.sqlite.org/howtocorrupt.html, section 2.2). So a new file gets its name when it is already closed.
func secureFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createFile(path)
	}
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return os.Chmod(path, 0o600)
}

// createFile is not package newfile's, which renames where there are no links: another process may have opened the file by then.
func createFile(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // its other name stays
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// openPool opens a pool of at most n connections. Pragmas hold per connection, so they are part of the name.
func openPool(path string, n int, busy time.Duration, params url.Values) (*sql.DB, error) {
	params.Set("_busy_timeout", strconv.FormatInt(busy.Milliseconds(), 10))
	name := url.URL{Scheme: "file", Path: path, RawQuery: params.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// openWriter opens the connection that writes. Turning a new file to WAL needs it alone and does not wait for others that open it at
// the same moment, so it is tried again until the busy timeout.
func openWriter(ctx context.Context, path string, o options) (*writer, error) {
	db, err := openPool(path, 1, o.busy, url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_pragma": {"secure_delete(on)"},
	})
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(o.busy); ; {
		w, err := newWriter(ctx, db)
		if err == nil {
			return w, nil
		}
		if !errors.Is(err, vault.Busy) || time.Now().After(end) {
			return nil, errors.Join(err, db.Close())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// setUp checks that the file is ours and durable, and makes the tables that it lacks.
func (w *writer) setUp(ctx context.Context) error {
	steps, err := w.steps(ctx)
	if err != nil || steps == "" {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, "begin immediate"); err != nil {
		return fmt.Errorf("make tables: %w", classify(err))
	}
	if steps, err = w.steps(ctx); err == nil && steps != "" { // still
		_, err = w.conn.ExecContext(ctx, steps+fmt.Sprintf("pragma application_id = %d; pragma user_version = %d;", applicationID, schemaVersion))
	}
	end := "commit"
	if err != nil {
		end = "rollback"
	}
	_, errEnd := w.conn.ExecContext(context.WithoutCancel(ctx), end)
	if err := errors.Join(err, errEnd); err != nil {
		return fmt.Errorf("make tables: %w", classify(err))
	}
	return nil
}

// steps returns what the file lacks; nothing where it is up to date.
func (w *writer) steps(ctx context.Context) (string, error) {
	version, err := w.version(ctx)
	if err != nil {
		return "", err
	}
	steps := strings.Join(schemas[version:], "")
	var has int
	if err := w.conn.QueryRowContext(ctx, hasAdditions).Scan(&has); err != nil {
		return "", classify(err)
	}
	if has == 0 {
		steps += additions
	}
	return steps, nil
}

// version returns the schema's version, 0 for a new file.
func (w *writer) version(ctx context.Context) (int, error) {
	var application, version, tables, synchronous int
	var journal string
	err := w.conn.QueryRowContext(ctx, `select a.application_id, u.user_version, (select count(*) from sqlite_schema), j.journal_mode, s.synchronous
		from pragma_application_id a, pragma_user_version u, pragma_journal_mode j, pragma_synchronous s`).
		Scan(&application, &version, &tables, &journal, &synchronous)
	switch {
	case err != nil:
		return 0, classify(err)
	case journal != "wal" || synchronous != 2:
		return 0, fmt.Errorf("journal mode %s, synchronous %d: the file system does not support what durability needs", journal, synchronous)
	case application == 0 && version == 0 && tables == 0:
		return 0, nil
	case application != applicationID:
		return 0, &vault.Error{Kind: vault.Corrupt, Err: errors.New("a database of another program")}
	case version < 1 || version > schemaVersion:
		return 0, &vault.Error{Kind: vault.NewerFormat, Err: fmt.Errorf("schema version %d, want %d", version, schemaVersion)}
	}
	return version, nil
}
