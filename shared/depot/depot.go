package depot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"tresor/shared/archive"
	"tresor/shared/blob"
	"tresor/shared/vault"
)

// Parts are what a Depot works on.
type Parts struct {
	Vault  *vault.Vault
	Log    vault.Log
	Store  vault.Store
	Sealer vault.Sealer     // for the index, credentials and exports
	Blobs  blob.Store       // nil: there is no place for objects, and every call is Invalid
	Now    func() time.Time // nil: time.Now
	// Later makes large exports in another process; nil: each is made in its call.
	Later Invoker
	// Threshold is how many shared entries an export in a call may have at most; 0: DefaultThreshold. It means nothing without Later.
	Threshold int
}

// Depot keeps exports and backups. It is safe for concurrent use.
type Depot struct{ p Parts }

// New returns a Depot.
func New(p Parts) *Depot {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Threshold == 0 {
		p.Threshold = DefaultThreshold
	}
	return &Depot{p}
}

// exports is where exports lie in the blob store. Where backups lie is package archive's to say.
const exports = "exports"

var filesPrefix = vault.ContentKey("")

// Backup writes a sealed archive of the whole vault (package archive) below backups/ and under, a slash-separated path that may be empty. It returns where it is.
// Errors: Invalid for a path that cannot be, and for scheduled/, where Nightly keeps its own; those of the blob store and of archive.Write.
func (d *Depot) Backup(ctx context.Context, under string) (location string, err error) {
	if reserved(under) {
		return "", &vault.Error{Kind: vault.Invalid, Msg: "that is where the scheduled backups lie"}
	}
	return d.backup(ctx, under)
}

func (d *Depot) backup(ctx context.Context, under string) (location string, err error) {
	key, err := place(archive.Folder, under, archive.Name(d.p.Now(), hash()[:8]))
	if err != nil {
		return "", err
	}
	ctx, cancel := blob.WithGrace(ctx)
	defer cancel()
	location, err = d.put(ctx, key, func(w io.Writer) error {
		_, err := archive.Write(ctx, w, archive.Source{Store: d.p.Store, Log: d.p.Log, Sealer: d.p.Sealer, Blobs: contents{d.p.Blobs}, Now: d.p.Now})
		return err
	})
	return location, hide(err, under)
}

// pathless is an error without the path that the caller gave: errors are logged, and nothing of a request is.
type pathless struct {
	error
	under string
}

// Error leaves the path out.
func (p pathless) Error() string { return strings.ReplaceAll(p.error.Error(), p.under, "[path]") }

// Unwrap returns the error itself, for its kind.
func (p pathless) Unwrap() error { return p.error }

func hide(err error, under string) error {
	if err == nil || under == "" {
		return err
	}
	return pathless{err, under}
}

// errNowhere is the answer where no bucket is configured.
var errNowhere = &vault.Error{Kind: vault.Invalid, Msg: "there is no place for objects"}

// place makes an object's key.
func place(kind, under, name string) (string, error) {
	parts := []string{kind, name}
	if under != "" {
		parts = []string{kind, under, name}
	}
	key := strings.Join(parts, "/")
	return key, blob.ValidKey(key)
}

// hash returns what the original names files by: 160 random bits as 40 hexadecimal digits (sysPass 4.1, 4.2).
func hash() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// put streams what write writes into a new object. It returns when both have ended.
func (d *Depot) put(ctx context.Context, key string, write func(io.Writer) error) (location string, err error) {
	if d.p.Blobs == nil {
		return "", errNowhere
	}
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.CloseWithError(guarded(write, until{ctx, w})) // the reader gets the error, or io.EOF
	}()
	location, err = d.p.Blobs.Put(ctx, key, r)
	_ = r.CloseWithError(context.Canceled) // ends a writer that is not read any more
	<-done
	return location, err
}

// guarded turns a panic into an error without what it says, which could hold a secret: no caller's recover sees another goroutine.
func guarded(write func(io.Writer) error, w io.Writer) (err error) {
	defer func() {
		if recover() != nil {
			err = &vault.Error{Kind: vault.Internal, Err: errors.New("writing an object panicked")}
		}
	}()
	return write(w)
}

// until is a writer that ends with a context, between two writes.
type until struct {
	ctx context.Context
	io.Writer
}

// Write implements io.Writer.
func (u until) Write(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Writer.Write(b)
}
