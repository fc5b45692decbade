package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"tresor/shared/vault"
)

// Open implements Store.
func (f *Folder) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	if err := begin(ctx, key); err != nil {
		return nil, 0, fmt.Errorf("open object: %w", err)
	}
	if offset < 0 {
		return nil, 0, fmt.Errorf("open object %q: %w", key, invalid("the offset is negative"))
	}
	file, size, err := f.open(key)
	if err != nil {
		return nil, 0, fmt.Errorf("open object %q: %w", key, err)
	}
	if length < 0 || length > size {
		length = size // the section ends with the file
	}
	return &section{ctx: ctx, r: io.NewSectionReader(file, min(offset, size), length), file: file}, size, nil
}

func (f *Folder) open(key string) (*os.File, int64, error) {
	if err := f.find(key); err != nil {
		return nil, 0, err
	}
	file, err := f.root.Open(key)
	if err != nil {
		return nil, 0, readError(err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(readError(err), file.Close())
	}
	return file, info.Size(), nil
}

// find returns NotFound for what is no plain file in plain folders: List does not show it either.
func (f *Folder) find(key string) error {
	if err := f.mustBeFolders(path.Dir(key)); err != nil {
		return readError(err)
	}
	info, err := f.root.Lstat(key)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return readError(err)
	}
	return nil
}

// section is the reader of a part of a file.
type section struct {
	ctx  context.Context // of Open, while which it reads
	r    io.Reader
	file *os.File
}

func (s *section) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

func (s *section) Close() error { return s.file.Close() }

// Delete implements Store. Folders stay when they are empty: another Put may be about to use them.
func (f *Folder) Delete(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	if err := f.remove(key); err != nil && !errors.Is(err, vault.NotFound) {
		return fmt.Errorf("delete object %q: %w", key, err)
	}
	return nil
}

func (f *Folder) remove(key string) error {
	if err := f.find(key); err != nil { // Remove would take an empty folder too
		return err
	}
	if err := f.root.Remove(key); err != nil {
		return readError(err)
	}
	if err := f.syncFolder(path.Dir(key)); err != nil {
		return &vault.Error{Kind: vault.Undecided, Err: err}
	}
	return nil
}
