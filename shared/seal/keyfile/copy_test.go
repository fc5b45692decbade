package keyfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"tresor/shared/vault"
)

func TestCopy(t *testing.T) {
	dir := t.TempDir()
	from, to, other := filepath.Join(dir, "from"), filepath.Join(dir, "to"), filepath.Join(dir, "other")
	for _, path := range []string{from, other} {
		if _, err := Create(path); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second finds it done
		if err := Copy(from, to); err != nil {
			t.Fatal(err)
		}
	}
	a, err1 := os.ReadFile(from)
	b, err2 := os.ReadFile(to)
	info, err3 := os.Stat(to)
	if err := errors.Join(err1, err2, err3); err != nil || string(a) != string(b) || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, mode %v, the same: %t", err, info.Mode(), string(a) == string(b))
	}
	if err := Copy(from, other); !errors.Is(err, vault.Exists) {
		t.Errorf("over another key: got %v, want Exists", err)
	}
	if err := Copy(filepath.Join(dir, "none"), to); !errors.Is(err, vault.NotFound) {
		t.Errorf("of none: got %v, want NotFound", err)
	}
}
