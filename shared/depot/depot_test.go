package depot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tresor/shared/archive"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/depot"
	"tresor/shared/scenario"
	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// world is a vault with a few accounts and a depot in a folder.
type world struct {
	*scenario.System
	depot *depot.Depot
	blobs blob.Store
	dir   string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{System: scenario.New(t), dir: t.TempDir()}
	var err error
	if w.blobs, err = blob.OpenFolder(w.dir); err != nil {
		t.Fatal(err)
	}
	w.depot = w.on(w.blobs)
	w.Do(t, func(tx *vault.Tx) error {
		client, err1 := tx.CreateProject(vault.Project{Name: "Acme & <Söhne>", Notes: "line 1\r\nline 2\x02"})
		below, err2 := tx.CreateProject(vault.Project{Name: "Servers", Parent: client})
		tags, err3 := tx.EnsureTags([]string{"web", "linux"})
		_, err4 := tx.CreateEntry(vault.Entry{Name: "mail 日本", Username: "root", URL: "https://a/?b&c", Notes: "x\ty", Project: client, Tags: tags}, vault.Payload{Password: vault.NewSecret("s3<cr>t \x00\xff")})
		_, err5 := tx.CreateEntry(vault.Entry{Name: "below\x01", Project: below}, vault.Payload{})
		return errors.Join(err1, err2, err3, err4, err5)
	})
	return w
}

func (w *world) on(blobs blob.Store) *depot.Depot {
	return depot.New(depot.Parts{Vault: w.Vault, Log: w.Log, Store: w.Store, Sealer: w.Sealer, Blobs: blobs, Now: w.Clock.Now})
}

