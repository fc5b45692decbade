package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tresor/shared/archive"
	"tresor/shared/blob"
	"tresor/shared/restore"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/snapshot"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

// restoreResult is what restore prints.
type restoreResult struct {
	Entries int `json:"entries"`
}

// restoring are the flags of restore.
type restoring struct {
	in, key, toTime string
	toSeq           uint64
	options         restore.Options
}

func restoreVault(k *call) error {
	var f restoring
	k.flags.StringVar(&f.in, "in", "", "`file` that backup wrote")
	k.flags.StringVar(&f.key, "key", "", "`file` with the key of the vault that was backed up, for a vault in a folder: it gets a copy, unless --key-file says otherwise")
	k.flags.Uint64Var(&f.toSeq, "to-seq", 0, "restore up to this `number` of the entries journal")
	k.flags.StringVar(&f.toTime, "to-time", "", "restore up to this `time`, as 2006-01-02T15:04:05Z")
	k.flags.BoolVar(&f.options.OldCredentials, "with-old-credentials", false, "let users and tokens be as they were then, also those revoked since")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	if err := f.check(&k.place); err != nil {
		return err
	}
	p, err := f.run(k.ctx, &k.place)
	if err != nil {
		return err
	}
	result := restoreResult{p.Entries()}
	return k.print(result, func(w io.Writer) {
		m := p.Manifest()
		if p.Heads() != m.Heads {
			fmt.Fprintln(w, "Entries, groups, grants and settings are as of then. Who was disabled, removed or given a lesser role since, and tokens revoked since, stay so, unless --with-old-credentials.")
		}
		fmt.Fprintf(w, "restored: %d entries, as of record %d of the entries journal, from an archive of %s\n", result.Entries, p.Heads().Entries.Seq, m.Created.Format(time.RFC3339))
		if len(m.Missing) > 0 {
			fmt.Fprintf(w, "%d contents of files were missing already when the backup was made\n", len(m.Missing))
		}
	})
}

// check reads the flags. Only usage errors.
func (f *restoring) check(p *place) error {
	embedded, err := p.embedded()
	earlier := f.toSeq > 0 || f.toTime != ""
	switch {
	case err != nil:
		return err
	case f.in == "":
		return usagef("--in is missing")
	case f.key != "" && !embedded:
		return usagef("--key is for a vault in a folder: on AWS the key is in KMS")
	case f.key != "" && p.keyFile != "":
		return usagef("--key and --key-file exclude each other: both name the key, and --key has it copied into the folder")
	case f.options.OldCredentials && !earlier:
		return usagef("--with-old-credentials goes with --to-seq or --to-time")
	}
	f.options.ToSeq = vault.Seq(f.toSeq)
	if f.toTime != "" {
		if f.options.ToTime, err = time.Parse(time.RFC3339, f.toTime); err != nil {
			return usagef("--to-time takes a time as 2006-01-02T15:04:05Z")
		}
	}
	return nil
}

// run verifies the archive before it makes so much as a folder.
func (f *restoring) run(ctx context.Context, place *place) (*restore.Plan, error) {
	in, err := os.Open(f.in)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // nothing was written
	read, err := f.keyOf(ctx, place)
	if err != nil {
		return nil, err
	}
	p, err := restore.Prepare(ctx, in, func(h archive.Header) (vault.Sealer, error) { return unseal(ctx, read, h) }, f.options)
	if err != nil {
		return nil, err
	}
	b, err := place.connect(ctx, true)
	if err != nil {
		return nil, err
	}
	defer b.close()
	blobs, err := b.blobs()
	if err != nil {
		return nil, fmt.Errorf("open the objects: %w", err)
	}
	return p, p.Run(ctx, restore.Target{Store: b.store, Blobs: blobs, Ready: func() error { return f.ready(ctx, place, blobs) }})
}

// ready does what must have been done when the vault is there: whoever is killed after that finds it restored.
func (f *restoring) ready(ctx context.Context, place *place, blobs blob.Store) error {
	if err := clearSnapshots(ctx, blobs); err != nil || f.key == "" {
		return err
	}
	return f.copyKey(place)
}

// copyKey puts the key into the folder; where the same one is there, it does nothing.
func (f *restoring) copyKey(place *place) error {
	err := keyfile.Copy(f.key, filepath.Join(place.data, keyFile))
	if errors.Is(err, vault.Exists) { // an init that was killed, or ran beside this, leaves one
		return fmt.Errorf("the folder has a key already, and not this archive's: if no vault needs it, move it away and run the restore again: %w", err)
	}
	return err
}

// clearSnapshots removes those of before the vault went back. blobs may be nil.
func clearSnapshots(ctx context.Context, blobs blob.Store) error {
	if blobs == nil {
		return nil
	}
	return snapshot.Clear(ctx, blobs)
}

// errNeedsKey is said where an archive cannot be opened for want of a key.
var errNeedsKey = errors.New("an archive does not carry its key: restoring takes the key file of the vault that was backed up, as --key FILE, or as the file key in the folder")

// keyOf returns where the key is that opens the archive.
func (f *restoring) keyOf(ctx context.Context, place *place) (func() (seal.Wrapper, error), error) {
	if embedded, _ := place.embedded(); !embedded {
		b, err := connectAWS(ctx)
		if err != nil {
			return nil, err
		}
		defer b.close()
		return b.keys, nil
	}
	path := place.keyPath()
	if f.key != "" {
		if err := f.fits(place); err != nil {
			return nil, err
		}
		path = f.key
	}
	key, err := keyfile.Load(path)
	if errors.Is(err, vault.NotFound) {
		err = errors.Join(errNeedsKey, err)
	}
	return func() (seal.Wrapper, error) { return key, nil }, err
}

// fits checks that the key's copy has room: with another key in its place the vault would not open.
func (f *restoring) fits(place *place) error {
	if wire.KeyFile() != "" {
		return usagef("--key and TRESOR_KEY_FILE exclude each other")
	}
	if _, err := os.Lstat(filepath.Join(place.data, keyFile)); errors.Is(err, fs.ErrNotExist) { //nolint:gosec // the operator says where
		return nil
	}
	return f.copyKey(place) // it compares
}
