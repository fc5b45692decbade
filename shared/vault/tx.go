package vault

import (
	"errors"
	"slices"
	"strings"
)

// Tx is an Update in progress: a Reader that can also change things. Every method that changes something checks that the caller may,
// and leaves nothing behind if it fails; if the function returns an error, nothing of it remains at all.
type Tx struct {
	*Reader
	o        *overlay
	changes  []Change
	strength func(string) Strength
}

func (t *Tx) put(c Change) {
	t.o.put(c)
	t.changes = append(t.changes, c)
}

// Reveal fails: an Update hands out no secrets, because no access record would name them.
func (t *Tx) Reveal(EntryID) (Payload, error) {
	return Payload{}, &Error{Kind: Internal, Err: errors.New("a secret was asked for in an update")}
}

// stamp returns the time of the call.
func (t *Tx) stamp() Stamp { return StampOf(t.now) }

// CreateEntry makes a new entry and returns its id. ID, times, and what derives from the payload are set here; Manager is the caller
// unless set, Category the default one unless set. A personal entry (Owner) belongs to the caller and has no grants.
//
// Errors: BadReference (project, category, tag, user or group unknown), Forbidden (no right to create in the project, it is archived, Read only users'
// personal entries), NotFound (a project that the caller may not see), Invalid.
func (t *Tx) CreateEntry(e Entry, p Payload) (EntryID, error) {
	if err := t.checkNewEntry(&e); err != nil {
		return 0, err
	}
	e.ID = t.o.lastNow.entry + 1
	if e.Category == 0 {
		e.Category = DefaultCategory
	}
	if e.Manager == 0 {
		e.Manager = t.principal.id
	}
	if err := t.checkEntry(&e); err != nil {
		return 0, err
	}
	if e.Source != 0 {
		if err := t.checkSource(&e); err != nil {
			return 0, err
		}
	}
	now := t.stamp()
	e.Created, e.CreatedBy, e.Updated, e.UpdatedBy = now, t.principal.id, now, t.principal.id
	t.attach(&e, p)
	t.put(Change{Entry: &e})
	return e.ID, nil
}

func (t *Tx) checkNewEntry(e *Entry) error {
	if e.Owner != 0 {
		return t.checkNewPersonal(e)
	}
	p := t.x.project(e.Project)
	if p == nil || p.Trashed.Is() {
		return fail(BadReference, "no such project")
	}
	a := t.projectAccess(p.ID)
	switch {
	case a.Level < ProjectTraverse:
		return fail(NotFound, "no such project")
	case a.Level < ProjectCreate:
		return fail(Forbidden, "not allowed to create entries in this project")
	case t.Archived(p.ID):
		return fail(Forbidden, "the project is archived")
	}
	return nil
}

// checkSource refuses a link to what the caller may not read, to a personal entry, or to another link: a link hands out its source's
// secret to whoever may read the link.
func (t *Tx) checkSource(e *Entry) error {
	source, _, err := t.Entry(e.Source)
	switch {
	case err != nil:
		return fail(BadReference, "no such entry")
	case e.Owner != 0, source.Owner != 0, source.Source != 0:
		return fail(Invalid, "only a shared entry that is no link itself can be linked to")
	}
	return nil
}

func (t *Tx) checkNewPersonal(e *Entry) error {
	c := t.principal.credential
	switch {
	case e.Owner != t.principal.id, t.principal.role == ReadOnly, c != nil && len(c.Projects) > 0:
		return fail(Forbidden, "not allowed to have personal entries")
	}
	return nil
}

// checkEntry refuses references to what does not exist, and malformed definitions.
func (t *Tx) checkEntry(e *Entry) error {
	switch {
	case t.x.category(e.Category) == nil:
		return fail(BadReference, "no such category")
	case e.Manager != 0 && t.x.user(e.Manager) == nil:
		return fail(BadReference, "no such user")
	case e.MainGroup != 0 && t.x.group(e.MainGroup) == nil:
		return fail(BadReference, "no such group")
	case e.Lock > LockPermission:
		return fail(Invalid, "no such lock")
	}
	for i, id := range e.Tags {
		if t.x.tag(id) == nil || slices.Contains(e.Tags[:i], id) {
			return fail(BadReference, "no such tag, or one named twice")
		}
	}
	for i, f := range e.Fields {
		if f.Number < 1 || f.Number > MaxCustomFields || f.Type > FieldDate || i > 0 && e.Fields[i-1].Number >= f.Number {
			return fail(Invalid, "no such custom field")
		}
	}
	return t.checkEntryGrants(e)
}

