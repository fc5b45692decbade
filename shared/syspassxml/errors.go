package syspassxml

import (
	"fmt"

	"tresor/shared/vault"
)

// sysPass's own texts.
const (
	textIntegrity     = "Integrity check failed."
	textNotSupported  = "XML file not supported"
	textInvalidXML    = "Invalid XML format"
	textNoPassword    = "Encryption password not set"
	textWrongPassword = "Wrong encryption password"
)

func invalid(format string, args ...any) error {
	return &vault.Error{Kind: vault.Invalid, Msg: fmt.Sprintf(format, args...)}
}

func corrupt(msg string) error { return &vault.Error{Kind: vault.Corrupt, Msg: msg} }

func tooLarge(format string, args ...any) error {
	return &vault.Error{Kind: vault.TooLarge, Msg: fmt.Sprintf(format, args...)}
}

// at puts a place before the text of an error of this package.
func at(place string, err error) error {
	if err == nil {
		return nil
	}
	return &vault.Error{Kind: vault.KindOf(err), Msg: place + ": " + err.Error()}
}
