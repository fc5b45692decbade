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
	passedOn []SecretKey // payloads of this transaction that the function went on with
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
func (t *Tx) CreateEntry(e Entry, payload Payload) (EntryID, error) {
	if p := t.x.project(e.Project); p != nil && e.Owner == 0 {
		e.Owner = p.Owner // what lies in a personal folder is personal
	}
	if err := t.checkNewEntry(&e); err != nil {
		return 0, err
	}
	if e.Source != 0 {
		if err := t.checkSource(&e); err != nil {
			return 0, err
		}
	}
	return t.insert(e, payload)
}

// insert makes a new entry in a place that was checked.
func (t *Tx) insert(e Entry, payload Payload) (EntryID, error) {
	e.ID = t.o.lastNow.Entry + 1
	if e.Category == 0 {
		e.Category = DefaultCategory
	}
	if e.Manager == 0 {
		e.Manager = t.principal.id
	}
	if err := t.mayMake(&e); err != nil {
		return 0, err
	}
	if !t.isUser(e.Manager) {
		return 0, errNoSuchUser
	}
	if err := t.checkEntry(&e); err != nil {
		return 0, err
	}
	now := t.stamp()
	e.Created, e.CreatedBy, e.Updated, e.UpdatedBy = now, t.principal.id, now, t.principal.id
	t.attach(&e, payload)
	t.put(Change{Entry: &e})
	return e.ID, nil
}

// MayCreateEntry reports why the caller may not create e where it says, nil if it may: for dialects that compare names across the whole vault
// (TeamPass 5.8), so that only those who may create there learn which names are taken. Errors: as CreateEntry's for the place.
func (t *Tx) MayCreateEntry(e Entry) error { return t.checkNewEntry(&e) }

func (t *Tx) checkNewEntry(e *Entry) error {
	if e.Owner != 0 {
		return t.checkNewPersonal(e)
	}
	p := t.x.project(e.Project)
	if p == nil || p.Trashed.Is() {
		return fail(BadReference, "no such project")
	}
	switch a := t.projectAccess(p.ID); {
	case p.Owner != 0, a.Level < ProjectCreate && !t.knows(p.ID, a): // a shared entry in a personal folder would be lost for who shares it
		return fail(NotFound, "no such project")
	case a.Level < ProjectCreate:
		return fail(Forbidden, "not allowed to create entries in this project")
	case t.Archived(p.ID):
		return fail(Forbidden, "the project is archived")
	}
	return nil
}

// knows reports whether the caller may know of a project: also one that only shows its name, as the place of an entry that the caller may read (TPM 7.1).
func (t *Tx) knows(id ProjectID, a ProjectAccess) bool {
	if a.Level >= ProjectTraverse {
		return true
	}
	_, _, err := t.Project(id)
	return err == nil
}

// mayMake decides whether the caller may make an entry as it is: for itself, or, if it may assign, for others. Of two callers each must.
func (t *Tx) mayMake(e *Entry) error {
	for r := t.Reader; r != nil; r = r.also {
		if err := r.principal.mayHandOver(r.principal.ownEntry(e), e); err != nil {
			return err
		}
	}
	return nil
}

// ownEntry returns the entry that anybody who may create e may make of it: one for itself.
func (p *Principal) ownEntry(e *Entry) *Entry {
	own := Entry{Manager: p.id, AnyoneMayEdit: e.AnyoneMayEdit, Private: e.Private, PrivateGroup: e.PrivateGroup}
	if e.MainGroup == p.main {
		own.MainGroup = e.MainGroup
	}
	if !p.narrowed() || p.named {
		own.Users, own.Groups = e.Users, e.Groups // its manager may grant
	}
	return &own
}