func (t *Tx) checkEntryGrants(e *Entry) error {
	for i, g := range e.Users {
		if t.x.user(g.User) == nil {
			return fail(BadReference, "no such user")
		}
		if !validLevel(g.Level) || i > 0 && e.Users[i-1].User >= g.User {
			return fail(Invalid, "no such permission")
		}
	}
	for i, g := range e.Groups {
		if t.x.group(g.Group) == nil {
			return fail(BadReference, "no such group")
		}
		if !validLevel(g.Level) || i > 0 && e.Groups[i-1].Group >= g.Group {
			return fail(Invalid, "no such permission")
		}
	}
	return nil
}

func validLevel(l Level) bool {
	return l == LevelNone || l == LevelRead || l == LevelEdit || l == LevelManage
}

// attach makes p the newest payload of e and sets what the index knows of it.
func (t *Tx) attach(e *Entry, p Payload) {
	e.HasPassword = !p.Password.IsEmpty()
	e.Strength = t.rate(p.Password)
	e.SecretChanged = t.stamp()
	e.Fields = slices.Clone(e.Fields)
	for i := range e.Fields {
		if e.Fields[i].Type == FieldPassword {
			e.Fields[i].Strength = t.rate(p.Fields[e.Fields[i].Number])
		}
	}
	if e.SecretVersion == 0 && p.Password.IsEmpty() && len(p.Fields) == 0 {
		return // nothing to keep yet
	}
	e.SecretVersion++
	t.o.payloads[SecretKey{e.ID, e.SecretVersion}] = p
}

func (t *Tx) rate(s Secret) Strength {
	if s.IsEmpty() || t.strength == nil {
		return Strength{}
	}
	return t.strength(s.Reveal())
}

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
	e.Source, e.SecretVersion, e.HasPassword, e.Strength, e.SecretChanged = old.Source, old.SecretVersion, old.HasPassword, old.Strength, old.SecretChanged
	if err := t.checkRights(old, e); err != nil {
		return err
	}
	if err := t.checkEntry(e); err != nil {
		return err
	}
	t.touch(e)
	t.put(Change{Entry: e})
	return nil
}

// editable returns an entry that the caller may change, and a copy to change.
func (t *Tx) editable(id EntryID) (old, fresh *Entry, err error) {
	old, a, err := t.Entry(id)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case a.Level < LevelEdit:
		return nil, nil, fail(Forbidden, "not allowed to change this entry")
	case old.Source != 0:
		return nil, nil, fail(Forbidden, "a linked entry is read-only")
	}
	if err := t.unlock(old); err != nil {
		return nil, nil, err
	}
	e := *old
	e.Tags, e.Users, e.Groups, e.Fields = slices.Clone(e.Tags), slices.Clone(e.Users), slices.Clone(e.Groups), slices.Clone(e.Fields)
	return old, &e, nil
}

// touch notes that the entry's content was changed.
func (t *Tx) touch(e *Entry) {
	e.Updated, e.UpdatedBy, e.Edited = t.stamp(), t.principal.id, true
}

// checkRights refuses a change that needs manage to a caller who may only edit, and any change of what is archived.
func (t *Tx) checkRights(old, e *Entry) error {
	a := t.entryAccess(old)
	managed := old.Manager != e.Manager || old.MainGroup != e.MainGroup || old.Private != e.Private || old.PrivateGroup != e.PrivateGroup ||
		old.AnyoneMayEdit != e.AnyoneMayEdit || old.Project != e.Project || old.Archived != e.Archived ||
		!slices.Equal(old.Users, e.Users) || !slices.Equal(old.Groups, e.Groups)
	switch {
	case managed && a.Level < LevelManage:
		return fail(Forbidden, "not allowed to manage this entry")
	case old.Project != e.Project && e.Owner == 0:
		return t.checkNewEntry(e)
	case (old.Archived || t.Archived(old.Project)) && old.Archived == e.Archived:
		return fail(Forbidden, "the entry is archived")
	}
	return nil
}

