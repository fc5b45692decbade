package vault

// CopyEntry makes a shared copy of an entry in a project and returns its id. The copy has the entry's data, tags, custom fields and newest secret; the caller
// manages it, and it has no grants, lock or archive of the entry's. What is private stays private, to the caller. An access record names the secret that was
// copied, so the action must be one that Reveals.
//
// Needs read on the entry and the right to create in the project. An archived entry can be copied, a linked one cannot (TPM 6.3).
// Errors: NotFound (the entry or the project, or that is a personal folder); Forbidden; Locked, LockedFirmly; BadReference (no such project).
func (t *Tx) CopyEntry(id EntryID, to ProjectID) (EntryID, error) {
	e, _, err := t.Entry(id)
	if err != nil {
		return 0, err
	}
	if err := t.checkNewEntry(&Entry{Project: to}); err != nil {
		return 0, err
	}
	return t.copyOf(e, func(c *Entry) { c.Project, c.Owner = to, 0 })
}

// DuplicateEntry makes a copy of an entry beside it, under a new name, and returns its id. It is CopyEntry otherwise; a personal entry's duplicate is personal.
// Needs manage on the entry, or the right to create in its project, which must not be archived (TPM 4.6, 6.3).
func (t *Tx) DuplicateEntry(id EntryID, name string) (EntryID, error) {
	e, a, err := t.Entry(id)
	if err != nil {
		return 0, err
	}
	switch {
	case e.Project != 0 && t.Archived(e.Project):
		return 0, fail(Forbidden, "the project is archived")
	case e.Owner != 0, a.Level < LevelManage:
		if err := t.checkNewEntry(&Entry{Owner: e.Owner, Project: e.Project}); err != nil {
			return 0, err
		}
	}
	return t.copyOf(e, func(c *Entry) { c.Name = name })
}

// ShareEntry makes a shared entry in a project out of a personal one, which goes to its owner's trash, and returns its id. Errors: as CopyEntry; Invalid for an entry
// that is shared; Forbidden for an archived one.
func (t *Tx) ShareEntry(id EntryID, to ProjectID) (EntryID, error) {
	e, a, err := t.Entry(id)
	switch {
	case err != nil:
		return 0, err
	case e.Owner == 0:
		return 0, fail(Invalid, "the entry is shared already")
	case e.Archived:
		return 0, fail(Forbidden, "the entry is archived")
	}
	shared, err := t.CopyEntry(id, to)
	if err != nil {
		return 0, err
	}
	if err := t.deletable(e, a); err != nil {
		return 0, err
	}
	t.trash([]EntryID{id}, Trash{t.stamp(), t.principal.id})
	return shared, nil
}

// copyOf puts a copy of an entry that the caller may read into the place that place gives it, where the caller may create.
func (t *Tx) copyOf(e *Entry, place func(*Entry)) (EntryID, error) {
	if e.Source != 0 {
		return 0, fail(Forbidden, "a linked entry cannot be copied")
	}
	if err := t.unlock(e); err != nil {
		return 0, err
	}
	secrets, err := t.current(e)
	if err != nil {
		return 0, err
	}
	c := Entry{
		Owner: e.Owner, Project: e.Project, Category: e.Category, Name: e.Name, Username: e.Username, Email: e.Email, URL: e.URL, Notes: e.Notes,
		Tags: t.livingTags(e.Tags), Expiry: e.Expiry, Private: e.Private || e.PrivateGroup, ParentHint: e.ParentHint, Fields: e.Fields,
	}
	if t.x.category(c.Category) == nil { // removed since
		c.Category = DefaultCategory
	}
	place(&c)
	id, err := t.insert(c, secrets.clone())
	if err == nil {
		t.copyFiles(e.ID, id)
	}
	return id, err
}
