package depot_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"tresor/shared/archive"
	"tresor/shared/attach"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/depot"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// verified opens a backup and verifies all of it.
func (w *world) verified(t *testing.T, key string) archive.Manifest {
	t.Helper()
	r, _, err := w.blobs.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	m, err := archive.Verify(t.Context(), r, func(archive.Header) (vault.Sealer, error) { return w.Sealer, nil })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestANightlyBackup(t *testing.T) {
	w := newWorld(t)
	before := accesses(t, w)
	stored, err := w.depot.Nightly(t.Context())
	if err != nil || !strings.HasPrefix(stored.Key, "backups/scheduled/tresor-20261126T120000Z-") || stored.Size < 1000 {
		t.Fatalf("got %+v, %v", stored, err)
	}
	if m := w.verified(t, stored.Key); m.Entries != 2 {
		t.Errorf("%d entries in it", m.Entries)
	}
	if n := accesses(t, w) - before; n != 1 {
		t.Errorf("it left %d access records, want 1", n)
	}
	again, err := w.depot.Nightly(t.Context()) // in the very second, as after a second event
	if err != nil || again.Key == stored.Key {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func accesses(t *testing.T, w *world) int {
	t.Helper()
	list, err := w.Log.Accesses(t.Context(), vault.HourOf(w.Clock.Now()), "")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// altered is a store whose list says something else.
type altered struct {
	blob.Store
	list func([]blob.Object) []blob.Object
}

func (a altered) List(ctx context.Context, prefix, after string, limit int) ([]blob.Object, error) {
	list, err := a.Store.List(ctx, prefix, after, limit)
	return a.list(list), err
}

// TestABackupThatDoesNotLieThereIsNone: whatever Put has said.
func TestABackupThatDoesNotLieThereIsNone(t *testing.T) {
	w := newWorld(t)
	for name, list := range map[string]func([]blob.Object) []blob.Object{
		"not there": func([]blob.Object) []blob.Object { return nil },
		"shorter":   func(l []blob.Object) []blob.Object { l[0].Size--; return l },
		"another":   func(l []blob.Object) []blob.Object { l[0].Key += "x"; return l },
	} {
		if _, err := w.on(altered{w.blobs, list}).Nightly(t.Context()); !errors.Is(err, vault.Corrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	lossy := &blobtest.Lossy{Store: w.blobs, Lose: func(string, string) blobtest.Fate { return blobtest.AnswerLost }}
	if _, err := w.on(lossy).Nightly(t.Context()); !errors.Is(err, vault.Undecided) {
		t.Errorf("a lost answer: %v", err)
	}
	none := w.Another(t, vaulttest.NewMemory())
	d := depot.New(depot.Parts{Vault: none.Vault, Log: none.Log, Store: none.Store, Sealer: w.Sealer, Blobs: w.blobs})
	if _, err := d.Nightly(t.Context()); !errors.Is(err, vault.ErrNoVault) {
		t.Errorf("no vault: %v", err)
	}
	for _, under := range []string{"scheduled", "scheduled/a"} { // they would be let go of with the others
		if _, err := w.depot.Backup(t.Context(), under); !errors.Is(err, vault.Invalid) {
			t.Errorf("a backup below %s: %v", under, err)
		}
	}
	if _, err := w.on(nil).Nightly(t.Context()); !errors.Is(err, vault.Invalid) {
		t.Errorf("no bucket: %v", err)
	}
}

// narrow is S3 for a role that may list only some prefixes: what is not there is forbidden.
type narrow struct{ blob.Store }

func (n narrow) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	r, size, err := n.Store.Open(ctx, key, offset, length)
	if errors.Is(err, vault.NotFound) {
		err = errors.New("AccessDenied")
	}
	return r, size, err
}

func (n narrow) List(ctx context.Context, prefix, after string, limit int) ([]blob.Object, error) {
	if prefix != "files/" && prefix != "backups/" {
		return nil, errors.New("AccessDenied")
	}
	return n.Store.List(ctx, prefix, after, limit)
}

// TestAPurgedContentIsNoReasonToMakeNoBackup.
func TestAPurgedContentIsNoReasonToMakeNoBackup(t *testing.T) {
	w := newWorld(t)
	files := attach.New(w.blobs, w.Sealer)
	for _, name := range []string{"kept", "lost"} {
		object, err := files.Put(t.Context(), []byte(name))
		if err != nil {
			t.Fatal(err)
		}
		w.Do(t, func(tx *vault.Tx) error {
			_, err := tx.AddFile(vault.File{Entry: 1, Name: name, Object: object, Size: 4})
			return err
		})
	}
	list, err := w.blobs.List(t.Context(), "files/", "", 0)
	if err != nil || len(list) != 2 || w.blobs.Delete(t.Context(), list[0].Key) != nil {
		t.Fatalf("%v, %v", list, err)
	}
	stored, err := w.on(narrow{w.blobs}).Nightly(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m := w.verified(t, stored.Key); m.Files != 1 || len(m.Missing) != 1 {
		t.Errorf("%d files, %v missing", m.Files, m.Missing)
	}
}
