package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"tresor/shared/vault"
)

// TestTooLarge: the limit itself is allowed, and of what is larger nothing is left.
func TestTooLarge(t *testing.T) {
	f, err := OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.maxSize = 1000
	if _, err := f.Put(t.Context(), "fits", strings.NewReader(strings.Repeat("x", 1000))); err != nil {
		t.Errorf("put 1000 bytes: %v", err)
	}
	if _, err := f.Put(t.Context(), "x", strings.NewReader(strings.Repeat("x", 1001))); !errors.Is(err, vault.TooLarge) {
		t.Errorf("put 1001 bytes: got %v, want too large", err)
	}
	if entries, err := fs.ReadDir(f.root.FS(), "."); err != nil || len(entries) != 2 {
		t.Errorf("got %v, error %v; want .tmp and fits", entries, err)
	}
}

// TestErrors: what a system call's error is to who reads and who writes.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		err       error
		read, put vault.Kind
	}{
		{syscall.ENOENT, vault.NotFound, vault.Internal},
		{syscall.EEXIST, vault.Exists, vault.Exists},
		{syscall.ENOTDIR, vault.NotFound, vault.Exists},
		{errNoFolder, vault.NotFound, vault.Exists},
		{syscall.EMFILE, vault.Busy, vault.Busy},
		{syscall.EAGAIN, vault.Busy, vault.Busy},
		{syscall.EFBIG, vault.TooLarge, vault.TooLarge},
		{syscall.ENOSPC, vault.Internal, vault.Internal},
		{syscall.EIO, vault.Internal, vault.Internal},
		{syscall.EACCES, vault.Internal, vault.Internal},
		{fs.ErrClosed, vault.Internal, vault.Internal},
	} {
		err := fmt.Errorf("attempt: %w", &os.PathError{Op: "open", Path: "x", Err: c.err})
		if got := vault.KindOf(readError(err)); got != c.read {
			t.Errorf("read: %v: got %v, want %v", c.err, got, c.read)
		}
		if got := vault.KindOf(putError(err)); got != c.put {
			t.Errorf("put: %v: got %v, want %v", c.err, got, c.put)
		}
	}
}

// TestClosed: a folder that was closed fails, and does not panic.
func TestClosed(t *testing.T) {
	f, err := OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, put := f.Put(t.Context(), "x", strings.NewReader("x"))
	_, list := f.List(t.Context(), "", "", 0)
	for name, err := range map[string]error{"put": put, "list": list, "delete": f.Delete(t.Context(), "x")} {
		if err == nil || vault.KindOf(err) != vault.Internal {
			t.Errorf("%s: got %v, want an internal error", name, err)
		}
	}
}
