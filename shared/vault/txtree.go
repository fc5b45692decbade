package vault

import "slices"

// CreateSubproject is CreateProject below a parent, with everything granted as there: to all, and to each user and group that has something on the parent, as the same
// subject has on it (TPM 4.4: 99). The parent's manager has no more than these. At the root it is CreateProject. Errors: as there; Invalid, too, for a shared one below
// a personal one.
func (t *Tx) CreateSubproject(p Project) (ProjectID, error) {
	if err := t.MayCreateProject(p.Parent); err != nil {
		return 0, err
	}
	if parent := t.x.project(p.Parent); parent != nil && parent.Owner != p.Owner {
		return 0, fail(Invalid, "personal and shared projects do not mix")
	}
	id, err := t.CreateProject(p)
	if err != nil || p.Parent == 0 {
		return id, err
	}
	t.put(Change{Grants: t.inherited(id, p.Parent)})
	t.forgetStandings()
	return id, nil
}

// inherited returns grants that give each subject of a project what it has there.
func (t *Tx) inherited(id, parent ProjectID) *ProjectGrants {
	g := &ProjectGrants{Project: id, All: ProjectInherit}
	from := t.x.projectGrants(parent)
	for p := t.x.project(parent); from == nil && p != nil; p = t.x.project(p.Parent) {
		from = t.x.projectGrants(p.ID)
	}
	if from == nil {
		return g
	}
	for _, u := range from.Users {
		if t.x.user(u.User) != nil {
			g.Users = append(g.Users, ProjectUserGrant{u.User, ProjectInherit})
		}
	}
	for _, group := range from.Groups {
		if t.x.group(group.Group) != nil {
			g.Groups = append(g.Groups, ProjectGroupGrant{group.Group, ProjectInherit})
		}
	}
	return g
}

// MoveProject puts a project, with all below it, under another one, or at the root (0). Needs full access to it and the right to create projects there. What is
// granted as on the parent is then as on the new one; at the root it is not set.
// Errors: NotFound, Forbidden (also: archived), Exists (a sibling has the name), Invalid (under itself, or too deep).
func (t *Tx) MoveProject(id, parent ProjectID) error {
	old, p, err := t.manageableNow(id)
	switch {
	case err != nil:
		return err
	case old.Parent == parent:
		return nil
	}
	if err := t.MayCreateProject(parent); err != nil {
		return err
	}
	if !t.MayAdmin(CreateProject, AdminTarget{}) { // who may only make roots moves nothing there
		return fail(Forbidden, "not allowed to move projects")
	}
	if err := t.checkMove(p, parent); err != nil {
		return err
	}
	p.Parent = parent
	if err := t.checkProject(p); err != nil {
		return err
	}
	p.Updated, p.UpdatedBy = t.stamp(), t.principal.id
	t.put(Change{Project: p})
	if g := t.movedGrants(old, parent); g != nil {
		t.put(Change{Grants: g})
	}
	t.forgetStandings()
	return nil
}

// checkMove refuses cycles, trees that are too deep, and to mix shared and personal folders.
func (t *Tx) checkMove(p *Project, parent ProjectID) error {
	path := t.Path(parent)
	if slices.ContainsFunc(path, func(above *Project) bool { return above.ID == p.ID }) {
		return fail(Invalid, "a project cannot be moved under itself")
	}
	if len(path)+t.height(p.ID) > maxTree {
		return fail(Invalid, "the tree is too deep")
	}
	if parent != 0 && path[len(path)-1].Owner != p.Owner {
		return fail(Invalid, "personal and shared projects do not mix")
	}
	return nil
}

// height returns how many levels of living projects there are from one down.
func (t *Tx) height(id ProjectID) int {
	below := map[ProjectID][]ProjectID{}
	t.eachProject(func(p *Project) bool {
		if !p.Trashed.Is() {
			below[p.Parent] = append(below[p.Parent], p.ID)
		}
		return true
	})
	levels := 0
	for row := []ProjectID{id}; len(row) > 0 && levels < maxDepth; levels++ {
		var next []ProjectID
		for _, id := range row {
			next = append(next, below[id]...)
		}
		row = next
	}
	return levels
}

// movedGrants returns a project's grants as a move changes them, nil if it does not: a root without grants gives nothing to anyone and goes on so, and at the root
// there is nothing to inherit.
func (t *Tx) movedGrants(p *Project, parent ProjectID) *ProjectGrants {
	g, set := t.Grants(p.ID)
	switch {
	case p.Parent == 0 && !set:
		return &g
	case parent != 0 || !set:
		return nil
	}
	if g.All == ProjectInherit {
		g.All = ProjectUnset
	}
	g.Users = slices.DeleteFunc(slices.Clone(g.Users), func(u ProjectUserGrant) bool { return u.Level == ProjectInherit })
	g.Groups = slices.DeleteFunc(slices.Clone(g.Groups), func(group ProjectGroupGrant) bool { return group.Level == ProjectInherit })
	return &g
}

// TrashLeaf puts a project that has no subprojects into the trash, with its entries. Needs and errors as TrashTree; Forbidden for one that has subprojects (TPM 7.1).
func (t *Tx) TrashLeaf(id ProjectID) error {
	p, _, err := t.Project(id)
	switch {
	case err != nil:
		return err
	case p.Owner != 0: // TrashTree would leave it where it is
		return fail(Forbidden, "a personal folder stays")
	case t.HasSubprojects(id):
		return fail(Forbidden, "the project has subprojects")
	}
	return t.TrashTree(id)
}
