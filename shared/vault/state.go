package vault

import (
	"fmt"
	"maps"
	"slices"
)

// State is the whole index in memory: what the records of both journals up to Heads add up to. It changes only by Apply. Its
// values are never changed in place, so what a reader took from it stays true to the moment it was taken.
// It has no lock: who shares it guards it.
type State struct {
	heads Heads

	entries    map[EntryID]*Row
	projects   map[ProjectID]*Project
	categories map[CategoryID]*Category
	tags       map[TagID]*Tag
	favourites map[UserID]*Favourites
	files      map[FileID]*File

	users        map[UserID]*User
	former       map[UserID]*User // removed ones, without their passwords: what they did keeps their names
	groups       map[GroupID]*Group
	formerGroups map[GroupID]string // names of removed ones, for the log
	credentials  map[CredentialID]*Credential
	grants       map[ProjectID]*ProjectGrants
	settings     map[string]string
	reveals      map[EntryID]uint32   // folded from access records
	seen         map[UserID]Seen      // from both journals and folded access records
	lockouts     map[lockoutKey]Stamp // until when
	jobs         map[JobID]*Job

	// Indexes that follow from the above.
	children    map[ProjectID][]ProjectID // ascending
	byUsername  map[string]UserID
	byTagName   map[string]TagID
	byToken     map[Hash]CredentialID
	memberships map[UserID][]GroupID // without main groups; ascending
	attached    map[Holder][]FileID  // the living files of what has any; ascending
	orders      orders

	// Counters (law 10): the highest id ever given, whether or not it lives.
	last     Given
	lastHour Hour // the newest closed hour of access records; 0: none

	lockoutsLeft int // how many were left when those that are over were last forgotten
}

// NewState returns the state before the first record.
func NewState() *State {
	return &State{
		entries: map[EntryID]*Row{}, projects: map[ProjectID]*Project{}, categories: map[CategoryID]*Category{},
		tags: map[TagID]*Tag{}, favourites: map[UserID]*Favourites{}, files: map[FileID]*File{}, attached: map[Holder][]FileID{}, users: map[UserID]*User{}, former: map[UserID]*User{}, groups: map[GroupID]*Group{},
		formerGroups: map[GroupID]string{},
		credentials:  map[CredentialID]*Credential{}, grants: map[ProjectID]*ProjectGrants{}, settings: map[string]string{},
		reveals: map[EntryID]uint32{}, seen: map[UserID]Seen{}, lockouts: map[lockoutKey]Stamp{}, jobs: map[JobID]*Job{}, children: map[ProjectID][]ProjectID{},
		byUsername: map[string]UserID{}, byTagName: map[string]TagID{}, byToken: map[Hash]CredentialID{}, memberships: map[UserID][]GroupID{},
	}
}

// Heads returns the newest records that the state holds.
func (s *State) Heads() Heads { return s.heads }

// Exists reports whether the vault was initialised.
func (s *State) Exists() bool { return s.heads.Entries.Seq > 0 && s.heads.Permissions.Seq > 0 }

// Setting returns a setting, or fallback where it is unset.
func (s *State) Setting(key, fallback string) string {
	if v := s.settings[key]; v != "" {
		return v
	}
	return fallback
}

// Apply replays a record whose plaintext has the given hash. The record must be the next of its journal and continue its chain; an
// error (Corrupt, NewerFormat) leaves the state as it was. Settle must be called after the last of a run of records.
func (s *State) Apply(r *Record, hash Hash) error {
	head := s.heads.Of(r.Table)
	switch {
	case r.Format > Format:
		return &Error{Kind: NewerFormat, Err: fmt.Errorf("%s record %d has format %d, this program reads up to %d", r.Table, r.Seq, r.Format, Format)}
	case r.Seq != head.Seq+1:
		return &Error{Kind: Corrupt, Err: fmt.Errorf("%s record %d follows record %d", r.Table, r.Seq, head.Seq)}
	case r.Prev != head.Hash:
		return &Error{Kind: Corrupt, Err: fmt.Errorf("%s record %d does not continue record %d: previous hash differs", r.Table, r.Seq, head.Seq)}
	}
	for c := range r.changes {
		if *c == (Change{}) || c.Removed != nil && !c.Removed.known() { // of a kind that this program does not know
			return &Error{Kind: NewerFormat, Err: fmt.Errorf("%s record %d has a change that this program cannot read", r.Table, r.Seq)}
		}
	}
	for c := range r.changes {
		s.assign(c)
	}
	for i := range r.Ops {
		s.see(r.Ops[i].Actor, r.Ops[i].presence())
	}
	s.heads.Set(r.Table, Head{r.Seq, hash})
	return nil
}

// assign puts one after-image in its place.
func (s *State) assign(c *Change) {
	s.last.Take(c)
	switch {
	case c.Entry != nil:
		s.setEntry(c.Entry)
	case c.Project != nil:
		s.setProject(c.Project)
	case c.Category != nil:
		s.categories[c.Category.ID] = c.Category
	case c.Tag != nil:
		s.setTag(c.Tag)
	case c.Favourites != nil:
		s.favourites[c.Favourites.User] = c.Favourites
	case c.TrashBulk != nil:
		s.trashBulk(c.TrashBulk)
	case c.Removed != nil:
		s.remove(c.Removed)
	case c.User != nil:
		s.setUser(c.User)
	case c.Group != nil:
		s.setGroup(c.Group)
	case c.Credential != nil:
		s.setCredential(c.Credential)
	case c.Grants != nil:
		s.grants[c.Grants.Project] = c.Grants
	case c.Setting != nil:
		s.settings[c.Setting.Key] = c.Setting.Value
	case c.AccessHour != nil:
		s.setAccessHour(c.AccessHour)
	case c.Lockout != nil:
		s.setLockout(c.Lockout)
	case c.File != nil:
		s.setFile(c.File)
	case c.Job != nil:
		s.jobs[c.Job.ID] = c.Job
	}
}

