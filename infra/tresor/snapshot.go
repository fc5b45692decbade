package main

import (
	"errors"
	"fmt"
	"io"

	"tresor/shared/snapshot"
	"tresor/shared/vault"
)

// snapshotResult is what snapshot prints: where it lies, and up to which records of the journals it goes.
type snapshotResult struct {
	Key         string    `json:"key"`
	Entries     vault.Seq `json:"entries"`
	Permissions vault.Seq `json:"permissions"`
}

var errNoObjects = errors.New("there is no place for objects: TRESOR_BUCKET is not set")

func takeSnapshot(k *call) error {
	if err := k.parse(0, 0); err != nil {
		return err
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	objects, err := s.blobs()
	switch {
	case err != nil:
		return fmt.Errorf("open the objects: %w", err)
	case objects == nil:
		return errNoObjects
	}
	key, heads, err := snapshot.Renew(k.ctx, s.log, objects)
	if err != nil {
		return err
	}
	out := snapshotResult{key, heads.Entries.Seq, heads.Permissions.Seq}
	return k.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "%s: up to record %d of entries and %d of permissions\n", out.Key, out.Entries, out.Permissions)
	})
}
