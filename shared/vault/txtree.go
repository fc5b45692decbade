package vault

import (
	"cmp"
	"slices"
)

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
	old, p, err := t.manageable(id)
	switch {
	case err != nil:
		return err
	case t.Archived(id):
		return fail(Forbidden, "the project is archived")
	case old.Parent == parent:
		return nil
	}
	if err := t.MayCreateProject(parent); err != nil {
		return err
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
	case len(t.Children(id)) > 0:
		return fail(Forbidden, "the project has subprojects")
	}
	return t.TrashTree(id)
}

// Node is a project in the tree that a caller sees.
type Node struct {
	Project *Project
	Access  ProjectAccess
	Parent  bool // it has children that the caller sees
	Own     int  // the shared entries in it that the caller may read
	Branch  int  // and in what is below it
}

// Nodes returns the shared projects directly under one (0: the roots) that the caller may see, by name. In an Update it shows what was before it.
func (r *Reader) Nodes(under ProjectID) []Node {
	counted := map[ProjectID]int{}
	for _, row := range r.state.orders.byUpdated {
		if row.Owner == 0 && r.mayRead(row) {
			r.standing(row.Project).entries++
		}
	}
	for id, s := range r.levels {
		if s.entries > 0 {
			counted[id], s.entries = s.entries, 0
		}
	}
	var list []Node
	for _, id := range r.state.children[under] {
		if n, seen := r.node(r.x.project(id), counted); seen {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b Node) int {
		return cmp.Or(cmp.Compare(SortKey(a.Project.Name), SortKey(b.Project.Name)), cmp.Compare(a.Project.ID, b.Project.ID))
	})
	return list
}

// node sums up a project and what is below it, and reports whether the caller may see it, as Projects does.
func (r *Reader) node(p *Project, counted map[ProjectID]int) (n Node, seen bool) {
	if p == nil || p.Owner != 0 || p.Trashed.Is() {
		return Node{}, false
	}
	n = Node{Project: p, Access: r.projectAccess(p.ID), Own: counted[p.ID], Branch: counted[p.ID]}
	for _, id := range r.state.children[p.ID] {
		below, seen := r.node(r.x.project(id), counted)
		n.Parent = n.Parent || seen
		n.Branch += below.Branch
	}
	return n, n.Access.Level >= ProjectTraverse || n.Branch > 0 && r.limits == nil
}