func (s *State) setEntry(e *Entry) {
	old := s.entries[e.ID]
	fresh := newRow(e)
	s.entries[e.ID] = fresh
	s.orders.change(old, fresh)
}

func (s *State) trashBulk(t *TrashBulk) {
	var id EntryID
	for _, d := range t.Deltas {
		id += EntryID(d)
		if r := s.entries[id]; r != nil {
			e := r.Entry
			e.Trashed = t.Trashed
			s.setEntry(&e)
		}
	}
}

func (s *State) setProject(p *Project) {
	if old := s.projects[p.ID]; old != nil {
		if i, ok := slices.BinarySearch(s.children[old.Parent], p.ID); ok {
			s.children[old.Parent] = slices.Delete(s.children[old.Parent], i, i+1)
		}
	}
	s.projects[p.ID] = p
	i, _ := slices.BinarySearch(s.children[p.Parent], p.ID)
	s.children[p.Parent] = slices.Insert(s.children[p.Parent], i, p.ID)
	s.orders.projectChanged()
}

func (s *State) setTag(t *Tag) {
	if old := s.tags[t.ID]; old != nil {
		delete(s.byTagName, NameKey(old.Name))
	}
	s.tags[t.ID] = t
	s.byTagName[NameKey(t.Name)] = t.ID
}

func (s *State) setUser(u *User) {
	if old := s.users[u.ID]; old != nil {
		delete(s.byUsername, NameKey(old.Username))
	}
	s.users[u.ID] = u
	s.byUsername[NameKey(u.Username)] = u.ID
}

func (s *State) removeProject(id ProjectID) {
	old := s.projects[id]
	if old == nil {
		return
	}
	if i, ok := slices.BinarySearch(s.children[old.Parent], id); ok {
		s.children[old.Parent] = slices.Delete(s.children[old.Parent], i, i+1)
	}
	delete(s.projects, id)
	delete(s.grants, id)
	s.orders.projectChanged()
}

func (s *State) removeUser(id UserID) {
	old := s.users[id]
	if old == nil {
		return
	}
	gone := *old
	gone.Password = nil
	s.former[id] = &gone
	delete(s.byUsername, NameKey(old.Username))
	delete(s.memberships, id)
	delete(s.users, id)
}

func (s *State) setGroup(g *Group) {
	s.dropMembers(g.ID)
	s.groups[g.ID] = g
	for _, u := range g.Members {
		i, found := slices.BinarySearch(s.memberships[u], g.ID)
		if !found {
			s.memberships[u] = slices.Insert(slices.Clone(s.memberships[u]), i, g.ID)
		}
	}
}

func (s *State) removeGroup(id GroupID) {
	if old := s.groups[id]; old != nil {
		s.formerGroups[id] = old.Name
	}
	s.dropMembers(id)
	delete(s.groups, id)
}

func (s *State) dropMembers(id GroupID) {
	old := s.groups[id]
	if old == nil {
		return
	}
	for _, u := range old.Members {
		if i, found := slices.BinarySearch(s.memberships[u], id); found {
			s.memberships[u] = slices.Delete(slices.Clone(s.memberships[u]), i, i+1)
		}
	}
}

func (s *State) setCredential(c *Credential) {
	if old := s.credentials[c.ID]; old != nil {
		delete(s.byToken, old.TokenHash)
	}
	s.credentials[c.ID] = c
	s.byToken[c.TokenHash] = c.ID
}

func (s *State) setAccessHour(h *AccessHour) {
	s.lastHour = max(s.lastHour, h.Hour)
	for _, r := range h.Reveals {
		s.reveals[r.Entry] += r.Count
	}
	for _, u := range h.Seen {
		s.see(u.User, u.Seen)
	}
}

func (s *State) remove(r *Removed) {
	switch r.Kind {
	case "category":
		delete(s.categories, CategoryID(r.ID))
	case "tag":
		if old := s.tags[TagID(r.ID)]; old != nil {
			delete(s.byTagName, NameKey(old.Name))
		}
		delete(s.tags, TagID(r.ID))
	case "group":
		s.removeGroup(GroupID(r.ID))
	case "user":
		s.removeUser(UserID(r.ID))
	case "entry":
		if old := s.entries[EntryID(r.ID)]; old != nil && !old.Trashed.Is() {
			s.orders.gone = append(s.orders.gone, old)
		}
		delete(s.entries, EntryID(r.ID))
	case "project":
		s.removeProject(ProjectID(r.ID))
	case "file":
		if old := s.files[FileID(r.ID)]; old != nil {
			gone := *old
			gone.Trashed.At = max(gone.Trashed.At, 1)
			s.setFile(&gone)
		}
		delete(s.files, FileID(r.ID))
	}
}

// sortedKeys returns a map's keys in ascending order.
func sortedKeys[K interface{ ~uint64 | ~int64 }, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
