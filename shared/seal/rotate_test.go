package seal_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tresor/shared/seal"
	"tresor/shared/vault"
)

// table stands for the stored keysets.
type table struct {
	mu    sync.Mutex
	rows  []vault.StoredKeyset
	err   error
	delay time.Duration
	loads atomic.Int32
}

func (k *table) put(row vault.StoredKeyset) {
	k.mu.Lock()
	k.rows = append(k.rows, row)
	k.mu.Unlock()
}

func (k *table) fail(err error) {
	k.mu.Lock()
	k.err = err
	k.mu.Unlock()
}

func (k *table) load(ctx context.Context) ([]vault.StoredKeyset, error) {
	k.loads.Add(1)
	select {
	case <-time.After(k.delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]vault.StoredKeyset(nil), k.rows...), k.err
}

func (k *table) wantLoads(t *testing.T, want int32) {
	t.Helper()
	if got := k.loads.Load(); got != want {
		t.Errorf("got %d loads, want %d", got, want)
	}
}

// rotation is two processes on one vault: one rotates keys, the other reads.
type rotation struct {
	*table
	rotator, reader *seal.Sealer
	unwraps         atomic.Int32 // of both
}

func newRotation(t *testing.T) *rotation {
	stored, rotator, w := create(t)
	k := &table{rows: stored}
	reader, err := seal.Open(t.Context(), w, stored)
	if err != nil {
		t.Fatal(err)
	}
	rotator.ReloadWith(k.load)
	reader.ReloadWith(k.load)
	r := &rotation{table: k, rotator: rotator, reader: reader}
	w.Unwrapped = func(seal.Context) { r.unwraps.Add(1) }
	return r
}

// step puts the next keyset and lets the rotator adopt it.
func (r *rotation) step(t *testing.T, next func(context.Context, vault.Purpose) (vault.StoredKeyset, error), p vault.Purpose) vault.StoredKeyset {
	t.Helper()
	row, err := next(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	r.put(row)
	if err := r.rotator.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.loads.Add(-1)
	return row
}

// promote is the Promote of whatever key waits.
func (r *rotation) promote(ctx context.Context, p vault.Purpose) (vault.StoredKeyset, error) {
	_, list, err := r.rotator.Keys(p)
	if err != nil {
		return vault.StoredKeyset{}, err
	}
	return r.rotator.Promote(ctx, p, list[len(list)-1].ID)
}

func (r *rotation) rotate(t *testing.T, p vault.Purpose) {
	t.Helper()
	r.step(t, r.rotator.AddKey, p)
	r.step(t, r.promote, p)
}

func TestRotation(t *testing.T) {
	const p = vault.PurposeSecrets
	r := newRotation(t)
	old := mustSeal(t, r.rotator, p, "old", binding)

	if row := r.step(t, r.rotator.AddKey, p); row.Version != 2 || row.Purpose != p || row.VaultID != r.rotator.VaultID() {
		t.Errorf("got keyset %s version %d of %s, want version 2", row.Purpose, row.Version, row.VaultID)
	}
	added := mustSeal(t, r.rotator, p, "added", binding)
	if string(added[:5]) != string(old[:5]) {
		t.Error("an added key is primary before it is promoted")
	}
	wantOpen(t, r.reader, p, added, binding, "added")
	r.wantLoads(t, 0)

	if row := r.step(t, r.promote, p); row.Version != 3 {
		t.Errorf("got version %d, want 3", row.Version)
	}
	promoted := mustSeal(t, r.rotator, p, "promoted", binding)
	if string(promoted[:5]) == string(old[:5]) {
		t.Error("a promoted key is not primary")
	}
	wantOpen(t, r.rotator, p, old, binding, "old")
	for range 3 {
		wantOpen(t, r.reader, p, promoted, binding, "promoted")
	}
	r.wantLoads(t, 1)
	if sealed := mustSeal(t, r.reader, p, "x", binding); string(sealed[:5]) != string(promoted[:5]) {
		t.Error("the reader seals with the old key after it has loaded the new one")
	}
}

func TestNewestStoredWins(t *testing.T) {
	const p = vault.PurposeSecrets
	stored, s, w := create(t)
	k := &table{rows: stored}
	s.ReloadWith(k.load)
	r := rotation{table: k, rotator: s}
	r.rotate(t, p)
	want := mustSeal(t, s, p, "x", binding)[:5]
	for range len(k.rows) {
		k.rows = append(k.rows[1:], k.rows[0])
		opened, err := seal.Open(t.Context(), w, k.rows)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustSeal(t, opened, p, "x", binding)[:5]; !bytes.Equal(got, want) {
			t.Errorf("sealed with key %x, want %x", got, want)
		}
	}
}

func TestRotationOrder(t *testing.T) {
	const p = vault.PurposeIndex
	r := newRotation(t)
	_, err := r.rotator.Promote(t.Context(), p, 1)
	wantKind(t, "promote without a new key", err, vault.Invalid)
	r.step(t, r.rotator.AddKey, p)
	_, err = r.rotator.AddKey(t.Context(), p)
	wantKind(t, "add a second new key", err, vault.Exists)
	if _, err := r.rotator.AddKey(t.Context(), vault.PurposeFiles); err != nil {
		t.Errorf("add key to another purpose: %v", err)
	}
}

// What was not put, because the put lost, is not in use.
func TestNewKeysetIsNotAdoptedBeforeItIsStored(t *testing.T) {
	r := newRotation(t)
	for range 3 {
		row, err := r.rotator.AddKey(t.Context(), vault.PurposeIndex)
		if err != nil || row.Version != 2 {
			t.Fatalf("got version %d, %v, want 2", row.Version, err)
		}
	}
}

func TestUnknownKeyWithoutReload(t *testing.T) {
	r := newRotation(t)
	r.reader.ReloadWith(nil)
	r.rotate(t, vault.PurposeIndex)
	_, err := r.reader.Open(vault.PurposeIndex, mustSeal(t, r.rotator, vault.PurposeIndex, "x", binding), binding)
	wantKind(t, "open", err, vault.Corrupt)
}

// forged returns a value that names a key of no keyset.
func forged(id byte) []byte {
	return append([]byte{1, 0xff, 0xff, 0xff, id}, make([]byte, 40)...)
}

func TestHostileValuesCauseNoReloadStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const p = vault.PurposeIndex
		r := newRotation(t)
		start := time.Now()
		for time.Since(start) < 3*seal.ReloadInterval {
			_, err := r.reader.Open(p, forged(byte(time.Since(start))), binding)
			wantKind(t, "forged", err, vault.Corrupt)
			time.Sleep(seal.ReloadInterval / 100)
		}
		r.wantLoads(t, 3)
		if got := r.unwraps.Load(); got != 0 {
			t.Errorf("got %d unwraps where nothing is new, want 0", got)
		}

		// Values of no known form cause none at all, and another purpose has a count of its own.
		_, err := r.reader.Open(p, append([]byte{2}, make([]byte, 40)...), binding)
		wantKind(t, "other format", err, vault.Corrupt)
		r.wantLoads(t, 3)
		r.rotate(t, vault.PurposeFiles)
		wantOpen(t, r.reader, vault.PurposeFiles, mustSeal(t, r.rotator, vault.PurposeFiles, "x", binding), binding, "x")
		r.wantLoads(t, 4)
	})
}

