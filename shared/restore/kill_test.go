package restore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/restore"
	"tresor/shared/seal/keyfile"
	"tresor/shared/sqlite"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

var errDied = errors.New("died")

// dying is a store whose process dies at one of its writes: before it, or after it was carried out and before the answer came.
type dying struct {
	vault.Store
	left  int // writes until then
	after bool
}

func (d *dying) write(do func() error) error {
	switch {
	case d.left < 0:
		return errDied
	case d.left > 0:
		d.left--
		return do()
	}
	d.left--
	if d.after {
		_ = do()
	}
	return errDied
}

// Commit implements vault.Store.
func (d *dying) Commit(ctx context.Context, tx vault.Transaction) error {
	if len(tx.Put)+len(tx.PutSecrets)+len(tx.PutKeysets) == 0 {
		return d.Store.Commit(ctx, tx) // it only looks
	}
	return d.write(func() error { return d.Store.Commit(ctx, tx) })
}

// PutAccess implements vault.Store.
func (d *dying) PutAccess(ctx context.Context, list []vault.StoredAccess) error {
	return d.write(func() error { return d.Store.PutAccess(ctx, list) })
}

// wantEmptyOrWhole checks that there is no vault for anybody, or all of it.
func (w *world) wantEmptyOrWhole(t *testing.T, what string, s vault.Store, want content) {
	t.Helper()
	got := w.content(t, s)
	begins := func(list []vault.StoredRecord) bool { return len(list) > 0 && list[0].Seq == 1 }
	if !begins(got.Records[0]) && !begins(got.Records[1]) && len(got.Keysets) == 0 {
		return
	}
	w.wantSame(t, what, got, want)
}

// TestDyingAtEveryWrite lets a restore die at its first write, then at its second, and so on, and runs it again.
func TestDyingAtEveryWrite(t *testing.T) {
	w := rich(t)
	w.create(t, 200, "many") // several transactions
	p, want := w.plan(t, w.backup(t), restore.Options{}), w.content(t, w.Store)
	total := writes(t, p)
	for _, after := range []bool{false, true} {
		for n := 0; ; n++ {
			what := fmt.Sprintf("died at write %d, carried out: %t", n, after)
			memory, blobs := vaulttest.NewMemory(), blobtest.Folder(t)
			d := &dying{Store: memory, left: n, after: after}
			err := p.Run(t.Context(), restore.Target{Store: d, Blobs: blobs})
			w.wantEmptyOrWhole(t, what, memory, want)
			if d.left >= 0 { // it has ended before
				if err != nil || n < 5 {
					t.Errorf("%s: %v", what, err)
				}
				break
			}
			if !errors.Is(err, errDied) {
				t.Fatalf("%s: got %v", what, err)
			}
			ended := after && n == total-1
			if err := p.Run(t.Context(), restore.Target{Store: memory, Blobs: blobs}); (err != nil) != ended {
				t.Fatalf("%s: again: %v", what, err)
			}
			w.wantSame(t, what, w.content(t, memory), want)
		}
	}
}

// writes counts those of a whole restore.
func writes(t *testing.T, p *restore.Plan) int {
	t.Helper()
	const many = 1 << 20
	d := &dying{Store: vaulttest.NewMemory(), left: many}
	if err := p.Run(t.Context(), restore.Target{Store: d, Blobs: blobtest.Folder(t)}); err != nil {
		t.Fatal(err)
	}
	return many - d.left
}

// TestAStoreInTrouble: throttled, with lost answers, and shown in parts.
func TestAStoreInTrouble(t *testing.T) {
	w := rich(t)
	p, want := w.plan(t, w.backup(t), restore.Options{}), w.content(t, w.Store)
	for seed := range uint64(5) {
		memory := vaulttest.NewMemory()
		f := &losing{Store: memory, n: int(seed)}
		if err := p.Run(t.Context(), restore.Target{Store: f, Blobs: blobtest.Folder(t)}); err != nil {
			t.Fatal(err)
		}
		w.wantSame(t, "in trouble", w.content(t, memory), want)
	}
}

