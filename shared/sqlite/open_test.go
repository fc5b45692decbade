package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tresor/shared/sqlite"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// plain opens the file with nothing of ours.
func plain(t *testing.T, path string, statements ...string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(conn.Close(), db.Close()) })
	for _, s := range statements {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return conn
}

func wantKind(t *testing.T, err error, want vault.Kind) {
	t.Helper()
	if err == nil || vault.KindOf(err) != want {
		t.Errorf("got error %v, want kind %q", err, want)
	}
}

// TestFileMode: nobody else may read the file or its log, under any umask and also if the file was there before.
func TestFileMode(t *testing.T) {
	dir := t.TempDir()
	before := filepath.Join(dir, "before.db")
	if err := os.WriteFile(before, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	openFile(t, before)
	openFile(t, filepath.Join(dir, "new.db"))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 6 { // each with -wal and -shm
		t.Fatalf("got files %v, %v", files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got mode %v, %v, want 0600", f, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestTheLastToCloseFoldsTheLog: then the vault is in one file, which the next one to open it reads.
func TestTheLastToCloseFoldsTheLog(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "vault.db")
	first, err1 := sqlite.Open(t.Context(), path)
	last, err2 := sqlite.Open(t.Context(), path)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := first.Commit(t.Context(), vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 10))); err != nil {
		t.Fatal(err)
	}
	if _, _, err := last.Tail(t.Context(), vault.Entries, 0); err != nil {
		t.Fatal(err)
	}
	for left, s := range []*sqlite.Store{last, first} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if files, err := os.ReadDir(dir); err != nil || (len(files) == 1) != (left == 1) {
			t.Errorf("%d closed: got files %v, %v", left+1, files, err)
		}
	}
	if records, _, err := openFile(t, path).Tail(t.Context(), vault.Entries, 0); err != nil || len(records) != 1 {
		t.Errorf("got %d records, %v, want 1", len(records), err)
	}
}

// TestOddPath: a path is a path, whatever it would mean in a URL.
func TestOddPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?mode=memory#c%20d&é")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "vault?.db")
	s := openFile(t, path)
	if err := s.Commit(t.Context(), vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 10))); err != nil {
		t.Fatal(err)
	}
	if records, _, err := openFile(t, path).Tail(t.Context(), vault.Entries, 0); err != nil || len(records) != 1 {
		t.Errorf("got %d records, %v, want 1", len(records), err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("the file: got %v, %v", info, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := sqlite.Open(t.Context(), filepath.Join(dir, "no", "such", "folder.db"))
	wantKind(t, err, vault.Internal)

	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), text)
	wantKind(t, err, vault.Corrupt)

	other := filepath.Join(dir, "other.db")
	plain(t, other, "create table t (a)")
	_, err = sqlite.Open(t.Context(), other)
	wantKind(t, err, vault.Corrupt)

	newer := filepath.Join(dir, "newer.db")
	openFile(t, newer)
	plain(t, newer, "pragma user_version = 99")
	_, err = sqlite.Open(t.Context(), newer)
	wantKind(t, err, vault.NewerFormat)
}

