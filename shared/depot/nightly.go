package depot

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"tresor/shared/archive"
	"tresor/shared/blob"
	"tresor/shared/vault"
)

// reserved reports whether a path is that of the nightly backups.
func reserved(under string) bool {
	return under == archive.Scheduled || strings.HasPrefix(under, archive.Scheduled+"/")
}

// Stored is a backup that is there.
type Stored struct {
	Key  string
	Size int64
}

// Nightly is the scheduled Backup: it leaves an access record first, as an operator's does, and afterwards looks in the list of objects whether the backup lies there with
// as many bytes as were written. S3 has compared checksums when it took it. It does not read it back: who may write backups need not be able to read them
// (`tresor backup --verify` is the drill).
//
// Errors: vault.ErrNoVault; Corrupt (what lies there is not what was written); those of Backup.
func (d *Depot) Nightly(ctx context.Context) (Stored, error) {
	if d.p.Blobs == nil {
		return Stored{}, errNowhere
	}
	if err := d.p.Log.CatchUp(ctx); err != nil {
		return Stored{}, fmt.Errorf("nightly backup: %w", err)
	}
	exists := false
	if d.p.Log.Read(func(s *vault.State) { exists = s.Exists() }); !exists {
		return Stored{}, vault.ErrNoVault
	}
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "nightly backup", Reveals: true}}
	_, err := vault.View(ctx, d.p.Vault, req, func(r *vault.Reader) (struct{}, error) { return struct{}{}, r.Backup() })
	if err != nil {
		return Stored{}, fmt.Errorf("record a backup: %w", err)
	}
	counting := &counted{Store: d.p.Blobs}
	of := *d
	of.p.Blobs = counting
	if _, err := of.backup(ctx, archive.Scheduled); err != nil {
		return Stored{}, fmt.Errorf("nightly backup: %w", err)
	}
	stored := Stored{counting.key, counting.size}
	if err := d.lies(ctx, stored); err != nil {
		return Stored{}, fmt.Errorf("nightly backup: %w", err)
	}
	return stored, nil
}

// lies looks whether an object is there, as long as it was written.
func (d *Depot) lies(ctx context.Context, s Stored) error {
	// Its folder is listed from just before it on: a role that may list one prefix may do that.
	list, err := d.p.Blobs.List(ctx, archive.Folder+"/", s.Key[:len(s.Key)-1], 1)
	switch {
	case err != nil:
		return fmt.Errorf("look for the backup: %w", err)
	case len(list) == 0 || list[0].Key != s.Key:
		return &vault.Error{Kind: vault.Corrupt, Msg: "the backup is not there"}
	case list[0].Size != s.Size:
		return &vault.Error{Kind: vault.Corrupt, Msg: "the backup is not as long as it was written", Err: fmt.Errorf("%d bytes, not %d", list[0].Size, s.Size)}
	}
	return nil
}

// counted is a store that counts what is put into it.
type counted struct {
	blob.Store
	key  string
	size int64
}

// Put is the store's.
func (c *counted) Put(ctx context.Context, key string, r io.Reader) (string, error) {
	c.key = key
	return c.Store.Put(ctx, key, io.TeeReader(r, c))
}

// Write counts.
func (c *counted) Write(b []byte) (int, error) { c.size += int64(len(b)); return len(b), nil }

// contents is where a backup reads the contents of files. S3 tells a role that may list only some prefixes "forbidden" where nothing is, and one content
// that was purged would keep every backup from being made: so the list is asked before an error counts.
type contents struct{ blob.Store }

// Open is the store's, but for saying NotFound of what the list does not hold.
func (c contents) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	r, size, err := c.Store.Open(ctx, key, offset, length)
	if err == nil || vault.KindOf(err) != vault.Internal || ctx.Err() != nil {
		return r, size, err
	}
	list, listing := c.List(ctx, filesPrefix, key[:len(key)-1], blob.MaxList)
	if listing == nil && !slices.ContainsFunc(list, func(o blob.Object) bool { return o.Key == key }) {
		return nil, 0, &vault.Error{Kind: vault.NotFound, Msg: "there is no such object"}
	}
	return nil, 0, err
}
