package newfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"tresor/shared/vault"
)

// names are the files in a folder, hidden ones too.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func begin(t *testing.T, path, text string) *File {
	t.Helper()
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFileIsThereWhenItIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "é")
	f := begin(t, path, "abc")
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("before it is whole: %v", err)
	}
	sum, err := f.Keep()
	if err != nil || sum != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" { // of abc, FIPS 180-4's example
		t.Errorf("got %s, %v", sum, err)
	}
	if got := names(t, filepath.Dir(path)); len(got) != 1 {
		t.Errorf("it has names %q", got)
	}
	f.Drop()
	info, err1 := os.Lstat(path)
	text, err2 := os.ReadFile(path)
	if err := errors.Join(err1, err2); err != nil || string(text) != "abc" || info.Mode() != 0o600 {
		t.Errorf("got %q, mode %v, %v", text, info.Mode(), err)
	}
	if got := names(t, filepath.Dir(path)); len(got) != 1 {
		t.Errorf("left behind: %q", got)
	}
}

func TestADroppedFileLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	begin(t, path, "abc").Drop()
	if got := names(t, filepath.Dir(path)); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

// TestNobodysPlaceIsTaken: not of a file that was there, nor of one that came meanwhile, nor of a link to nowhere.
func TestNobodysPlaceIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	ours, theirs := begin(t, path, "ours"), begin(t, path, "theirs")
	if _, err := theirs.Keep(); err != nil {
		t.Fatal(err)
	}
	if _, err := ours.Keep(); !errors.Is(err, vault.Exists) || err.Error() != path+" exists: nothing is overwritten" {
		t.Errorf("got %v", err)
	}
	ours.Drop()
	theirs.Drop()
	if _, err := Create(path); !errors.Is(err, vault.Exists) {
		t.Errorf("over a file: %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "theirs" {
		t.Errorf("got %q, %v", text, err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path+"2", link); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(link); !errors.Is(err, vault.Exists) {
		t.Errorf("over a link to nowhere: %v", err)
	}
}

// TestOneThatWasKilledIsInNobodysWay: what it leaves has another name.
func TestOneThatWasKilledIsInNobodysWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	_ = begin(t, path, "half").tmp.Close()
	f := begin(t, path, "whole")
	defer f.Drop()
	if _, err := f.Keep(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "whole" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestNoPlace(t *testing.T) {
	if _, err := Create(filepath.Join(t.TempDir(), "none", "f")); !os.IsNotExist(errors.Unwrap(err)) {
		t.Errorf("got %v", err)
	}
}
