package syspassxml

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
)

// bcrypt as PHP has it. A hash that asks for more than maxCost (2^13 rounds, half a second) is refused: a file names its own cost, up to 2^31.
const (
	bcryptCost   = 10
	maxCost      = 13
	bcryptBytes  = 72 // all that bcrypt uses of a password
	bcryptLength = 60 // of a hash
)

// hashPassword returns the hash of an export password that an encrypted file carries.
func hashPassword(password string) (string, error) {
	if strings.Contains(password, "\x00") { // PHP refuses these, and ended the password there before it did
		return "", invalid("an export password cannot hold NUL")
	}
	hash, err := bcrypt.GenerateFromPassword(bcryptInput(password), bcryptCost)
	if err != nil {
		return "", err
	}
	return "$2y$" + strings.TrimPrefix(string(hash), "$2a$"), nil // one algorithm: PHP's letter says that its bug of 2011 is mended, which others never had
}

// checkPassword returns nil if the password has the hash. Errors: Invalid, with sysPass's text "Wrong encryption password" if it is the password that is wrong.
func checkPassword(hash, password string) error {
	prefix := hash[:min(len(hash), 4)]
	if len(hash) != bcryptLength || prefix != "$2y$" && prefix != "$2a$" && prefix != "$2b$" {
		return invalid("the hash of the export password has an unknown form")
	}
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || cost > maxCost {
		return invalid("the hash of the export password has an unknown form or too high a cost")
	}
	if err := bcrypt.CompareHashAndPassword([]byte(hash), bcryptInput(password)); err != nil {
		return invalid(textWrongPassword)
	}
	return nil
}

// bcryptInput is what sysPass gives to bcrypt, cut where PHP's bcrypt cuts. sysPass counts characters and bcrypt takes bytes, so a
// password of 72 characters that are not ASCII is cut and not hashed.
func bcryptInput(password string) []byte {
	if utf8.RuneCountInString(password) > bcryptBytes {
		sum := sha256.Sum256([]byte(password))
		return []byte(hex.EncodeToString(sum[:]))
	}
	return []byte(password[:min(len(password), bcryptBytes)])
}
