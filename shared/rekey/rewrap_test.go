package rekey_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"tresor/shared/rekey"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// wantUnder checks which wrapper opens what is stored, every version of it.
func wantUnder(t *testing.T, store vault.Store, opens, not seal.Wrapper) {
	t.Helper()
	stored, err := store.Keysets(t.Context())
	if err != nil || len(stored) != len(vault.Purposes) {
		t.Errorf("%d keysets are stored, %v", len(stored), err)
	}
	if _, err := seal.Open(t.Context(), opens, stored); err != nil {
		t.Errorf("under the new key: %v", err)
	}
	for _, k := range stored {
		if _, err := seal.Open(t.Context(), not, []vault.StoredKeyset{k}, k.Purpose); !errors.Is(err, vault.Corrupt) {
			t.Errorf("keyset %s version %d opens under the old key: %v", k.Purpose, k.Version, err)
		}
	}
}

func TestRewrap(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := found(t, open(t))
			p.fill(t)
			for range 12 { // more versions than go by one transaction
				p.rotate(t, vault.Purposes[:]...)
			}
			running := p.another(t, p.store)
			from, to := p.wrapper, keyfile.Generate()
			if already, dropped, err := rekey.Rewrap(t.Context(), p.store, from, to); already || dropped != 25*len(vault.Purposes) || err != nil {
				t.Errorf("got %t, %d dropped, %v", already, dropped, err)
			}
			wantUnder(t, p.store, to, from)
			if already, dropped, err := rekey.Rewrap(t.Context(), p.store, from, to); !already || dropped != 0 || err != nil {
				t.Errorf("again: got %t, %d dropped, %v", already, dropped, err)
			}
			if _, _, err := rekey.Rewrap(t.Context(), p.store, keyfile.Generate(), keyfile.Generate()); !errors.Is(err, vault.Corrupt) {
				t.Errorf("under a wrong key: %v", err)
			}
			running.check(t)
			p.wrapper = to
			p.another(t, p.store).check(t)
		})
	}
}

// TestRewrapGoesOn: the versions under the old key go also where an earlier run was killed before that, and answers may be lost.
func TestRewrapGoesOn(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	p.rotate(t, vault.PurposeFiles)
	to := keyfile.Generate()
	ctx, cancel := context.WithCancel(t.Context())
	d := &dropless{Store: p.store, kill: cancel}
	if _, _, err := rekey.Rewrap(ctx, d, p.wrapper, to); !errors.Is(err, context.Canceled) {
		t.Fatalf("killed: %v", err)
	}
	faulty := vaulttest.NewFaulty(p.store, 3)
	faulty.LoseAnswer(1)
	faulty.Throttle(vaulttest.Keysets, 2)
	if already, dropped, err := rekey.Rewrap(t.Context(), faulty, p.wrapper, to); !already || dropped != 9 || err != nil {
		t.Errorf("got %t, %d dropped, %v", already, dropped, err)
	}
	wantUnder(t, p.store, to, p.wrapper)
	third := keyfile.Generate()
	faulty.LoseAnswer(1)
	if already, dropped, err := rekey.Rewrap(t.Context(), faulty, to, third); already || dropped != 5 || err != nil {
		t.Errorf("a lost answer: got %t, %d dropped, %v", already, dropped, err)
	}
	wantUnder(t, p.store, third, to)
}

// dropless is a store whose process is killed when it takes keysets away.
type dropless struct {
	vault.Store
	kill context.CancelFunc
}

func (d *dropless) Commit(ctx context.Context, tx vault.Transaction) error {
	if len(tx.DropKeysets) > 0 {
		d.kill()
		return ctx.Err()
	}
	return d.Store.Commit(ctx, tx)
}

// TestRewrapsAndARotationAtOnce lose no key, whichever comes first.
func TestRewrapsAndARotationAtOnce(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	p.fill(t)
	to := keyfile.Generate()
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, _, err := rekey.Rewrap(t.Context(), p.store, p.wrapper, to); err != nil {
				t.Errorf("rewrap: %v", err)
			}
		})
	}
	var failed error
	q := p.another(t, p.store)
	all.Go(func() {
		_, failed = rekey.Rotate(t.Context(), q.store, q.sealer, []vault.Purpose{vault.PurposeSecrets}, 10*time.Millisecond)
	})
	all.Wait()
	if failed != nil && !errors.Is(failed, vault.Corrupt) { // it has the old key file only
		t.Errorf("rotate: %v", failed)
	}
	p.wrapper = to
	p.another(t, p.store).check(t)
}
