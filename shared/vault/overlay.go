package vault

import "maps"

// view is what rules and readers see: a State, or one under the changes of an Update in progress.
type view interface {
	index
	entry(EntryID) *Entry
	category(CategoryID) *Category
	tag(TagID) *Tag
	favouritesOf(UserID) *Favourites
	user(UserID) *User
	group(GroupID) *Group
	file(FileID) *File
	job(JobID) *Job
	credential(CredentialID) *Credential
	setting(string) string
}

func (s *State) entry(id EntryID) *Entry {
	if r := s.entries[id]; r != nil {
		return &r.Entry
	}
	return nil
}
func (s *State) category(id CategoryID) *Category       { return s.categories[id] }
func (s *State) tag(id TagID) *Tag                      { return s.tags[id] }
func (s *State) favouritesOf(id UserID) *Favourites     { return s.favourites[id] }
func (s *State) user(id UserID) *User                   { return s.users[id] }
func (s *State) group(id GroupID) *Group                { return s.groups[id] }
func (s *State) credential(id CredentialID) *Credential { return s.credentials[id] }
func (s *State) setting(key string) string              { return s.settings[key] }
func (s *State) job(id JobID) *Job                      { return s.jobs[id] }

// overlay is a State under changes that are not committed. The State itself is not touched: it changes only by replaying records.
type overlay struct {
	*State
	entriesNow     map[EntryID]*Entry
	projectsNow    map[ProjectID]*Project
	categoriesNow  map[CategoryID]*Category
	tagsNow        map[TagID]*Tag
	favouritesNow  map[UserID]*Favourites
	usersNow       map[UserID]*User
	groupsNow      map[GroupID]*Group
	credentialsNow map[CredentialID]*Credential
	grantsNow      map[ProjectID]*ProjectGrants
	settingsNow    map[string]string
	filesNow       map[FileID]*File
	lockoutsNow    map[lockoutKey]Stamp
	jobsNow        map[JobID]*Job
	lastNow        Given
	payloads       map[SecretKey]Payload
	drop           []SecretKey
}

func newOverlay(s *State) *overlay {
	return &overlay{
		State: s, lastNow: s.last,
		entriesNow: map[EntryID]*Entry{}, projectsNow: map[ProjectID]*Project{}, categoriesNow: map[CategoryID]*Category{},
		tagsNow: map[TagID]*Tag{}, favouritesNow: map[UserID]*Favourites{}, usersNow: map[UserID]*User{},
		groupsNow: map[GroupID]*Group{}, credentialsNow: map[CredentialID]*Credential{}, grantsNow: map[ProjectID]*ProjectGrants{},
		settingsNow: map[string]string{}, filesNow: map[FileID]*File{}, lockoutsNow: map[lockoutKey]Stamp{}, jobsNow: map[JobID]*Job{}, payloads: map[SecretKey]Payload{},
	}
}

// fork returns a copy to which a function's changes may be made and dropped again if the function fails.
func (o *overlay) fork() *overlay {
	return &overlay{
		State: o.State, lastNow: o.lastNow, drop: o.drop[:len(o.drop):len(o.drop)],
		entriesNow: maps.Clone(o.entriesNow), projectsNow: maps.Clone(o.projectsNow), categoriesNow: maps.Clone(o.categoriesNow),
		tagsNow: maps.Clone(o.tagsNow), favouritesNow: maps.Clone(o.favouritesNow), usersNow: maps.Clone(o.usersNow),
		groupsNow: maps.Clone(o.groupsNow), credentialsNow: maps.Clone(o.credentialsNow), grantsNow: maps.Clone(o.grantsNow),
		settingsNow: maps.Clone(o.settingsNow), filesNow: maps.Clone(o.filesNow), lockoutsNow: maps.Clone(o.lockoutsNow), jobsNow: maps.Clone(o.jobsNow), payloads: maps.Clone(o.payloads),
	}
}

// over looks a key up in the changes first and then in the state. A nil value among the changes says that the thing was removed.
func over[K comparable, V any](now map[K]*V, key K, base func(K) *V) *V {
	if v, ok := now[key]; ok {
		return v
	}
	return base(key)
}

