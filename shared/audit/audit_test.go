package audit_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tresor/shared/anchor"
	"tresor/shared/audit"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/depot"
	"tresor/shared/scenario"
	"tresor/shared/snapshot"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// world is a vault with a bucket and a bucket for anchors.
type world struct {
	*scenario.System
	memory           *vaulttest.Memory
	objects, anchors blob.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{memory: vaulttest.NewMemory(), objects: blobtest.Folder(t), anchors: blobtest.Folder(t)}
	w.System = scenario.On(t, w.memory)
	w.write(t)
	return w
}

func (w *world) write(t *testing.T) {
	t.Helper()
	w.Do(t, func(tx *vault.Tx) error { _, err := tx.EnsureTags([]string{w.Clock.Now().String()}); return err })
	w.Do(t, func(tx *vault.Tx) error { return tx.SetSetting("k", w.Clock.Now().String()) })
	w.Clock.Add(time.Minute)
}

func (w *world) anchor(t *testing.T) {
	t.Helper()
	a, err := anchor.Make(t.Context(), w.Log, w.Sealer, w.Clock.Now())
	if err == nil {
		_, err = anchor.Put(t.Context(), w.anchors, a)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) snapshot(t *testing.T) {
	t.Helper()
	if _, _, err := snapshot.Write(t.Context(), w.Log, w.objects); err != nil {
		t.Fatal(err)
	}
}

func (w *world) backup(t *testing.T) {
	t.Helper()
	d := depot.New(depot.Parts{Vault: w.Vault, Log: w.Log, Store: w.Store, Sealer: w.Sealer, Blobs: w.objects, Now: w.Clock.Now})
	if _, err := d.Nightly(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) parts(store vault.Store) audit.Parts {
	return audit.Parts{Log: w.Log, Store: store, Sealer: w.Sealer, Objects: w.objects, Anchors: w.anchors, Now: w.Clock.Now()}
}

// run is what the function does: its error, and what it logged.
func run(t *testing.T, p audit.Parts) (log string, failure error) {
	t.Helper()
	var written bytes.Buffer
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&written, nil)))
	defer slog.SetDefault(was)
	failure = audit.Run(t.Context(), p)
	return written.String(), failure
}

func TestAHealthyVault(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		w.anchor(t)
		w.snapshot(t)
		w.backup(t)
		w.write(t)
	}
	written, err := run(t, w.parts(w.memory))
	if err != nil || !strings.Contains(written, `"ok":true,"entries":4,"permissions":4,`) || !strings.Contains(written, `"anchors":2,"snapshot":"snapshots/`) || !strings.Contains(written, `"backup":"backups/scheduled/tresor-20261126T1202`) {
		t.Errorf("got %v\n%s", err, written)
	}
}

// TestWhatGoesBackIsNamed by each of the three that know better, alone.
func TestWhatGoesBackIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		keep func(*world, *testing.T)
		want string
	}{
		"an anchor":  {(*world).anchor, "the anchor of 2026-11-26T12:02:00Z names record 3"},
		"a snapshot": {(*world).snapshot, "the snapshot snapshots/"},
		"a backup":   {(*world).backup, "the backup backups/scheduled/tresor-"},
	} {
		w := newWorld(t)
		before := w.memory.Clone()
		w.write(t)
		c.keep(w, t)
		written, err := run(t, w.parts(before))
		if !errors.Is(err, vault.Corrupt) || !strings.Contains(err.Error(), "the vault does not verify: 2 problems, the first: the entries journal ends with record 2, and "+c.want[:9]) || !strings.Contains(written, c.want) ||
			!strings.Contains(written, "its end was cut off, from record 3 on") {
			t.Errorf("%s: %v\n%s", name, err, written)
		}
	}
}

// TestAnAnchorFromAfterTheCutHidesNothing: the newest is made of what is there.
func TestAnAnchorFromAfterTheCutHidesNothing(t *testing.T) {
	w := newWorld(t)
	before := w.memory.Clone()
	w.write(t)
	w.anchor(t)
	cut := w.Another(t, before)
	cut.Clock.Add(time.Hour)
	a, err := anchor.Make(t.Context(), cut.Log, w.Sealer, cut.Clock.Now())
	if err == nil {
		_, err = anchor.Put(t.Context(), w.anchors, a)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, w.parts(before)); !errors.Is(err, vault.Corrupt) {
		t.Errorf("got %v", err)
	}
	p := w.parts(before)
	p.Now = p.Now.Add(audit.Window + time.Minute)
	if written, err := run(t, p); !errors.Is(err, vault.Corrupt) || strings.Contains(written, "cut off") {
		t.Errorf("when the older anchor is out of the window: %v\n%s", err, written)
	}
}

