package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tresor/shared/sqlite"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// childFile tells a run of this test binary that it is the process to be killed, and on which file it works.
const childFile = "TRESOR_TEST_CHILD_FILE"

const (
	crashRecords = 500 // at least so many are written in all
	crashHour    = vault.Hour(7)
)

func TestMain(m *testing.M) {
	path := os.Getenv(childFile)
	if path == "" {
		os.Exit(m.Run())
	}
	if err := child(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child appends records without end, each with a secret, beside two goroutines that write access records, and prints each
// acknowledgement as a line of its own.
func child(path string) error {
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return err
	}
	head, err := lastNumber(s)
	if err != nil {
		return err
	}
	hour, err := s.AccessHour(context.Background(), crashHour, "")
	if err != nil {
		return err
	}
	var printing sync.Mutex
	say := func(kind string, n int) { // long lines, so that the pipe keeps the child from running far ahead of its reader
		printing.Lock()
		defer printing.Unlock()
		fmt.Printf("%s %-1000d\n", kind, n)
	}
	g, ctx := errgroup.WithContext(context.Background())
	g.Go(func() error {
		return forEver(int(head)+1, 1, func(n int) error {
			err := s.Commit(ctx, crashTransaction(n))
			if err == nil {
				say("record", n)
			}
			return err
		})
	})
	for w := range 2 {
		g.Go(func() error {
			return forEver(len(hour)+w, 2, func(n int) error {
				err := s.PutAccess(ctx, []vault.StoredAccess{crashAccess(n)})
				if err == nil {
					say("access", n)
				}
				return err
			})
		})
	}
	return g.Wait()
}

func forEver(from, step int, f func(n int) error) error {
	for n := from; ; n += step {
		if err := f(n); err != nil {
			return err
		}
	}
}

func lastNumber(s *sqlite.Store) (last vault.Seq, err error) {
	for more := true; more && err == nil; {
		var page []vault.StoredRecord
		page, more, err = s.Tail(context.Background(), vault.Entries, last)
		if len(page) > 0 {
			last = page[len(page)-1].Seq
		}
	}
	return last, err
}

func crashTransaction(n int) vault.Transaction {
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, vault.Seq(n), 700))
	tx.PutSecrets = []vault.StoredSecret{vaulttest.NewSecret(vault.EntryID(n), 1, 400)}
	return tx
}

func crashAccess(n int) vault.StoredAccess {
	return vault.StoredAccess{Hour: crashHour, Shard: uint8(n % vault.AccessShards), ID: fmt.Sprintf("01J%023d", n), Sealed: []byte("sealed")}
}

// TestKill kills a process again and again while it writes. Whatever it acknowledged is there afterwards, whole, without a gap.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	acked := acknowledged{access: map[int]bool{}}
	points := []int{1, 2, 20, 75, 150, 151, 400} // kill after so many acknowledgements
	for i := 0; i < len(points) || acked.record < crashRecords; i++ {
		acked.killAfter(t, path, points[i%len(points)], nil)
		acked.verify(t, path)
	}
	t.Logf("%d records and %d access records acknowledged", acked.record, len(acked.access))
}

// acknowledged is what the children said that they had written.
type acknowledged struct {
	record int
	access map[int]bool
}

// killAfter runs a child, calls f, if any, after each acknowledgement, and kills the child after so many.
func (a *acknowledged) killAfter(t *testing.T, path string, lines int, f func(line int)) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), childFile+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a.read(t, out, func(n int) {
		if n == lines {
			if err := cmd.Process.Kill(); err != nil { // SIGKILL
				t.Errorf("kill: %v", err)
			}
		}
		if n <= lines && f != nil {
			f(n)
		}
	})
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() || ctx.Err() != nil {
		t.Fatalf("the child was not killed after %d lines but ended with %v, %v", lines, err, ctx.Err())
	}
}

// read collects acknowledgements to the end, also those that were in the pipe when the child died.
func (a *acknowledged) read(t *testing.T, out io.Reader, each func(n int)) {
	t.Helper()
	scan := bufio.NewScanner(out)
	for n := 1; scan.Scan(); n++ {
		var kind string
		var number int
		if _, err := fmt.Sscan(scan.Text(), &kind, &number); err != nil {
			t.Fatalf("line %q: %v", scan.Text(), err)
		}
		if kind == "record" {
			a.record = number
		} else {
			a.access[number] = true
		}
		each(n)
	}
}

// verify opens the file anew and looks at everything.
func (a *acknowledged) verify(t *testing.T, path string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	last, err := lastNumber(s)
	if err != nil || int(last) < a.record || int(last) > a.record+1 {
		t.Fatalf("got records up to %d, %v, want %d, or one more that was not acknowledged", last, err, a.record)
	}
	verifyRecords(t, s, last)
	a.record = int(last) // one that was not acknowledged stays too, and the next child goes on after it
	hour, err := s.AccessHour(t.Context(), crashHour, "")
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]bool{}
	for _, r := range hour {
		stored[r.ID] = true
	}
	for n := range a.access {
		if !stored[crashAccess(n).ID] {
			t.Errorf("access record %d was acknowledged and is missing", n)
		}
	}
	integrity(t, path)
}

func verifyRecords(t *testing.T, s *sqlite.Store, last vault.Seq) {
	t.Helper()
	for n := vault.Seq(0); n < last; {
		page, _, err := s.Tail(t.Context(), vault.Entries, n)
		if err != nil || len(page) == 0 {
			t.Fatalf("no records after %d: %v", n, err)
		}
		for _, r := range page {
			n++
			want := crashTransaction(int(n))
			if r.Seq != n || string(r.Sealed) != string(want.Put[0].Sealed) {
				t.Fatalf("record %d is missing or differs: got %d", n, r.Seq)
			}
			secret := want.PutSecrets[0]
			found, err := s.Secrets(t.Context(), []vault.SecretKey{secret.SecretKey})
			if err != nil || string(found[secret.SecretKey]) != string(secret.Sealed) {
				t.Fatalf("the secret of record %d is missing or differs: %v", n, err)
			}
		}
	}
}

// integrity asks SQLite to check the file.
func integrity(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var result string
	if err := db.QueryRowContext(t.Context(), "pragma integrity_check").Scan(&result); err != nil || result != "ok" {
		t.Errorf("integrity check: got %q, %v", result, err)
	}
}
