// Package newfile writes files that nobody sees half of: key files, backups, exports, anchors.
//
// The one idea: a file gets its name when it is whole and on disk, by a link, which never takes another file's place as renaming does. Whoever is killed before leaves a
// hidden file of another name (".NAME.*.part"), which stands in nobody's way, and may hold all that the file was to hold.
package newfile

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

	"tresor/shared/vault"
)

// File is a file in the making, readable by its owner alone.
type File struct {
	path string
	tmp  *os.File
	sum  hash.Hash
}

var _ io.Writer = (*File)(nil)

// Create begins a file beside its place, so that naming it is one step. Errors: Exists, and those of the file system.
func Create(path string) (*File, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, taken(path)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	return &File{path, tmp, sha256.New()}, nil
}

// Write implements io.Writer.
func (f *File) Write(b []byte) (int, error) {
	n, err := f.tmp.Write(b)
	_, _ = f.sum.Write(b[:n])
	return n, err
}

// Drop ends a file that is not to be. After Keep it does nothing.
func (f *File) Drop() {
	_ = f.tmp.Close()
	_ = os.Remove(f.tmp.Name())
}

// Keep names the file, and returns, when that is on disk, the SHA-256 (hexadecimal) of what is in it. Drop must follow, as after any Create. Errors: Exists, and those of
// the file system.
func (f *File) Keep() (sum string, err error) {
	err = errors.Join(f.tmp.Sync(), f.tmp.Close())
	if err == nil {
		err = f.name()
	}
	if err == nil {
		err = syncFolder(filepath.Dir(f.path))
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return "", taken(f.path)
	case err != nil:
		return "", fmt.Errorf("write %s: %w", f.path, err)
	}
	return hex.EncodeToString(f.sum.Sum(nil)), nil
}

// name links, and takes the other name away before the folder is made durable: a key under two names would not go with the one that is moved elsewhere. Where there are
// no links (FAT, some network shares) the name is taken first: killed in between, an empty file stays.
func (f *File) name() error {
	err := os.Link(f.tmp.Name(), f.path)
	switch {
	case err == nil:
		return os.Remove(f.tmp.Name())
	case errors.Is(err, fs.ErrExist):
		return err
	}
	place, err := os.OpenFile(f.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_ = place.Close()
	if err = os.Rename(f.tmp.Name(), f.path); err != nil {
		_ = os.Remove(f.path) // nothing is in it
	}
	return err
}

func taken(path string) error {
	return &vault.Error{Kind: vault.Exists, Msg: path + " exists: nothing is overwritten"}
}

// syncFolder makes a folder's new names durable; without it a new file may be gone after a power loss.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
