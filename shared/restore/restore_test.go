package restore_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tresor/infra/dynamodblocal"
	"tresor/shared/blob/blobtest"
	"tresor/shared/dynamo"
	"tresor/shared/journal"
	"tresor/shared/restore"
	"tresor/shared/seal/keyfile"
	"tresor/shared/sqlite"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

func stores(t *testing.T) map[string]vault.Store {
	t.Helper()
	server, tables := dynamodblocal.Start(t)
	db, err := dynamo.New(dynamo.NewClient(server.Config()), dynamo.Config{Entries: tables.Entries, Permissions: tables.Permissions, Vault: "restored-" + rand.Text()})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]vault.Store{"memory": vaulttest.NewMemory(), "sqlite": openFile(t, filepath.Join(t.TempDir(), "vault.db")), "dynamodb": db}
}

func openFile(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestTheSameVault: what was backed up and what was restored cannot be told apart, on any store, and the restored vault goes on.
func TestTheSameVault(t *testing.T) {
	w := rich(t)
	path, want := w.backup(t), w.content(t, w.Store)
	for name, store := range stores(t) {
		p, blobs := w.plan(t, path, restore.Options{}), blobtest.Folder(t)
		if err := p.Run(t.Context(), restore.Target{Store: store, Blobs: blobs}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w.wantSame(t, name, w.content(t, store), want)
		if m := p.Manifest(); p.Entries() != 4 || m.Files != 2 || !slices.Equal(m.Missing, []string{"c-gone"}) || len(m.Purged) != 1 {
			t.Errorf("%s: got %d entries, %+v", name, p.Entries(), m)
		}
		for _, o := range []string{"a-large", "b-small"} {
			if !bytes.Equal(object(t, blobs, o), object(t, w.blobs, o)) {
				t.Errorf("%s: the file %s differs", name, o)
			}
		}
		s := w.open(t, store)
		if got := w.reveal(t, s, 2); got != "newer" {
			t.Errorf("%s: got secret %q", name, got)
		}
		s.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(3, vault.NewSecret("after")) })
		if got := w.reveal(t, s, 3); got != "after" {
			t.Errorf("%s: got secret %q after a change", name, got)
		}
		if report, err := journal.Verify(t.Context(), store, w.Sealer); err != nil || !report.OK() || report.Hours == 0 {
			t.Errorf("%s: got %+v, %v; want the restored vault to verify", name, report, err)
		}
	}
}

// TestABackupOfARestoredVault: the notes of the restore do not get in the way of the next one.
func TestABackupOfARestoredVault(t *testing.T) {
	w := rich(t)
	store, blobs := vaulttest.NewMemory(), blobtest.Folder(t)
	if err := w.plan(t, w.backup(t), restore.Options{}).Run(t.Context(), restore.Target{Store: store, Blobs: blobs}); err != nil {
		t.Fatal(err)
	}
	second := &world{System: w.open(t, store), key: w.key, blobs: blobs, now: w.now}
	again := vaulttest.NewMemory()
	if err := second.plan(t, second.backup(t), restore.Options{}).Run(t.Context(), restore.Target{Store: again, Blobs: blobtest.Folder(t)}); err != nil {
		t.Fatal(err)
	}
	w.wantSame(t, "twice restored", w.content(t, again), w.content(t, w.Store))
}

func TestAPlaceThatIsTaken(t *testing.T) {
	w, other := rich(t), rich(t)
	path := w.backup(t)
	full := vaulttest.NewMemory()
	if err := w.plan(t, path, restore.Options{}).Run(t.Context(), restore.Target{Store: full, Blobs: blobtest.Folder(t)}); err != nil {
		t.Fatal(err)
	}
	begun := vaulttest.NewMemory()
	broken := errors.New("out of order")
	err := w.plan(t, path, restore.Options{}).Run(t.Context(), restore.Target{Store: begun, Blobs: blobtest.Folder(t), Ready: func() error { return broken }})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	keysOnly := vaulttest.NewMemory()
	if err := keysOnly.Commit(t.Context(), vault.Transaction{ID: vaulttest.NewTxnID(), PutKeysets: w.plan(t, path, restore.Options{}).Manifest().Keysets[:1]}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		store vault.Store
		from  *world
		o     restore.Options
	}{
		"the vault itself":          {w.Store, w, restore.Options{}},
		"another vault":             {other.Store, w, restore.Options{}},
		"restored already":          {full, w, restore.Options{}},
		"restored of another":       {full, other, restore.Options{}},
		"begun with another":        {begun, other, restore.Options{}},
		"begun with another point":  {begun, w, restore.Options{ToSeq: 3}},
		"a keyset without a record": {keysOnly, w, restore.Options{}},
	} {
		before := c.from.content(t, c.store)
		err := c.from.plan(t, c.from.backup(t), c.o).Run(t.Context(), restore.Target{Store: c.store, Blobs: blobtest.Folder(t)})
		if !errors.Is(err, vault.Exists) {
			t.Errorf("%s: got %v, want Exists", name, err)
		}
		w.wantSame(t, name, c.from.content(t, c.store), before)
	}
	// A new archive of the same vault is another archive; the one that began goes on.
	blobs := blobtest.Folder(t)
	if err := w.plan(t, path, restore.Options{}).Run(t.Context(), restore.Target{Store: begun, Blobs: blobs}); err != nil {
		t.Error(err)
	}
	w.wantSame(t, "after the refusals", w.content(t, begun), w.content(t, full))
}

