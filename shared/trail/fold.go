package trail

import (
	"tresor/shared/vault"
)

// fold turns records into rows. It remembers the little that a record does not say by itself: whether a thing was there before.
type fold struct {
	contexts contexts // of the journals
	heads    vault.Heads
	counts   [2]counts // by table
	seen     map[kind]uint64
	personal map[vault.EntryID]bool
	users    map[vault.UserID]userMark
	groups   map[vault.GroupID]*vault.Group

	rows  []Row // of the records folded since they were last taken
	hours []vault.AccessHour
	first vault.Stamp // of the vault
}

type kind uint8

const (
	kindEntry kind = iota
	kindProject
	kindCategory
	kindTag
	kindUser
	kindGroup
	kindCredential
	kindFile
)

// userMark is what of a user tells its changes apart.
type userMark struct {
	password uint32
	disabled bool
}

func newFold() *fold {
	return &fold{seen: map[kind]uint64{}, personal: map[vault.EntryID]bool{}, users: map[vault.UserID]userMark{}, groups: map[vault.GroupID]*vault.Group{}}
}

// record makes a row of each of a record's operations, but for those that only close hours of access records: they are bookkeeping.
func (f *fold) record(r *vault.Record) {
	for i := range r.Ops {
		op := &r.Ops[i]
		if f.first == 0 {
			f.first = op.At
		}
		row, ok := f.op(op)
		if !ok {
			continue
		}
		row.ID = f.counts[r.Table-vault.Entries].next(idAt(op.At, uint64(op.Millis)))
		if r.Table == vault.Permissions { // what is made comes before who may do what with it
			row.ID |= tableBit
		}
		f.rows = append(f.rows, row)
	}
}

// op makes the row of an operation. What it is about is its weightiest change: a new entry brings new tags along, and a project takes its entries
// with it into the trash.
func (f *fold) op(op *vault.Op) (Row, bool) {
	row := Row{Context: f.contexts.of(Context{op.Actor, op.Credential, op.Action, op.Source})}
	row.setReason(op.Reason)
	best, hoursOnly := -1, len(op.Changes) > 0
	var entries []vault.EntryID
	var members []vault.UserID
	var setting string
	for i := range op.Changes {
		c := &op.Changes[i]
		if c.AccessHour != nil {
			f.hours = append(f.hours, *c.AccessHour)
			continue
		}
		hoursOnly = false
		entries = append(entries, entriesOf(c)...)
		m := f.change(c)
		if m.weight > best {
			best, row.Event, row.Project, row.Object = m.weight, m.event, m.project, m.object
			members, setting = m.members, m.setting
		}
	}
	if members != nil || setting != "" {
		d := row.details()
		d.members, d.setting = members, setting
	}
	row.setEntries(entries)
	return row, !hoursOnly
}

func entriesOf(c *vault.Change) (ids []vault.EntryID) {
	switch {
	case c.Entry != nil:
		return []vault.EntryID{c.Entry.ID}
	case c.File != nil && c.File.Entry != 0:
		return []vault.EntryID{c.File.Entry}
	case c.Removed != nil && c.Removed.Kind == "entry":
		return []vault.EntryID{vault.EntryID(c.Removed.ID)}
	case c.TrashBulk != nil:
		var id vault.EntryID
		for _, d := range c.TrashBulk.Deltas {
			id += vault.EntryID(d)
			ids = append(ids, id)
		}
	}
	return ids
}

// meaning is what a change means, and how much it weighs beside others of its operation.
type meaning struct {
	event   Event
	project vault.ProjectID
	object  uint64
	weight  int
	members []vault.UserID
	setting string
}

