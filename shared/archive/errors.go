package archive

import (
	"errors"
	"fmt"

	"tresor/shared/vault"
)

// corrupt is an archive, or a vault, that does not verify. msg says what is wrong and is safe to show.
func corrupt(msg string, cause error) error {
	return &vault.Error{Kind: vault.Corrupt, Msg: msg, Err: cause}
}

func errCut() error { return corrupt("the archive is cut off", nil) }

// explain gives a Corrupt error that has no text for clients one.
func explain(err error, format string, args ...any) error {
	var e *vault.Error
	if vault.KindOf(err) != vault.Corrupt || errors.As(err, &e) && e.Msg != "" {
		return err
	}
	return corrupt(fmt.Sprintf(format, args...), err)
}