// losing is a store that answers one write in three, refuses one as busy and loses the answer of one.
type losing struct {
	vault.Store
	n int
}

// Commit implements vault.Store.
func (l *losing) Commit(ctx context.Context, tx vault.Transaction) error {
	l.n++
	switch l.n % 3 {
	case 0:
		return &vault.Error{Kind: vault.Busy}
	case 1:
		_ = l.Store.Commit(ctx, tx)
		return &vault.Error{Kind: vault.Undecided}
	}
	return l.Store.Commit(ctx, tx)
}

// What tells a run of this test binary that it is the process to be killed, and on what it works.
const (
	childArchive = "TRESOR_TEST_CHILD_ARCHIVE"
	childKey     = "TRESOR_TEST_CHILD_KEY"
	childFolder  = "TRESOR_TEST_CHILD_FOLDER"
)

func TestMain(m *testing.M) {
	if os.Getenv(childArchive) == "" {
		os.Exit(m.Run())
	}
	if err := child(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child restores, and prints a line before and after each write: long ones, so that the pipe keeps it from running far ahead of its reader.
func child(ctx context.Context) error {
	in, err := os.Open(os.Getenv(childArchive))
	if err != nil {
		return err
	}
	key, err := keyfile.Load(os.Getenv(childKey))
	if err != nil {
		return err
	}
	dir := os.Getenv(childFolder)
	blobs, err := blob.OpenFolder(filepath.Join(dir, "objects"))
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, filepath.Join(dir, "vault.db"))
	if err != nil {
		return err
	}
	p, err := restore.Prepare(ctx, in, opener(ctx, key), restore.Options{})
	if err != nil {
		return err
	}
	return p.Run(ctx, restore.Target{Store: telling{store}, Blobs: blobs})
}

type telling struct{ vault.Store }

// Commit implements vault.Store.
func (s telling) Commit(ctx context.Context, tx vault.Transaction) error {
	fmt.Printf("%-70000s\n", "before")
	defer fmt.Printf("%-70000s\n", "after")
	return s.Store.Commit(ctx, tx)
}

// TestKill kills the process of a restore again and again, ever later, until it comes to its end. In between there is no vault.
func TestKill(t *testing.T) {
	keyPath := filepath.Join(t.TempDir(), "key")
	key, err := keyfile.Create(keyPath)
	if err != nil {
		t.Fatal(err)
	}
	w := richUnder(t, key)
	w.create(t, 300, "many")
	path, want, dir := w.backup(t), w.content(t, w.Store), t.TempDir()
	killed := 0
	for lines := 1; ; lines += 2 {
		ended := runChild(t, lines, childArchive+"="+path, childKey+"="+keyPath, childFolder+"="+dir)
		store, err := sqlite.Open(t.Context(), filepath.Join(dir, "vault.db"))
		if err != nil {
			t.Fatal(err)
		}
		w.wantEmptyOrWhole(t, fmt.Sprintf("killed after %d lines", lines), store, want)
		whole := w.content(t, store)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if ended || len(whole.Keysets) > 0 { // it may have been killed with its work done
			w.wantSame(t, "in the end", whole, want)
			break
		}
		if killed++; killed > 500 { // it takes some ten
			t.Fatal("no restore comes to its end")
		}
	}
	t.Logf("killed %d times", killed)
	if killed < 5 {
		t.Errorf("killed %d times only", killed)
	}
}

// runChild lets a child live for so many lines. It reports whether the child came to its end.
func runChild(t *testing.T, lines int, env ...string) (ended bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	for range lines {
		if _, err := r.ReadString('\n'); err != nil {
			break
		}
	}
	_ = cmd.Process.Kill() // it may have ended
	_, _ = io.Copy(io.Discard, r)
	err = cmd.Wait()
	if err != nil && (cmd.ProcessState.Exited() || ctx.Err() != nil) {
		t.Fatalf("the child was not killed after %d lines but ended with %v, %v", lines, err, ctx.Err())
	}
	return err == nil
}