// SetPassword replaces an entry's password. The earlier one stays as a version. Needs edit. Errors as EditEntry.
func (t *Tx) SetPassword(id EntryID, password Secret) error {
	return t.setPayload(id, func(p *Payload) { p.Password = password })
}

// SetSecretField replaces the data of an encrypted custom field, which must be defined as such. Errors as EditEntry.
func (t *Tx) SetSecretField(id EntryID, number uint8, data Secret) error {
	e, _, err := t.Entry(id)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(e.Fields, func(f CustomField) bool { return f.Number == number && f.Type.Encrypted() }) {
		return fail(Invalid, "no such encrypted custom field")
	}
	return t.setPayload(id, func(p *Payload) { p.Fields[number] = data })
}

// setPayload writes the next version of an entry's payload: the newest one with a change.
func (t *Tx) setPayload(id EntryID, change func(*Payload)) error {
	old, e, err := t.editable(id)
	if err != nil {
		return err
	}
	if err := t.checkRights(old, e); err != nil {
		return err
	}
	var p Payload
	if slices.ContainsFunc(e.Fields, func(f CustomField) bool { return f.Type.Encrypted() }) {
		p = t.current(e) // the other secrets of the payload stay
	}
	p = p.clone()
	change(&p)
	t.touch(e)
	t.attach(e, p)
	t.put(Change{Entry: e})
	return nil
}

// current returns the newest payload of an entry: one that this Update wrote, or the stored one, which is fetched if need be.
func (t *Tx) current(e *Entry) Payload {
	if p, ok := t.o.payloads[SecretKey{e.ID, e.SecretVersion}]; ok {
		return p
	}
	return t.payload(e)
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
	if len(kept) == 0 {
		return 0, nil
	}
	bulk := &TrashBulk{Trashed: Trash{t.stamp(), t.principal.id}}
	var last EntryID
	for _, id := range kept {
		bulk.Deltas = append(bulk.Deltas, uint64(id-last))
		last = id
	}
	t.put(Change{TrashBulk: bulk})
	return len(kept), nil
}

func (t *Tx) trashable(id EntryID) error {
	e, a, err := t.Entry(id)
	switch {
	case err != nil:
		return err
	case a.Level < LevelManage:
		return fail(Forbidden, "not allowed to delete this entry")
	case e.Source != 0:
		return fail(Forbidden, "a linked entry is read-only")
	}
	return t.unlock(e)
}

// SetLock locks an entry (needs edit) or unlocks it (needs edit, and a reason).
func (t *Tx) SetLock(id EntryID, lock Lock) error {
	old, a, err := t.Entry(id)
	switch {
	case err != nil:
		return err
	case a.Level < LevelEdit:
		return fail(Forbidden, "not allowed to lock this entry")
	case lock == Unlocked:
		if err := t.unlock(old); err != nil {
			return err
		}
	}
	e := *old
	e.Lock = lock
	t.put(Change{Entry: &e})
	return nil
}

// EntryNamed reports whether a living entry has the name, ignoring case, accents and trailing spaces, whoever may see it (TeamPass 5.8). What
// others keep as personal does not count: not even its name is anyone's business.
func (t *Tx) EntryNamed(name string) bool {
	key := nameKey(name)
	counts := func(e *Entry) bool { return !e.Trashed.Is() && (e.Owner == 0 || e.Owner == t.principal.id) }
	for _, e := range t.o.entriesNow {
		if counts(e) && nameKey(e.Name) == key {
			return true
		}
	}
	for _, row := range t.state.orders.byUpdated {
		if !strings.HasPrefix(row.text, key) || !counts(row.Entry) {
			continue
		}
		if _, changed := t.o.entriesNow[row.ID]; !changed && strings.TrimRight(row.Text(FieldName), " ") == key {
			return true
		}
	}
	return false
}
