package vault

// Project is a node of the tree that TeamPass calls folders; a root one is a sysPass client.
type Project struct {
	ID       ProjectID `cbor:"1,keyasint"`
	Parent   ProjectID `cbor:"2,keyasint,omitempty"` // 0: a root
	Name     string    `cbor:"3,keyasint,omitempty"`
	Notes    string    `cbor:"4,keyasint,omitempty"` // sysPass: a client's description
	Tags     []TagID   `cbor:"5,keyasint,omitempty"`
	Manager  UserID    `cbor:"6,keyasint,omitempty"`
	Archived bool      `cbor:"7,keyasint,omitempty"`

	Owner         UserID `cbor:"8,keyasint,omitempty"`  // whose personal folder it is (TeamPass)
	Complexity    uint16 `cbor:"9,keyasint,omitempty"`  // TeamPass: 0-1000, at least the parent's
	RenewalMonths uint16 `cbor:"10,keyasint,omitempty"` // TeamPass: 0 none
	Global        int64  `cbor:"11,keyasint,omitempty"` // sysPass: a client's isGlobal; any integer passes through

	Created   Stamp  `cbor:"12,keyasint,omitempty"`
	CreatedBy UserID `cbor:"13,keyasint,omitempty"`
	Updated   Stamp  `cbor:"14,keyasint,omitempty"`
	UpdatedBy UserID `cbor:"15,keyasint,omitempty"`
	Trashed   Trash  `cbor:"16,keyasint,omitzero"`
}

// IsClient reports whether sysPass shows the project as a client: it is a root, and nobody's personal folder.
func (p *Project) IsClient() bool { return p.Parent == 0 && p.Owner == 0 }

// Category is a sysPass category.
type Category struct {
	ID          CategoryID `cbor:"1,keyasint"`
	Name        string     `cbor:"2,keyasint,omitempty"`
	Description string     `cbor:"3,keyasint,omitempty"`
}

// DefaultCategory is the category of entries made through dialects that have none. It is made with the vault.
const DefaultCategory CategoryID = 1

// MaxTags is how many tags an entry or a project can have.
const MaxTags = 200

// Tag is a name that entries and projects carry.
type Tag struct {
	ID   TagID  `cbor:"1,keyasint"`
	Name string `cbor:"2,keyasint,omitempty"`
}

// Favourites is what a user has marked.
type Favourites struct {
	User     UserID      `cbor:"1,keyasint"`
	Entries  []EntryID   `cbor:"2,keyasint,omitempty"` // ascending
	Projects []ProjectID `cbor:"3,keyasint,omitempty"` // ascending
}

// User is a person or a machine that has an account of its own.
type User struct {
	ID        UserID  `cbor:"1,keyasint"`
	Username  string  `cbor:"2,keyasint,omitempty"` // unique, ignoring case
	Name      string  `cbor:"3,keyasint,omitempty"`
	Email     string  `cbor:"4,keyasint,omitempty"`
	Role      Role    `cbor:"5,keyasint,omitempty"`
	MainGroup GroupID `cbor:"6,keyasint,omitempty"`
	Disabled  bool    `cbor:"7,keyasint,omitempty"`
	APIOnly   bool    `cbor:"8,keyasint,omitempty"`
	// MayCreateRoots lets a Normal user create root projects (TPM: can_create_projects_in_root). It gives a Read only user nothing.
	MayCreateRoots bool `cbor:"9,keyasint,omitempty"`

	// Password is the argon2id hash, sealed under PurposeCredentials; empty: no password login.
	Password        []byte `cbor:"10,keyasint,omitempty"`
	PasswordVersion uint32 `cbor:"11,keyasint,omitempty"` // bound in the sealed hash; grows with each change

	Created   Stamp  `cbor:"12,keyasint,omitempty"`
	CreatedBy UserID `cbor:"13,keyasint,omitempty"`
	Updated   Stamp  `cbor:"14,keyasint,omitempty"`
	UpdatedBy UserID `cbor:"15,keyasint,omitempty"`
}