// The wait between AddKey and Promote makes the guard harmless: whatever was forged before, the promoted key is known.
func TestRotationUnderForgedValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const p = vault.PurposeIndex
		r := newRotation(t)
		forge := func() { _, _ = r.reader.Open(p, forged(1), binding) }
		forge()
		r.step(t, r.rotator.AddKey, p)
		for range 11 {
			time.Sleep(seal.ReloadInterval / 10)
			forge()
		}
		r.step(t, r.promote, p)
		wantOpen(t, r.reader, p, mustSeal(t, r.rotator, p, "x", binding), binding, "x")
	})
}

func TestConcurrentCallersShareOneReload(t *testing.T) {
	const p = vault.PurposeSecrets
	r := newRotation(t)
	r.rotate(t, p)
	r.delay = 20 * time.Millisecond // of real time: synctest does not see through a mutex
	sealed := mustSeal(t, r.rotator, p, "x", binding)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { wantOpen(t, r.reader, p, sealed, binding, "x") })
	}
	wg.Wait()
	r.wantLoads(t, 1)
}

func TestReloadThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const p = vault.PurposeSecrets
		r := newRotation(t)
		r.rotate(t, p)
		sealed := mustSeal(t, r.rotator, p, "x", binding)
		known := mustSeal(t, r.reader, p, "known", binding)

		r.fail(&vault.Error{Kind: vault.Busy, Err: errors.New("throttled")})
		for range 20 {
			_, err := r.reader.Open(p, sealed, binding)
			wantKind(t, "while throttled", err, vault.Busy)
		}
		r.wantLoads(t, 1)
		wantOpen(t, r.reader, p, known, binding, "known")

		r.fail(nil)
		time.Sleep(time.Second)
		wantOpen(t, r.reader, p, sealed, binding, "x")
		r.wantLoads(t, 2)
	})
}

// A store that does not answer costs a caller seconds, not its whole request, and is called busy.
func TestReloadThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRotation(t)
		r.delay = time.Hour
		start := time.Now()
		_, err := r.reader.Open(vault.PurposeIndex, forged(1), binding)
		wantKind(t, "hanging", err, vault.Busy)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v, want 3s", took)
		}
	})
}

