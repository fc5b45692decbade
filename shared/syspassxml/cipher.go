package syspassxml

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"tresor/shared/vault"
)

// A ciphertext, as bytes: version (4), salt (32), iv (16), AES-256-CTR of the plaintext, HMAC-SHA256 of all before (32). This is version 2 of
// https://github.com/defuse/php-encryption/blob/master/docs/CryptoDetails.md. Keys for the cipher and the MAC come from the secret and the
// salt, so that one secret may seal any number of plaintexts. The text form is lowercase hex.
const (
	versionSize   = 4
	saltSize      = 32
	headSize      = versionSize + saltSize + aes.BlockSize
	macSize       = sha256.Size
	minSealedSize = headSize + macSize
	keySize       = 32
	iterations    = 100_000 // of PBKDF2
)

const (
	cipherVersion = "\xde\xf5\x02\x00"
	infoMAC       = "DefusePHP|V2|KeyForAuthentication"
	infoCipher    = "DefusePHP|V2|KeyForEncryption"
)

// Encrypt encrypts plaintext with k under a fresh salt and returns the text form, 168 characters longer than twice the plaintext.
func Encrypt(k Key, plaintext []byte) (string, error) { return encryptHex(k.root, plaintext) }

// Decrypt opens what Encrypt returned. Errors: Invalid if the text has no such form; Corrupt, with sysPass's text "Integrity check
// failed.", if it was changed or the key is another.
func Decrypt(k Key, text string) ([]byte, error) { return decryptHex(k.root, text) }

// EncryptWithPassword is Encrypt with a key made from a password: 100,000 iterations of PBKDF2.
func EncryptWithPassword(password string, plaintext []byte) (string, error) {
	return encryptHex(passwordRoot(password), plaintext)
}

// DecryptWithPassword opens what EncryptWithPassword returned; errors are those of Decrypt.
func DecryptWithPassword(password, text string) ([]byte, error) {
	return decryptHex(passwordRoot(password), text)
}

func encryptHex(root rootFunc, plaintext []byte) (string, error) {
	buf := append(make([]byte, headSize, headSize+len(plaintext)+macSize), plaintext...)
	sealed, err := seal(buf, root)
	return hex.EncodeToString(sealed), err
}

func decryptHex(root rootFunc, text string) ([]byte, error) {
	sealed, err := hex.DecodeString(text)
	if err != nil {
		return nil, invalid("the ciphertext is not hexadecimal")
	}
	return open(sealed, root)
}

// rootFunc gives the 32 bytes that a ciphertext with this salt takes its keys from.
type rootFunc func(salt []byte) ([]byte, error)

func (k Key) root([]byte) ([]byte, error) {
	if k.secret.IsEmpty() { // a zero Key; an empty one would encrypt for everybody
		return nil, invalid("no key")
	}
	return []byte(k.secret.Reveal()), nil
}

func passwordRoot(password string) rootFunc {
	return func(salt []byte) ([]byte, error) {
		hashed := sha256.Sum256([]byte(password))
		return stretch(hashed[:], salt)
	}
}

// seal encrypts buf, a plaintext behind headSize bytes of room, in place.
func seal(buf []byte, root rootFunc) ([]byte, error) {
	copy(buf, cipherVersion)
	_, _ = rand.Read(buf[versionSize:headSize]) // never fails (crypto/rand)
	return sealAs(buf, root)
}

// sealAs is seal with the salt and the iv that buf already holds.
func sealAs(buf []byte, root rootFunc) ([]byte, error) {
	stream, mac, err := ciphers(buf[:headSize], root)
	if err != nil {
		return nil, err
	}
	stream.XORKeyStream(buf[headSize:], buf[headSize:])
	return append(buf, mac(buf)...), nil
}

// open verifies and decrypts sealed in place and returns the part of it that is the plaintext.
func open(sealed []byte, root rootFunc) ([]byte, error) {
	switch {
	case len(sealed) < minSealedSize:
		return nil, invalid("the ciphertext is too short")
	case string(sealed[:versionSize]) != cipherVersion:
		return nil, invalid("the ciphertext has an unknown version")
	}
	stream, mac, err := ciphers(sealed[:headSize], root)
	if err != nil {
		return nil, err
	}
	body, sum := sealed[:len(sealed)-macSize], sealed[len(sealed)-macSize:]
	if !hmac.Equal(mac(body), sum) {
		return nil, corrupt(textIntegrity)
	}
	stream.XORKeyStream(body[headSize:], body[headSize:])
	return body[headSize:], nil
}

// ciphers returns the key stream and the MAC of the ciphertext that begins with head.
func ciphers(head []byte, root rootFunc) (cipher.Stream, func([]byte) []byte, error) {
	salt, iv := head[versionSize:versionSize+saltSize], head[versionSize+saltSize:]
	secret, err := root(salt)
	if err != nil {
		return nil, nil, err
	}
	macKey, err := hkdf.Key(sha256.New, secret, salt, infoMAC, keySize)
	if err != nil {
		return nil, nil, &vault.Error{Err: err}
	}
	cipherKey, err := hkdf.Key(sha256.New, secret, salt, infoCipher, keySize)
	if err != nil {
		return nil, nil, &vault.Error{Err: err}
	}
	block, err := aes.NewCipher(cipherKey)
	if err != nil {
		return nil, nil, &vault.Error{Err: err}
	}
	return cipher.NewCTR(block, iv), func(data []byte) []byte {
		h := hmac.New(sha256.New, macKey)
		_, _ = h.Write(data)
		return h.Sum(nil)
	}, nil
}
