package syspassxml

import (
	"crypto/sha256"
	"sync"

	"tresor/shared/vault"
)

// Sealer seals account passwords under a master password. sysPass makes a key per account, and so spends a PBKDF2 on each; a
// Sealer has one key for all. Each ciphertext has a random salt from which its own cipher and MAC keys are derived, so this is no weaker, and an importer
// cannot tell. It is safe for concurrent use.
type Sealer struct {
	key       Key
	protected string
}

// NewSealer makes the key: one PBKDF2, the only one.
func NewSealer(masterPassword string) (*Sealer, error) {
	k, protected, err := NewKey(masterPassword)
	if err != nil {
		return nil, err
	}
	return &Sealer{k, protected}, nil
}

// Seal returns an Account's Pass and Key for a password, which may be any bytes.
func (s *Sealer) Seal(password string) (pass, key string, err error) {
	pass, err = Encrypt(s.key, []byte(password))
	return pass, s.protected, err
}

// maxOpenKeys bounds the keys that an Opener keeps: a file of sysPass's own has one per account, and none of those comes twice.
const maxOpenKeys = 4096

// Opener opens account passwords. It remembers the keys, and the key strings that did not open, so that a file with one
// key for many accounts costs one PBKDF2. It is safe for concurrent use; callers that ask for the same key at once wait for one of them to open it.
type Opener struct {
	openKey func(protected string) (Key, error)

	mu   sync.Mutex
	keys map[[sha256.Size]byte]func() (Key, error)
}

// NewOpener returns an Opener for accounts sealed under a master password.
func NewOpener(masterPassword string) *Opener {
	secret := vault.NewSecret(masterPassword)
	return newOpener(func(protected string) (Key, error) { return OpenKey(protected, secret.Reveal()) })
}

func newOpener(openKey func(string) (Key, error)) *Opener {
	return &Opener{openKey: openKey, keys: map[[sha256.Size]byte]func() (Key, error){}}
}

// Open returns the password of an account whose Pass and Key are given. Both empty is an account without a password, the empty
// string. Errors are those of OpenKey and Decrypt: "Integrity check failed." most likely means another master password.
func (o *Opener) Open(pass, key string) (string, error) {
	if pass == "" && key == "" {
		return "", nil
	}
	k, err := o.key(key)
	if err != nil {
		return "", err
	}
	plaintext, err := Decrypt(k, pass)
	return string(plaintext), err
}

func (o *Opener) key(protected string) (Key, error) {
	id := sha256.Sum256([]byte(protected))
	o.mu.Lock()
	open, ok := o.keys[id]
	if !ok {
		o.makeRoom()
		open = sync.OnceValues(func() (Key, error) { return o.openKey(protected) })
		o.keys[id] = open
	}
	o.mu.Unlock()
	return open()
}

// makeRoom drops any one key when there are too many.
func (o *Opener) makeRoom() {
	for id := range o.keys {
		if len(o.keys) < maxOpenKeys {
			return
		}
		delete(o.keys, id)
	}
}