func (w *world) export(t *testing.T) *vault.Export {
	t.Helper()
	req := vault.Request{Auth: auth.Token(w.Founding.SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "config/export", Reveals: true}}
	x, err := vault.View(t.Context(), w.Vault, req, func(r *vault.Reader) (*vault.Export, error) { return r.Export() })
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// read returns what lies at a location.
func (w *world) read(t *testing.T, location string) []byte {
	t.Helper()
	key, ok := strings.CutPrefix(location, "file://"+w.dir+"/")
	if !ok {
		t.Fatalf("location %s", location)
	}
	r, _, err := w.blobs.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// files counts what lies in the folder.
func (w *world) files(t *testing.T) (n int) {
	t.Helper()
	err := filepath.WalkDir(w.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAnExportReadsBack opens the file with the master password that the vault's founder got, and nothing else.
func TestAnExportReadsBack(t *testing.T) {
	w := newWorld(t)
	for _, password := range []string{"", "of the file"} {
		location, changed, err := w.depot.Export(t.Context(), w.export(t), "nightly/a", password)
		if err != nil || changed != 2 || !strings.Contains(location, "/exports/nightly/a/sysPass_export-") {
			t.Fatalf("at %q, %d changed, %v", location, changed, err)
		}
		d, warnings, err := syspassxml.Read(bytes.NewReader(w.read(t, location)), syspassxml.ReadOptions{Password: vault.NewSecret(password)})
		if err != nil || password != "" && len(warnings) != 0 {
			t.Fatalf("read: %v, %v", warnings, err)
		}
		if len(d.Accounts) != 2 || len(d.Clients) != 1 || len(d.Categories) != 1 || len(d.Tags) != 2 || d.User.Login != "admin" || d.Clients[0].Name != "Acme & <Söhne>" {
			t.Errorf("got %+v", d)
		}
		a, b := d.Accounts[0], d.Accounts[1]
		if a.Name != "mail 日本" || a.Login != "root" || a.URL != "https://a/?b&c" || a.Notes != "x\ty" || len(a.Tags) != 2 || a.ClientID != 1 || a.CategoryID != 1 || b.Name != "below\uFFFD" || b.ClientID != 1 {
			t.Errorf("got %+v, %+v", a, b)
		}
		opener := syspassxml.NewOpener(w.Founding.SysPass.MasterPassword)
		for account, want := range map[*syspassxml.Account]string{&a: "s3<cr>t \x00\xff", &b: ""} {
			if got, err := opener.Open(account.Pass, account.Key); err != nil || got != want {
				t.Errorf("%s: got %q, %v; want %q", account.Name, got, err, want)
			}
		}
	}
	if n := w.files(t); n != 2 {
		t.Errorf("%d files, want 2", n)
	}
}

// TestABackupVerifies, and holds more than one made before.
func TestABackupVerifies(t *testing.T) {
	w := newWorld(t)
	before := 0
	for range 2 {
		location, err := w.depot.Backup(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		m, err := archive.Verify(t.Context(), bytes.NewReader(w.read(t, location)), func(archive.Header) (vault.Sealer, error) { return w.Sealer, nil })
		if err != nil {
			t.Fatalf("%s: %v", location, err)
		}
		if n := int(m.Heads.Entries.Seq); n <= before {
			t.Errorf("%d records of entries, %d before", n, before)
		} else {
			before = n
		}
		w.Do(t, func(tx *vault.Tx) error {
			_, err := tx.CreateCategory(vault.Category{Name: "later"})
			return err
		})
	}
}

func TestPathsStayInside(t *testing.T) {
	w := newWorld(t)
	x := w.export(t)
	for _, under := range []string{"..", "a/../b", "/a", "a/", "a//b", "a\\b", "a\x00", ".", strings.Repeat("a", 900), "\xff"} {
		if _, _, err := w.depot.Export(t.Context(), x, under, ""); !errors.Is(err, vault.Invalid) {
			t.Errorf("export under %q: got %v, want Invalid", under, err)
		}
		if _, err := w.depot.Backup(t.Context(), under); !errors.Is(err, vault.Invalid) {
			t.Errorf("backup under %q: got %v, want Invalid", under, err)
		}
	}
	if n := w.files(t); n != 0 {
		t.Errorf("%d files", n)
	}
}

// full is a blob store that takes a little and then fails.
type full struct{ blob.Store }

func (full) Put(_ context.Context, _ string, r io.Reader) (string, error) {
	_, _ = io.ReadFull(r, make([]byte, 10))
	return "", vault.Busy
}

// slow is a store of records whose first read of a tail waits, and says when it has ended.
type slow struct {
	vault.Store
	begun, release, ended chan struct{}
}

func (s *slow) Tail(context.Context, vault.Table, vault.Seq) ([]vault.StoredRecord, bool, error) {
	close(s.begun)
	<-s.release
	defer close(s.ended)
	return nil, false, vault.Corrupt
}

// broken is a sealer that panics with a secret in its words.
type broken struct{ vault.Sealer }

func (broken) Seal(vault.Purpose, []byte, vault.Binding) ([]byte, error) { panic("s3cret") }

// gone is a blob store that fails as soon as something has begun.
type gone struct {
	blob.Store
	begun chan struct{}
}

func (g gone) Put(_ context.Context, _ string, r io.Reader) (string, error) {
	go func() { _, _ = io.Copy(io.Discard, r) }()
	<-g.begun
	return "", vault.Busy
}

// TestAPanicIsAnError: nobody else recovers it, and what it says is not told.
func TestAPanicIsAnError(t *testing.T) {
	w := newWorld(t)
	d := depot.New(depot.Parts{Vault: w.Vault, Log: w.Log, Store: w.Store, Sealer: broken{w.Sealer}, Blobs: w.blobs})
	_, err := d.Backup(t.Context(), "")
	if vault.KindOf(err) != vault.Internal || strings.Contains(fmt.Sprint(err), "s3cret") || w.files(t) != 0 {
		t.Errorf("got %v, %d files", err, w.files(t))
	}
}

// TestTheDeadlineLeavesTime gives up before the call's own deadline (law 8).
func TestTheDeadlineLeavesTime(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // less than what is kept back
	defer cancel()
	if _, err := w.depot.Backup(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("backup: got %v", err)
	}
	if _, _, err := w.depot.Export(ctx, w.export(t), "", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("export: got %v", err)
	}
	if ctx.Err() != nil {
		t.Error("the deadline itself is over")
	}
}

// TestErrorsDoNotNameThePath: they are logged, and the path is the caller's.
func TestErrorsDoNotNameThePath(t *testing.T) {
	w := newWorld(t)
	d := w.on(talkative{})
	const under = "where the canary sings/inside"
	_, _, exported := d.Export(t.Context(), w.export(t), under, "")
	_, backedUp := d.Backup(t.Context(), under)
	for _, err := range []error{exported, backedUp} {
		if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "[path]") || vault.KindOf(err) != vault.Busy {
			t.Errorf("got %v", err)
		}
	}
}

// talkative is a blob store whose errors name the key.
type talkative struct{ blob.Store }

func (talkative) Put(_ context.Context, key string, _ io.Reader) (string, error) {
	return "", fmt.Errorf("put %s: %w", key, vault.Busy)
}

// TestAFailedPutEndsTheWriter: nothing goes on writing after the answer.
func TestAFailedPutEndsTheWriter(t *testing.T) {
	w := newWorld(t)
	d := w.on(full{})
	if _, _, err := d.Export(t.Context(), w.export(t), "", ""); !errors.Is(err, vault.Busy) {
		t.Errorf("export: got %v", err)
	}
	if _, err := d.Backup(t.Context(), ""); !errors.Is(err, vault.Busy) {
		t.Errorf("backup: got %v", err)
	}
	// The writer is in the middle of a read of its own when the put fails: the call waits for it.
	store := &slow{w.Store, make(chan struct{}), make(chan struct{}), make(chan struct{})}
	waiting := depot.New(depot.Parts{Vault: w.Vault, Log: w.Log, Store: store, Sealer: w.Sealer, Blobs: gone{begun: store.begun}})
	time.AfterFunc(10*time.Millisecond, func() { close(store.release) })
	if _, err := waiting.Backup(t.Context(), ""); !errors.Is(err, vault.Busy) {
		t.Errorf("backup: got %v", err)
	}
	select {
	case <-store.ended:
	default:
		t.Error("the writer outlives the call")
	}
	nowhere := w.on(nil)
	if _, _, err := nowhere.Export(t.Context(), w.export(t), "", ""); !errors.Is(err, vault.Invalid) {
		t.Errorf("export to nowhere: got %v", err)
	}
	if _, err := nowhere.Backup(t.Context(), ""); !errors.Is(err, vault.Invalid) {
		t.Errorf("backup to nowhere: got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.depot.Backup(ended, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("backup with an ended context: got %v", err)
	}
	if n := w.files(t); n != 0 {
		t.Errorf("%d files", n)
	}
}
