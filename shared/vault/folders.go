package vault

// What TeamPass's folders ask for beyond projects.

// PersonalRoot returns a user's personal folder at the root, the first that was made; nil if there is none. Whose it is may be known to who may list users.
func (r *Reader) PersonalRoot(owner UserID) *Project {
	var found *Project
	r.eachProject(func(p *Project) bool {
		if p.Owner == owner && p.Parent == 0 && !p.Trashed.Is() {
			found = p
		}
		return found == nil
	})
	return found
}

// CreatePersonalRoot makes a personal folder at the root for a user. Whoever may change the user may do it. Errors: Forbidden, BadReference (the user).
func (t *Tx) CreatePersonalRoot(owner UserID, name string) (ProjectID, error) {
	u := t.x.user(owner)
	switch {
	case u == nil:
		return 0, fail(BadReference, "no such user")
	case !t.MayAdmin(WriteUser, AdminTarget{Role: u.Role}):
		return 0, fail(Forbidden, "not allowed to make personal folders")
	}
	now := t.stamp()
	p := Project{ID: t.o.lastNow.Project + 1, Name: name, Manager: owner, Owner: owner, Created: now, CreatedBy: t.principal.id, Updated: now, UpdatedBy: t.principal.id}
	t.put(Change{Project: &p})
	t.forgetStandings()
	return p.ID, nil
}

// CreateOpenRoot makes a root project in which everybody has a level. It needs the right of the first caller alone: a second one has the level then, like
// everybody. Errors: Forbidden, Exists.
func (t *Tx) CreateOpenRoot(name string, all ProjectLevel) (ProjectID, error) {
	switch {
	case !mayAdmin(t.principal, CreateRootProject, AdminTarget{}), t.limits != nil, t.principal.narrowed() && !t.principal.named:
		return 0, fail(Forbidden, "not allowed to create projects at the root")
	case t.SiblingNamed(0, name, 0):
		return 0, fail(Exists, "a project with this name exists here")
	}
	now := t.stamp()
	p := Project{ID: t.o.lastNow.Project + 1, Name: name, Manager: t.principal.id, Created: now, CreatedBy: t.principal.id, Updated: now, UpdatedBy: t.principal.id}
	t.put(Change{Project: &p})
	t.put(Change{Grants: &ProjectGrants{Project: p.ID, All: all}})
	t.forgetStandings()
	return p.ID, nil
}

// TrashTree puts a project, all below it, and all entries in them into the trash. Needs full access to each project, manage on each entry, and a role that may
// create projects. It is all or nothing: an entry that the caller may not delete, seen or not, keeps the tree. Personal folders and their entries stay where they
// are. Errors: NotFound; Forbidden; Locked; TooLarge for a tree that one transaction does not hold.
func (t *Tx) TrashTree(id ProjectID) error {
	if _, _, err := t.Project(id); err != nil {
		return err
	}
	if !t.MayAdmin(CreateProject, AdminTarget{}) {
		return fail(Forbidden, "not allowed to delete projects")
	}
	tree := map[ProjectID]bool{}
	t.collectTree(id, tree)
	for id := range tree {
		if t.projectAccess(id).Level < ProjectFull {
			return fail(Forbidden, "not allowed to delete this project")
		}
	}
	entries, err := t.entriesIn(tree)
	if err != nil {
		return err
	}
	trash := Trash{t.stamp(), t.principal.id}
	for _, id := range sortedKeys(tree) {
		p := *t.x.project(id)
		p.Trashed = trash
		t.put(Change{Project: &p})
	}
	t.trash(entries, trash)
	t.forgetStandings()
	return nil
}

// collectTree adds the living shared projects of a tree to a set, as the Update's changes leave it.
func (t *Tx) collectTree(id ProjectID, into map[ProjectID]bool) {
	p := t.x.project(id)
	if p == nil || p.Trashed.Is() || p.Owner != 0 || into[id] {
		return
	}
	into[id] = true
	for _, child := range t.Children(id) {
		t.collectTree(child.ID, into)
	}
}

// entriesIn returns the living entries of projects, each of which the caller may delete.
func (t *Tx) entriesIn(projects map[ProjectID]bool) (ids []EntryID, err error) {
	t.anyEntry(func(e *Entry) bool {
		if projects[e.Project] && !e.Trashed.Is() {
			if err = t.deletable(e, t.entryAccess(e)); err == nil {
				ids = append(ids, e.ID)
			}
		}
		return err != nil
	})
	return ids, err
}

// Rights is what another user may do, for those who may know it.
type Rights struct{ r *Reader }

// RightsOf returns what a user may do by itself, whatever the caller may. Only for the user itself, and for who may read users. NotFound: no such user, or the
// caller may not know.
func (r *Reader) RightsOf(username string) (Rights, error) {
	return r.rightsOf(r.UserNamed(username))
}

// RightsOfID is RightsOf for a user by its id.
func (r *Reader) RightsOfID(id UserID) (Rights, error) { return r.rightsOf(r.User(id)) }

func (r *Reader) rightsOf(u *User) (Rights, error) {
	if u == nil || u.ID != r.principal.id && !r.MayAdmin(ReadUsers, AdminTarget{}) {
		return Rights{}, fail(NotFound, "no such user")
	}
	return Rights{newReader(r.state, r.x, &Principal{subject: r.state.subject(u), user: u}, r.req, r.now, nil)}, nil
}

// Project returns what the user may do with a project.
func (x Rights) Project(id ProjectID) ProjectAccess { return x.r.projectAccess(id) }

// Entry returns what the user may do with an entry.
func (x Rights) Entry(e *Entry) Access { return x.r.entryAccess(e) }

// MayRead is whether the user may read an entry, found out quickly for the many of a list.
func (x Rights) MayRead(row *Row) bool {
	x.r.scan()
	return x.r.mayRead(row)
}
