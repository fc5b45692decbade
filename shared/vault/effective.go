package vault

import "slices"

// Access is what a user may do with an entry, and through what.
type Access struct {
	Level Level
	// Defined says that something decided: an undefined access is none too, but its user is left out of security lists, while a
	// level of none that was set is listed (TPM 4.4).
	Defined bool
	Via     Reason
}

// ProjectAccess is what a user may do with a project, and through what.
type ProjectAccess struct {
	Level   ProjectLevel
	Defined bool
	Via     Reason
}

// subject is a user as the rules see it.
type subject struct {
	id     UserID
	role   Role
	main   GroupID
	groups []GroupID // all, the main group included; ascending
}

// index is what the rules read: the state, alone or under the changes of an Update.
type index interface {
	project(ProjectID) *Project
	projectGrants(ProjectID) *ProjectGrants
}

func (s *State) project(id ProjectID) *Project             { return s.projects[id] }
func (s *State) projectGrants(id ProjectID) *ProjectGrants { return s.grants[id] }

// in reports whether the subject belongs to the group, as its main group or as a member. Group 0 has no one in it.
func (u *subject) in(g GroupID) bool {
	if g == 0 {
		return false
	}
	_, found := slices.BinarySearch(u.groups, g)
	return found
}

// effectiveProject decides what u may do with the project (contracts: TPM 4.4). The first of these that says something decides: manager,
// Admin, the user's own grant, the highest of its groups' grants, the grant to all. It is not defined where none does.
// A Read only user gets no more than read.
func effectiveProject(x index, u *subject, p *Project) ProjectAccess {
	a := uncappedProject(x, u, p, maxDepth)
	if u.role == ReadOnly && a.Level > ProjectRead {
		a.Level = ProjectRead
	}
	return a
}

// maxDepth bounds the walk to a project's root. Trees are checked for cycles and depth when they are changed; this is for damaged ones.
const maxDepth = 1000

func uncappedProject(x index, u *subject, p *Project, depth int) ProjectAccess {
	switch {
	case p == nil || depth == 0:
		return ProjectAccess{}
	case p.Owner != 0 && p.Owner != u.id: // a personal folder: its owner alone
		return ProjectAccess{}
	case p.Owner != 0:
		return ProjectAccess{ProjectFull, true, Reason{Code: ViaOwner}}
	case p.Manager == u.id:
		return ProjectAccess{ProjectFull, true, Reason{Code: ViaManager}}
	case u.role == Admin:
		return ProjectAccess{ProjectFull, true, Reason{Code: ViaAdmin}}
	}
	g := x.projectGrants(p.ID)
	if g == nil { // nothing was ever set: a root grants nothing, another inherits everything
		return uncappedProject(x, u, x.project(p.Parent), depth-1)
	}
	if level := userLevel(x, u.id, p, g, depth); level >= 0 {
		return ProjectAccess{level, true, Reason{Code: ViaUser}}
	}
	best := ProjectAccess{Level: ProjectUnset}
	for _, group := range u.groups {
		if level := groupLevel(x, group, p, g, depth); level > best.Level {
			best = ProjectAccess{level, true, Reason{Code: ViaGroup, Group: group}}
		}
	}
	if best.Defined {
		return best
	}
	if level := allLevel(x, p, g, depth); level >= 0 {
		return ProjectAccess{level, true, Reason{Code: ViaAll}}
	}
	return ProjectAccess{}
}

// userLevel returns what the user's own grant on the project comes to, following 99 to the same user's grant on the parent; ProjectUnset
// where there is none.
func userLevel(x index, u UserID, p *Project, g *ProjectGrants, depth int) ProjectLevel {
	return follow(x, p, g, depth, func(g *ProjectGrants) ProjectLevel {
		for _, grant := range g.Users {
			if grant.User == u {
				return grant.Level
			}
		}
		return ProjectUnset
	})
}

func groupLevel(x index, group GroupID, p *Project, g *ProjectGrants, depth int) ProjectLevel {
	return follow(x, p, g, depth, func(g *ProjectGrants) ProjectLevel {
		for _, grant := range g.Groups {
			if grant.Group == group {
				return grant.Level
			}
		}
		return ProjectUnset
	})
}

