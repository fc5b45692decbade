package vault

import "slices"

// Head names the newest record of a journal: its number and the hash of its plaintext. The zero Head is an empty journal.
type Head struct {
	Seq  Seq  `cbor:"1,keyasint"`
	Hash Hash `cbor:"2,keyasint"`
}

// Heads names a moment of the vault: one head for each journal.
type Heads struct{ Entries, Permissions Head }

// Of returns the head of journal t.
func (h Heads) Of(t Table) Head {
	if t == Entries {
		return h.Entries
	}
	return h.Permissions
}

// Set makes head the head of journal t.
func (h *Heads) Set(t Table, head Head) {
	if t == Entries {
		h.Entries = head
	} else {
		h.Permissions = head
	}
}

// Record is a journal record: what one transaction did to one of the tables. Its hash covers its plaintext as first written.
type Record struct {
	Format uint16 `cbor:"0,keyasint"`
	Table  Table  `cbor:"1,keyasint"`
	Seq    Seq    `cbor:"2,keyasint"`
	Prev   Hash   `cbor:"3,keyasint"` // of the record before it
	// Cross is the head of the other journal at which the rules ran (law 2: one cut).
	Cross Head `cbor:"4,keyasint"`
	// Partner is the number of the record that the same transaction wrote to the other journal; 0: none.
	Partner Seq   `cbor:"5,keyasint,omitempty"`
	Txn     TxnID `cbor:"6,keyasint"`
	Ops     []Op  `cbor:"7,keyasint"`
}

// changes yields every change of the record, in order.
func (r *Record) changes(yield func(*Change) bool) {
	for i := range r.Ops {
		for j := range r.Ops[i].Changes {
			if !yield(&r.Ops[i].Changes[j]) {
				return
			}
		}
	}
}

// Op is the part of one Update in a record. Updates of one process may share a record.
type Op struct {
	At         Stamp        `cbor:"1,keyasint"`
	Actor      UserID       `cbor:"2,keyasint,omitempty"` // 0: tresor itself or an operator
	Credential CredentialID `cbor:"3,keyasint,omitempty"`
	Action     string       `cbor:"4,keyasint"` // "dialect name"
	Source     string       `cbor:"5,keyasint,omitempty"`
	Reason     string       `cbor:"6,keyasint,omitempty"` // e.g. for the use of a locked entry
	Changes    []Change     `cbor:"7,keyasint"`
	Millis     uint16       `cbor:"8,keyasint,omitempty"` // of the second At, so that the log can tell what came first
}

// Change is one after-image: exactly one member is set. Replaying a change is assigning it; no rule runs again.
type Change struct {
	Entry      *Entry      `cbor:"1,keyasint,omitempty"`
	Project    *Project    `cbor:"2,keyasint,omitempty"`
	Category   *Category   `cbor:"3,keyasint,omitempty"`
	Tag        *Tag        `cbor:"4,keyasint,omitempty"`
	Favourites *Favourites `cbor:"5,keyasint,omitempty"`
	TrashBulk  *TrashBulk  `cbor:"6,keyasint,omitempty"`
	Removed    *Removed    `cbor:"7,keyasint,omitempty"`

	User       *User          `cbor:"8,keyasint,omitempty"`
	Group      *Group         `cbor:"9,keyasint,omitempty"`
	Credential *Credential    `cbor:"10,keyasint,omitempty"`
	Grants     *ProjectGrants `cbor:"11,keyasint,omitempty"`
	Setting    *Setting       `cbor:"12,keyasint,omitempty"`
	AccessHour *AccessHour    `cbor:"13,keyasint,omitempty"`
	Lockout    *Lockout       `cbor:"14,keyasint,omitempty"`

	File  *File  `cbor:"15,keyasint,omitempty"`
	Job   *Job   `cbor:"16,keyasint,omitempty"`
	Given *Given `cbor:"17,keyasint,omitempty"`
}

// TrashBulk puts many entries into the trash by one change: ids ascending, each but the first as the difference to the one before.
type TrashBulk struct {
	Deltas  []uint64 `cbor:"1,keyasint"`
	Trashed Trash    `cbor:"2,keyasint"`
}

// Removed takes an object out of the state for good. Its id is never given again.
type Removed struct {
	Kind string `cbor:"1,keyasint"` // one of removable
	ID   uint64 `cbor:"2,keyasint"`
}

