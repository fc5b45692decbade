package seal_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"

	"tresor/shared/seal"
	"tresor/shared/vault"
)

// clearWrapper is a Wrapper that wraps nothing, so that tests can look into keysets and make ones of their own.
type clearWrapper struct{}

func (clearWrapper) Wrap(_ context.Context, _ seal.Context, keyset []byte) ([]byte, error) {
	return bytes.Clone(keyset), nil
}

func (clearWrapper) Unwrap(_ context.Context, _ seal.Context, wrapped []byte) ([]byte, error) {
	return bytes.Clone(wrapped), nil
}

const knownKeyID = 0x01020304

var knownKey = []byte("thirty-two bytes, known to tests")

// store writes the keyset that m manages as version 1 of a purpose, wrapped by clearWrapper.
func store(t *testing.T, m *keyset.Manager, vaultID string, p vault.Purpose) vault.StoredKeyset {
	t.Helper()
	h, err := m.Handle()
	if err != nil {
		t.Fatal(err)
	}
	var clear, buf bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewBinaryWriter(&clear)); err != nil {
		t.Fatal(err)
	}
	buf.WriteByte(2<<3 | 2) // field 2 of Tink's EncryptedKeyset: encrypted_keyset, bytes
	buf.Write(binary.AppendUvarint(nil, uint64(clear.Len())))
	buf.Write(clear.Bytes())
	return vault.StoredKeyset{Purpose: p, Version: 1, VaultID: vaultID, Wrapped: buf.Bytes()}
}

// knownManager manages a keyset of knownKey, of the given size and variant.
func knownManager(t *testing.T, key []byte, variant aesgcm.Variant) *keyset.Manager {
	t.Helper()
	p, err := aesgcm.NewParameters(aesgcm.ParametersOpts{KeySizeInBytes: len(key), IVSizeInBytes: 12, TagSizeInBytes: 16, Variant: variant})
	if err != nil {
		t.Fatal(err)
	}
	id := uint32(knownKeyID)
	if variant == aesgcm.VariantNoPrefix {
		id = 0
	}
	k, err := aesgcm.NewKey(secretdata.NewBytesFromData(key, insecuresecretdataaccess.Token{}), id, p)
	if err != nil {
		t.Fatal(err)
	}
	m := keyset.NewManager()
	id, err = m.AddKey(k)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetPrimary(id); err != nil {
		t.Fatal(err)
	}
	return m
}

// sameKeys opens a vault of the given id whose index key is knownKey.
func sameKeys(t *testing.T, vaultID string) *seal.Sealer {
	t.Helper()
	stored := store(t, knownManager(t, knownKey, aesgcm.VariantTink), vaultID, vault.PurposeIndex)
	s, err := seal.Open(t.Context(), clearWrapper{}, []vault.StoredKeyset{stored}, vault.PurposeIndex)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A sealed value can be opened by anyone with the key and the package comment, without Tink.
func TestSealedFormat(t *testing.T) {
	s := sameKeys(t, "vault-one")
	sealed := mustSeal(t, s, vault.PurposeIndex, "plain", binding)
	if want := []byte{1, 1, 2, 3, 4}; !bytes.Equal(sealed[:5], want) {
		t.Errorf("got prefix %x, want %x", sealed[:5], want)
	}
	block, err := aes.NewCipher(knownKey)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	got, err := gcm.Open(nil, sealed[5:17], sealed[17:], binding.Bytes("vault-one"))
	if err != nil || string(got) != "plain" {
		t.Errorf("got %q, %v, want %q", got, err, "plain")
	}
}

func TestKeysOfAnotherKindAreANewerFormat(t *testing.T) {
	for name, m := range map[string]*keyset.Manager{
		"128 bits":  knownManager(t, knownKey[:16], aesgcm.VariantTink),
		"no prefix": knownManager(t, knownKey, aesgcm.VariantNoPrefix),
	} {
		_, err := seal.Open(t.Context(), clearWrapper{}, []vault.StoredKeyset{store(t, m, "v", vault.PurposeFiles)}, vault.PurposeFiles)
		wantKind(t, name, err, vault.NewerFormat)
	}
}

// The row says whose it is; a wrapper that bound nothing would not notice.
func TestKeysetOfAnotherVault(t *testing.T) {
	m := knownManager(t, knownKey, aesgcm.VariantTink)
	stored := []vault.StoredKeyset{store(t, m, "one", vault.PurposeIndex), store(t, m, "two", vault.PurposeFiles)}
	_, err := seal.Open(t.Context(), clearWrapper{}, stored, vault.PurposeIndex, vault.PurposeFiles)
	wantKind(t, "open", err, vault.Corrupt)
}

func TestDisabledKeyDoesNotOpen(t *testing.T) {
	m := knownManager(t, knownKey, aesgcm.VariantTink)
	h, err := m.Handle()
	if err != nil {
		t.Fatal(err)
	}
	e, err := h.Primary()
	if err != nil {
		t.Fatal(err)
	}
	id, err := m.AddNewKeyFromParameters(e.Key().Parameters())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetPrimary(id); err != nil {
		t.Fatal(err)
	}
	if err := m.Disable(knownKeyID); err != nil {
		t.Fatal(err)
	}
	stored := store(t, m, "vault-one", vault.PurposeIndex)
	s, err := seal.Open(t.Context(), clearWrapper{}, []vault.StoredKeyset{stored}, vault.PurposeIndex)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Open(vault.PurposeIndex, mustSeal(t, sameKeys(t, "vault-one"), vault.PurposeIndex, "x", binding), binding)
	wantKind(t, "disabled", err, vault.Corrupt)
}