// TestNoVaultIsFoundedAmongRuins: a restore has begun, and init comes.
func TestNoVaultIsFoundedAmongRuins(t *testing.T) {
	w := rich(t)
	store := vaulttest.NewMemory()
	stop := errors.New("stop")
	if err := w.plan(t, w.backup(t), restore.Options{}).Run(t.Context(), restore.Target{Store: store, Blobs: blobtest.Folder(t), Ready: func() error { return stop }}); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	tx := vault.Transaction{ID: vaulttest.NewTxnID(), Absent: []vault.RecordKey{vault.RestoreMark}, Put: []vault.StoredRecord{vaulttest.NewRecord(vault.Entries, 1, 10)}}
	if err := store.Commit(t.Context(), tx); !errors.Is(err, vault.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if begun, err := restore.Begun(t.Context(), store); err != nil || !begun {
		t.Errorf("got %t, %v", begun, err)
	}
	if begun, err := restore.Begun(t.Context(), vaulttest.NewMemory()); err != nil || begun {
		t.Errorf("an empty store: got %t, %v", begun, err)
	}
}

// TestABadArchive is refused before anything is written: Prepare has no store.
func TestABadArchive(t *testing.T) {
	w := rich(t)
	path := w.backup(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad")
	refuse := func(what string, file []byte) {
		t.Helper()
		if err := os.WriteFile(bad, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := w.prepare(t, bad, restore.Options{}); !errors.Is(err, vault.Corrupt) {
			t.Errorf("%s: got %v, want Corrupt", what, err)
		}
	}
	for _, at := range []int{0, 10, 300, len(whole) / 2, len(whole) - 1} {
		refuse("cut", whole[:at])
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		refuse("changed", changed)
	}
	refuse("lengthened", append(bytes.Clone(whole), 0))
	w.key = keyfile.Generate()
	refuse("another key", whole)
}

// TestReplacedBetweenTheReadings: what is restored is what was verified.
func TestReplacedBetweenTheReadings(t *testing.T) {
	w := rich(t)
	path := w.backup(t)
	p := w.plan(t, path, restore.Options{})
	other, err := os.ReadFile(w.backup(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, other, 0o600); err != nil { // the same file, with other bytes
		t.Fatal(err)
	}
	store := vaulttest.NewMemory()
	if err := p.Run(t.Context(), restore.Target{Store: store, Blobs: blobtest.Folder(t)}); !errors.Is(err, vault.Corrupt) {
		t.Errorf("got %v, want Corrupt", err)
	}
	if c := w.content(t, store); len(c.Keysets)+len(c.Records[0])+len(c.Secrets) > 0 {
		t.Error("something was written")
	}
}

func TestFilesNeedAPlace(t *testing.T) {
	w := rich(t)
	p, store := w.plan(t, w.backup(t), restore.Options{}), vaulttest.NewMemory()
	if err := p.Run(t.Context(), restore.Target{Store: store}); !errors.Is(err, vault.Invalid) {
		t.Errorf("without a place: got %v, want Invalid", err)
	}
	if begun, err := restore.Begun(t.Context(), store); err != nil || begun {
		t.Errorf("a restore has begun: %t, %v", begun, err)
	}
	blobs := blobtest.Folder(t)
	if _, err := blobs.Put(t.Context(), vault.ContentKey("b-small"), bytes.NewReader([]byte("another content"))); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), restore.Target{Store: store, Blobs: blobs}); !errors.Is(err, vault.Exists) {
		t.Errorf("another content under the name: got %v, want Exists", err)
	}
	// Only the tables were lost: the files are there still.
	if err := p.Run(t.Context(), restore.Target{Store: store, Blobs: w.blobs}); err != nil {
		t.Error(err)
	}
}
