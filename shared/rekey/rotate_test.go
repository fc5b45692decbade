package rekey_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tresor/shared/rekey"
	"tresor/shared/seal"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// wantKeys checks how many keys a process sees of a purpose, as a process that starts now, and that the last one is primary.
func (p *process) wantKeys(t *testing.T, purpose vault.Purpose, version uint32, n int) (primary seal.Key) {
	t.Helper()
	got, list, err := p.another(t, p.store).sealer.Keys(purpose)
	if err != nil || got != version || len(list) != n || list[n-1].State != seal.Primary {
		t.Errorf("%s: got version %d, %v, %v; want version %d, %d keys, the last one primary", purpose, got, list, err, version, n)
	}
	return list[len(list)-1]
}

func TestRotate(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := found(t, open(t))
			rotated := p.rotate(t, vault.Purposes[:]...)
			if len(rotated) != len(vault.Purposes) || rotated[len(rotated)-1].Purpose != vault.PurposeIndex {
				t.Errorf("got %v, want every purpose, the index last", rotated)
			}
			for _, r := range rotated {
				if key := p.wantKeys(t, r.Purpose, 3, 2); key.ID != r.Key.ID || r.Another {
					t.Errorf("%s: got %v, %v is primary", r.Purpose, r, key)
				}
			}
			p.rotate(t, vault.PurposeSecrets)
			p.wantKeys(t, vault.PurposeSecrets, 5, 3)
			p.wantKeys(t, vault.PurposeIndex, 5, 3)
			p.wantKeys(t, vault.PurposeFiles, 3, 2)
			settings, err := vault.View(t.Context(), p.vault, operator, (*vault.Reader).Settings)
			for _, r := range rotated {
				at, failed := time.Parse(time.RFC3339, rekey.Since(settings, r.Purpose, r.Key))
				if err := errors.Join(err, failed); err != nil || time.Since(at).Abs() > time.Minute {
					t.Errorf("%s: since %v, %v", r.Purpose, at, err)
				}
			}
			p.audit(t)
		})
	}
}

// TestRunningProcessesFollow: one that holds the oldest keysets, and one that has loaded them while the new keys waited, read what the new keys seal and seal with them
// themselves, for every purpose, from their first look at the journal on.
func TestRunningProcessesFollow(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	p.fill(t)
	oldest := p.another(t, p.store)
	if err := oldest.vault.Fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	killed, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := rekey.Rotate(killed, p.store, p.sealer, vault.Purposes[:], time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatalf("killed while it waited: %v", err)
	}
	between := p.another(t, p.store)
	if err := between.vault.Fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	rotated := p.rotate(t, vault.Purposes[:]...)
	p.do(t, func(tx *vault.Tx) error { return tx.SetPassword(1, vault.NewSecret(password(1, versions))) })
	for name, q := range map[string]*process{"oldest": oldest, "between": between} {
		q.reveal(t, 1)
		for _, r := range rotated {
			b := vault.Binding{Kind: "test"}
			sealed, err := q.sealer.Seal(r.Purpose, []byte("x"), b)
			if err != nil {
				t.Fatal(err)
			}
			if done, err := p.sealer.IsPrimary(r.Purpose, sealed); err != nil || !done {
				t.Errorf("%s: goes on sealing %s with an old key: %v", name, r.Purpose, err)
			}
		}
		q.check(t)
	}
}

// TestRotationGoesOn: whoever is killed while it waits leaves a key that the next one takes, and every answer may be lost.
func TestRotationGoesOn(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	killed, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := rekey.Rotate(killed, p.store, p.sealer, vault.Purposes[:], time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatalf("killed while it waited: %v", err)
	}
	_, waiting, err := p.another(t, p.store).sealer.Keys(vault.PurposeFiles)
	if err != nil || waiting[1].State != seal.Waiting || waiting[0].State != seal.Primary {
		t.Fatalf("after the kill: %v, %v", waiting, err)
	}
	faulty := vaulttest.NewFaulty(p.store, 1)
	faulty.SetChaos(vaulttest.Chaos{LoseAnswer: 0.4, LoseRequest: 0.2, Throttle: 0.2})
	q := p.another(t, p.store)
	rotated, err := rekey.Rotate(t.Context(), faulty, q.sealer, vault.Purposes[:], 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rotated {
		p.wantKeys(t, r.Purpose, 3, 2)
		if r.Another || r.Purpose == vault.PurposeFiles && r.Key.ID != waiting[1].ID {
			t.Errorf("got %v, want key %s, made primary by this one", r, waiting[1].Name())
		}
	}
}

// TestTwoRotationsAtOnce add one key between them.
func TestTwoRotationsAtOnce(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := found(t, open(t))
			var both [3][]rekey.Rotated
			var failed [3]error
			var all sync.WaitGroup
			for i := range both {
				q := p.another(t, p.store)
				all.Go(func() {
					both[i], failed[i] = rekey.Rotate(t.Context(), q.store, q.sealer, vault.Purposes[:], 2*time.Second)
				})
			}
			all.Wait()
			if err := errors.Join(failed[:]...); err != nil {
				t.Fatal(err)
			}
			for n, purpose := range both[0] {
				key := p.wantKeys(t, purpose.Purpose, 3, 2)
				mine := 0
				for i := range both {
					if both[i][n].Key.ID != key.ID {
						t.Errorf("%s: rotation %d says %s, %s is primary", purpose.Purpose, i, both[i][n].Key.Name(), key.Name())
					}
					if !both[i][n].Another {
						mine++
					}
				}
				if mine != 1 || slices.ContainsFunc(both[:], func(r []rekey.Rotated) bool { return r[n].Key.State != seal.Primary }) {
					t.Errorf("%s: %d say that they made it primary", purpose.Purpose, mine)
				}
			}
		})
	}
}

// TestAFullKeysetRefusesTheRotation, also that of another purpose, with which the key for the index goes along; and no key is left that waits.
func TestAFullKeysetRefusesTheRotation(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	fill := func(purpose vault.Purpose, n int) {
		t.Helper()
		for range n {
			if _, err := rekey.Rotate(t.Context(), p.store, p.sealer, []vault.Purpose{purpose}, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(vault.PurposeIndex, seal.MaxKeys-2)
	killed, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := rekey.Rotate(killed, p.store, p.sealer, []vault.Purpose{vault.PurposeIndex}, time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatalf("killed while it waited: %v", err)
	}
	fill(vault.PurposeFiles, 1) // the last key of the index waits, and has room
	for _, purpose := range []vault.Purpose{vault.PurposeIndex, vault.PurposeSecrets, vault.PurposeFiles} {
		if _, err := rekey.Rotate(t.Context(), p.store, p.sealer, []vault.Purpose{purpose}, 0); !errors.Is(err, vault.TooLarge) || !strings.Contains(err.Error(), "the keyset for index holds 32 keys") {
			t.Errorf("%s: got %v, want TooLarge", purpose, err)
		}
	}
	p.wantKeys(t, vault.PurposeIndex, 1+2*(seal.MaxKeys-1), seal.MaxKeys)
	p.wantKeys(t, vault.PurposeFiles, 3, 2)
	p.wantKeys(t, vault.PurposeSecrets, 1, 1)
	p.audit(t)
}

func TestRotateWithoutAVault(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	empty := vaulttest.NewMemory()
	if already, n, err := rekey.Rewrap(t.Context(), empty, p.wrapper, p.wrapper); already || n != 0 || !errors.Is(err, vault.NotFound) {
		t.Errorf("rewrap: %t, %d, %v", already, n, err)
	}
}