func (o *overlay) entry(id EntryID) *Entry { return over(o.entriesNow, id, o.State.entry) }
func (o *overlay) project(id ProjectID) *Project {
	return over(o.projectsNow, id, o.State.project)
}
func (o *overlay) projectGrants(id ProjectID) *ProjectGrants {
	return over(o.grantsNow, id, o.State.projectGrants)
}
func (o *overlay) category(id CategoryID) *Category {
	return over(o.categoriesNow, id, o.State.category)
}
func (o *overlay) tag(id TagID) *Tag { return over(o.tagsNow, id, o.State.tag) }
func (o *overlay) favouritesOf(id UserID) *Favourites {
	return over(o.favouritesNow, id, o.State.favouritesOf)
}
func (o *overlay) user(id UserID) *User    { return over(o.usersNow, id, o.State.user) }
func (o *overlay) file(id FileID) *File    { return over(o.filesNow, id, o.State.file) }
func (o *overlay) group(id GroupID) *Group { return over(o.groupsNow, id, o.State.group) }
func (o *overlay) credential(id CredentialID) *Credential {
	return over(o.credentialsNow, id, o.State.credential)
}
func (o *overlay) job(id JobID) *Job { return over(o.jobsNow, id, o.State.job) }
func (o *overlay) setting(key string) string {
	if v, ok := o.settingsNow[key]; ok {
		return v
	}
	return o.State.setting(key)
}

// put makes an after-image part of the overlay.
func (o *overlay) put(c Change) {
	o.lastNow.Take(&c)
	switch {
	case c.Entry != nil:
		o.entriesNow[c.Entry.ID] = c.Entry
	case c.Project != nil:
		o.projectsNow[c.Project.ID] = c.Project
	case c.Category != nil:
		o.categoriesNow[c.Category.ID] = c.Category
	case c.Tag != nil:
		o.tagsNow[c.Tag.ID] = c.Tag
	case c.Favourites != nil:
		o.favouritesNow[c.Favourites.User] = c.Favourites
	case c.TrashBulk != nil:
		o.putTrash(c.TrashBulk)
	case c.Removed != nil:
		o.putRemoved(c.Removed)
	case c.User != nil:
		o.usersNow[c.User.ID] = c.User
	case c.Group != nil:
		o.groupsNow[c.Group.ID] = c.Group
	case c.Credential != nil:
		o.credentialsNow[c.Credential.ID] = c.Credential
	case c.Grants != nil:
		o.grantsNow[c.Grants.Project] = c.Grants
	case c.Setting != nil:
		o.settingsNow[c.Setting.Key] = c.Setting.Value
	case c.File != nil:
		o.filesNow[c.File.ID] = c.File
	case c.Lockout != nil:
		o.lockoutsNow[c.Lockout.key()] = c.Lockout.Until
	case c.Job != nil:
		o.jobsNow[c.Job.ID] = c.Job
	}
}

func (o *overlay) putTrash(t *TrashBulk) {
	var id EntryID
	for _, d := range t.Deltas {
		id += EntryID(d)
		if old := o.entry(id); old != nil {
			e := *old
			e.Trashed = t.Trashed
			o.entriesNow[id] = &e
		}
	}
}

func (o *overlay) putRemoved(r *Removed) {
	switch r.Kind {
	case "category":
		o.categoriesNow[CategoryID(r.ID)] = nil
	case "tag":
		o.tagsNow[TagID(r.ID)] = nil
	case "group":
		o.groupsNow[GroupID(r.ID)] = nil
	case "user":
		o.usersNow[UserID(r.ID)] = nil
	case "entry":
		o.entriesNow[EntryID(r.ID)] = nil
	case "project":
		o.projectsNow[ProjectID(r.ID)] = nil
	case "file":
		o.filesNow[FileID(r.ID)] = nil
	}
}

// each calls yield with every living thing of a kind, as the changes leave it, in ascending order of ids.
func each[K interface{ ~uint64 }, V any](base map[K]*V, now map[K]*V, yield func(*V) bool) {
	all := base
	if len(now) > 0 {
		all = maps.Clone(base)
		maps.Copy(all, now)
	}
	for _, k := range sortedKeys(all) {
		if v := all[k]; v != nil && !yield(v) {
			return
		}
	}
}
