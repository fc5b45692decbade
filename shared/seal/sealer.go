package seal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"

	"tresor/shared/vault"
)

// Sealer implements vault.Sealer. Make one with Create or Open.
type Sealer struct {
	vaultID string
	wrapper Wrapper
	reload  Reload
	rings   map[vault.Purpose]*ring // of the purposes that this process may use; never changed
}

var _ vault.Sealer = (*Sealer)(nil)

// NewVaultID returns a random vault id, 32 hexadecimal digits. It is part of all additional data but of no sealed value, so its
// length costs nothing; at 128 bits no two vaults share one.
func NewVaultID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// Create makes version 1 of a keyset for every purpose, for a new vault. The keysets are to be put together with the vault's first
// records. The wrapper is asked for all of them at once.
func Create(ctx context.Context, w Wrapper, vaultID string) ([]vault.StoredKeyset, *Sealer, error) {
	if vaultID == "" {
		return nil, nil, &vault.Error{Kind: vault.Invalid, Err: errors.New("create keysets: no vault id")}
	}
	s := newSealer(w, vaultID, vault.Purposes[:])
	stored := make([]vault.StoredKeyset, len(vault.Purposes))
	err := inParallel(vault.Purposes[:], func(i int, p vault.Purpose) (err error) {
		ks, err := freshKeys()
		if err != nil {
			return err
		}
		s.rings[p].keys.Store(ks)
		stored[i], err = wrap(ctx, w, s.context(p), ks.version, ks.handle)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return stored, s, nil
}

// Open unwraps the newest version of the keysets of the given purposes, of all purposes if none is given, in parallel. The Sealer
// answers Forbidden for other purposes. stored is what vault.KeysetStore returns.
//
// Errors: NotFound (there is no vault), Corrupt (a keyset is missing, of another vault, or does not verify), NewerFormat, and those
// of Wrapper.
func Open(ctx context.Context, w Wrapper, stored []vault.StoredKeyset, purposes ...vault.Purpose) (*Sealer, error) {
	if len(stored) == 0 {
		return nil, &vault.Error{Kind: vault.NotFound, Err: errors.New("open keysets: none stored")}
	}
	if len(purposes) == 0 {
		purposes = vault.Purposes[:]
	}
	s := newSealer(w, stored[0].VaultID, purposes)
	err := inParallel(purposes, func(_ int, p vault.Purpose) error {
		ks, err := s.newer(ctx, p, stored, 0)
		if err == nil && ks == nil {
			err = &vault.Error{Kind: vault.Corrupt, Err: fmt.Errorf("open keyset %s: none stored", p)}
		}
		s.rings[p].keys.Store(ks)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func newSealer(w Wrapper, vaultID string, purposes []vault.Purpose) *Sealer {
	s := &Sealer{vaultID: vaultID, wrapper: w, rings: make(map[vault.Purpose]*ring, len(purposes))}
	for _, p := range purposes {
		s.rings[p] = &ring{purpose: p}
	}
	return s
}

// inParallel calls f for every purpose at once and returns the errors, in the order of the purposes. Of those in a row that are of one kind, such as all under another key, it
// returns the first, and how many there are.
func inParallel(purposes []vault.Purpose, f func(i int, p vault.Purpose) error) error {
	errs := make([]error, len(purposes))
	var wg sync.WaitGroup
	for i, p := range purposes {
		wg.Go(func() { errs[i] = f(i, p) })
	}
	wg.Wait()
	return errors.Join(summed(slices.DeleteFunc(errs, func(err error) bool { return err == nil }))...)
}

func summed(errs []error) (sum []error) {
	for len(errs) > 0 {
		n := 1
		for n < len(errs) && vault.KindOf(errs[n]) == vault.KindOf(errs[0]) {
			n++
		}
		first := errs[0]
		if n > 1 {
			first = fmt.Errorf("%w (and %d more keysets)", first, n-1)
		}
		sum, errs = append(sum, first), errs[n:]
	}
	return sum
}

// VaultID returns the random id of the vault that the keys belong to.
func (s *Sealer) VaultID() string { return s.vaultID }

func (s *Sealer) context(p vault.Purpose) Context { return Context{VaultID: s.vaultID, Purpose: p} }

func (s *Sealer) ring(p vault.Purpose) (*ring, error) {
	r := s.rings[p]
	if r == nil {
		return nil, &vault.Error{Kind: vault.Forbidden, Err: fmt.Errorf("keyset %s is not open in this process", p)}
	}
	return r, nil
}

// Seal encrypts plaintext with the primary key of p, bound to b. The result is Overhead bytes longer.
func (s *Sealer) Seal(p vault.Purpose, plaintext []byte, b vault.Binding) ([]byte, error) {
	r, err := s.ring(p)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	sealed, err := r.keys.Load().primary.Encrypt(plaintext, b.Bytes(s.vaultID))
	if err != nil {
		return nil, fmt.Errorf("seal with keyset %s: %w", p, err)
	}
	return sealed, nil
}

// Open decrypts what Seal returned for the same purpose and binding. Errors: Corrupt, Forbidden; where the value names a key that
// is not in memory, also those of loading the keysets anew (Busy, ...).
func (s *Sealer) Open(p vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	r, err := s.ring(p)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	id, ok := keyID(sealed)
	if !ok {
		return nil, corrupt(p, "not a sealed value")
	}
	a, err := s.key(r, id)
	if err != nil {
		return nil, err
	}
	plaintext, err := a.Decrypt(sealed, b.Bytes(s.vaultID))
	if err != nil {
		return nil, corrupt(p, "it is changed, or belongs elsewhere")
	}
	return plaintext, nil
}

func corrupt(p vault.Purpose, why string) error {
	return &vault.Error{Kind: vault.Corrupt, Err: fmt.Errorf("open with keyset %s: %s", p, why)}
}

// Format implements fmt.Formatter for every verb: a Sealer prints no keys. The keys lie behind pointers as well, so that
// printing a struct that holds a Sealer shows an address.
func (Sealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "seal.Sealer[redacted]") }

// LogValue implements slog.LogValuer.
func (Sealer) LogValue() slog.Value { return slog.StringValue("seal.Sealer[redacted]") }
