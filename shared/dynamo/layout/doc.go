// Package layout says how a vault lies in its two tables: every key, the names of the attributes, and what an item is that a table's stream tells of. It makes no call.
//
// The one idea: it links no client. What only follows the streams has a use for none, and is small.
package layout

import "errors"

// Config says where a vault lies.
type Config struct {
	Entries     string // the physical name of the entries table
	Permissions string // the physical name of the permissions table; another one, since both hold a journal
	Vault       string // the prefix of all keys: 1 to 64 ASCII letters, digits, dots, hyphens and underscores
}

// Keys returns what builds the vault's keys; an error where the configuration is none.
func (c Config) Keys() (Keys, error) {
	k, err := NewKeys(c.Vault)
	if err == nil && (c.Entries == "" || c.Permissions == "" || c.Entries == c.Permissions) {
		err = errors.New("it needs the names of two different tables")
	}
	return k, err
}

// Names of the attributes that records and access records have.
const (
	PK     = "pk"
	SK     = "sk"
	Sealed = "s"
	Txn    = "x"
	Kind   = "k"
	Action = "a"
	Target = "o"
	Actor  = "u"
	More   = "m"
)
