package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"tresor/shared/attach"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/blob/s3"
	"tresor/shared/depot"
	"tresor/shared/dialect"
	"tresor/shared/dynamo"
	"tresor/shared/journal"
	"tresor/shared/restore"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/seal/kmswrap"
	"tresor/shared/snapshot"
	"tresor/shared/sqlite"
	"tresor/shared/strength"
	"tresor/shared/trail"
	"tresor/shared/vault"
	"tresor/shared/watch"
	"tresor/shared/wire"
)

// Names in a data folder.
const (
	vaultFile     = "vault.db"
	keyFile       = "key"
	objectsFolder = "objects" // what lies in a bucket on AWS
)

// place says where a vault lies.
type place struct{ data, store, keyFile string }

// errNoVault is what every command but init says where there is none.
var errNoVault = errors.New("there is no vault here: tresor init makes one")

// embedded reports whether the vault lies in a folder. Usage errors where that is not clear.
func (p *place) embedded() (bool, error) {
	switch {
	case p.data != "" && p.store != "":
		return false, usagef("--data and --store exclude each other")
	case p.store == "dynamodb" && p.keyFile != "":
		return false, usagef("--key-file is for a vault in a folder: on AWS the key is in KMS")
	case p.store == "dynamodb":
		return false, nil
	case p.store != "":
		return false, usagef("--store takes dynamodb")
	case p.data == "":
		return false, usagef("say where the vault is: --data DIR or --store dynamodb")
	}
	return true, nil
}

// keyPath returns where the embedded vault's key is.
func (p *place) keyPath() string {
	switch env := wire.KeyFile(); {
	case p.keyFile != "":
		return p.keyFile
	case env != "":
		return env
	}
	return filepath.Join(p.data, keyFile)
}