// TestAnchorsThatWereRemovedLeaveAGap, in the middle, at the end, or all of them.
func TestAnchorsThatWereRemovedLeaveAGap(t *testing.T) {
	w := newWorld(t)
	w.Clock.Add(5 * time.Hour)
	if written, err := run(t, w.parts(w.memory)); err != nil {
		t.Errorf("a young vault: %v\n%s", err, written)
	}
	w.Clock.Add(2 * time.Hour)
	if _, err := run(t, w.parts(w.memory)); err == nil || !strings.Contains(err.Error(), "there is no anchor since 2026-11-26T12:00:00Z") {
		t.Errorf("none at all: %v", err)
	}
	w.anchor(t)
	w.Clock.Add(6 * time.Hour)
	w.anchor(t)
	w.Clock.Add(6 * time.Hour)
	if written, err := run(t, w.parts(w.memory)); err != nil {
		t.Errorf("a few failed: %v\n%s", err, written)
	}
	w.Clock.Add(time.Hour)
	if _, err := run(t, w.parts(w.memory)); err == nil || !strings.Contains(err.Error(), "there is no anchor since 2026-11-27T01:01:00Z") {
		t.Errorf("none at the end: %v", err)
	}
	w.anchor(t)
	if _, err := run(t, w.parts(w.memory)); err == nil || !strings.Contains(err.Error(), "there is no anchor between 2026-11-27T01:01:00Z and 2026-11-27T08:01:00Z") {
		t.Errorf("none between: %v", err)
	}
}

// TestDamagedReferencesAreFindings.
func TestDamagedReferencesAreFindings(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"snapshots/0-damaged", "backups/scheduled/tresor-20261126T120500Z-0.backup", "backups/zzz", "anchors/20261126T120500Z.json"} {
		in := w.objects
		if strings.HasPrefix(key, "anchors") {
			in = w.anchors
		}
		if _, err := in.Put(t.Context(), key, strings.NewReader("damaged")); err != nil {
			t.Fatal(err)
		}
	}
	written, err := run(t, w.parts(w.memory))
	if !errors.Is(err, vault.Corrupt) || !strings.Contains(written, `"problems":3`) {
		t.Errorf("got %v\n%s", err, written)
	}
}

// failing is a store of objects that does not answer.
type failing struct{ blob.Store }

func (failing) List(context.Context, string, string, int) ([]blob.Object, error) {
	return nil, &vault.Error{Kind: vault.Busy}
}

func (failing) Open(context.Context, string, int64, int64) (io.ReadCloser, int64, error) {
	return nil, 0, &vault.Error{Kind: vault.NotFound}
}

// fleeting lists what is gone by the time that it is read.
type fleeting struct{ blob.Store }

func (fleeting) Open(context.Context, string, int64, int64) (io.ReadCloser, int64, error) {
	return nil, 0, &vault.Error{Kind: vault.NotFound}
}

func TestWhatCannotBeReadIsNoFinding(t *testing.T) {
	w := newWorld(t)
	w.snapshot(t)
	w.backup(t)
	p := w.parts(w.memory)
	p.Anchors = failing{}
	if _, err := run(t, p); !errors.Is(err, vault.Busy) {
		t.Errorf("no anchors to be read: %v", err)
	}
	p = w.parts(w.memory)
	p.Objects = failing{}
	if _, err := run(t, p); !errors.Is(err, vault.Busy) {
		t.Errorf("no snapshots to be read: %v", err)
	}
	p.Objects = fleeting{w.objects}
	if written, err := run(t, p); err != nil || !strings.Contains(written, `"snapshot":"","backup":""`) {
		t.Errorf("a snapshot that the compactor has just removed: %v\n%s", err, written)
	}
	p.Objects, p.Anchors = nil, nil
	if _, err := run(t, p); err != nil {
		t.Errorf("nothing to compare with: %v", err)
	}
	p.Store = vaulttest.NewMemory()
	if _, err := run(t, p); err != nil {
		t.Errorf("no vault, and nothing that says that there was one: %v", err)
	}
}

// keyless is a sealer whose keys are out of reach.
type keyless struct{ vault.Sealer }

func (keyless) VaultID() string { return "" }

func (keyless) Open(vault.Purpose, []byte, vault.Binding) ([]byte, error) {
	return nil, &vault.Error{Kind: vault.Busy, Msg: "the vault is busy"}
}

// TestKeysOutOfReachAreNoFinding: the vault is not damaged, and not verified either.
func TestKeysOutOfReachAreNoFinding(t *testing.T) {
	w := newWorld(t)
	p := w.parts(w.memory)
	p.Sealer = keyless{w.Sealer}
	if written, err := run(t, p); !errors.Is(err, vault.Busy) || strings.Contains(written, "does not verify") {
		t.Errorf("got %v\n%s", err, written)
	}
	w.anchor(t)
	if written, err := run(t, w.parts(w.memory)); err != nil {
		t.Errorf("got %v\n%s", err, written)
	}
	if written, err := run(t, p); !errors.Is(err, vault.Busy) || strings.Contains(written, "does not verify") {
		t.Errorf("with an anchor: %v\n%s", err, written)
	}
}