func allLevel(x index, p *Project, g *ProjectGrants, depth int) ProjectLevel {
	return follow(x, p, g, depth, func(g *ProjectGrants) ProjectLevel { return g.All })
}

// follow looks a subject's level up on p, whose grants are g, and, while it is 99, on p's ancestors. A project without grants inherits.
func follow(x index, p *Project, g *ProjectGrants, depth int, level func(*ProjectGrants) ProjectLevel) ProjectLevel {
	for ; depth > 0; depth-- {
		if g != nil {
			if l := level(g); l != ProjectInherit {
				return l
			}
		}
		if p = x.project(p.Parent); p == nil {
			break
		}
		g = x.projectGrants(p.ID)
	}
	return ProjectUnset
}

// effective decides what u may do with the entry (contracts: TPM 4.5, with what sysPass and TeamPass add). The steps, none of which
// raises what a later one lowered: the highest of the grants; the lift of anyone-may-modify; the private flags; the role's cap.
// p is the entry's project (nil for a personal entry without one) and project u's access to it. Narrowing a credential comes on top, in Reader.
func effective(u *subject, e *Entry, p *Project, project ProjectAccess) Access {
	if e.Owner != 0 {
		if e.Owner != u.id || u.role == ReadOnly { // Read only users have no personal entries
			return Access{}
		}
		return Access{LevelManage, true, Reason{Code: ViaOwner}}
	}
	a := granted(u, e, p, project)
	if e.AnyoneMayEdit && a.Level == LevelRead {
		a.Level = LevelEdit
	}
	if e.hiddenFrom(u) {
		return Access{}
	}
	if u.role == ReadOnly && a.Level > LevelRead {
		a.Level = LevelRead
	}
	return a
}

// hiddenFrom reports whether the private flags keep an entry from a user. They bind Admins too (sysPass 2.4 B). The owner keeps the entry whatever
// group it is in: an entry private to a group that the owner does not have as main group would be lost for everyone.
func (e *Entry) hiddenFrom(u *subject) bool {
	return (e.Private || e.PrivateGroup && (e.MainGroup == 0 || e.MainGroup != u.main)) && e.Manager != u.id
}

// granted applies the grants in the order of TPM 4.5. The main group stands with the managers (sysPass 2.4 A); only an explicit "no
// access" on the project beats it.
func granted(u *subject, e *Entry, p *Project, project ProjectAccess) Access {
	barred := project.Defined && project.Level == ProjectNone
	switch {
	case e.Manager == u.id:
		return Access{LevelManage, true, Reason{Code: ViaManager}}
	case p != nil && p.Manager == u.id:
		return Access{LevelManage, true, Reason{Code: ViaManager, Project: true}}
	case p != nil && p.Owner != 0 && p.Owner != u.id: // in somebody's personal folder
		return Access{}
	case u.role == Admin:
		return Access{LevelManage, true, Reason{Code: ViaAdmin}}
	case u.in(e.MainGroup) && !barred:
		return Access{LevelManage, true, Reason{Code: ViaMainGroup, Group: e.MainGroup}}
	}
	for _, grant := range e.Users {
		if grant.User == u.id {
			return Access{grant.Level, true, Reason{Code: ViaUser}}
		}
	}
	best := Access{}
	for _, grant := range e.Groups {
		if u.in(grant.Group) && (!best.Defined || grant.Level > best.Level) {
			best = Access{grant.Level, true, Reason{Code: ViaGroup, Group: grant.Group}}
		}
	}
	if best.Defined || !project.Defined {
		return best
	}
	via := project.Via
	via.Project = true
	return Access{fromProject(project.Level), true, via}
}

// fromProject maps a level on a project to one on its entries (TPM 4.5, step 6).
func fromProject(l ProjectLevel) Level {
	switch {
	case l >= ProjectManage:
		return LevelManage
	case l >= ProjectEdit:
		return LevelEdit
	case l >= ProjectRead:
		return LevelRead
	}
	return LevelNone
}
