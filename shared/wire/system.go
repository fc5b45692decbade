package wire

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/blob/s3read"
	"tresor/shared/dynamo"
	"tresor/shared/journal"
	"tresor/shared/seal/kmswrap"
	"tresor/shared/snapshot"
	"tresor/shared/strength"
	"tresor/shared/trail"
	"tresor/shared/vault"
	"tresor/shared/watch"
)

// System is one process's vault.
type System struct {
	Vault    *vault.Vault
	Auth     *auth.Service
	Log      *journal.Log
	Trail    *trail.Trail // reads nothing until somebody asks for the log
	Store    vault.Store
	Sealer   vault.Sealer
	Settings Settings

	meter *watch.Meter // nil: nothing is counted
}

// Open builds the vault and catches up once. The system is usable even with an error, which says why the catch-up did not succeed: each
// request catches up again and answers with what that says, so a process outlives a bad minute. Where no vault exists there is no error, and
// nobody is authenticated.
func Open(ctx context.Context, s Settings, c Clients) (*System, error) {
	store, err := dynamo.New(c.DynamoDB, s.Config)
	if err != nil {
		return nil, err
	}
	system, err := assemble(ctx, store, &lateSealer{store: store, wrapper: kmswrap.New(c.KMS, s.Key), purposes: s.Purposes}, snapshots(s))
	system.Settings = s
	return system, err
}

// snapshots returns where the vault's snapshots are read from; nil for nowhere.
func snapshots(s Settings) blob.ReadOnly {
	objects, err := s.Reader(s.Bucket)
	if err != nil {
		slog.Warn("snapshots cannot be read", "error", err.Error())
	}
	return objects
}

// Reader returns what reads a vault's objects in a bucket, such as the one for anchors, without an S3 client; nil for no bucket.
func (s Settings) Reader(name string) (blob.ReadOnly, error) {
	if name == "" {
		return nil, nil
	}
	objects, err := s3read.New(Config("S3"), name, s.Vault)
	if err != nil {
		return nil, err
	}
	return objects, nil
}

// snapshotTimeout is what a snapshot may take of a start: one that is slower than a replay is of no use.
const snapshotTimeout = 4 * time.Second

// assemble builds a system and catches up. The keysets are asked for beside the first requests: who needs the keys waits for them, and gets their error.
func assemble(ctx context.Context, store vault.Store, sealer *lateSealer, from blob.ReadOnly) (*System, error) {
	log := journal.Open(store, sealer)
	v := vault.New(log, vault.Options{Strength: strength.Rate, Caller: watch.Caller})
	system := &System{Vault: v, Auth: auth.New(v, sealer, store, auth.Options{}), Log: log, Trail: trail.New(log), Store: store, Sealer: sealer}
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = sealer.load(ctx) })
	if from != nil {
		snapshot.Begin(ctx, log, from, snapshotTimeout)
	}
	err := v.Fresh(ctx)
	wg.Wait()
	if err != nil {
		return system, fmt.Errorf("first catch-up: %w", err)
	}
	return system, nil
}
