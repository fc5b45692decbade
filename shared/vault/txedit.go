package vault

import "slices"

// EditEntry changes an entry: edit gets a copy. Its id, owner, times, payload and trash are not edit's to change.
//
// What is changed decides what the caller needs: edit, or manage for the manager, main group, private flags, grants, project, client
// and archive (a new project also needs the right to create there).
// Errors: NotFound; Forbidden (also: linked, archived); Locked, LockedFirmly; BadReference; Invalid; what edit returns.
func (t *Tx) EditEntry(id EntryID, edit func(*Entry) error) error {
	old, e, err := t.editable(id)
	if err != nil {
		return err
	}
	if err := edit(e); err != nil {
		return err
	}
	e.ID, e.Owner, e.Created, e.CreatedBy, e.Trashed = old.ID, old.Owner, old.Created, old.CreatedBy, old.Trashed
	e.Source, e.SecretVersion, e.SecretFields = old.Source, old.SecretVersion, old.SecretFields
	e.HasPassword, e.Strength, e.SecretChanged = old.HasPassword, old.Strength, old.SecretChanged
	if err := t.checkChange(old, e); err != nil {
		return err
	}
	t.touch(e)
	t.put(Change{Entry: e})
	return nil
}

// checkChange decides whether the caller may make of an entry what it is to be.
func (t *Tx) checkChange(old, e *Entry) error {
	if err := t.checkRights(old, e); err != nil {
		return err
	}
	if old.Manager != e.Manager && !t.isUser(e.Manager) { // one that was removed since stays what it was
		return errNoSuchUser
	}
	return t.checkEntry(e)
}

// isUser reports whether there is a user with an id; 0 stands for none, which is fine.
func (t *Tx) isUser(id UserID) bool { return id == 0 || t.x.user(id) != nil }

// editable returns an entry whose data the caller may change, and a copy to change.
func (t *Tx) editable(id EntryID) (old, fresh *Entry, err error) {
	old, fresh, err = t.usable(id, LevelEdit)
	if err == nil && old.Source != 0 {
		err = fail(Forbidden, "a linked entry is read-only")
	}
	return old, fresh, err
}

// managed is editable for a caller who must manage the entry.
func (t *Tx) managed(id EntryID) (old, fresh *Entry, err error) {
	old, fresh, err = t.editable(id)
	if err == nil && t.entryAccess(old).Level < LevelManage {
		err = fail(Forbidden, "not allowed to manage this entry")
	}
	return old, fresh, err
}

// usable returns an entry, be it a link or not, on which the caller has a level, and a copy to change.
func (t *Tx) usable(id EntryID, need Level) (old, fresh *Entry, err error) {
	old, a, err := t.Entry(id)
	switch {
	case err != nil:
		return nil, nil, err
	case a.Level < need:
		return nil, nil, fail(Forbidden, "not allowed to change this entry")
	}
	if err := t.unlock(old); err != nil {
		return nil, nil, err
	}
	e := *old
	e.Tags, e.Fields = t.livingTags(e.Tags), slices.Clone(e.Fields)
	e.Users, e.Groups = t.EntryGrants(old)
	now := *old
	now.Users, now.Groups = slices.Clone(e.Users), slices.Clone(e.Groups) // so that dropping what is gone is no change of grants
	return &now, &e, nil
}

// livingTags returns a copy of the tags without those that were removed.
func (t *Tx) livingTags(ids []TagID) []TagID {
	return slices.DeleteFunc(slices.Clone(ids), func(id TagID) bool { return t.x.tag(id) == nil })
}

// touch notes that the entry's content was changed.
func (t *Tx) touch(e *Entry) {
	e.Updated, e.UpdatedBy, e.Edited = t.stamp(), t.principal.id, true
}

// checkRights refuses any change of what is archived, but for taking it out of the archive, and a change that needs manage to a caller
// who may only edit.
func (t *Tx) checkRights(old, e *Entry) error {
	managed := old.Manager != e.Manager || old.MainGroup != e.MainGroup || old.Private != e.Private || old.PrivateGroup != e.PrivateGroup ||
		old.AnyoneMayEdit != e.AnyoneMayEdit || old.Project != e.Project || old.Archived != e.Archived ||
		!slices.Equal(old.Users, e.Users) || !slices.Equal(old.Groups, e.Groups)
	switch {
	case (old.Archived || t.Archived(old.Project)) && old.Archived == e.Archived:
		return fail(Forbidden, "the entry is archived")
	case managed && t.entryAccess(old).Level < LevelManage:
		return fail(Forbidden, "not allowed to manage this entry")
	case old.Project != e.Project:
		if err := t.checkNewEntry(e); err != nil {
			return err
		}
	}
	return t.principal.mayHandOver(old, e)
}

// TrashEntries puts entries into the trash by one change, ids in any order. Needs manage on each; entries that the caller may not see
// or that do not exist are skipped if lenient, and NotFound otherwise. It returns how many went.
func (t *Tx) TrashEntries(ids []EntryID, lenient bool) (int, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	kept := ids[:0]
	for _, id := range ids {
		switch err := t.trashable(id); {
		case err == nil:
			kept = append(kept, id)
		case !lenient || KindOf(err) != NotFound:
			return 0, err
		}
	}
	t.trash(kept, Trash{t.stamp(), t.principal.id})
	return len(kept), nil
}

// trash puts entries into the trash as one change.
func (t *Tx) trash(ids []EntryID, trash Trash) {
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	bulk := &TrashBulk{Trashed: trash}
	var last EntryID
	for _, id := range ids {
		bulk.Deltas = append(bulk.Deltas, uint64(id-last))
		last = id
	}
	t.put(Change{TrashBulk: bulk})
}

// trashable decides whether the caller may put an entry into the trash by itself: not a link (TPM 6.3), which goes with its project only.
func (t *Tx) trashable(id EntryID) error {
	e, a, err := t.Entry(id)
	switch {
	case err != nil:
		return err
	case e.Source != 0:
		return fail(Forbidden, "a linked entry is read-only")
	}
	return t.deletable(e, a)
}

// deletable decides whether the caller may put an entry into the trash, be it a link or not.
func (t *Tx) deletable(e *Entry, a Access) error {
	if a.Level < LevelManage {
		return fail(Forbidden, "not allowed to delete this entry")
	}
	return t.unlock(e)
}

// SetLock locks an entry, be it a link or not, or unlocks it, which takes a reason; with LockPermission no call does. Needs edit.
// Errors: as EditEntry.
func (t *Tx) SetLock(id EntryID, lock Lock) error {
	switch e, a, err := t.Entry(id); {
	case err != nil:
		return err
	case lock > LockPermission:
		return fail(Invalid, "no such lock")
	case a.Level >= LevelEdit && e.Lock == lock:
		return nil // and so no reason is needed (TPM 6.3: lock.json)
	}
	old, e, err := t.usable(id, LevelEdit)
	if err != nil {
		return err
	}
	if err := t.checkRights(old, e); err != nil {
		return err
	}
	e.Lock = lock
	t.put(Change{Entry: e})
	return nil
}
