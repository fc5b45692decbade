package rekey_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"tresor/infra/dynamodblocal"
	"tresor/shared/attach"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/dynamo"
	"tresor/shared/journal"
	"tresor/shared/rekey"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/sqlite"
	"tresor/shared/stream"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

var (
	operator = vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test", Writes: true, Reveals: true}}
	source   = netip.MustParseAddr("192.0.2.1")
)

// process is one process on a vault.
type process struct {
	store   vault.Store
	sealer  *seal.Sealer
	log     *journal.Log
	vault   *vault.Vault
	auth    *auth.Service
	blobs   blob.Store
	files   *attach.Store
	wrapper seal.Wrapper
	first   *auth.Founding
}

// stores are where a vault may lie.
var stores = map[string]func(t *testing.T) vault.Store{
	"memory": func(*testing.T) vault.Store { return vaulttest.NewMemory() },
	"sqlite": func(t *testing.T) vault.Store {
		s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "v.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	},
	"dynamodb": func(t *testing.T) vault.Store {
		server, tables := dynamodblocal.Start(t)
		s, err := dynamo.New(dynamo.NewClient(server.Config()), dynamo.Config{Entries: tables.Entries, Permissions: tables.Permissions, Vault: "v-" + rand.Text()})
		if err != nil {
			t.Fatal(err)
		}
		return s
	},
}

func assemble(store vault.Store, sealer *seal.Sealer, blobs blob.Store, w seal.Wrapper, options ...journal.Option) *process {
	log := journal.Open(store, sealer, options...)
	v := vault.New(log, vault.Options{})
	return &process{store, sealer, log, v, auth.New(v, sealer, store, auth.Options{}), blobs, attach.New(blobs, sealer), w, nil}
}

// found makes a vault.
func found(t *testing.T, store vault.Store) *process {
	t.Helper()
	blobs := blobtest.Folder(t)
	w := keyfile.Generate()
	keysets, sealer, err := seal.Create(t.Context(), w, seal.NewVaultID())
	if err != nil {
		t.Fatal(err)
	}
	p := assemble(store, sealer, blobs, w, journal.WithGenesis(keysets))
	sealer.ReloadWith(store.Keysets)
	if p.first, err = auth.Found(t.Context(), p.vault, sealer); err != nil {
		t.Fatal(err)
	}
	return p
}

// another opens the vault of p as a process that starts now, over a store that may be another handle.
func (p *process) another(t *testing.T, store vault.Store) *process {
	t.Helper()
	stored, err := store.Keysets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.Open(t.Context(), p.wrapper, stored)
	if err != nil {
		t.Fatal(err)
	}
	sealer.ReloadWith(store.Keysets)
	other := assemble(store, sealer, p.blobs, p.wrapper)
	other.first = p.first
	return other
}

func (p *process) do(t *testing.T, fn func(*vault.Tx) error) {
	t.Helper()
	if err := p.try(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (p *process) try(ctx context.Context, fn func(*vault.Tx) error) error {
	_, err := vault.Update(ctx, p.vault, operator, func(tx *vault.Tx) (struct{}, error) { return struct{}{}, fn(tx) })
	return err
}

const (
	entries  = 130 // more than one batch
	versions = 2
)

func password(entry vault.EntryID, version int) string { return fmt.Sprintf("p %d %d", entry, version) }

// fill makes entries with two versions of a secret each, users with passwords, files and access records.
func (p *process) fill(t *testing.T) {
	t.Helper()
	p.do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateProject(vault.Project{Name: "all"})
		return err
	})
	for at := vault.EntryID(1); at <= entries; at += 40 {
		p.do(t, func(tx *vault.Tx) error {
			for id := at; id < at+40 && id <= entries; id++ {
				_, err := tx.CreateEntry(vault.Entry{Name: fmt.Sprint("entry ", id), Project: 1, Manager: 1}, vault.Payload{Password: vault.NewSecret(password(id, 1))})
				if err != nil {
					return err
				}
			}
			return nil
		})
		p.do(t, func(tx *vault.Tx) error {
			for id := at; id < at+40 && id <= entries; id++ {
				if err := tx.SetPassword(id, vault.NewSecret(password(id, 2))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	p.do(t, func(tx *vault.Tx) error {
		for i := range 120 { // more than one Update reseals
			if _, err := tx.CreateUser(vault.User{Username: fmt.Sprint("user ", i), Role: vault.NormalUser}, auth.SealHash(p.sealer, "$no hash")); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range 20 {
		object, err := p.files.Put(t.Context(), content(i))
		if err != nil {
			t.Fatal(err)
		}
		p.do(t, func(tx *vault.Tx) error {
			_, err := tx.AddFile(vault.File{Entry: vault.EntryID(1 + i), Name: fmt.Sprint(i), Object: object, Size: int64(len(content(i)))})
			return err
		})
	}
	p.do(t, func(tx *vault.Tx) error { return tx.TrashFile(3) })
	for id := range vault.EntryID(5) {
		p.reveal(t, id+1)
	}
}

// content is what a file holds; the first is longer than a chunk.
func content(i int) []byte {
	n := 10
	if i == 0 {
		n = stream.ChunkSize + 10
	}
	return bytes.Repeat([]byte{byte(i)}, n)
}

func (p *process) reveal(t *testing.T, id vault.EntryID) {
	t.Helper()
	got, err := vault.View(t.Context(), p.vault, operator, func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(id) })
	if err != nil || got.Password.Reveal() != password(id, versions) {
		t.Errorf("entry %d: got %q, %v", id, got.Password.Reveal(), err)
	}
}

// check looks at all that fill has made.
func (p *process) check(t *testing.T) {
	t.Helper()
	for id := vault.EntryID(1); id <= entries; id += 43 {
		p.reveal(t, id)
	}
	keys := []vault.SecretKey{{Entry: 7, Version: 1}, {Entry: entries, Version: 1}}
	old, err := p.log.Payloads(t.Context(), keys)
	if got := old[keys[0]].Password; err != nil || len(old) != 2 || got.Reveal() != password(7, 1) {
		t.Errorf("earlier versions: got %d, %v", len(old), err)
	}
	if _, err := p.auth.Basic(t.Context(), "admin", p.first.Password, source); err != nil {
		t.Errorf("the password: %v", err)
	}
	var contents []vault.ContentFiles
	p.log.Read(func(s *vault.State) { contents = s.ContentFiles() })
	for _, c := range contents {
		if got, err := p.files.Get(t.Context(), c.Object, c.Size); err != nil || !bytes.Equal(got, content(int(c.Files[0])-1)) {
			t.Errorf("file %d: %d bytes, %v", c.Files[0], len(got), err)
		}
	}
	p.audit(t)
}

func (p *process) audit(t *testing.T) {
	t.Helper()
	report, err := journal.Verify(t.Context(), p.store, p.sealer)
	if err != nil || !report.OK() {
		t.Errorf("audit: %v, %v", report, err)
	}
}

// older returns how many sealed values of the store are under a key that is not primary. It looks at the store itself, not at what a reseal says.
func (p *process) older(t *testing.T) (records, secrets, access, files int) {
	t.Helper()
	if err := errors.Join(p.sealer.Refresh(t.Context()), p.vault.Fresh(t.Context())); err != nil {
		t.Fatal(err)
	}
	old := func(purpose vault.Purpose, sealed []byte) int {
		t.Helper()
		done, err := p.sealer.IsPrimary(purpose, sealed)
		if err != nil {
			t.Error(err)
		}
		if done {
			return 0
		}
		return 1
	}
	for _, table := range vault.Tables {
		for after, more := vault.Seq(0), true; more; {
			page, further, err := p.store.Tail(t.Context(), table, after)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				records, after = records+old(vault.PurposeIndex, r.Sealed), r.Seq
			}
			more = further
		}
	}
	var keys []vault.SecretKey
	for id := vault.EntryID(1); id <= entries; id++ {
		for v := uint32(1); v <= versions+1; v++ {
			keys = append(keys, vault.SecretKey{Entry: id, Version: v})
		}
	}
	p.log.Read(func(s *vault.State) { keys = append(keys, slices.Collect(s.SecretKeys())...) })
	found, err := p.store.Secrets(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, sealed := range found {
		secrets += old(vault.PurposeSecrets, sealed)
	}
	var founded vault.Stamp
	var contents []vault.ContentFiles
	p.log.Read(func(s *vault.State) { founded, _ = s.Founded(); contents = s.ContentFiles() })
	for h := vault.HourOf(founded.Time()) - 1; h < vault.HourOf(founded.Time())+3; h++ {
		list, err := p.store.AccessHour(t.Context(), h, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			access += old(vault.PurposeIndex, a.Sealed)
		}
	}
	for _, c := range contents {
		r, _, err := p.blobs.Open(t.Context(), vault.ContentKey(c.Object), stream.FrameSize, 100)
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, seal.Overhead)
		if _, err := r.Read(head); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		files += old(vault.PurposeFiles, head)
	}
	return records, secrets, access, files
}

func (p *process) reseal(t *testing.T) *rekey.Resealed {
	t.Helper()
	done, err := p.tryReseal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func (p *process) tryReseal(ctx context.Context) (*rekey.Resealed, error) {
	return rekey.Reseal(ctx, rekey.Vault{Vault: p.vault, Log: p.log, Store: p.store, Sealer: p.sealer, Blobs: p.blobs, Request: operator})
}

func (p *process) rotate(t *testing.T, purposes ...vault.Purpose) []rekey.Rotated {
	t.Helper()
	rotated, err := rekey.Rotate(t.Context(), p.store, p.sealer, purposes, 0)
	if err == nil {
		err = rekey.Note(t.Context(), p.vault, operator, rotated)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rotated
}

func openKeysets(t *testing.T, p *process, stored []vault.StoredKeyset) (vault.Sealer, error) {
	return seal.Open(t.Context(), p.wrapper, stored)
}
