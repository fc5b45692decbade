package vault

import "slices"

// EditCategory changes a category's name or description. Which names may repeat is the dialect's to say. Errors: NotFound, Forbidden.
func (t *Tx) EditCategory(c Category) error {
	switch {
	case t.x.category(c.ID) == nil:
		return fail(NotFound, "no such category")
	case !t.MayAdmin(WriteCategory, AdminTarget{}):
		return fail(Forbidden, "not allowed to change categories")
	}
	t.put(Change{Category: &c})
	return nil
}

// RemoveCategory removes a category for good. Errors: NotFound, Forbidden, InUse (an entry has it, be it in the trash; or it is the default one).
func (t *Tx) RemoveCategory(id CategoryID) error {
	switch {
	case t.x.category(id) == nil:
		return fail(NotFound, "no such category")
	case !t.MayAdmin(WriteCategory, AdminTarget{}):
		return fail(Forbidden, "not allowed to remove categories")
	case id == DefaultCategory, t.anyEntry(func(e *Entry) bool { return e.Category == id }):
		return fail(InUse, "the category is in use")
	}
	t.put(Change{Removed: &Removed{Kind: "category", ID: uint64(id)}})
	return nil
}

// anyEntry reports whether an entry, living or in the trash, is as match says, as the Update's changes leave it.
func (t *Tx) anyEntry(match func(*Entry) bool) bool {
	for _, e := range t.o.entriesNow {
		if e != nil && match(e) {
			return true
		}
	}
	for id, row := range t.state.entries {
		if _, changed := t.o.entriesNow[id]; !changed && match(&row.Entry) {
			return true
		}
	}
	return false
}

// CreateTag makes a tag. Errors: Forbidden, Exists (the name, ignoring case), Invalid (no name).
func (t *Tx) CreateTag(name string) (TagID, error) {
	switch {
	case !t.MayAdmin(WriteTag, AdminTarget{}):
		return 0, fail(Forbidden, "not allowed to create tags")
	case NameKey(name) == "":
		return 0, fail(Invalid, "a tag needs a name")
	case t.tagNamed(name) != 0:
		return 0, fail(Exists, "the tag exists")
	}
	return t.ensureTag(name)
}

// EditTag renames a tag, on everything that carries it. Errors: NotFound, Forbidden, Exists, Invalid.
func (t *Tx) EditTag(tag Tag) error {
	other := t.tagNamed(tag.Name)
	switch {
	case t.x.tag(tag.ID) == nil:
		return fail(NotFound, "no such tag")
	case !t.MayAdmin(WriteTag, AdminTarget{}):
		return fail(Forbidden, "not allowed to change tags")
	case NameKey(tag.Name) == "":
		return fail(Invalid, "a tag needs a name")
	case other != 0 && other != tag.ID:
		return fail(Exists, "the tag exists")
	}
	t.put(Change{Tag: &tag})
	return nil
}

// RemoveTag removes a tag for good; what carries it carries it no more. Errors: NotFound, Forbidden.
func (t *Tx) RemoveTag(id TagID) error {
	switch {
	case t.x.tag(id) == nil:
		return fail(NotFound, "no such tag")
	case !t.MayAdmin(WriteTag, AdminTarget{}):
		return fail(Forbidden, "not allowed to remove tags")
	}
	t.put(Change{Removed: &Removed{Kind: "tag", ID: uint64(id)}})
	return nil
}

// tagNamed returns the tag with a name, ignoring case; 0 if there is none.
func (t *Tx) tagNamed(name string) TagID {
	key := NameKey(name)
	for id, tag := range t.o.tagsNow {
		if tag != nil && NameKey(tag.Name) == key {
			return id
		}
	}
	id := t.state.byTagName[key]
	if tag := t.x.tag(id); tag == nil || NameKey(tag.Name) != key { // removed or renamed by this Update
		return 0
	}
	return id
}

// EditGroup changes a group's name, description and members. Errors: NotFound, Forbidden, BadReference (a member).
func (t *Tx) EditGroup(id GroupID, edit func(*Group)) error {
	old := t.x.group(id)
	if old == nil {
		return fail(NotFound, "no such group")
	}
	if !t.MayAdmin(WriteGroup, AdminTarget{}) {
		return fail(Forbidden, "not allowed to change groups")
	}
	g := *old
	g.Members = slices.Clone(old.Members)
	edit(&g)
	g.ID, g.Created, g.CreatedBy = old.ID, old.Created, old.CreatedBy
	if err := t.checkMembers(&g); err != nil {
		return err
	}
	g.Updated, g.UpdatedBy = t.stamp(), t.principal.id
	t.put(Change{Group: &g})
	return nil
}

// checkMembers sorts a group's members and refuses unknown ones.
func (t *Tx) checkMembers(g *Group) error {
	g.Members = slices.Compact(slices.Sorted(slices.Values(g.Members)))
	for _, u := range g.Members {
		if t.x.user(u) == nil {
			return fail(BadReference, "no such user")
		}
	}
	return nil
}

// RemoveGroup removes a group for good; memberships and grants of it end. Errors: NotFound, Forbidden, InUse (it is a user's or an entry's main
// group, be it in the trash).
func (t *Tx) RemoveGroup(id GroupID) error {
	switch {
	case t.x.group(id) == nil:
		return fail(NotFound, "no such group")
	case !t.MayAdmin(WriteGroup, AdminTarget{}):
		return fail(Forbidden, "not allowed to remove groups")
	case t.anyEntry(func(e *Entry) bool { return e.MainGroup == id }), slices.ContainsFunc(t.Users(), func(u *User) bool { return u.MainGroup == id }):
		return fail(InUse, "the group is in use")
	}
	t.put(Change{Removed: &Removed{Kind: "group", ID: uint64(id)}})
	return nil
}

// SetFavourite marks an entry for the caller, or takes the mark off. Errors: NotFound; Forbidden for an operator, who has no marks.
func (t *Tx) SetFavourite(id EntryID, marked bool) error {
	f, err := t.favourites()
	if err != nil {
		return err
	}
	if _, _, err := t.Entry(id); err != nil {
		return err
	}
	if t.IsFavourite(id) == marked {
		return nil
	}
	f.Entries = withMember(f.Entries, id, marked)
	t.put(Change{Favourites: f})
	return nil
}

// SetFavouriteProject marks a project for the caller, or takes the mark off. Errors as SetFavourite.
func (t *Tx) SetFavouriteProject(id ProjectID, marked bool) error {
	f, err := t.favourites()
	if err != nil {
		return err
	}
	if _, _, err := t.Project(id); err != nil {
		return err
	}
	if t.IsFavouriteProject(id) == marked {
		return nil
	}
	f.Projects = withMember(f.Projects, id, marked)
	t.put(Change{Favourites: f})
	return nil
}

// favourites returns a copy of the caller's marks.
func (t *Tx) favourites() (*Favourites, error) {
	if t.principal.operator {
		return nil, fail(Forbidden, "an operator has no favourites")
	}
	f := Favourites{User: t.principal.id}
	if old := t.x.favouritesOf(t.principal.id); old != nil {
		f = *old
	}
	return &f, nil
}

// withMember returns an ascending list with or without a member.
func withMember[T interface{ ~uint64 }](list []T, member T, in bool) []T {
	i, found := slices.BinarySearch(list, member)
	switch {
	case in && !found:
		return slices.Insert(slices.Clone(list), i, member)
	case !in && found:
		return slices.Delete(slices.Clone(list), i, i+1)
	}
	return list
}