// mayHandOver decides whether the caller may change who has an entry: its manager, main group, grants, flags. It is the one
// place for that, beside the level of manage that checkRights asks for. A narrowed credential hands nothing over, unless its list names the very action;
// a new entry is made for others only by an Admin (sysPass 2.5).
func (p *Principal) mayHandOver(old, e *Entry) error {
	same := old.Manager == e.Manager && old.MainGroup == e.MainGroup && old.AnyoneMayEdit == e.AnyoneMayEdit &&
		old.Private == e.Private && old.PrivateGroup == e.PrivateGroup && slices.Equal(old.Users, e.Users) && slices.Equal(old.Groups, e.Groups)
	switch {
	case same:
		return nil
	case p.narrowed() && !p.named:
		return fail(Forbidden, "the credential may not change managers and grants")
	case old.ID == 0 && !p.mayAssign():
		return fail(Forbidden, "not allowed to create entries for others")
	}
	return nil
}

// checkSource refuses a link to what the caller does not manage, to a personal entry, or to another link: a link hands out its source's
// secret, now and later, to whoever may read the link.
func (t *Tx) checkSource(e *Entry) error {
	source, a, err := t.Entry(e.Source)
	switch {
	case err != nil:
		return fail(BadReference, "no such entry")
	case a.Level < LevelManage:
		return fail(Forbidden, "not allowed to link to this entry")
	case e.Owner != 0, source.Owner != 0, source.Source != 0:
		return fail(Invalid, "only a shared entry that is no link itself can be linked to")
	}
	return nil
}

func (t *Tx) checkNewPersonal(e *Entry) error {
	for r := t.Reader; r != nil; r = r.also {
		if e.Owner != r.principal.id || r.principal.role == ReadOnly || r.limits != nil {
			return fail(Forbidden, "not allowed to have personal entries")
		}
	}
	if p := t.x.project(e.Project); e.Project != 0 && (p == nil || p.Trashed.Is() || p.Owner != e.Owner) {
		return fail(BadReference, "no such personal folder")
	}
	return nil
}

// checkEntry refuses references to what does not exist, and malformed definitions.
func (t *Tx) checkEntry(e *Entry) error {
	switch {
	case t.x.category(e.Category) == nil:
		return fail(BadReference, "no such category")
	case e.MainGroup != 0 && t.x.group(e.MainGroup) == nil:
		return fail(BadReference, "no such group")
	case e.Lock > LockPermission:
		return fail(Invalid, "no such lock")
	case len(e.Tags) > MaxTags:
		return fail(Invalid, "too many tags")
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

var errNoSuchUser = fail(BadReference, "no such user")

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

// EntryNamed reports whether a living entry has the name, ignoring case, accents and trailing spaces, whoever may see it (TeamPass 5.8). What
// others keep as personal does not count: not even its name is anyone's business.
func (t *Tx) EntryNamed(name string) bool {
	key := NameKey(name)
	counts := func(e *Entry) bool { return e != nil && !e.Trashed.Is() && (e.Owner == 0 || e.Owner == t.principal.id) }
	for _, e := range t.o.entriesNow {
		if counts(e) && NameKey(e.Name) == key {
			return true
		}
	}
	for _, row := range t.state.orders.byUpdated {
		if !strings.HasPrefix(row.text, key) || !counts(&row.Entry) {
			continue
		}
		if _, changed := t.o.entriesNow[row.ID]; !changed && strings.TrimRight(row.Text(FieldName), " ") == key {
			return true
		}
	}
	return false
}

// MayAssign reports whether the caller may give an entry that it makes to another user or to any group (sysPass 2.5). A narrowed
// credential touches no managers.
func (r *Reader) MayAssign() bool {
	return r.principal.mayAssign() && (r.also == nil || r.also.MayAssign())
}

func (p *Principal) mayAssign() bool {
	return p.operator || p.role == Admin && (!p.narrowed() || p.named)
}

// Written returns an entry as this Update leaves it, if this Update wrote it, whether or not the caller may still read it: who makes an
// entry private to somebody else is answered with what it made. NotFound: this Update did not write it.
func (t *Tx) Written(id EntryID) (*Entry, error) {
	for i := range t.changes {
		if e := t.changes[i].Entry; e != nil && e.ID == id {
			return t.x.entry(id), nil
		}
	}
	return nil, fail(NotFound, "no such entry")
}
