// Package attach keeps the contents of files in a blob store. What is known of a file, and who may do what with it, is the vault's; a content has a random
// name and nothing else.
//
// The one idea: a content is written before the record that names it, and never changed. So whatever fails leaves at worst a content that nobody can ask
// for, and Sweep removes those after a day.
package attach

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"tresor/shared/blob"
	"tresor/shared/stream"
	"tresor/shared/vault"
)

// Store keeps contents. It is safe for concurrent use.
type Store struct {
	blobs  blob.Store
	sealer vault.Sealer
}

// New returns a Store. The sealer must have the keyset for files. nil blobs: there is no place for files, and every call is Invalid.
func New(blobs blob.Store, sealer vault.Sealer) *Store { return &Store{blobs, sealer} }

// errNowhere is the answer where no bucket is configured.
var errNowhere = &vault.Error{Kind: vault.Invalid, Msg: "there is no place for files"}

// Ready reports whether there is a place for files.
func (s *Store) Ready() bool { return s.blobs != nil }

// Put keeps a content and returns its name. Errors: those of blob.Store's Put; Undecided: the content may be there, and Sweep will find it.
func (s *Store) Put(ctx context.Context, content []byte) (object string, err error) {
	if s.blobs == nil {
		return "", errNowhere
	}
	ctx, cancel := blob.WithGrace(ctx)
	defer cancel()
	object = newName()
	r := &sealing{ctx: ctx, rest: content}
	r.w = stream.File.NewWriter(&r.sealed, s.sealer, object)
	if _, err := s.blobs.Put(ctx, vault.ContentKey(object), r); err != nil {
		return "", fmt.Errorf("keep a file: %w", err)
	}
	return object, nil
}

// Get returns a content, whose size must be as it is known of the file. Errors: Corrupt where it is missing, damaged or of another size; those of blob.Store.
func (s *Store) Get(ctx context.Context, object string, size int64) ([]byte, error) {
	if s.blobs == nil {
		return nil, errNowhere
	}
	ctx, cancel := blob.WithGrace(ctx)
	defer cancel()
	r, _, err := s.blobs.Open(ctx, vault.ContentKey(object), 0, -1)
	if err != nil {
		return nil, fetched(err)
	}
	defer func() { _ = r.Close() }()
	content := make([]byte, size)
	opened := stream.File.NewReader(r, s.sealer, object)
	if n, err := io.ReadFull(opened, content); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = corrupt(fmt.Errorf("%d bytes where %d are known", n, size))
		}
		return nil, fetched(err)
	}
	if n, err := opened.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) { // the end is part of what is sealed
		if n > 0 {
			err = corrupt(fmt.Errorf("more than the %d bytes that are known", size))
		}
		return nil, fetched(err)
	}
	return content, nil
}

// Remove removes a content that no file names. One that is not there is no error.
func (s *Store) Remove(ctx context.Context, object string) error {
	if s.blobs == nil {
		return errNowhere
	}
	if err := s.blobs.Delete(ctx, vault.ContentKey(object)); err != nil {
		return fmt.Errorf("remove a file: %w", err)
	}
	return nil
}

func corrupt(cause error) error { return &vault.Error{Kind: vault.Corrupt, Err: cause} }

// fetched sorts what went wrong with a content that the vault says is there: that it is missing is damage, and no answer for a client who may read it.
func fetched(err error) error {
	if errors.Is(err, vault.NotFound) {
		err = corrupt(err)
	}
	return fmt.Errorf("fetch a file: %w", err)
}

// newName returns 128 random bits as 32 hexadecimal digits.
func newName() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
