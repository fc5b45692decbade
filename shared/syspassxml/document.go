package syspassxml

import (
	"time"

	"tresor/shared/vault"
)

// Version is the sysPass version that a file should name: 3.2.11. Importers read from it only that it is not before 3.0.0.
const Version = "3211.22070201"

// Document is what a file holds. Ids are the origin's own; an importer maps them to new ones. Users, permissions, dates, history and
// files are not part of the format.
type Document struct {
	Version    string    // the digits of the version, a point, the build: see Version
	Time       time.Time // when it was exported, in whole seconds
	User       User
	Group      Group
	Categories []Item
	Clients    []Item
	Tags       []Tag
	Accounts   []Account
}

// User is who exported.
type User struct {
	ID    uint64
	Login string
}

// Group is the exporting user's main group.
type Group struct {
	ID   uint64
	Name string
}

// Item is a category or a client.
type Item struct {
	ID          uint64
	Name        string
	Description string
}

// Tag is a tag.
type Tag struct {
	ID   uint64
	Name string
}

// Account is one account. Pass and Key are sealed under the origin's master password, whether the file is encrypted or not.
type Account struct {
	ID         uint64
	Name       string
	ClientID   uint64 // 0: the file names none
	CategoryID uint64 // 0: the file names none
	Login      string
	URL        string
	Notes      string
	Pass       string // the password, encrypted with the key: see Encrypt
	Key        string // the key, protected by the master password: see NewKey
	Tags       []uint64
}

// Options say how Write writes. The zero Options write a plain file signed with an empty key.
type Options struct {
	Password vault.Secret // encrypts the file, and signs it; none: a plain file
	SignKey  string       // signs a plain file: sysPass takes the lowercase hex SHA-1 of a string that each installation makes up once
}

// ReadOptions say what Read may use.
type ReadOptions struct {
	Password vault.Secret // opens an encrypted file
	SignKey  string       // checks the sign of a plain file, as in Options; "": not checked
	MaxBytes int64        // the largest file, and the largest part of it once decrypted; 0: DefaultMaxBytes
}

// Warning is something about a file that does not keep it from being read.
type Warning uint8

const (
	// HashDiffers says that the file was changed after it was written: its SHA-1 is not the one it states.
	HashDiffers Warning = iota + 1
	// HashMissing says that the file states no hash.
	HashMissing
	// SignDiffers says that the stated hash was not signed with the key given: the file is another installation's, or was forged.
	SignDiffers
	// SignUnchecked says that the file carries no sign, or is plain and no SignKey was given.
	SignUnchecked
)

var warningText = [...]string{
	HashDiffers: "the content does not match the file's hash", HashMissing: "the file has no hash",
	SignDiffers: "the file's signature does not match", SignUnchecked: "the file's signature was not checked",
}

// String returns the warning as a sentence without its point.
func (w Warning) String() string {
	if w == 0 || int(w) >= len(warningText) {
		return "unknown warning"
	}
	return warningText[w]
}