// Role is one of TPM's five roles, from the least to the most. The order has no meaning beyond display: rules name roles.
type Role uint8

// The roles (contracts: TPM 4.1).
const (
	ReadOnly Role = iota + 1
	NormalUser
	ProjectManager
	IT
	Admin
)

var roleNames = [...]string{ReadOnly: "Read only", NormalUser: "Normal user", ProjectManager: "Project manager", IT: "IT", Admin: "Admin"}

// Roles lists every role.
var Roles = [...]Role{ReadOnly, NormalUser, ProjectManager, IT, Admin}

// String returns the role as TPM writes it, e.g. "Normal user".
func (r Role) String() string {
	if r < ReadOnly || r > Admin {
		return "no role"
	}
	return roleNames[r]
}

// ParseRole reads a role's name, ignoring case; "only read" is an alias that TPM documents.
func ParseRole(s string) (Role, bool) {
	for _, r := range Roles {
		if Fold(r.String()) == Fold(s) {
			return r, true
		}
	}
	if Fold(s) == "only read" {
		return ReadOnly, true
	}
	return 0, false
}

// Group is a sysPass user group, a TeamPass role, or a TPM group.
type Group struct {
	ID          GroupID  `cbor:"1,keyasint"`
	Name        string   `cbor:"2,keyasint,omitempty"`
	Description string   `cbor:"3,keyasint,omitempty"`
	Members     []UserID `cbor:"4,keyasint,omitempty"` // ascending; main groups are in the users, not here
	Created     Stamp    `cbor:"5,keyasint,omitempty"`
	CreatedBy   UserID   `cbor:"6,keyasint,omitempty"`
	Updated     Stamp    `cbor:"7,keyasint,omitempty"`
	UpdatedBy   UserID   `cbor:"8,keyasint,omitempty"`
}

// Credential is a sysPass token, a TeamPass API key or a TPM HMAC key pair. It acts as its user, and may be narrowed. Strings that we
// made ourselves have 256 random bits, so that their plain SHA-256 can be stored.
type Credential struct {
	ID      CredentialID `cbor:"1,keyasint"`
	User    UserID       `cbor:"2,keyasint"`
	Dialect Dialect      `cbor:"3,keyasint"`
	// TokenHash is the SHA-256 of the authToken, API key, or public key.
	TokenHash Hash `cbor:"4,keyasint"`
	// PassHash is the SHA-256 of a sysPass tokenPass.
	PassHash Hash `cbor:"5,keyasint,omitzero"`
	// PrivateKey is a TPM private key, sealed under PurposeCredentials.
	PrivateKey []byte `cbor:"6,keyasint,omitempty"`

	Actions  []string    `cbor:"7,keyasint,omitempty"` // empty: every action of the dialect
	Projects []ProjectID `cbor:"8,keyasint,omitempty"` // empty: wherever the user may go; else these and what is below them
	ReadOnly bool        `cbor:"9,keyasint,omitempty"`
	Expires  Stamp       `cbor:"10,keyasint,omitempty"`
	Sources  []string    `cbor:"11,keyasint,omitempty"` // CIDR prefixes; empty: from anywhere

	Created   Stamp  `cbor:"12,keyasint,omitempty"`
	CreatedBy UserID `cbor:"13,keyasint,omitempty"`
	Revoked   Stamp  `cbor:"14,keyasint,omitempty"`
}

// Dialect names one of the wire protocols.
type Dialect string

// The dialects.
const (
	SysPass  Dialect = "syspass"
	TeamPass Dialect = "teampass"
	TPM      Dialect = "tpm"
	// Command is the command line, which acts with an operator's rights.
	Command Dialect = "tresor"
)

// Hash is a SHA-256.
type Hash [32]byte

// IsZero reports whether the hash is unset.
func (h Hash) IsZero() bool { return h == Hash{} }

// Setting is one of the vault's settings.
type Setting struct {
	Key   string `cbor:"1,keyasint"`
	Value string `cbor:"2,keyasint,omitempty"`
}
