package keyfile

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"tresor/shared/vault"
)

// Copy puts the key of one file into another, new one, as Create makes it. A file that holds the same key already is left as it is.
//
// Errors: as Load and Create; Exists for a file with another key.
func Copy(from, to string) error {
	key, err := load(from)
	if err != nil {
		return fmt.Errorf("load key file %s: %w", from, err)
	}
	if err := write(to, format(key)); !errors.Is(err, vault.Exists) {
		if err != nil {
			return fmt.Errorf("copy the key file: %w", err)
		}
		return nil
	}
	there, err := load(to)
	switch {
	case err != nil:
		return fmt.Errorf("load key file %s: %w", to, err)
	case subtle.ConstantTimeCompare(there, key) == 0:
		return &vault.Error{Kind: vault.Exists, Err: fmt.Errorf("%s holds another key", to)}
	}
	return nil
}
