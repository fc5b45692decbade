package seal

import (
	"context"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"tresor/shared/vault"
)

// MaxKeys is how many keys a keyset may hold: with more, it would outgrow the 4,096 bytes that KMS encrypts at once.
const MaxKeys = 32

// AddKey returns the next version of p's keyset, with a new key that is not primary yet, to be put by the caller. The Sealer
// itself adopts it when it is stored (Refresh, or by meeting its key).
//
// Rotation is: put AddKey's keyset; wait more than ReloadInterval, and as long as the slowest process may take to notice; put
// Promote's. If the put loses because the version is taken, another rotation is under way.
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

// Promote returns the next version of p's keyset, in which the key that AddKey added is primary, to be put by the caller.
//
// Errors: Invalid (there is no such key), Forbidden, and those of Wrapper.
func (s *Sealer) Promote(ctx context.Context, p vault.Purpose) (vault.StoredKeyset, error) {
	return s.nextVersion(ctx, p, "promote key", func(h *keyset.Handle, m *keyset.Manager) error {
		id, waiting, err := lastKey(h)
		if err != nil {
			return err
		}
		if !waiting {
			return &vault.Error{Kind: vault.Invalid, Err: errors.New("no key is waiting")}
		}
		return m.SetPrimary(id)
	})
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
