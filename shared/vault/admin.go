package vault

// AdminAction is something to do with what is neither an entry nor a project.
type AdminAction uint8

// The actions that mayAdmin decides. Creating a root project is among them: it has no project yet whose level could decide.
const (
	ListUsers AdminAction = iota // ids and names
	ReadUsers                    // everything but secrets
	WriteUser
	SetPassword
	ListGroups
	WriteGroup // members included
	WriteCredential
	ReadSettings
	WriteSettings
	ReadLog
	TakeExport
	TakeBackup
	WriteCategory
	WriteTag
	CreateProject
	CreateRootProject
	adminActionEnd
)

// roleSet is a set of roles.
type roleSet uint8

func roles(list ...Role) (set roleSet) {
	for _, r := range list {
		set |= 1 << r
	}
	return set
}

func (s roleSet) has(r Role) bool { return s&(1<<r) != 0 }

// sensitive actions are closed to a narrowed credential, unless its list names the very action of the request.
const (
	open      = false
	sensitive = true
)

// adminRules is the one table of who may do what with users, groups, credentials, settings, logs, exports and registries, for all
// dialects (contracts: TPM 4.1 and 4.6; design section 3).
var adminRules = [adminActionEnd]struct {
	roles     roleSet
	sensitive bool
}{
	ListUsers:         {roles(Admin, IT, ProjectManager, NormalUser), open},
	ReadUsers:         {roles(Admin, IT), open},
	WriteUser:         {roles(Admin, IT), sensitive},
	SetPassword:       {roles(Admin, IT), sensitive},
	ListGroups:        {roles(Admin, IT, ProjectManager, NormalUser), open},
	WriteGroup:        {roles(Admin, IT), sensitive},
	WriteCredential:   {roles(Admin), sensitive},
	ReadSettings:      {roles(Admin, IT), sensitive},
	WriteSettings:     {roles(Admin, IT), sensitive},
	ReadLog:           {roles(Admin, IT), sensitive},
	TakeExport:        {roles(Admin), sensitive},
	TakeBackup:        {roles(Admin), sensitive},
	WriteCategory:     {roles(Admin, IT, ProjectManager, NormalUser), open},
	WriteTag:          {roles(Admin, IT, ProjectManager, NormalUser), open},
	CreateProject:     {roles(Admin, IT, ProjectManager), open},
	CreateRootProject: {roles(Admin, IT, ProjectManager), open},
}

// AdminTarget is the user that an action is about, before and after it; the zero value where it is about none.
type AdminTarget struct {
	Role    Role // 0: the user does not exist yet
	NewRole Role // 0: unchanged
}

// lowers reports whether a user whose password only an Admin sets is to become one whose password IT sets, which would be a way round that.
func (t AdminTarget) lowers() bool {
	free := roles(NormalUser, ReadOnly)
	return t.Role != 0 && t.NewRole != 0 && !free.has(t.Role) && free.has(t.NewRole)
}

// mayAdmin decides whether p may do a to target, by its role, its narrowing, and the target's role: making or changing an Admin needs an
// Admin, and IT sets passwords only of Normal and Read only users, and makes nobody one of them.
func mayAdmin(p *Principal, a AdminAction, target AdminTarget) bool {
	if p.operator {
		return true
	}
	rule := adminRules[a]
	if !rule.roles.has(p.Role()) && !(a == CreateRootProject && p.mayCreateRoots && p.Role() == NormalUser) {
		return false
	}
	if rule.sensitive && p.narrowed() && !p.named {
		return false
	}
	switch a {
	case WriteUser:
		return p.Role() == Admin || target.Role != Admin && target.NewRole != Admin && !target.lowers()
	case WriteCredential:
		return p.Role() == Admin || target.Role != Admin && target.NewRole != Admin
	case SetPassword:
		return p.Role() == Admin || target.Role == NormalUser || target.Role == ReadOnly
	default:
		return true
	}
}