// change says what a change means and remembers what the next one needs.
func (f *fold) change(c *vault.Change) meaning {
	switch {
	case c.Project != nil:
		event := f.event(kindProject, uint64(c.Project.ID), c.Project.Trashed.Is(), ProjectCreated)
		return meaning{event: event, project: c.Project.ID, weight: 9}
	case c.Entry != nil:
		return meaning{event: f.entry(c.Entry), weight: 8}
	case c.TrashBulk != nil:
		return meaning{event: f.bulk(c.TrashBulk), weight: 7}
	case c.User != nil:
		return meaning{event: f.user(c.User), object: uint64(c.User.ID), weight: 9}
	case c.Group != nil:
		return f.group(c.Group)
	case c.Credential != nil:
		event := f.event(kindCredential, uint64(c.Credential.ID), c.Credential.Revoked != 0, CredentialCreated)
		return meaning{event: event, object: uint64(c.Credential.ID), weight: 7}
	case c.Grants != nil:
		return meaning{event: ProjectGranted, project: c.Grants.Project, weight: 6}
	case c.Setting != nil:
		return meaning{event: SettingChanged, setting: c.Setting.Key, weight: 5}
	case c.Lockout != nil:
		return meaning{event: LockedOut, weight: 4}
	case c.Removed != nil:
		return f.removed(c.Removed)
	case c.Category != nil:
		return meaning{event: f.event(kindCategory, uint64(c.Category.ID), false, CategoryCreated), object: uint64(c.Category.ID), weight: 6}
	case c.Tag != nil:
		return meaning{event: f.event(kindTag, uint64(c.Tag.ID), false, TagCreated), object: uint64(c.Tag.ID), weight: 5}
	case c.File != nil:
		event := f.event(kindFile, uint64(c.File.ID), c.File.Trashed.Is(), FileAdded)
		return meaning{event: event, project: c.File.Project, object: uint64(c.File.ID), weight: 6}
	case c.Favourites != nil:
		return meaning{event: FavouritesChanged, weight: 4}
	}
	return meaning{}
}

// event tells a thing's creation, change and end apart. The three events follow one another, and ids only ascend: one above all that were seen is new.
func (f *fold) event(k kind, id uint64, gone bool, created Event) Event {
	isNew := id > f.seen[k]
	f.seen[k] = max(f.seen[k], id)
	switch {
	case isNew:
		return created
	case gone:
		return created + 2
	}
	return created + 1
}

func (f *fold) entry(e *vault.Entry) Event {
	created := EntryCreated
	if e.Owner != 0 {
		created, f.personal[e.ID] = OwnCreated, true
	} else {
		delete(f.personal, e.ID)
	}
	return f.event(kindEntry, uint64(e.ID), e.Trashed.Is(), created)
}

// bulk is the end of many entries. Those of one change are of one kind of folder.
func (f *fold) bulk(b *vault.TrashBulk) Event {
	if len(b.Deltas) > 0 && f.personal[vault.EntryID(b.Deltas[0])] {
		return OwnDeleted
	}
	return EntryDeleted
}

func (f *fold) user(u *vault.User) Event {
	old := f.users[u.ID]
	f.users[u.ID] = userMark{u.PasswordVersion, u.Disabled}
	created := uint64(u.ID) > f.seen[kindUser]
	f.seen[kindUser] = max(f.seen[kindUser], uint64(u.ID))
	switch {
	case created:
		return UserCreated
	case u.PasswordVersion != old.password:
		return UserPassword
	case u.Disabled && !old.disabled:
		return UserDeactivated
	case !u.Disabled && old.disabled:
		return UserActivated
	}
	return UserUpdated
}

func (f *fold) removed(r *vault.Removed) meaning {
	switch r.Kind {
	case "category":
		return meaning{event: CategoryDeleted, object: r.ID, weight: 6}
	case "tag":
		return meaning{event: TagDeleted, object: r.ID, weight: 5}
	case "group":
		delete(f.groups, vault.GroupID(r.ID))
		return meaning{event: GroupDeleted, object: r.ID, weight: 8}
	case "user":
		return meaning{event: UserDeleted, object: r.ID, weight: 10}
	case "entry", "file":
		return meaning{event: Purged, weight: 6}
	case "project":
		return meaning{event: Purged, project: vault.ProjectID(r.ID), weight: 7}
	}
	return meaning{}
}

// take returns the rows and hours since the last time.
func (f *fold) take() (rows []Row, hours []vault.AccessHour) {
	rows, hours = f.rows, f.hours
	f.rows, f.hours = nil, nil
	return rows, hours
}
