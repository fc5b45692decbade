package vault

import (
	"encoding/binary"
	"fmt"
)

// Purpose names a keyset. Each function's role may decrypt only the purposes that it needs.
type Purpose string

const (
	// PurposeIndex seals journal records, access records and snapshots.
	PurposeIndex Purpose = "index"
	// PurposeSecrets seals secret payloads.
	PurposeSecrets Purpose = "secrets"
	// PurposeCredentials seals password hashes and HMAC private keys, each a field of its own.
	PurposeCredentials Purpose = "credentials"
	// PurposeFiles seals attachments.
	PurposeFiles Purpose = "files"
	// PurposeExports seals backups and the parameters of asynchronous jobs.
	PurposeExports Purpose = "exports"
)

// Purposes lists every purpose, in the order in which keysets are made.
var Purposes = [...]Purpose{PurposeIndex, PurposeSecrets, PurposeCredentials, PurposeFiles, PurposeExports}

// ParsePurpose returns the purpose of that name. Error: Invalid.
func ParsePurpose(name string) (Purpose, error) {
	names := ""
	for _, p := range Purposes {
		if string(p) == name {
			return p, nil
		}
		names += ", " + string(p)
	}
	return "", &Error{Kind: Invalid, Msg: fmt.Sprintf("no keyset is called %q: there are %s", name, names[len(", "):])}
}

// Binding is the additional data of a sealed value: where it belongs. A value opens only under the binding it was sealed under,
// so that payloads cannot be swapped between entries, fields, versions, tables or vaults.
type Binding struct {
	Table   Table
	Kind    string // "record", "secret", "access", "credential", ...
	ID      string
	Field   string
	Version uint64
}

// Bytes encodes the binding for the vault with the given random id: every part length-prefixed, so that no two bindings share
// an encoding.
func (b Binding) Bytes(vaultID string) []byte {
	parts := [...]string{vaultID, b.Table.String(), b.Kind, b.ID, b.Field}
	out := make([]byte, 0, 96)
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p)))
		out = append(out, p...)
	}
	return binary.AppendUvarint(out, b.Version)
}

// Sealer seals and opens values. shared/seal implements it. Errors of Open are of kind Corrupt, or Forbidden where the process may
// not use the purpose's key. Implementations are safe for concurrent use and make no network call per value.
type Sealer interface {
	// VaultID returns the random id of the vault that the keys belong to.
	VaultID() string
	Seal(p Purpose, plaintext []byte, b Binding) ([]byte, error)
	Open(p Purpose, sealed []byte, b Binding) ([]byte, error)
}

// Resealer puts sealed values under the primary key. shared/seal's Sealer is one.
type Resealer interface {
	// Reseal returns the value under the primary key; nil where it is under that already.
	Reseal(p Purpose, sealed []byte, b Binding) ([]byte, error)
}