// TestOpenAtOnce: many may open a file that is not there yet.
func TestOpenAtOnce(t *testing.T) {
	for round := range 5 {
		path := filepath.Join(t.TempDir(), "vault.db")
		var g errgroup.Group
		for n := range 8 {
			g.Go(func() error {
				s, err := sqlite.Open(t.Context(), path)
				if err != nil {
					return err
				}
				err = s.PutAccess(t.Context(), []vault.StoredAccess{{Hour: 1, ID: fmt.Sprint(n), Sealed: []byte("x")}})
				return errors.Join(err, s.Close())
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if hour, err := openFile(t, path).AccessHour(t.Context(), 1, ""); err != nil || len(hour) != 8 {
			t.Errorf("round %d: got %d access records, %v, want 8", round, len(hour), err)
		}
	}
}

// TestBusy: while another process writes, reads go on, and writes wait for a time and then say Busy.
func TestBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	s := openFile(t, path, sqlite.BusyTimeout(20*time.Millisecond))
	patient := openFile(t, path)
	other := plain(t, path, "begin immediate")
	now := time.Now()
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 10))
	access := []vault.StoredAccess{{Hour: 1, ID: "1", Sealed: []byte("x")}}

	wantKind(t, s.Commit(t.Context(), tx), vault.Busy)
	wantKind(t, s.PutAccess(t.Context(), access), vault.Busy)
	_, err := s.AddAttempts(t.Context(), "k", 1, now, now.Add(time.Hour))
	wantKind(t, err, vault.Busy)
	if _, _, err := s.Tail(t.Context(), vault.Entries, 0); err != nil {
		t.Errorf("tail: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := patient.Commit(ctx, tx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's end", err)
	}

	done := make(chan error)
	go func() { done <- patient.Commit(t.Context(), tx) }()
	if _, err := other.ExecContext(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if err := s.PutAccess(t.Context(), access); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestOpenOlder: a file from before there were marks, and attributes that tell of more than one thing, gets them and keeps what it holds.
func TestOpenOlder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	old := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 10))
	if err := errors.Join(s.Commit(t.Context(), old), s.Close()); err != nil {
		t.Fatal(err)
	}
	steps := []string{"drop table marks", "alter table records drop column more", "pragma user_version = 1"}
	for _, column := range []string{"kind", "action", "target", "actor", "more"} {
		steps = append(steps, "alter table access drop column "+column)
	}
	plain(t, path, steps...)
	check := func(want int) {
		t.Helper()
		var version int
		if err := plain(t, path).QueryRowContext(t.Context(), "pragma user_version").Scan(&version); err != nil || version != want {
			t.Errorf("version %d, %v, want %d", version, err, want)
		}
	}
	check(1)
	for n := range 2 { // brought up to date, and then as it is
		tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, vault.Seq(2+n), 10))
		tx.PutMarks = []vault.Mark{{Hash: vault.Hash{byte(n)}, Expires: time.Now().Add(time.Hour)}}
		if err := openFile(t, path).Commit(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
	}
	if records, _, err := openFile(t, path).Tail(t.Context(), vault.Entries, 0); err != nil || len(records) != 3 {
		t.Errorf("got %d records, %v, want 3", len(records), err)
	}
	check(2) // as programs have it that know no later columns
	// Such a program's statements.
	plain(t, path, `insert into records (tbl, seq, txn, kind, action, target, actor, sealed) values (1, 4, zeroblob(16), 'entry', 'a', 1, 1, x'00')`,
		`insert into access (hour, shard, id, sealed) values (1, 1, 'x', x'00')`)
	if records, _, err := openFile(t, path).Tail(t.Context(), vault.Table(1), 3); err != nil || len(records) != 1 || records[0].Clear.More != "" {
		t.Errorf("what an older program put: got %+v, %v", records, err)
	}
	if records, err := openFile(t, path).AccessHour(t.Context(), 1, ""); err != nil || len(records) != 1 || records[0].Clear != (vault.Clear{}) {
		t.Errorf("what an older program put: got %+v, %v", records, err)
	}
}

// TestExpiredMarksGo: a hundred of those that have expired go with each transaction that puts one.
func TestExpiredMarksGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	s, now := openFile(t, path), time.Now()
	put := func(n vault.Seq, at, expires time.Time) {
		tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, n, 10))
		tx.Now = at
		for i := range byte(75) {
			tx.PutMarks = append(tx.PutMarks, vault.Mark{Hash: vault.Hash{byte(n), i}, Expires: expires})
		}
		if err := s.Commit(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
	}
	put(1, now, now.Add(time.Minute))
	put(2, now, now.Add(time.Minute))
	put(3, now.Add(time.Minute), now.Add(time.Hour))
	var left int
	if err := plain(t, path).QueryRowContext(t.Context(), "select count(*) from marks").Scan(&left); err != nil || left != 75+50 {
		t.Errorf("%d marks are left, %v, want 125", left, err)
	}
}
