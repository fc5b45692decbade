package restore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tresor/shared/archive"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/compact"
	"tresor/shared/journal"
	"tresor/shared/restore"
	"tresor/shared/scenario"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/stream"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// world is a vault whose key the test has, as whoever restores has it.
type world struct {
	*scenario.System
	key   seal.Wrapper
	blobs blob.Store
	now   time.Time
	bob   *auth.Founding
}

func newWorld(t testing.TB, key seal.Wrapper) *world {
	t.Helper()
	w := &world{key: key, blobs: blobtest.Folder(t), now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	keysets, sealer, err := seal.Create(t.Context(), w.key, seal.NewVaultID())
	if err != nil {
		t.Fatal(err)
	}
	w.System = w.on(vaulttest.NewMemory(), sealer, journal.WithGenesis(keysets))
	if w.Founding, err = auth.Found(t.Context(), w.Vault, sealer); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) on(store vault.Store, sealer vault.Sealer, options ...journal.Option) *scenario.System {
	log := journal.Open(store, sealer, append(options, journal.WithClock(w.clock))...)
	return &scenario.System{Vault: vault.New(log, vault.Options{Now: w.clock}), Log: log, Store: store, Sealer: sealer}
}

// rich fills the vault: several versions of secrets, a purged one, files, one in the trash and one whose content is gone, access records in closed hours and since.
func rich(t testing.TB) *world {
	t.Helper()
	return richUnder(t, keyfile.Generate())
}

func richUnder(t testing.TB, key seal.Wrapper) *world {
	t.Helper()
	w := newWorld(t, key)
	w.bob = w.AddUser(t, "bob", vault.NormalUser)
	w.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateProject(vault.Project{Name: "Initech"}); return err })
	for i := range 4 {
		w.create(t, 1, fmt.Sprint("secret ", i+1))
	}
	w.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(2, vault.NewSecret("newer")) })
	w.attach(t, "b-small", 100)
	w.attach(t, "a-large", 2<<20+17)
	w.Do(t, func(tx *vault.Tx) error { return tx.TrashFile(1) })
	w.Do(t, func(tx *vault.Tx) error {
		_, err := tx.AddFile(vault.File{Entry: 1, Name: "gone", Object: "c-gone"})
		return err
	})
	w.reveal(t, w.System, 1)
	w.now = w.now.Add(3*time.Hour + compact.Grace)
	if _, err := compact.Close(t.Context(), w.Vault, w.Log, w.now); err != nil {
		t.Fatal(err)
	}
	w.reveal(t, w.System, 2)
	purge := vault.Transaction{ID: vaulttest.NewTxnID(), DropSecrets: []vault.SecretKey{{Entry: 2, Version: 1}}}
	if err := w.Store.Commit(t.Context(), purge); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) create(t testing.TB, n int, secret string) {
	t.Helper()
	const most = vault.MaxTransactionItems - 3
	for first := 0; first < n; first += most {
		w.Do(t, func(tx *vault.Tx) error {
			for i := first; i < min(n, first+most); i++ {
				e := vault.Entry{Name: fmt.Sprintf("host-%05d %s", i, rand.Text()), Username: "root", Project: 1}
				if _, err := tx.CreateEntry(e, vault.Payload{Password: vault.NewSecret(secret)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// attach puts a file of random bytes where files lie, and into the vault.
func (w *world) attach(t testing.TB, object string, size int) {
	t.Helper()
	var sealed bytes.Buffer
	c := stream.File.NewWriter(&sealed, w.Sealer, object)
	if _, err := io.CopyN(c, rand.Reader, int64(size)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.blobs.Put(t.Context(), vault.ContentKey(object), &sealed); err != nil {
		t.Fatal(err)
	}
	w.Do(t, func(tx *vault.Tx) error {
		_, err := tx.AddFile(vault.File{Entry: 1, Name: object, Size: int64(size), Object: object})
		return err
	})
}

func (w *world) reveal(t testing.TB, s *scenario.System, id vault.EntryID) string {
	t.Helper()
	req := vault.Request{Auth: auth.Token(w.Founding.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "read/items", Reveals: true}}
	p, err := vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(id) })
	if err != nil {
		t.Fatal(err)
	}
	return p.Password.Reveal()
}

// backup writes an archive into a file.
func (w *world) backup(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "archive")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = archive.Write(t.Context(), f, archive.Source{Store: w.Store, Log: w.Log, Sealer: w.Sealer, Blobs: w.blobs, Now: w.clock})
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// opener unwraps an archive's keysets: nothing of the vault itself is asked.
func opener(ctx context.Context, key seal.Wrapper) func(archive.Header) (vault.Sealer, error) {
	return func(h archive.Header) (vault.Sealer, error) { return seal.Open(ctx, key, h.Keysets) }
}

func (w *world) prepare(t testing.TB, path string, o restore.Options) (*restore.Plan, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	o.Now = w.clock
	return restore.Prepare(t.Context(), f, opener(t.Context(), w.key), o)
}

func (w *world) plan(t testing.TB, path string, o restore.Options) *restore.Plan {
	t.Helper()
	p, err := w.prepare(t, path, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// open opens a restored vault with the key alone.
func (w *world) open(t testing.TB, store vault.Store) *scenario.System {
	t.Helper()
	keysets, err := store.Keysets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.Open(t.Context(), w.key, keysets)
	if err != nil {
		t.Fatal(err)
	}
	return w.on(store, sealer)
}

// content is all that a vault holds.
type content struct {
	Records [2][]vault.StoredRecord
	Secrets map[vault.SecretKey][]byte
	Access  []vault.StoredAccess
	Keysets []vault.StoredKeyset
}

func (w *world) content(t testing.TB, s vault.Store) (c content) {
	t.Helper()
	for i, table := range vault.Tables {
		for after, more := vault.Seq(0), true; more; {
			page, next, err := s.Tail(t.Context(), table, after)
			if err != nil {
				t.Fatal(err)
			}
			if more = next; more {
				after = page[len(page)-1].Seq
			}
			c.Records[i] = append(c.Records[i], page...)
		}
	}
	var keys []vault.SecretKey
	for id := range vault.EntryID(20) {
		for v := range uint32(4) {
			keys = append(keys, vault.SecretKey{Entry: id, Version: v})
		}
	}
	var err1, err2, err3 error
	c.Secrets, err1 = s.Secrets(t.Context(), keys)
	c.Keysets, err2 = s.Keysets(t.Context())
	start := vault.HourOf(time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC))
	for h := start; h < start+24; h++ {
		list, err := s.AccessHour(t.Context(), h, "")
		err3 = errors.Join(err3, err)
		c.Access = append(c.Access, list...)
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return c
}

// wantSame checks that a store holds the same as another, byte for byte.
func (w *world) wantSame(t testing.TB, what string, got, want content) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s: the stores differ (-want +got):\n%.2000s", what, d)
	}
}

func object(t testing.TB, s blob.Store, name string) []byte {
	t.Helper()
	r, _, err := s.Open(t.Context(), vault.ContentKey(name), 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
