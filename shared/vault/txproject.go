package vault

import (
	"cmp"
	"slices"
)

// CreateProject makes a project and returns its id. Its manager is the caller unless set. A root one needs CreateRootProject; another one
// CreateProject, and at least traverse on its parent (TPM 4.6). It starts without grants: a root gives nothing to anyone but its manager
// and Admins, another inherits.
//
// Errors: Forbidden; NotFound (the parent); Exists (a living sibling has the name, TPM 7.1); Invalid.
func (t *Tx) CreateProject(p Project) (ProjectID, error) {
	if err := t.MayCreateProject(p.Parent); err != nil {
		return 0, err
	}
	if err := t.checkProject(&p); err != nil {
		return 0, err
	}
	if p.Manager == 0 {
		p.Manager = t.principal.id
	}
	if !t.isUser(p.Owner) || !t.isUser(p.Manager) {
		return 0, errNoSuchUser
	}
	if (p.Manager != t.principal.id || p.Owner != 0 && p.Owner != t.principal.id) && !t.MayAssign() {
		return 0, fail(Forbidden, "not allowed to create projects for others")
	}
	now := t.stamp()
	p.ID = t.o.lastNow.Project + 1
	p.Created, p.CreatedBy, p.Updated, p.UpdatedBy = now, t.principal.id, now, t.principal.id
	t.put(Change{Project: &p})
	t.forgetStandings()
	return p.ID, nil
}

// MayCreateProject reports why the caller may not create a project under parent (0: at the root), nil if it may. Errors: Forbidden, NotFound,
// Invalid (the tree is too deep).
func (t *Tx) MayCreateProject(parent ProjectID) error {
	switch {
	case parent == 0 && t.MayCreateRoots():
		return nil
	case parent == 0:
		return fail(Forbidden, "not allowed to create projects at the root")
	}
	p, _, err := t.Project(parent)
	if err != nil {
		return err
	}
	own := p.Owner != 0 && p.Owner == t.principal.id && t.principal.role != ReadOnly && t.also == nil // what one does in one's own folder is one's own business
	if !own && !t.MayAdmin(CreateProject, AdminTarget{}) || t.projectAccess(parent).Level < ProjectTraverse {
		return fail(Forbidden, "not allowed to create projects here")
	}
	if len(t.Path(parent)) >= maxTree {
		return fail(Invalid, "the tree is too deep")
	}
	return nil
}

// MayCreateRoots reports whether the caller may create projects at the root.
func (r *Reader) MayCreateRoots() bool {
	return r.MayAdmin(CreateRootProject, AdminTarget{}) && r.limits == nil // a second caller has a password, without limits
}

// EditProject changes a project's name, notes, tags, archive, and what TeamPass and sysPass keep of it. Needs full access. Its place in the tree, manager and
// owner are not edit's to change. Errors: NotFound, Forbidden (also: archived), Exists, BadReference.
func (t *Tx) EditProject(id ProjectID, edit func(*Project)) error {
	old, p, err := t.manageable(id)
	if err != nil {
		return err
	}
	edit(p)
	p.ID, p.Parent, p.Manager, p.Owner, p.Created, p.CreatedBy, p.Trashed = old.ID, old.Parent, old.Manager, old.Owner, old.Created, old.CreatedBy, old.Trashed
	if t.Archived(id) && old.Archived == p.Archived {
		return fail(Forbidden, "the project is archived")
	}
	if err := t.checkProject(p); err != nil {
		return err
	}
	p.Updated, p.UpdatedBy = t.stamp(), t.principal.id
	t.put(Change{Project: p})
	t.forgetStandings()
	return nil
}

// manageable returns a project that the caller has full access to, and a copy to change.
func (t *Tx) manageable(id ProjectID) (old, fresh *Project, err error) {
	old, a, err := t.Project(id)
	switch {
	case err != nil:
		return nil, nil, err
	case a.Level < ProjectFull:
		return nil, nil, fail(Forbidden, "not allowed to manage this project")
	}
	p := *old
	p.Tags = t.livingTags(p.Tags)
	return old, &p, nil
}

// manageableNow is manageable for a change that the archive does not take.
func (t *Tx) manageableNow(id ProjectID) (old, fresh *Project, err error) {
	old, fresh, err = t.manageable(id)
	if err == nil && t.Archived(id) {
		err = fail(Forbidden, "the project is archived")
	}
	return old, fresh, err
}

// TrashProject puts an empty project into the trash. Needs full access, and a role that may create projects. Errors: NotFound, Forbidden, InUse
// (it has subprojects or entries that live, or entries in the trash: those would lose their place).
func (t *Tx) TrashProject(id ProjectID) error {
	_, p, err := t.manageable(id)
	if err != nil {
		return err
	}
	below := t.projectWhere(func(q *Project) bool { return q.Parent == id })
	switch {
	case !t.MayAdmin(CreateProject, AdminTarget{}):
		return fail(Forbidden, "not allowed to delete projects")
	case below, t.anyEntry(func(e *Entry) bool { return e.Project == id }):
		return fail(InUse, "the project is not empty")
	}
	p.Trashed = Trash{t.stamp(), t.principal.id}
	t.put(Change{Project: p})
	t.forgetStandings()
	return nil
}

// maxTree is how deep a tree of projects may be.
const maxTree = 100

func (t *Tx) checkProject(p *Project) error {
	if t.SiblingNamed(p.Parent, p.Name, p.ID) {
		return fail(Exists, "a project with this name exists here")
	}
	if len(p.Tags) > MaxTags {
		return fail(Invalid, "too many tags")
	}
	for i, id := range p.Tags {
		if t.x.tag(id) == nil || slices.Contains(p.Tags[:i], id) {
			return fail(BadReference, "no such tag, or one named twice")
		}
	}
	return nil
}

