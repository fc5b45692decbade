// Package sealtest holds what tests of sealing share: the conformance suite of seal.Wrapper, and a Sealer for tests of other
// packages. It is no part of any program.
package sealtest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/vault"
)

// New returns a Sealer with fresh keys for every purpose, under a key that is nowhere.
func New(tb testing.TB) *seal.Sealer {
	tb.Helper()
	_, s, err := seal.Create(tb.Context(), keyfile.Generate(), seal.NewVaultID())
	if err != nil {
		tb.Fatalf("create sealer: %v", err)
	}
	return s
}

// Wrapper runs the conformance suite. newWrapper returns a wrapper of another key at each call.
func Wrapper(t *testing.T, newWrapper func(t *testing.T) seal.Wrapper) {
	c := seal.Context{VaultID: "vault-one", Purpose: vault.PurposeSecrets}
	keyset := []byte("the bytes of a keyset, which are secret")
	w := newWrapper(t)
	wrapped, err := w.Wrap(t.Context(), c, keyset)
	if err != nil {
		t.Fatalf("wrap: %v", err)
	}
	t.Run("round trip", func(t *testing.T) {
		got, err := w.Unwrap(t.Context(), c, wrapped)
		if err != nil || !bytes.Equal(got, keyset) {
			t.Errorf("got %q, %v, want what was wrapped", got, err)
		}
		if bytes.Contains(wrapped, keyset[:8]) {
			t.Error("the wrapped keyset shows the keyset")
		}
	})
	refused := func(name string, w seal.Wrapper, c seal.Context, wrapped []byte) {
		t.Run(name, func(t *testing.T) {
			got, err := w.Unwrap(t.Context(), c, wrapped)
			if !errors.Is(err, vault.Corrupt) {
				t.Errorf("got %q, %v, want kind Corrupt", got, err)
			}
		})
	}
	refused("another vault", w, seal.Context{VaultID: "vault-two", Purpose: c.Purpose}, wrapped)
	refused("another purpose", w, seal.Context{VaultID: c.VaultID, Purpose: vault.PurposeIndex}, wrapped)
	refused("parts moved", w, seal.Context{VaultID: c.VaultID + "s", Purpose: c.Purpose[1:]}, wrapped)
	refused("another key", newWrapper(t), c, wrapped)
	refused("nothing", w, c, nil)
	refused("one byte", w, c, wrapped[:1])
	refused("truncated", w, c, wrapped[:len(wrapped)-1])
	refused("longer", w, c, append(slices.Clone(wrapped), 0))
	changed := slices.Clone(wrapped)
	changed[len(changed)-1] ^= 1
	refused("changed", w, c, changed)
}

// Faulty is a Wrapper that counts its calls and can be told to fail.
type Faulty struct {
	seal.Wrapper
	// Fail, if set, is asked before each call; its error is returned instead. It may be called concurrently.
	Fail func(c seal.Context) error
	// Unwrapped, if set, is told of each Unwrap. It may be called concurrently.
	Unwrapped func(c seal.Context)
}

// Wrap implements seal.Wrapper.
func (f *Faulty) Wrap(ctx context.Context, c seal.Context, keyset []byte) ([]byte, error) {
	if f.Fail != nil {
		if err := f.Fail(c); err != nil {
			return nil, err
		}
	}
	return f.Wrapper.Wrap(ctx, c, keyset)
}

// Unwrap implements seal.Wrapper.
func (f *Faulty) Unwrap(ctx context.Context, c seal.Context, wrapped []byte) ([]byte, error) {
	if f.Unwrapped != nil {
		f.Unwrapped(c)
	}
	if f.Fail != nil {
		if err := f.Fail(c); err != nil {
			return nil, err
		}
	}
	return f.Wrapper.Unwrap(ctx, c, wrapped)
}
