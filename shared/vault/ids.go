package vault

import (
	"encoding/hex"
	"strconv"
)

// Ids are positive, given by counters in the state and never reused. Zero means none.
type (
	// EntryID identifies an entry of any dialect: accounts, items, passwords and personal passwords share one sequence.
	EntryID uint64
	// ProjectID identifies a project (a TeamPass folder; a root one is a sysPass client).
	ProjectID uint64
	// CategoryID identifies a sysPass category.
	CategoryID uint64
	// TagID identifies a tag.
	TagID uint64
	// UserID identifies a user.
	UserID uint64
	// GroupID identifies a group (a sysPass user group, a TeamPass role).
	GroupID uint64
	// FileID identifies an attachment of an entry or a project.
	FileID uint64
	// CredentialID identifies a token, API key or HMAC key pair.
	CredentialID uint64
	// JobID identifies work that goes on after its call was answered.
	JobID uint64
	// Seq numbers the records of one journal from 1.
	Seq uint64
)

// String returns the id in decimal digits.
func (id JobID) String() string { return strconv.FormatUint(uint64(id), 10) }

// TxnID identifies one attempt to commit. It is also the store's idempotency token: the same bytes sent twice
// under one TxnID are carried out at most once.
type TxnID [16]byte

// String returns the id as 32 hexadecimal digits.
func (t TxnID) String() string { return hex.EncodeToString(t[:]) }

// Table names one of the two logical tables. Additional data and hashes use this name, never a physical one.
type Table uint8

const (
	// Entries holds entries, projects, categories, tags, and the secret payloads.
	Entries Table = iota + 1
	// Permissions holds users, groups, credentials, project grants, settings, access records, attempts and keysets.
	Permissions
)

// Tables lists both tables.
var Tables = [...]Table{Entries, Permissions}

// String returns "entries" or "permissions".
func (t Table) String() string {
	switch t {
	case Entries:
		return "entries"
	case Permissions:
		return "permissions"
	}
	return "table " + strconv.Itoa(int(t))
}

// Other returns the other table.
func (t Table) Other() Table { return Entries + Permissions - t }
