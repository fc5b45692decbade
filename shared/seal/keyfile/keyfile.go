// Package keyfile wraps keysets with a key that lies in a file, for the embedded vault. It is not a password store and not for
// AWS, where kmswrap takes its place.
//
// The one idea: whoever can read the file can read the vault, so the file is made for its owner alone, is never overwritten, and
// is refused when others may read it or when it is not whole. The file is one line of text, so that it can be
// printed, kept in a safe, and typed in again (the four bytes tell a typing error from another key):
//
//	tresor-key-1 <base64 of the 32 bytes of the key and the first 4 of their SHA-256>
package keyfile

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"tresor/shared/seal"
	"tresor/shared/vault"
)

const (
	keySize   = 32
	sumSize   = 4
	keyPrefix = "tresor-key-1 "
	// wrappedFormat is the first byte of what Wrap returns; AES-256-GCM's nonce, ciphertext and tag follow it.
	wrappedFormat = 1
)

// Key wraps keysets with AES-256-GCM under one key. It is safe for concurrent use and prints no key.
type Key struct{ s *state }

// state lies behind a pointer, so that printing a struct that holds a Key shows an address.
type state struct{ aead cipher.AEAD }

var _ seal.Wrapper = Key{}

// Generate makes a random key that is in no file: for tests, and for a vault in memory.
func Generate() Key {
	k, err := newKey(randomKey())
	if err != nil {
		panic(err) // the length is right
	}
	return k
}

func randomKey() []byte {
	b := make([]byte, keySize)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

func newKey(b []byte) (Key, error) {
	block, err := aes.NewCipher(b)
	if err != nil {
		return Key{}, fmt.Errorf("use key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Key{}, fmt.Errorf("use key: %w", err)
	}
	return Key{&state{aead}}, nil
}

// format returns the file's text.
func format(b []byte) string {
	sum := sha256.Sum256(b)
	return keyPrefix + base64.StdEncoding.EncodeToString(slices.Concat(b, sum[:sumSize])) + "\n"
}

// parse reads the file's text. An editor may have dropped or changed the end of the line; nothing else may differ. Its errors quote
// nothing.
func parse(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(strings.TrimRight(text, "\r\n"), keyPrefix)
	if !ok {
		return nil, errors.New("it does not begin with " + strings.TrimSpace(keyPrefix))
	}
	b, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(b) != keySize+sumSize || strings.ContainsAny(encoded, "\r\n") {
		return nil, fmt.Errorf("it does not hold %d bytes in base64", keySize+sumSize)
	}
	key, sum := b[:keySize], sha256.Sum256(b[:keySize])
	if !bytes.Equal(b[keySize:], sum[:sumSize]) {
		return nil, errors.New("its checksum is wrong: it is mistyped or damaged")
	}
	return key, nil
}

// Wrap implements seal.Wrapper.
func (k Key) Wrap(_ context.Context, c seal.Context, keyset []byte) ([]byte, error) {
	return k.s.aead.Seal([]byte{wrappedFormat}, nil, keyset, c.Bytes()), nil //nolint:gosec // no nonce is given: this AEAD draws its own
}

// Unwrap implements seal.Wrapper.
func (k Key) Unwrap(_ context.Context, c seal.Context, wrapped []byte) ([]byte, error) {
	if len(wrapped) == 0 || wrapped[0] != wrappedFormat {
		return nil, &vault.Error{Kind: vault.Corrupt, Err: errors.New("not wrapped by a key file")}
	}
	keyset, err := k.s.aead.Open(nil, nil, wrapped[1:], c.Bytes())
	if err != nil {
		return nil, &vault.Error{Kind: vault.Corrupt, Err: errors.New("wrapped by another key file, for another purpose, or damaged")}
	}
	return keyset, nil
}

// Format implements fmt.Formatter for every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "keyfile.Key[redacted]") }

// LogValue implements slog.LogValuer.
func (Key) LogValue() slog.Value { return slog.StringValue("keyfile.Key[redacted]") }