func TestRefreshIsNotHeldBack(t *testing.T) {
	const p = vault.PurposeIndex
	r := newRotation(t)
	_, _ = r.reader.Open(p, forged(1), binding) // takes the one load of the interval
	r.rotate(t, p)
	if err := r.reader.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantOpen(t, r.reader, p, mustSeal(t, r.rotator, p, "x", binding), binding, "x")
}

// sizer notes the size of what was wrapped last.
type sizer struct {
	clearWrapper
	last int
}

func (s *sizer) Wrap(ctx context.Context, c seal.Context, keyset []byte) ([]byte, error) {
	if c.Purpose == vault.PurposeFiles {
		s.last = len(keyset)
	}
	return s.clearWrapper.Wrap(ctx, c, keyset)
}

// A keyset of as many keys as there may be still fits one call of KMS.
func TestKeysetStaysWithinOneKMSCall(t *testing.T) {
	const p, limit = vault.PurposeFiles, 4096
	size := &sizer{}
	stored, s, err := seal.Create(t.Context(), size, "v")
	if err != nil {
		t.Fatal(err)
	}
	k := &table{rows: stored}
	s.ReloadWith(k.load)
	r := rotation{table: k, rotator: s}
	for range seal.MaxKeys - 1 {
		r.rotate(t, p)
	}
	_, err = s.AddKey(t.Context(), p)
	wantKind(t, "one more", err, vault.TooLarge)
	if size.last > limit {
		t.Errorf("a keyset of %d keys has %d bytes, want at most %d", seal.MaxKeys, size.last, limit)
	}
	t.Logf("%d keys, %d bytes", seal.MaxKeys, size.last)
}

// TestAPromotionIsNoticed by a process that holds the key as waiting: it has loaded between AddKey and Promote.
func TestAPromotionIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const p = vault.PurposeIndex
		r := newRotation(t)
		r.step(t, r.rotator.AddKey, p)
		r.step(t, r.rotator.AddKey, vault.PurposeSecrets)
		if err := r.reader.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.loads.Store(0)
		r.step(t, func(ctx context.Context, _ vault.Purpose) (vault.StoredKeyset, error) {
			return r.promote(ctx, vault.PurposeSecrets)
		}, vault.PurposeSecrets)
		r.step(t, r.promote, p)
		sealed := mustSeal(t, r.rotator, p, "x", binding)

		r.fail(&vault.Error{Kind: vault.Busy, Err: errors.New("throttled")})
		for range 20 { // the value opens all the same
			wantOpen(t, r.reader, p, sealed, binding, "x")
		}
		r.wantLoads(t, 1)
		r.fail(nil)
		time.Sleep(time.Second)
		for range 20 {
			wantOpen(t, r.reader, p, sealed, binding, "x")
		}
		r.wantLoads(t, 2)
		for _, purpose := range []vault.Purpose{p, vault.PurposeSecrets} { // one load is for all purposes
			if done, err := r.rotator.IsPrimary(purpose, mustSeal(t, r.reader, purpose, "x", binding)); err != nil || !done {
				t.Errorf("%s: the reader goes on sealing with the old key, %v", purpose, err)
			}
		}
	})
}

// TestKeysAndReseal: what operators' commands ask.
func TestKeysAndReseal(t *testing.T) {
	const p = vault.PurposeSecrets
	r := newRotation(t)
	sealed := mustSeal(t, r.rotator, p, "x", binding)
	if got, err := r.rotator.Reseal(p, sealed, binding); got != nil || err != nil {
		t.Errorf("under the primary key: got %d bytes, %v", len(got), err)
	}
	r.step(t, r.rotator.AddKey, p)
	version, waiting, err := r.rotator.Keys(p)
	if err != nil || version != 2 || len(waiting) != 2 || waiting[0].State != seal.Primary || waiting[1].State != seal.Waiting || len(waiting[1].Name()) != 8 {
		t.Errorf("got version %d, %v, %v", version, waiting, err)
	}
	_, err = r.rotator.Promote(t.Context(), p, waiting[0].ID)
	wantKind(t, "promote another key than the one that waits", err, vault.Invalid)
	r.step(t, r.promote, p)
	if _, list, _ := r.rotator.Keys(p); list[0].State != seal.Old || list[1].State != seal.Primary {
		t.Errorf("got %v", list)
	}
	again, err := r.rotator.Reseal(p, sealed, binding)
	if err != nil || bytes.Equal(again, sealed) {
		t.Fatalf("got %v", err)
	}
	wantOpen(t, r.rotator, p, again, binding, "x")
	if done, err := r.rotator.IsPrimary(p, again[:seal.Overhead]); !done || err != nil {
		t.Errorf("got %t, %v", done, err)
	}
	other := binding
	other.ID += "1"
	_, err = r.rotator.Reseal(p, sealed, other)
	wantKind(t, "in another's place", err, vault.Corrupt)
	_, err = r.rotator.IsPrimary(p, sealed[:4])
	wantKind(t, "no sealed value", err, vault.Corrupt)
}