// SiblingNamed reports whether a living project other than except, directly under parent, has the name.
func (t *Tx) SiblingNamed(parent ProjectID, name string, except ProjectID) bool {
	key := NameKey(name)
	return t.projectWhere(func(p *Project) bool { return p.Parent == parent && p.ID != except && NameKey(p.Name) == key })
}

// ProjectNamed reports whether a living project anywhere in the tree has the name (TeamPass 5.12).
func (t *Tx) ProjectNamed(name string) bool {
	key := NameKey(name)
	return t.projectWhere(func(p *Project) bool { return NameKey(p.Name) == key })
}

// projectWhere looks among the living projects. Others' personal folders do not count: not even their names are anyone's business.
func (t *Tx) projectWhere(match func(*Project) bool) (found bool) {
	t.eachProject(func(p *Project) bool {
		found = !p.Trashed.Is() && (p.Owner == 0 || p.Owner == t.principal.id) && match(p)
		return !found
	})
	return found
}

// SetGrants replaces what is granted on a project. Needs full access to it. Errors: NotFound, Forbidden (also: archived), BadReference, Invalid.
func (t *Tx) SetGrants(g ProjectGrants) error {
	return t.SetProjectSecurity(g.Project, ProjectSecurityChange{All: &g.All, Users: &g.Users, Groups: &g.Groups})
}

// ProjectSecurityChange is a change of who may do what with a project; nil is what it leaves alone, a list replaces what is there.
type ProjectSecurityChange struct {
	Manager *UserID
	All     *ProjectLevel
	Users   *[]ProjectUserGrant  // in any order
	Groups  *[]ProjectGroupGrant // in any order
}

// SetProjectSecurity changes who may do what with a project. Needs full access to it.
// Errors: NotFound; Forbidden (also: archived); BadReference; Invalid, among others for what a Read only user cannot have.
func (t *Tx) SetProjectSecurity(id ProjectID, c ProjectSecurityChange) error {
	old, p, err := t.manageableNow(id)
	switch {
	case err != nil:
		return err
	case t.principal.narrowed() && !t.principal.named: // a second caller has a password, which is not narrowed
		return fail(Forbidden, "the credential may not change grants")
	}
	if c.Manager != nil && *c.Manager != old.Manager {
		u := t.x.user(*c.Manager)
		switch {
		case u == nil:
			return fail(BadReference, "no such user")
		case u.Role == ReadOnly:
			return fail(Invalid, "a Read only user manages nothing")
		}
		p.Manager, p.Updated, p.UpdatedBy = u.ID, t.stamp(), t.principal.id
	}
	g, err := t.newGrants(p, c)
	if err != nil {
		return err
	}
	if p.Manager != old.Manager {
		t.put(Change{Project: p})
	}
	if c.All != nil || c.Users != nil || c.Groups != nil {
		t.put(Change{Grants: &g})
	}
	t.forgetStandings()
	return nil
}

// newGrants returns a project's grants after a change.
func (t *Tx) newGrants(p *Project, c ProjectSecurityChange) (ProjectGrants, error) {
	g, set := t.Grants(p.ID)
	if !set && p.Parent != 0 {
		g = *t.inherited(p.ID, p.Parent) // what it has without grants, for everyone that the change does not name
	}
	was := g.Users
	if c.All != nil {
		g.All = *c.All
	}
	if c.Users != nil {
		g.Users = slices.Clone(*c.Users)
		slices.SortFunc(g.Users, func(a, b ProjectUserGrant) int { return cmp.Compare(a.User, b.User) })
	}
	if c.Groups != nil {
		g.Groups = slices.Clone(*c.Groups)
		slices.SortFunc(g.Groups, func(a, b ProjectGroupGrant) int { return cmp.Compare(a.Group, b.Group) })
	}
	return g, t.checkGrants(p, &g, c, was)
}

// checkGrants checks the levels and subjects that a change names; those of before may have gone since, and who became Read only keeps what it was given.
func (t *Tx) checkGrants(p *Project, g *ProjectGrants, c ProjectSecurityChange, was []ProjectUserGrant) error {
	valid := func(l ProjectLevel) bool {
		return slices.Contains(projectLevels, l) && (l != ProjectInherit || p.Parent != 0)
	}
	if !valid(g.All) && g.All != ProjectUnset {
		return fail(Invalid, "no such permission")
	}
	for i, u := range g.Users {
		user := t.x.user(u.User)
		switch {
		case c.Users == nil:
		case user == nil:
			return fail(BadReference, "no such user")
		case !valid(u.Level) || i > 0 && g.Users[i-1].User >= u.User:
			return fail(Invalid, "no such permission")
		case user.Role == ReadOnly && u.Level > ProjectRead && u.Level != ProjectInherit && !slices.Contains(was, u):
			return fail(Invalid, "a Read only user cannot have this permission")
		}
	}
	for i, group := range g.Groups {
		switch {
		case c.Groups == nil:
		case t.x.group(group.Group) == nil:
			return fail(BadReference, "no such group")
		case !valid(group.Level) || i > 0 && g.Groups[i-1].Group >= group.Group:
			return fail(Invalid, "no such permission")
		}
	}
	return nil
}

var projectLevels = []ProjectLevel{ProjectNone, ProjectTraverse, ProjectRead, ProjectCreate, ProjectEdit, ProjectManage, ProjectFull, ProjectInherit}