// known reports whether this program knows what is removed.
func (r *Removed) known() bool {
	return slices.Contains(removable, r.Kind)
}

var removable = []string{"category", "tag", "group", "user", "entry", "project", "file"}

// AccessHour closes an hour of access records: from then on the journal vouches for them (law 18).
type AccessHour struct {
	Hour    Hour            `cbor:"1,keyasint"`
	Records int             `cbor:"2,keyasint"`
	Hash    Hash            `cbor:"3,keyasint"` // over the hashes of the hour's records, in the store's order
	Reveals []RevealCounter `cbor:"4,keyasint,omitempty"`
	Seen    []UserSeen      `cbor:"5,keyasint,omitempty"` // ascending by user
}

// RevealCounter is how often an entry's secret left in an hour.
type RevealCounter struct {
	Entry EntryID `cbor:"1,keyasint"`
	Count uint32  `cbor:"2,keyasint"`
}

// AccessRecord says who saw which secrets, when, through what. It is durable before a secret leaves (law 3).
type AccessRecord struct {
	Format     uint16       `cbor:"0,keyasint"`
	ID         string       `cbor:"1,keyasint"` // a ULID; its shard and hour follow from it and from At
	At         Stamp        `cbor:"2,keyasint"`
	User       UserID       `cbor:"3,keyasint"`
	Credential CredentialID `cbor:"4,keyasint,omitempty"`
	Action     string       `cbor:"5,keyasint"`
	Source     string       `cbor:"6,keyasint,omitempty"`
	Reason     string       `cbor:"7,keyasint,omitempty"`
	Secrets    []SecretKey  `cbor:"8,keyasint,omitempty"`
	// Withheld says that the secrets, recorded on a guess, were not handed out after all.
	Withheld bool `cbor:"9,keyasint,omitempty"`

	// The writer's chain: a missing record of a process shows.
	Writer string `cbor:"10,keyasint"` // random, one per process
	Number uint64 `cbor:"11,keyasint"` // from 1
	Prev   Hash   `cbor:"12,keyasint"` // of the writer's previous record
	// Lost are the numbers of this writer's earlier records that it could not write: nothing left under them.
	Lost []uint64 `cbor:"13,keyasint,omitempty"`

	// Used are the entries that were used with a reason, where no secret left: Secrets name none then. Ascending.
	Used []EntryID `cbor:"14,keyasint,omitempty"`
	// Files are those whose content was handed out.
	Files []FileID `cbor:"15,keyasint,omitempty"`
}

// target names the first thing that a change is about, for the clear attributes.
func (c Change) target() (kind string, id uint64) {
	switch {
	case c.Entry != nil:
		return "entry", uint64(c.Entry.ID)
	case c.Project != nil:
		return "project", uint64(c.Project.ID)
	case c.Category != nil:
		return "category", uint64(c.Category.ID)
	case c.Tag != nil:
		return "tag", uint64(c.Tag.ID)
	case c.Favourites != nil:
		return "favourites", uint64(c.Favourites.User)
	case c.TrashBulk != nil && len(c.TrashBulk.Deltas) > 0:
		return "entry", c.TrashBulk.Deltas[0]
	case c.Removed != nil:
		return c.Removed.Kind, c.Removed.ID
	case c.User != nil:
		return "user", uint64(c.User.ID)
	case c.Group != nil:
		return "group", uint64(c.Group.ID)
	case c.Credential != nil:
		return "credential", uint64(c.Credential.ID)
	case c.Grants != nil:
		return "grants", uint64(c.Grants.Project)
	case c.Setting != nil:
		return "setting", 0
	case c.AccessHour != nil:
		return "accesshour", uint64(c.AccessHour.Hour)
	case c.Lockout != nil:
		return "lockout", 0
	case c.File != nil:
		return "file", uint64(c.File.ID)
	case c.Job != nil:
		return "job", uint64(c.Job.ID)
	case c.Given != nil:
		return "given", 0
	}
	return "none", 0
}

// table returns the table that a change belongs to.
func (c Change) table() Table {
	switch {
	case c.User != nil, c.Group != nil, c.Credential != nil, c.Grants != nil, c.Setting != nil, c.AccessHour != nil, c.Lockout != nil, c.Job != nil, c.Given != nil:
		return Permissions
	case c.Removed != nil && (c.Removed.Kind == "group" || c.Removed.Kind == "user"):
		return Permissions
	}
	return Entries
}
