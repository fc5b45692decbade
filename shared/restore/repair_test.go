package restore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"tresor/shared/journal"
	"tresor/shared/restore"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// moments returns a store with the first e and p records of a vault's journals, as when its tables were brought back to different moments.
func moments(t *testing.T, c content, e, p int) *vaulttest.Memory {
	t.Helper()
	store := vaulttest.NewMemory()
	tx := vault.Transaction{ID: vaulttest.NewTxnID(), PutKeysets: c.Keysets, Put: append(c.Records[0][:e:e], c.Records[1][:p]...)}
	for k, sealed := range c.Secrets {
		tx.PutSecrets = append(tx.PutSecrets, vault.StoredSecret{SecretKey: k, Sealed: sealed})
	}
	if err := errors.Join(store.Commit(t.Context(), tx), store.PutAccess(t.Context(), c.Access)); err != nil {
		t.Fatal(err)
	}
	return store
}

func (w *world) findRepair(t *testing.T, s vault.Store) *restore.Repair {
	t.Helper()
	r, err := restore.FindRepair(t.Context(), s, w.Sealer, w.now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantSound checks that a vault verifies, needs no repair, answers and takes writes.
func (w *world) wantSound(t *testing.T, what string, s vault.Store) {
	t.Helper()
	if r := w.findRepair(t, s); r != nil {
		t.Errorf("%s: there is something to repair: %+v", what, r)
	}
	system := w.open(t, s)
	system.Do(t, func(tx *vault.Tx) error { _, err := tx.EnsureTags([]string{"after"}); return err })
	if report, err := journal.Verify(t.Context(), s, w.Sealer); err != nil || !report.OK() {
		t.Errorf("%s: got %+v, %v; want it to verify", what, report, err)
	}
}

// TestTablesOfDifferentMoments repairs every pair of moments that a vault's tables can be brought back to.
func TestTablesOfDifferentMoments(t *testing.T) {
	h := newHistory(t)
	all := h.content(t, h.Store)
	repaired := 0
	for e := 1; e <= len(all.Records[0]); e++ {
		for p := 1; p <= len(all.Records[1]); p++ {
			what := fmt.Sprintf("entries up to %d, permissions up to %d", e, p)
			s := moments(t, all, e, p)
			r := h.findRepair(t, s)
			if r != nil {
				repaired++
				if cut, lost := r.Cut(); int(r.Heads().Entries.Seq)+cut != e || int(r.Heads().Permissions.Seq)+lost != p || cut+lost == 0 {
					t.Errorf("%s: cut to %v, by %d and %d", what, r.Heads(), cut, lost)
				}
				if err := r.Run(t.Context()); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
			if e%4 == 1 && p%5 == 1 || e == len(all.Records[0]) { // opening the keysets takes longest
				h.wantSound(t, what, s)
			} else if r := h.findRepair(t, s); r != nil {
				t.Errorf("%s: repaired, there is something to repair", what)
			}
		}
	}
	if repaired < 20 {
		t.Errorf("repaired %d pairs only", repaired)
	}
}

// TestARepairKeepsOutWhoWasShutOut: the permissions are of a later moment than the entries, and what they revoked is cut off with them.
func TestARepairKeepsOutWhoWasShutOut(t *testing.T) {
	h := newHistory(t)
	all := h.content(t, h.Store)
	for left := 0; ; left++ { // killed at every write, and run again
		s := moments(t, all, int(h.at.Entries.Seq), len(all.Records[1]))
		d := &dyingRepair{Store: s, left: left}
		r, err := restore.FindRepair(t.Context(), d, h.Sealer, h.now)
		if err != nil || r == nil || r.Heads() != h.at {
			t.Fatalf("got %+v, %v; want a cut to %v", r, err, h.at)
		}
		err = r.Run(t.Context())
		if err != nil && !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		if again := h.findRepair(t, s); again != nil {
			if err == nil {
				t.Fatal("it has ended, and there is more to repair")
			}
			if err := again.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		h.wantSound(t, fmt.Sprint("killed at write ", left), s)
		if got := h.content(t, s); len(got.Records[1]) != int(h.at.Permissions.Seq)+1 {
			t.Fatalf("got %d permissions records, want %d and the note", len(got.Records[1]), h.at.Permissions.Seq)
		}
		h.wantShutOut(t, "repaired", h.open(t, s), true)
		h.wantGoesOn(t, h.open(t, s), vault.ReadOnly, false)
		if err == nil {
			return
		}
	}
}

// TestAWarmReplicaSeesARepair (law 17): a process that had read what was taken off reads anew, answers as a cold one does, and writes on what is there; also one that
// began with a snapshot.
func TestAWarmReplicaSeesARepair(t *testing.T) {
	h := newHistory(t)
	all := h.content(t, h.Store)
	s := moments(t, all, len(all.Records[0]), len(all.Records[1]))
	var warm []*scenario.System
	for range 2 {
		w := h.open(t, s)
		if err := w.Log.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		warm = append(warm, w)
	}
	file, err := warm[0].Log.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	begun := h.open(t, s)
	if err := begun.Log.Adopt(t.Context(), bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	warm = append(warm, begun)
	drop := vault.Transaction{ID: vaulttest.NewTxnID()} // the entries go back to an earlier moment, in their place
	for seq := h.at.Entries.Seq + 1; seq <= vault.Seq(len(all.Records[0])); seq++ {
		drop.DropRecords = append(drop.DropRecords, vault.RecordKey{Table: vault.Entries, Seq: seq})
	}
	if err := s.Commit(t.Context(), drop); err != nil {
		t.Fatal(err)
	}
	r := h.findRepair(t, s)
	if r == nil {
		t.Fatal("there is nothing to repair")
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	cold := h.open(t, s)
	if err := cold.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, w := range warm {
		if err := w.Log.CatchUp(t.Context()); err != nil || heads(w) != heads(cold) {
			t.Fatalf("replica %d: got %v, %v; want %v", i, heads(w), err, heads(cold))
		}
		h.wantShutOut(t, fmt.Sprint("replica ", i), w, true)
		w.Do(t, func(tx *vault.Tx) error { _, err := tx.EnsureTags([]string{fmt.Sprint("warm ", i)}); return err })
		if err := cold.Log.CatchUp(t.Context()); err != nil || heads(w) != heads(cold) {
			t.Fatalf("replica %d wrote: got %v, %v; want %v", i, heads(w), err, heads(cold))
		}
	}
	if report, err := journal.Verify(t.Context(), s, h.Sealer); err != nil || !report.OK() {
		t.Errorf("got %+v, %v; want it to verify", report, err)
	}
}

// dyingRepair splits what is dropped into transactions of one each, and dies after some.
type dyingRepair struct {
	vault.Store
	left int
}

// Commit implements vault.Store.
func (d *dyingRepair) Commit(ctx context.Context, tx vault.Transaction) error {
	for _, k := range tx.DropRecords {
		if d.left--; d.left < 0 {
			return errDied
		}
		if err := d.Store.Commit(ctx, vault.Transaction{ID: vaulttest.NewTxnID(), DropRecords: []vault.RecordKey{k}}); err != nil {
			return err
		}
	}
	if tx.DropRecords = nil; tx.Items() == 0 {
		return nil
	}
	if d.left--; d.left < 0 {
		return errDied
	}
	return d.Store.Commit(ctx, tx)
}

// TestARepairMendsNothingElse: a healthy vault is left alone, and a damaged one is refused.
func TestARepairMendsNothingElse(t *testing.T) {
	h := newHistory(t)
	all := h.content(t, h.Store)
	if r := h.findRepair(t, h.Store); r != nil {
		t.Errorf("a healthy vault: got %+v", r)
	}
	other := rich(t)
	strangers := other.content(t, other.Store)
	for name, damage := range map[string]func(*content){
		"a record is missing":   func(c *content) { c.Records[0] = append(c.Records[0][:3:3], c.Records[0][4:]...) },
		"a record is changed":   func(c *content) { c.Records[1][4].Sealed[20] ^= 1 },
		"a record is another's": func(c *content) { c.Records[0][4] = strangers.Records[0][4] },
	} {
		c := h.content(t, h.Store)
		damage(&c)
		s := moments(t, c, len(c.Records[0]), len(c.Records[1]))
		if r, err := restore.FindRepair(t.Context(), s, h.Sealer, h.now); !errors.Is(err, vault.Corrupt) {
			t.Errorf("%s: got %+v, %v; want Corrupt", name, r, err)
		}
	}
	busy := &growing{Store: moments(t, all, len(all.Records[0])-1, len(all.Records[1])), next: all.Records[0][len(all.Records[0])-1]}
	if r, err := restore.FindRepair(t.Context(), busy, h.Sealer, h.now); !errors.Is(err, vault.Busy) {
		t.Errorf("a vault in use: got %+v, %v; want Busy", r, err)
	}
	if _, err := restore.FindRepair(t.Context(), vaulttest.NewMemory(), h.Sealer, h.now); !errors.Is(err, vault.NotFound) {
		t.Errorf("no vault: got %v, want NotFound", err)
	}
}

// growing is a store in which somebody writes between the readings of the journals.
type growing struct {
	vault.Store
	next vault.StoredRecord
}

// Tail implements vault.Store.
func (g *growing) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	page, more, err := g.Store.Tail(ctx, t, after)
	if t == vault.Permissions && g.next.Seq > 0 {
		tx := vault.Transaction{ID: vaulttest.NewTxnID(), Put: []vault.StoredRecord{g.next}}
		g.next = vault.StoredRecord{}
		err = errors.Join(err, g.Store.Commit(ctx, tx))
	}
	return page, more, err
}
