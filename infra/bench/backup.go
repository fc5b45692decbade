package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"tresor/shared/archive"
	"tresor/shared/attach"
	"tresor/shared/blob"
	"tresor/shared/restore"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/sqlite"
	"tresor/shared/vault"
)

// backedUp is how many entries the smaller vault of backups holds; the larger one holds all.
const backedUp = 10_000

// restoreMegabytes is what a restore may hold, however many entries there are.
const restoreMegabytes = 256

// attached is how many files of which size a vault of backups has, beside its entries.
const (
	attached     = 16
	attachedSize = 1 << 20
)

// backups measures a backup of the embedded vault into a file, and the restore of that file into an empty one.
func backups(ctx context.Context, o Options) ([]Figure, error) {
	sizes := []int{min(backedUp, o.Many), o.Many}
	var all []Figure
	for _, n := range slices.Compact(sizes) {
		figures, err := o.backupOf(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("%d entries: %w", n, err)
		}
		all = append(all, figures...)
	}
	return all, nil
}

// backupOf writes an archive of a vault of n entries, forgets that vault, and restores the archive.
func (o *Options) backupOf(ctx context.Context, n int) ([]Figure, error) {
	dir, err := os.MkdirTemp(o.Dir, "backup-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path, key := filepath.Join(dir, "archive"), keyfile.Generate()
	out, err := backupTo(ctx, dir, path, key, n)
	if err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	in, err := restoreFrom(ctx, dir, path, key, n)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	return []Figure{
		{fmt.Sprintf("backup_of_%d", n), out.seconds, "s", nil},
		{fmt.Sprintf("backup_of_%d_peak", n), out.megabytes, "MB more", nil},
		{fmt.Sprintf("restore_of_%d", n), in.seconds, "s", nil},
		{fmt.Sprintf("restore_of_%d_peak", n), in.megabytes, "MB more", atMost(restoreMegabytes)},
	}, nil
}

func backupTo(ctx context.Context, dir, path string, key seal.Wrapper, n int) (c cost, err error) {
	store, blobs, closeAll, err := place(ctx, dir, "from")
	if err != nil {
		return c, err
	}
	defer closeAll()
	p, err := found(ctx, store, key)
	if err != nil {
		return c, err
	}
	p.vault = vault.New(p.log, vault.Options{}) // without ratings of passwords, which would take most of the time and are not measured
	if err := p.fill(ctx, n); err != nil {
		return c, err
	}
	if err := p.attachTo(ctx, blobs); err != nil {
		return c, err
	}
	return measured(func() error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		_, err = archive.Write(ctx, f, archive.Source{Store: store, Log: p.log, Sealer: p.sealer, Blobs: blobs})
		if closed := f.Close(); err == nil {
			err = closed
		}
		return err
	})
}

func restoreFrom(ctx context.Context, dir, path string, key seal.Wrapper, n int) (c cost, err error) {
	store, blobs, closeAll, err := place(ctx, dir, "to")
	if err != nil {
		return c, err
	}
	defer closeAll()
	f, err := os.Open(path)
	if err != nil {
		return c, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return measured(func() error {
		plan, err := restore.Prepare(ctx, f, func(h archive.Header) (vault.Sealer, error) { return seal.Open(ctx, key, h.Keysets) }, restore.Options{})
		if err != nil {
			return err
		}
		if plan.Entries() != n || plan.Manifest().Files != attached {
			return fmt.Errorf("the archive has %d entries and %d files", plan.Entries(), plan.Manifest().Files)
		}
		return plan.Run(ctx, restore.Target{Store: store, Blobs: blobs})
	})
}

// place makes an empty embedded store with a folder of objects.
func place(ctx context.Context, dir, name string) (vault.Store, blob.Store, func(), error) {
	objects := filepath.Join(dir, name)
	if err := os.Mkdir(objects, 0o700); err != nil {
		return nil, nil, nil, err
	}
	blobs, err := blob.OpenFolder(objects)
	if err != nil {
		return nil, nil, nil, err
	}
	store, err := sqlite.Open(ctx, filepath.Join(dir, name+".db"))
	if err != nil {
		_ = blobs.Close()
		return nil, nil, nil, err
	}
	return store, blobs, func() { _, _ = store.Close(), blobs.Close() }, nil
}

// attachTo gives the first entry its files.
func (p *process) attachTo(ctx context.Context, blobs blob.Store) error {
	contents := attach.New(blobs, p.sealer)
	for i := range attached {
		content := bytes.Repeat([]byte{byte(i)}, attachedSize)
		object, err := contents.Put(ctx, content)
		if err != nil {
			return err
		}
		_, err = vault.Update(ctx, p.vault, operator(), func(t *vault.Tx) (vault.FileID, error) {
			return t.AddFile(vault.File{Entry: 1, Name: fmt.Sprintf("file %d", i), Size: attachedSize, Object: object})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
