package blob_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/vault"
)

// folder counts the temporary files of the folder that it is.
type folder struct {
	*blob.Folder
	dir string
}

func (f folder) Unfinished(context.Context) (int, error) {
	entries, err := os.ReadDir(filepath.Join(f.dir, ".tmp"))
	return len(entries), err
}

func open(t testing.TB, dir string) folder {
	t.Helper()
	f, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return folder{f, dir}
}

func TestFolder(t *testing.T) {
	blobtest.RunStore(t, func(t *testing.T) blob.Store { return open(t, filepath.Join(t.TempDir(), "made", "here")) })
}

func TestFolderBounded(t *testing.T) { blobtest.RunBounded(t, open(t, t.TempDir()), 1<<20) }

// TestLocation: a location is a URL of the file.
func TestLocation(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b%?")
	location, err := open(t, dir).Put(t.Context(), "ü/x #1", strings.NewReader("text"))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil || u.Scheme != "file" || u.Host != "" {
		t.Fatalf("got location %q, error %v", location, err)
	}
	if got, err := os.ReadFile(u.Path); err != nil || string(got) != "text" {
		t.Errorf("got %q, error %v", got, err)
	}
}

// TestModes: nobody else reads objects, whatever the umask.
func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := open(t, dir).Put(t.Context(), "a/b/c", strings.NewReader("text")); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		files++
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil || files != 5 {
		t.Errorf("got %d files, error %v; want 5", files, err)
	}
}

// TestLinksAreNotFollowed: neither out of the folder nor within it, and they are not listed.
func TestLinksAreNotFollowed(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	f := open(t, dir)
	for _, name := range []string{filepath.Join(outside, "x"), filepath.Join(dir, "real")} {
		if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"out": outside, "file": filepath.Join(outside, "x"), "in": "folder", "inside": "real", "nowhere": "none"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"out/x", "file", "in/x", "inside", "nowhere"} {
		mustNotReach(t, f, key)
	}
	for _, key := range []string{"out/new", "in/new", "in/deep/new", "file", "nowhere"} {
		if _, err := f.Put(t.Context(), key, strings.NewReader("x")); !errors.Is(err, vault.Exists) {
			t.Errorf("put %q: got %v, want that it is taken", key, err)
		}
	}
	list, err := f.List(t.Context(), "", "", 0)
	if err != nil || len(list) != 1 || list[0].Key != "real" {
		t.Errorf("list: got %v, error %v; want real alone", list, err)
	}
	mustHold(t, outside, "x")
	mustHold(t, filepath.Join(dir, "folder"))
}

func mustNotReach(t *testing.T, s blob.Store, key string) {
	t.Helper()
	r, _, err := s.Open(t.Context(), key, 0, -1)
	if !errors.Is(err, vault.NotFound) {
		t.Errorf("open %q: got %v, want not found", key, err)
	}
	if err == nil {
		_ = r.Close()
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("delete %q: %v", key, err)
	}
}

// mustHold checks what a folder holds.
func mustHold(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %v, error %v; want %v", dir, got, err, want)
	}
}

// TestFolderIsNoObject: what S3 would hold beside one another a folder refuses, and says so.
func TestFolderIsNoObject(t *testing.T) {
	f := open(t, t.TempDir())
	if _, err := f.Put(t.Context(), "a/b", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "a/b/c", "a/b/c/d"} {
		if _, err := f.Put(t.Context(), key, strings.NewReader("x")); !errors.Is(err, vault.Exists) {
			t.Errorf("put %q: got %v, want that it is taken", key, err)
		}
	}
}

// TestStaleFilesGo: opening a folder removes what a crash left, and nothing that another process may be writing.
func TestStaleFilesGo(t *testing.T) {
	dir := t.TempDir()
	temp := filepath.Join(dir, ".tmp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "new": 23 * time.Hour} {
		path := filepath.Join(temp, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	f := open(t, dir)
	mustHold(t, temp, "new")
	if list, err := f.List(t.Context(), "", "", 0); err != nil || len(list) != 0 {
		t.Errorf("list: got %v, error %v; want nothing", list, err)
	}
}

// TestKilledWriter: a writer that ends in the middle leaves a temporary file, and no object.
func TestKilledWriter(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	if _, err := f.Put(t.Context(), "x", io.MultiReader(strings.NewReader("half"), copyOf{t, dir})); err != nil {
		t.Fatal(err)
	}
}

// copyOf looks at the folder while an object is written: that is what a crash at this moment leaves.
type copyOf struct {
	t   *testing.T
	dir string
}

func (c copyOf) Read([]byte) (int, error) {
	mustHold(c.t, c.dir, ".tmp")
	if entries, err := os.ReadDir(filepath.Join(c.dir, ".tmp")); err != nil || len(entries) != 1 {
		c.t.Errorf("got %v, error %v; want one temporary file", entries, err)
	}
	return 0, io.EOF
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, ".tmp")); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"a file": filepath.Join(dir, "file"), "a link for temporary files": dir} {
		if f, err := blob.OpenFolder(path); err == nil {
			t.Errorf("%s: opened", name)
			_ = f.Close()
		}
	}
}
