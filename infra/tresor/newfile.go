package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// newFile is a file in the making. It is there under its name only when it is whole, readable by its owner alone, and takes nobody's place.
type newFile struct {
	path string
	tmp  *os.File
	sum  hash.Hash
}

// createFile begins a file beside its place, so that naming it is one step.
func createFile(path string) (*newFile, error) {
	if _, err := os.Lstat(path); err == nil { //nolint:gosec // the operator says where
		return nil, fmt.Errorf("%s exists: nothing is overwritten", path)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	return &newFile{path, tmp, sha256.New()}, nil
}

// Write implements io.Writer.
func (f *newFile) Write(b []byte) (int, error) {
	n, err := f.tmp.Write(b)
	_, _ = f.sum.Write(b[:n])
	return n, err
}

var _ io.Writer = (*newFile)(nil)

// drop ends a file that is not to be. After keep it does nothing.
func (f *newFile) drop() {
	_ = f.tmp.Close()
	_ = os.Remove(f.tmp.Name()) //nolint:gosec // a file that createFile has made
}

// keep names the file, and returns the SHA-256 of what is in it.
func (f *newFile) keep() (string, error) {
	if err := errors.Join(f.tmp.Sync(), f.tmp.Close()); err != nil {
		return "", fmt.Errorf("write %s: %w", f.path, err)
	}
	if err := f.name(); err != nil {
		return "", err
	}
	if err := syncFolder(filepath.Dir(f.path)); err != nil {
		return "", fmt.Errorf("write %s: %w", f.path, err)
	}
	return hex.EncodeToString(f.sum.Sum(nil)), nil
}

// name links, which never overwrites as renaming does. Where there are no links (FAT, some network shares) the name is taken first.
func (f *newFile) name() error {
	err := os.Link(f.tmp.Name(), f.path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return f.taken(err)
	}
	place, err := os.OpenFile(f.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator says where
	if err != nil {
		return f.taken(err)
	}
	_ = place.Close()
	return f.taken(os.Rename(f.tmp.Name(), f.path)) //nolint:gosec // the operator says where
}

func (f *newFile) taken(err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists: nothing is overwritten", f.path)
	case err != nil:
		return fmt.Errorf("name %s: %w", f.path, err)
	}
	return nil
}

// syncFolder makes a folder's new names durable.
func syncFolder(path string) error {
	d, err := os.Open(path) //nolint:gosec // the operator says where
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
