package syspassxml

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"tresor/shared/vault"
)

// Key is a 32-byte key. It prints as nothing: the bytes lie in a vault.Secret.
type Key struct{ secret vault.Secret }

// A key string is the hex of a header, data, and the SHA-256 of both, which finds damage and keeps nobody from changing it.
const (
	rawHeader       = "\xde\xf0\x00\x00" // data: the key; 136 characters in all
	protectedHeader = "\xde\xf1\x00\x00" // data: the text of the raw key string, encrypted with a password; 512 characters in all
	headerSize      = 4
)

// NewKey makes a random key, and its protected form: the string of 512 hex characters from which OpenKey gets the key back, given the
// password. It costs one PBKDF2.
func NewKey(password string) (Key, string, error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	k := Key{vault.NewSecret(string(raw))}
	salted := make([]byte, headSize)
	copy(salted, cipherVersion)
	_, _ = rand.Read(salted[versionSize:])
	protected, err := protect(k, password, salted)
	return k, protected, err
}

// protect returns the protected form of k under a password, with the head (version, salt, iv) given.
func protect(k Key, password string, head []byte) (string, error) {
	sealed, err := sealAs(append(head, checksummed(rawHeader, []byte(k.secret.Reveal()))...), protectionRoot(password))
	if err != nil {
		return "", err
	}
	return checksummed(protectedHeader, sealed), nil
}

// OpenKey opens a protected key string. It costs one PBKDF2, unless the string is refused for its form. Errors: Invalid if it has no such
// form; Corrupt if it is damaged, with sysPass's text "Integrity check failed." if the password is wrong.
func OpenKey(protected, password string) (Key, error) {
	sealed, err := unchecked(protectedHeader, protected)
	if err != nil {
		return Key{}, err
	}
	text, err := open(sealed, protectionRoot(password))
	if err != nil {
		return Key{}, err
	}
	raw, err := unchecked(rawHeader, string(text))
	if err != nil {
		return Key{}, err
	}
	if len(raw) != keySize {
		return Key{}, invalid("the key has a wrong length")
	}
	return Key{vault.NewSecret(string(raw))}, nil
}

// protectionRoot is passwordRoot of the password's SHA-256, which passwordRoot hashes again: so the library that sysPass uses does it.
func protectionRoot(password string) rootFunc {
	hashed := sha256.Sum256([]byte(password))
	return passwordRoot(string(hashed[:]))
}

func checksummed(header string, data []byte) string {
	b := append([]byte(header), data...)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(append(b, sum[:]...))
}

// unchecked returns the data of a key string.
func unchecked(header, text string) ([]byte, error) {
	b, err := hex.DecodeString(text)
	switch {
	case err != nil:
		return nil, invalid("the key string is not hexadecimal")
	case len(b) < headerSize+sha256.Size:
		return nil, invalid("the key string is too short")
	case string(b[:headerSize]) != header:
		return nil, invalid("the key string is of another kind")
	}
	body, stated := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sum := sha256.Sum256(body); subtle.ConstantTimeCompare(sum[:], stated) != 1 {
		return nil, corrupt("the key string is damaged")
	}
	return body[headerSize:], nil
}
