package vault

import "time"

// Stamp is a time in whole Unix seconds, UTC; 0 means none. The dialects show no finer times, and lists are ordered by what they show.
type Stamp int64

// StampOf returns t as a Stamp.
func StampOf(t time.Time) Stamp { return Stamp(t.Unix()) }

// Time returns the stamp as a time in UTC.
func (s Stamp) Time() time.Time { return time.Unix(int64(s), 0).UTC() }

// Entry is what sysPass calls an account, TeamPass an item, and TPM a password or personal password, without its secrets. Entries in a
// State are never changed in place: a change is a new value.
type Entry struct {
	ID       EntryID    `cbor:"1,keyasint"`
	Owner    UserID     `cbor:"2,keyasint,omitempty"` // whose personal entry it is; 0: shared
	Project  ProjectID  `cbor:"3,keyasint,omitempty"` // 0 only for personal entries
	Category CategoryID `cbor:"4,keyasint,omitempty"`
	Name     string     `cbor:"5,keyasint,omitempty"`
	Username string     `cbor:"6,keyasint,omitempty"`
	Email    string     `cbor:"7,keyasint,omitempty"`
	URL      string     `cbor:"8,keyasint,omitempty"` // TPM: access_info
	Notes    string     `cbor:"9,keyasint,omitempty"`
	Tags     []TagID    `cbor:"10,keyasint,omitempty"`
	Expiry   Stamp      `cbor:"11,keyasint,omitempty"`

	Manager       UserID       `cbor:"12,keyasint,omitempty"` // sysPass: owner
	MainGroup     GroupID      `cbor:"13,keyasint,omitempty"`
	Private       bool         `cbor:"14,keyasint,omitempty"`
	PrivateGroup  bool         `cbor:"15,keyasint,omitempty"`
	AnyoneMayEdit bool         `cbor:"16,keyasint,omitempty"` // TeamPass: anyone_can_modify
	Users         []UserGrant  `cbor:"17,keyasint,omitempty"` // ascending by user
	Groups        []GroupGrant `cbor:"18,keyasint,omitempty"` // ascending by group

	Lock       Lock          `cbor:"19,keyasint,omitempty"`
	Archived   bool          `cbor:"20,keyasint,omitempty"`
	Source     EntryID       `cbor:"21,keyasint,omitempty"` // the entry that this one is a linked, read-only copy of
	ParentHint uint64        `cbor:"22,keyasint,omitempty"` // sysPass parentId: display data, never followed
	Fields     []CustomField `cbor:"23,keyasint,omitempty"` // ascending by number

	SecretVersion uint32 `cbor:"24,keyasint,omitempty"` // the newest payload's version; 0: none was ever written
	HasPassword   bool   `cbor:"25,keyasint,omitempty"`
	// SecretFields has a bit for each custom field that the newest payload has data of, be the field defined or not any more.
	SecretFields  uint16   `cbor:"34,keyasint,omitempty"`
	PurgedTo      uint32   `cbor:"35,keyasint,omitempty"` // payloads up to this version are gone for good
	Strength      Strength `cbor:"26,keyasint,omitempty"`
	SecretChanged Stamp    `cbor:"27,keyasint,omitempty"`

	Created   Stamp  `cbor:"28,keyasint,omitempty"`
	CreatedBy UserID `cbor:"29,keyasint,omitempty"`
	Updated   Stamp  `cbor:"30,keyasint,omitempty"`
	UpdatedBy UserID `cbor:"31,keyasint,omitempty"`
	Edited    bool   `cbor:"32,keyasint,omitempty"` // changed since it was created
	Trashed   Trash  `cbor:"33,keyasint,omitzero"`
}

// Trash says when and by whom something was put into the trash.
type Trash struct {
	At Stamp  `cbor:"1,keyasint,omitempty"`
	By UserID `cbor:"2,keyasint,omitempty"`
}

// Is reports whether the thing is in the trash.
func (t Trash) Is() bool { return t.At != 0 }

// Lock is TPM's locking_type.
type Lock uint8

const (
	// Unlocked entries are used freely.
	Unlocked Lock = iota
	// LockReason entries need a reason for each use.
	LockReason
	// LockPermission entries need another's permission: no API call unlocks them.
	LockPermission
)

// Strength is how hard a password is to guess.
type Strength struct {
	Score     uint8  `cbor:"1,keyasint,omitempty"` // zxcvbn's 0-4, plus 1; 0: not known or no password
	CrackTime string `cbor:"2,keyasint,omitempty"` // for display, e.g. "12 days"
}

// CustomField is the definition of one of an entry's ten custom fields, with its data where that is not secret.
type CustomField struct {
	Number   uint8     `cbor:"1,keyasint"` // 1 to 10
	Type     FieldType `cbor:"2,keyasint"`
	Label    string    `cbor:"3,keyasint,omitempty"`
	Data     string    `cbor:"4,keyasint,omitempty"` // empty where the type is encrypted
	Strength Strength  `cbor:"5,keyasint,omitzero"`
}

// fieldType returns how a custom field is defined; FieldText where it is not.
func (e *Entry) fieldType(number uint8) FieldType {
	for _, f := range e.Fields {
		if f.Number == number {
			return f.Type
		}
	}
	return FieldText
}

// MaxCustomFields is the number of custom fields of an entry.
const MaxCustomFields = 10

// FieldType is the type of a custom field (TPM).
type FieldType uint8

// The types of custom fields. The data of the encrypted ones is part of the secret payload.
const (
	FieldText FieldType = iota
	FieldEncryptedText
	FieldEmail
	FieldPassword
	FieldNotes
	FieldEncryptedNotes
	FieldOTP
	FieldDate
)

// Encrypted reports whether the field's data lies in the secret payload.
func (t FieldType) Encrypted() bool {
	switch t {
	case FieldEncryptedText, FieldPassword, FieldEncryptedNotes, FieldOTP:
		return true
	case FieldText, FieldEmail, FieldNotes, FieldDate:
	}
	return false
}

// Payload is the secret part of an entry.
type Payload struct {
	Password Secret
	Fields   map[uint8]Secret // the encrypted custom fields, by number
}

// clone returns a payload whose map may be changed.
func (p Payload) clone() Payload {
	fields := make(map[uint8]Secret, len(p.Fields))
	for n, s := range p.Fields {
		fields[n] = s
	}
	p.Fields = fields
	return p
}