// keyInside reports whether the key lies in the data folder, so that whoever copies the folder has both.
func (p *place) keyInside() bool {
	data, err1 := filepath.EvalSymlinks(p.data)
	key, err2 := filepath.EvalSymlinks(p.keyPath())
	if err1 != nil || err2 != nil {
		return false
	}
	rel, err := filepath.Rel(data, key)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// backend is a store, what wraps its keysets, and where objects are kept.
type backend struct {
	store vault.Store
	keys  func() (seal.Wrapper, error)
	blobs func() (blob.Store, error) // nil, nil: no place is configured
}

// connect opens the store. make: an embedded one is made if there is none.
func (p *place) connect(ctx context.Context, create bool) (*backend, error) {
	embedded, err := p.embedded()
	if err != nil {
		return nil, err
	}
	if !embedded {
		return connectAWS(ctx)
	}
	path := filepath.Join(p.data, vaultFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !create {
		return nil, errNoVault
	}
	if create {
		if err := os.MkdirAll(p.data, 0o700); err != nil {
			return nil, fmt.Errorf("make the data folder: %w", err)
		}
	}
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	objects := func() (blob.Store, error) { return blob.OpenFolder(filepath.Join(p.data, objectsFolder)) }
	return &backend{store, func() (seal.Wrapper, error) { return p.key(create) }, objects}, nil
}

// key loads the key file, or makes it if create says so and there is none. It may have been put there before, or by an init that did not come to its end, or by one that
// runs at this moment.
func (p *place) key(create bool) (seal.Wrapper, error) {
	k, err := keyfile.Load(p.keyPath())
	if create && errors.Is(err, vault.NotFound) {
		if k, err = keyfile.Create(p.keyPath()); errors.Is(err, vault.Exists) {
			k, err = keyfile.Load(p.keyPath())
		}
	}
	return k, err
}

func connectAWS(ctx context.Context) (*backend, error) {
	settings, err := wire.FromEnvironment()
	if err != nil {
		return nil, fmt.Errorf("the environment does not name a vault on AWS: %w", err)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	store, err := dynamo.New(dynamo.NewClient(cfg), settings.Config)
	if err != nil {
		return nil, err
	}
	objects := func() (blob.Store, error) {
		if settings.Bucket == "" {
			return nil, nil
		}
		return s3.New(s3.NewClient(cfg), s3.Config{Bucket: settings.Bucket, Prefix: settings.Vault})
	}
	return &backend{store, func() (seal.Wrapper, error) { return kmswrap.New(wire.NewKMS(cfg), settings.Key), nil }, objects}, nil
}

// close releases the store, if there is one.
func (b *backend) close() {
	if b.store != nil {
		_ = b.store.Close()
	}
}

// ifThere is connect for who can do without a vault, and with its key alone: then the backend has no store.
func (p *place) ifThere(ctx context.Context) (*backend, error) {
	b, err := p.connect(ctx, false)
	if errors.Is(err, errNoVault) {
		return &backend{keys: func() (seal.Wrapper, error) { return p.key(false) }}, nil
	}
	return b, err
}

// system is an open vault.
type system struct {
	vault  *vault.Vault
	auth   *auth.Service
	log    *journal.Log
	store  vault.Store
	sealer *seal.Sealer
	blobs  func() (blob.Store, error)
}

// parts returns what the handlers of all functions are made of, and what keeps the contents of files.
func (s *system) parts() (dialect.Parts, *attach.Store, error) {
	blobs, err := s.blobs()
	if err != nil {
		return dialect.Parts{}, nil, fmt.Errorf("open the objects: %w", err)
	}
	d := depot.New(depot.Parts{Vault: s.vault, Log: s.log, Store: s.store, Sealer: s.sealer, Blobs: blobs})
	files := attach.New(blobs, s.sealer)
	return dialect.Parts{Vault: s.vault, Auth: s.auth, Depot: d, Files: files, Trail: trail.New(s.log)}, files, nil
}

func (s *system) close() { _ = s.store.Close() }

// open opens the vault, whose keysets it unwraps. It must be closed.
func (p *place) open(ctx context.Context) (*system, error) {
	b, err := p.connect(ctx, false)
	if err != nil {
		return nil, err
	}
	s, err := b.open(ctx)
	if err != nil {
		_ = b.store.Close()
		return nil, err
	}
	return s, nil
}

func (b *backend) open(ctx context.Context) (*system, error) {
	stored, err := b.store.Keysets(ctx)
	if err != nil {
		return nil, fmt.Errorf("load keysets: %w", err)
	}
	if len(stored) == 0 {
		return nil, b.noVault(ctx)
	}
	keys, err := b.keys()
	if err != nil {
		return nil, err
	}
	sealer, err := seal.Open(ctx, keys, stored)
	if err != nil {
		return nil, err
	}
	sealer.ReloadWith(b.store.Keysets)
	s := b.assemble(sealer)
	if objects, err := b.blobs(); err == nil && objects != nil { // without one, or if it fails, the journals are replayed
		snapshot.Begin(ctx, s.log, objects, snapshotTimeout)
	}
	return s, nil
}

// snapshotTimeout is what reading a snapshot may take: over a slow line, a replay takes longer still.
const snapshotTimeout = 30 * time.Second

// errRestoring is said where a restore has begun and not ended.
var errRestoring = errors.New("a restore has begun here and has not ended: run the same tresor restore again")

// noVault says why there is no vault.
func (b *backend) noVault(ctx context.Context) error {
	begun, err := restore.Begun(ctx, b.store)
	switch {
	case err != nil:
		return fmt.Errorf("look for a vault: %w", err)
	case begun:
		return errRestoring
	}
	return errNoVault
}

func (b *backend) assemble(sealer *seal.Sealer, options ...journal.Option) *system {
	log := journal.Open(b.store, sealer, options...)
	v := vault.New(log, vault.Options{Strength: strength.Rate, Caller: watch.Caller})
	return &system{vault: v, auth: auth.New(v, sealer, b.store, auth.Options{}), log: log, store: b.store, sealer: sealer, blobs: b.blobs}
}
