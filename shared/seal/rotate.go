package seal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"tresor/shared/vault"
)

// MaxKeys is how many keys a keyset may hold: with more, it would outgrow the 4,096 bytes that KMS encrypts at once.
const MaxKeys = 32

// AddKey returns the next version of p's keyset, with a new key that is not primary yet, to be put by the caller. The Sealer
// itself adopts it when it is stored (Refresh, or by meeting its key).
//
// Rotation is: put AddKey's keyset; wait PromoteWait; put Promote's. If the put loses because the version is taken, another rotation is under way.
//
// Errors: Exists (a key is waiting to be promoted already), TooLarge (MaxKeys), Forbidden, and those of Wrapper.
func (s *Sealer) AddKey(ctx context.Context, p vault.Purpose) (vault.StoredKeyset, error) {
	return s.nextVersion(ctx, p, "add key", func(h *keyset.Handle, m *keyset.Manager) error {
		_, waiting, err := lastKey(h)
		if err != nil {
			return err
		}
		if waiting {
			return &vault.Error{Kind: vault.Exists, Err: errors.New("a key is waiting to be promoted")}
		}
		if h.Len() >= MaxKeys {
			return &vault.Error{Kind: vault.TooLarge, Err: fmt.Errorf("%d keys already", h.Len())}
		}
		_, err = m.AddNewKeyFromParameters(parameters)
		return err
	})
}

// Promote returns the next version of p's keyset, in which the key with an id, which AddKey added, is primary, to be put by the caller.
//
// Errors: Invalid (no such key is waiting), Forbidden, and those of Wrapper.
func (s *Sealer) Promote(ctx context.Context, p vault.Purpose, key uint32) (vault.StoredKeyset, error) {
	return s.nextVersion(ctx, p, "promote key", func(h *keyset.Handle, m *keyset.Manager) error {
		id, waiting, err := lastKey(h)
		if err != nil {
			return err
		}
		if !waiting || id != key {
			return &vault.Error{Kind: vault.Invalid, Err: errors.New("no such key is waiting")}
		}
		return m.SetPrimary(id)
	})
}

// Keys returns the version of p's keyset that the Sealer holds, and its keys in the order in which they were added. Errors: Forbidden.
func (s *Sealer) Keys(p vault.Purpose) (version uint32, list []Key, err error) {
	r, err := s.ring(p)
	if err != nil {
		return 0, nil, fmt.Errorf("list keys: %w", err)
	}
	ks := r.keys.Load()
	return ks.version, slices.Clone(ks.list), nil
}

// Reseal returns what Seal makes of the plaintext of a sealed value; nil where the value is under the primary key already. Errors: as Open and Seal.
func (s *Sealer) Reseal(p vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	if done, err := s.IsPrimary(p, sealed); err != nil || done {
		return nil, err
	}
	plaintext, err := s.Open(p, sealed, b)
	if err != nil {
		return nil, err
	}
	return s.Seal(p, plaintext, b)
}

// IsPrimary reports whether a sealed value, of which the first Overhead bytes are enough, is under the primary key. It does not open it.
// Errors: Forbidden; Corrupt where it is no sealed value.
func (s *Sealer) IsPrimary(p vault.Purpose, sealed []byte) (bool, error) {
	r, err := s.ring(p)
	if err != nil {
		return false, fmt.Errorf("look at a sealed value: %w", err)
	}
	id, ok := keyID(sealed)
	if !ok {
		return false, corrupt(p, "not a sealed value")
	}
	return r.keys.Load().seals(id), nil
}

// Rewrap returns the newest keyset of every purpose, with the same keys, as its next version under another wrapper, to be put by the caller. stored is what
// vault.KeysetStore returns. Errors: as Open; those of both wrappers.
func Rewrap(ctx context.Context, stored []vault.StoredKeyset, from, to Wrapper) ([]vault.StoredKeyset, error) {
	s, err := Open(ctx, from, stored)
	if err != nil {
		return nil, err
	}
	next := make([]vault.StoredKeyset, len(vault.Purposes))
	err = inParallel(vault.Purposes[:], func(i int, p vault.Purpose) (err error) {
		ks := s.rings[p].keys.Load()
		next[i], err = wrap(ctx, to, s.context(p), ks.version+1, ks.handle)
		return err
	})
	return next, err
}

// lastKey returns the id of the key added last, and whether it waits to be promoted.
func lastKey(h *keyset.Handle) (id uint32, waiting bool, err error) {
	e, err := h.Entry(h.Len() - 1)
	if err != nil {
		return 0, false, fmt.Errorf("last key: %w", err)
	}
	return e.KeyID(), !e.IsPrimary(), nil
}

func (s *Sealer) nextVersion(ctx context.Context, p vault.Purpose, what string,
	change func(*keyset.Handle, *keyset.Manager) error) (vault.StoredKeyset, error) {
	r, err := s.ring(p)
	if err != nil {
		return vault.StoredKeyset{}, fmt.Errorf("%s: %w", what, err)
	}
	ks := r.keys.Load()
	m := keyset.NewManagerFromHandle(ks.handle)
	if err := change(ks.handle, m); err != nil {
		return vault.StoredKeyset{}, fmt.Errorf("%s, keyset %s: %w", what, p, err)
	}
	h, err := m.Handle()
	if err != nil {
		return vault.StoredKeyset{}, fmt.Errorf("%s, keyset %s: %w", what, p, err)
	}
	return wrap(ctx, s.wrapper, s.context(p), ks.version+1, h)
}
