package vault

// MoveEntry puts a shared entry into another project. Needs manage on the entry and the right to create in the project; where it lies there already, nothing changes.
// Errors: as EditEntry and CreateEntry; Invalid for a personal entry, which ShareEntry is for, and for a personal folder.
func (t *Tx) MoveEntry(id EntryID, to ProjectID) error {
	old, e, err := t.managed(id)
	switch {
	case err != nil:
		return err
	case e.Owner != 0:
		return fail(Invalid, "a personal entry is not moved but shared")
	}
	if p := t.x.project(to); p != nil && p.Owner != 0 {
		return fail(Invalid, "a shared entry cannot lie in a personal folder")
	}
	e.Project = to
	if err := t.checkRights(old, e); err != nil || old.Project == to {
		return err
	}
	t.touch(e)
	t.put(Change{Entry: e})
	return nil
}
