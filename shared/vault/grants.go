package vault

// Level is what a user may do with an entry.
type Level uint8

// The levels of an entry (TPM 4.3).
const (
	LevelNone   Level = 0
	LevelRead   Level = 10
	LevelEdit   Level = 20
	LevelManage Level = 30
)

// ProjectLevel is what a user may do with a project and what is in it.
type ProjectLevel int8

// The levels of a project (TPM 4.2).
const (
	ProjectUnset    ProjectLevel = -1 // says nothing about its subject
	ProjectNone     ProjectLevel = 0
	ProjectTraverse ProjectLevel = 10 // sees the project's name
	ProjectRead     ProjectLevel = 20
	ProjectCreate   ProjectLevel = 30 // read, and create entries
	ProjectEdit     ProjectLevel = 40 // and edit its entries
	ProjectManage   ProjectLevel = 50 // and manage its entries
	ProjectFull     ProjectLevel = 60 // manage the project itself
	ProjectInherit  ProjectLevel = 99 // as the same subject has on the parent
)

// UserGrant gives a user a level on an entry.
type UserGrant struct {
	User  UserID `cbor:"1,keyasint"`
	Level Level  `cbor:"2,keyasint"`
}

// GroupGrant gives a group a level on an entry.
type GroupGrant struct {
	Group GroupID `cbor:"1,keyasint"`
	Level Level   `cbor:"2,keyasint"`
}

// ProjectGrants is who may do what with a project. A root project without grants grants nothing; another one without grants inherits
// everything from its parent.
type ProjectGrants struct {
	Project ProjectID           `cbor:"1,keyasint"`
	All     ProjectLevel        `cbor:"2,keyasint"`
	Users   []ProjectUserGrant  `cbor:"3,keyasint,omitempty"` // ascending by user
	Groups  []ProjectGroupGrant `cbor:"4,keyasint,omitempty"` // ascending by group
}

// ProjectUserGrant gives a user a level on a project.
type ProjectUserGrant struct {
	User  UserID       `cbor:"1,keyasint"`
	Level ProjectLevel `cbor:"2,keyasint"`
}

// ProjectGroupGrant gives a group a level on a project.
type ProjectGroupGrant struct {
	Group GroupID      `cbor:"1,keyasint"`
	Level ProjectLevel `cbor:"2,keyasint"`
}

// Reason says through what an access was granted.
type Reason struct {
	Code  ReasonCode
	Group GroupID // for ViaGroup and ViaMainGroup
	// Project says that the access to an entry came from its project.
	Project bool
}

// ReasonCode is the kind of a Reason.
type ReasonCode uint8

// The reasons. ViaNothing is the reason of a level that is not defined.
const (
	ViaNothing ReasonCode = iota
	ViaManager            // the entry's or the project's manager
	ViaAdmin
	ViaMainGroup
	ViaUser
	ViaGroup
	ViaAll
	ViaOwner // the owner of a personal entry or folder
)
