package vault

import "slices"

// RemoveUser removes a user for good: memberships and credentials end, and what was the user's alone, personal entries and folders, goes to the trash. What the
// user managed stays where it is, for Admins to give away; grants to the user say nothing any more. What the user did keeps its name.
//
// Errors: NotFound; Forbidden, also for oneself; InUse for the last active Admin, and for the manager of private entries, which nobody could see any more.
func (t *Tx) RemoveUser(id UserID) error {
	old := t.x.user(id)
	switch {
	case old == nil:
		return fail(NotFound, "no such user")
	case !t.MayAdmin(WriteUser, AdminTarget{Role: old.Role}):
		return fail(Forbidden, "not allowed to remove this user")
	case id == t.principal.id:
		return fail(Forbidden, "nobody removes themselves")
	case old.isAdmin() && !t.otherAdmin(id):
		return fail(InUse, "the last Admin stays")
	case t.anyEntry(func(e *Entry) bool { return e.Private && e.Manager == id }): // be it in the trash, from where it may come back
		return fail(InUse, "the user manages private entries, which nobody else could see any more: deactivate the user instead, or let it make them public")
	}
	t.leaveGroups(id)
	for _, c := range t.credentialsOf(id) {
		t.revoke(c)
	}
	t.trashPersonal(id)
	gone := *old
	gone.Disabled, gone.Password = true, nil // before it goes: a program that does not know how users go keeps this one out
	t.put(Change{User: &gone})
	t.put(Change{Removed: &Removed{Kind: "user", ID: uint64(id)}})
	return nil
}

// leaveGroups takes a user out of every group, as changes of the groups: a record says all that it does.
func (t *Tx) leaveGroups(id UserID) {
	for _, g := range t.groups() {
		if slices.Contains(g.Members, id) {
			t.putMembers(g, slices.DeleteFunc(slices.Clone(g.Members), func(m UserID) bool { return m == id }))
		}
	}
}

func (t *Tx) putMembers(old *Group, members []UserID) {
	g := *old
	g.Members, g.Updated, g.UpdatedBy = members, t.stamp(), t.principal.id
	t.put(Change{Group: &g})
}

// SetMember makes a user a member of a group, or ends that, be it by membership or as the main group. Asked again it changes nothing.
// Errors: NotFound (the group), BadReference (the user), Forbidden.
func (t *Tx) SetMember(group GroupID, user UserID, in bool) error {
	g, u := t.x.group(group), t.x.user(user)
	switch {
	case g == nil:
		return fail(NotFound, "no such group")
	case !t.MayAdmin(WriteGroup, AdminTarget{}):
		return fail(Forbidden, "not allowed to change groups")
	case u == nil:
		return fail(BadReference, "no such user")
	}
	i, member := slices.BinarySearch(g.Members, user)
	switch {
	case in && !member && u.MainGroup != group:
		t.putMembers(g, slices.Insert(slices.Clone(g.Members), i, user))
	case !in && member:
		t.putMembers(g, slices.Delete(slices.Clone(g.Members), i, i+1))
	}
	if in || u.MainGroup != group {
		return nil
	}
	return t.EditUser(user, func(u *User) { u.MainGroup = 0 })
}

func (t *Tx) credentialsOf(id UserID) (list []*Credential) {
	each(t.state.credentials, t.o.credentialsNow, func(c *Credential) bool {
		if c.User == id {
			list = append(list, c)
		}
		return true
	})
	return list
}

// trashPersonal puts a user's personal entries and folders into the trash, the entries by one change.
func (t *Tx) trashPersonal(id UserID) {
	trash := Trash{t.stamp(), t.principal.id}
	var ids []EntryID
	t.anyEntry(func(e *Entry) bool {
		if e.Owner == id && !e.Trashed.Is() {
			ids = append(ids, e.ID)
		}
		return false
	})
	t.trash(ids, trash)
	t.eachProject(func(p *Project) bool {
		if p.Owner == id && !p.Trashed.Is() {
			gone := *p
			gone.Trashed = trash
			t.put(Change{Project: &gone})
		}
		return true
	})
}
