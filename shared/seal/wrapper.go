package seal

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"tresor/shared/vault"
)

// Context says what a wrapped keyset is for. A keyset unwraps only under the context it was wrapped under.
type Context struct {
	VaultID string
	Purpose vault.Purpose
}

// Bytes encodes the context with each part length-prefixed, for wrappers whose additional data is a string of bytes.
func (c Context) Bytes() []byte {
	out := make([]byte, 0, 64)
	for _, part := range [...]string{"tresor keyset", c.VaultID, string(c.Purpose)} {
		out = binary.AppendUvarint(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}

// Wrapper encrypts keysets. Implementations are safe for concurrent use.
//
// Errors: Corrupt (does not verify under this key and context), Forbidden (the process may not use the key, or nobody may for
// now), Busy (overloaded; ask again); an ended context may come back as it is. Everything else is Internal. No error text holds
// key bytes.
type Wrapper interface {
	Wrap(ctx context.Context, c Context, keyset []byte) ([]byte, error)
	Unwrap(ctx context.Context, c Context, wrapped []byte) ([]byte, error)
}

// tinkWrapper lends a Wrapper to Tink, which asks for an AEAD. Tink flattens errors to text; so the wrapper's own is kept here,
// with its kind.
type tinkWrapper struct {
	w   Wrapper
	c   Context
	err error
}

// EncryptWithContext implements tink.AEADWithContext. The additional data is c, hence Tink's is empty.
func (t *tinkWrapper) EncryptWithContext(ctx context.Context, plaintext, _ []byte) (out []byte, err error) {
	out, t.err = t.w.Wrap(ctx, t.c, plaintext)
	return out, t.err
}

// DecryptWithContext implements tink.AEADWithContext.
func (t *tinkWrapper) DecryptWithContext(ctx context.Context, ciphertext, _ []byte) (out []byte, err error) {
	out, t.err = t.w.Unwrap(ctx, t.c, ciphertext)
	return out, t.err
}

// wrap writes h as the given version of c's keyset.
func wrap(ctx context.Context, w Wrapper, c Context, version uint32, h *keyset.Handle) (vault.StoredKeyset, error) {
	var buf bytes.Buffer
	t := &tinkWrapper{w: w, c: c}
	if err := h.WriteWithContext(ctx, keyset.NewBinaryWriter(&buf), t, nil); err != nil {
		if t.err != nil {
			err = t.err
		}
		return vault.StoredKeyset{}, fmt.Errorf("wrap keyset %s version %d: %w", c.Purpose, version, err)
	}
	return vault.StoredKeyset{Purpose: c.Purpose, Version: version, VaultID: c.VaultID, Wrapped: buf.Bytes()}, nil
}

// unwrap reads a stored keyset. The context is the caller's, never the stored row's: a row copied from another vault or purpose
// must not verify.
func unwrap(ctx context.Context, w Wrapper, c Context, k vault.StoredKeyset) (*keys, error) {
	t := &tinkWrapper{w: w, c: c}
	h, err := keyset.ReadWithContext(ctx, keyset.NewBinaryReader(bytes.NewReader(k.Wrapped)), t, nil)
	if err != nil {
		if t.err == nil { // Tink's own: what was stored, or what was wrapped, is not a keyset
			err = &vault.Error{Kind: vault.Corrupt, Err: err}
		} else {
			err = t.err
		}
		return nil, fmt.Errorf("unwrap keyset %s version %d: %w", k.Purpose, k.Version, err)
	}
	ks, err := newKeys(h, k.Version)
	if err != nil {
		return nil, fmt.Errorf("read keyset %s version %d: %w", k.Purpose, k.Version, err)
	}
	return ks, nil
}
