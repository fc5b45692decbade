package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"tresor/shared/newfile"
	"tresor/shared/vault"
)

const maxFileSize = 1 << 10

// Create makes a random key in a new file, readable by its owner alone, and returns when file and directory entry are on disk.
//
// Errors: Exists (a file of that name is never overwritten: it may be the only key to a vault).
func Create(path string) (Key, error) {
	b := randomKey()
	if err := write(path, format(b)); err != nil {
		return Key{}, fmt.Errorf("create key file: %w", err)
	}
	return newKey(b)
}

func write(path, text string) error {
	f, err := newfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Drop()
	if _, err := io.WriteString(f, text); err != nil {
		return err
	}
	_, err = f.Keep()
	return err
}

// Load reads a key file.
//
// Errors: NotFound; Forbidden (others than its owner may read or write it, or this process may not read it); Corrupt (not a key
// file, or not all of one).
func Load(path string) (Key, error) {
	b, err := load(path)
	if err != nil {
		return Key{}, fmt.Errorf("load key file %s: %w", path, err)
	}
	return newKey(b)
}

func load(path string) ([]byte, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &vault.Error{Kind: vault.NotFound, Err: err}
	case errors.Is(err, fs.ErrPermission):
		return nil, &vault.Error{Kind: vault.Forbidden, Err: err}
	case err != nil:
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if err := check(f); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	if err != nil {
		return nil, err
	}
	b, err := parse(string(text))
	if err != nil {
		return nil, &vault.Error{Kind: vault.Corrupt, Err: err}
	}
	return b, nil
}

// check asks the open file, not the path, which may meanwhile be another's.
func check(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &vault.Error{Kind: vault.Corrupt, Err: errors.New("not a regular file")}
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return &vault.Error{Kind: vault.Forbidden, Err: fmt.Errorf("mode %04o lets others at it: chmod 600", perm)}
	}
	return nil
}
