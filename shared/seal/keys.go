package seal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"tresor/shared/vault"
)

const (
	prefixSize = 5 // 0x01 and the key id
	nonceSize  = 12
	tagSize    = 16
	// Overhead is by how many bytes a sealed value is longer than its plaintext.
	Overhead = prefixSize + nonceSize + tagSize
)

// keys is one version of one purpose's keyset, ready for use. It never changes. Its fields are pointers and interfaces only, so
// that printing it shows addresses.
type keys struct {
	version uint32
	handle  *keyset.Handle
	primary tink.AEAD
	byID    map[uint32]tink.AEAD
	list    []Key // in the order in which they were added
}

// Key is what may be told of a key.
type Key struct {
	ID    uint32
	State KeyState
}

// Name returns the key's id as it is written: 8 hexadecimal digits.
func (k Key) Name() string { return fmt.Sprintf("%08x", k.ID) }

// KeyState says what a key is for.
type KeyState string

// The states of a key.
const (
	Waiting KeyState = "waiting" // added, and not in use before it is promoted
	Primary KeyState = "primary" // what is sealed now is sealed with it
	Old     KeyState = "old"     // opens what was sealed with it
)

// stateOf returns the state of the i-th of n keys. Only the one added last can wait.
func stateOf(e *keyset.Entry, i, n int) KeyState {
	switch {
	case e.IsPrimary():
		return Primary
	case i == n-1:
		return Waiting
	}
	return Old
}

// waits reports whether the key with an id is the one that waits.
func (ks *keys) waits(id uint32) bool {
	last := ks.list[len(ks.list)-1]
	return last.ID == id && last.State == Waiting
}

// seals reports whether a sealed value names the primary key.
func (ks *keys) seals(id uint32) bool { return ks.byID[id] == ks.primary }

// newKeys makes the keys of a keyset usable. Every enabled key must be of the one kind that this version of tresor makes.
func newKeys(h *keyset.Handle, version uint32) (*keys, error) {
	ks := &keys{version: version, handle: h, byID: make(map[uint32]tink.AEAD, h.Len())}
	for i := range h.Len() {
		e, err := h.Entry(i)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		if e.KeyStatus() != keyset.Enabled {
			continue
		}
		a, err := newAEAD(e)
		if err != nil {
			return nil, err
		}
		ks.byID[e.KeyID()] = a
		ks.list = append(ks.list, Key{e.KeyID(), stateOf(e, i, h.Len())})
		if e.IsPrimary() {
			ks.primary = a
		}
	}
	if ks.primary == nil {
		return nil, &vault.Error{Kind: vault.Corrupt, Err: errors.New("no enabled primary key")}
	}
	return ks, nil
}

func newAEAD(e *keyset.Entry) (tink.AEAD, error) {
	k, ok := e.Key().(*aesgcm.Key)
	if !ok || !k.Parameters().Equal(parameters) {
		return nil, &vault.Error{Kind: vault.NewerFormat, Err: fmt.Errorf("key %08x is not AES-256-GCM with Tink's prefix", e.KeyID())}
	}
	a, err := aesgcm.NewAEAD(k)
	if err != nil {
		return nil, fmt.Errorf("key %08x: %w", e.KeyID(), err)
	}
	return a, nil
}

// parameters of every key that tresor makes.
var parameters = mustParameters(aesgcm.NewParameters(aesgcm.ParametersOpts{
	KeySizeInBytes: 32, IVSizeInBytes: nonceSize, TagSizeInBytes: tagSize, Variant: aesgcm.VariantTink,
}))

func mustParameters(p *aesgcm.Parameters, err error) *aesgcm.Parameters {
	if err != nil {
		panic(err) // constants above
	}
	return p
}

// freshKeys makes version 1 of a keyset.
func freshKeys() (*keys, error) {
	m := keyset.NewManager()
	id, err := m.AddNewKeyFromParameters(parameters)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	h, err := m.Handle()
	if err != nil {
		return nil, fmt.Errorf("make keyset: %w", err)
	}
	return newKeys(h, 1)
}

// keyID returns the name of the key that sealed names; ok is false if sealed cannot be a sealed value at all.
func keyID(sealed []byte) (id uint32, ok bool) {
	if len(sealed) < Overhead || sealed[0] != 1 {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:prefixSize]), true
}
