package vault

import (
	"cmp"
	"slices"
)

// UserAccess is what a user may do with an entry.
type UserAccess struct {
	User   *User
	Access Access
}

// UserProjectAccess is what a user may do with a project.
type UserProjectAccess struct {
	User   *User
	Access ProjectAccess
}

// EntrySecurity returns what every user may do with an entry, by name, with those for whom nothing is defined left out (TPM 4.4, 4.5). Users that are not active are
// among them: what they have counts again with their activation. Needs manage. Errors: NotFound, Forbidden; Locked, LockedFirmly.
func (r *Reader) EntrySecurity(id EntryID) ([]UserAccess, error) {
	e, a, err := r.Entry(id)
	switch {
	case err != nil:
		return nil, err
	case a.Level < LevelManage:
		return nil, fail(Forbidden, "not allowed to manage this entry")
	}
	if err := r.unlock(e); err != nil {
		return nil, err
	}
	p := r.x.project(e.Project)
	var list []UserAccess
	for _, u := range r.UsersByName() {
		s := r.state.subject(u)
		project := ProjectAccess{}
		if p != nil {
			project = effectiveProject(r.x, &s, p)
		}
		if a := effective(&s, e, p, project); a.Defined {
			list = append(list, UserAccess{u, a})
		}
	}
	return list, nil
}

// ProjectSecurity is EntrySecurity for a project. Needs full access. Errors: NotFound, Forbidden.
func (r *Reader) ProjectSecurity(id ProjectID) ([]UserProjectAccess, error) {
	p, a, err := r.Project(id)
	switch {
	case err != nil:
		return nil, err
	case a.Level < ProjectFull:
		return nil, fail(Forbidden, "not allowed to manage this project")
	}
	var list []UserProjectAccess
	for _, u := range r.UsersByName() {
		s := r.state.subject(u)
		if a := effectiveProject(r.x, &s, p); a.Defined {
			list = append(list, UserProjectAccess{u, a})
		}
	}
	return list, nil
}

// EntrySecurityChange is a change of who may do what with an entry; nil is what it leaves alone, a list replaces what is there.
type EntrySecurityChange struct {
	Manager *UserID
	Users   *[]UserGrant  // in any order
	Groups  *[]GroupGrant // in any order
}

// SetEntrySecurity changes who may do what with an entry, be it a link or not. Needs manage.
// Errors: as EditEntry; Exists for the right to edit a link (TPM 4.3), Invalid for one that a Read only user cannot have, and for a subject named twice.
func (t *Tx) SetEntrySecurity(id EntryID, c EntrySecurityChange) error {
	if c == (EntrySecurityChange{}) {
		old, e, err := t.usable(id, LevelManage)
		if err != nil {
			return err
		}
		return t.checkRights(old, e)
	}
	return t.replace(id, LevelManage, func(e *Entry) error {
		was := *e
		if c.Manager != nil {
			e.Manager = *c.Manager
		}
		if c.Users != nil {
			e.Users = slices.Clone(*c.Users)
			slices.SortFunc(e.Users, func(a, b UserGrant) int { return cmp.Compare(a.User, b.User) })
		}
		if c.Groups != nil {
			e.Groups = slices.Clone(*c.Groups)
			slices.SortFunc(e.Groups, func(a, b GroupGrant) int { return cmp.Compare(a.Group, b.Group) })
		}
		return t.checkSecurity(&was, e, c)
	})
}

// checkSecurity refuses what a change names and cannot be granted: more than read to a Read only user, if it was not what the user had before, and edit on a link, whose data
// is its source's.
func (t *Tx) checkSecurity(was, e *Entry, c EntrySecurityChange) error {
	readOnly := func(id UserID) bool { u := t.x.user(id); return u != nil && u.Role == ReadOnly }
	switch {
	case c.Manager != nil && *c.Manager == 0:
		return fail(BadReference, "no such user")
	case e.Manager != was.Manager && readOnly(e.Manager):
		return fail(Invalid, "a Read only user manages nothing")
	}
	edits := c.Groups != nil && slices.ContainsFunc(e.Groups, func(g GroupGrant) bool { return g.Level == LevelEdit })
	if c.Users != nil {
		for _, g := range e.Users {
			if g.Level > LevelRead && readOnly(g.User) && !slices.Contains(was.Users, g) {
				return fail(Invalid, "a Read only user cannot have this permission")
			}
			edits = edits || g.Level == LevelEdit
		}
	}
	if e.Source != 0 && edits {
		return fail(Exists, "a linked entry cannot be edited")
	}
	return nil
}

// SetArchived puts an entry, be it a link or not, into the archive or takes it out. Needs manage. Errors: as EditEntry.
func (t *Tx) SetArchived(id EntryID, archived bool) error {
	if e, a, err := t.Entry(id); err == nil && e.Archived == archived && a.Level >= LevelManage {
		return t.unlock(e)
	}
	return t.replace(id, LevelManage, func(e *Entry) error { e.Archived = archived; return nil })
}

// replace changes what is not an entry's data.
func (t *Tx) replace(id EntryID, need Level, change func(*Entry) error) error {
	old, e, err := t.usable(id, need)
	if err != nil {
		return err
	}
	if err := change(e); err != nil {
		return err
	}
	if err := t.checkChange(old, e); err != nil {
		return err
	}
	t.touch(e)
	t.put(Change{Entry: e})
	return nil
}
