package vault

import (
	"cmp"
	"iter"
	"slices"
)

// File is an attachment: what is known of it. Its content lies sealed in the blob store, under a random name of its own; files that are copies of one another
// share it, because a content is never changed.
type File struct {
	ID      FileID    `cbor:"1,keyasint"`
	Entry   EntryID   `cbor:"2,keyasint,omitempty"` // one of these two
	Project ProjectID `cbor:"3,keyasint,omitempty"`
	Name    string    `cbor:"4,keyasint,omitempty"`
	Notes   string    `cbor:"5,keyasint,omitempty"`
	Size    int64     `cbor:"6,keyasint,omitempty"` // of the content, in bytes
	Object  string    `cbor:"7,keyasint,omitempty"` // the content's name

	Uploaded       Stamp  `cbor:"8,keyasint,omitempty"`
	UploadedBy     UserID `cbor:"9,keyasint,omitempty"`
	NotesUpdated   Stamp  `cbor:"10,keyasint,omitempty"` // 0: never
	NotesUpdatedBy UserID `cbor:"11,keyasint,omitempty"`
	Trashed        Trash  `cbor:"12,keyasint,omitzero"`
}

// ContentKey returns where the content with a name lies among objects.
func ContentKey(object string) string { return "files/" + object }

// Holder is what a file is attached to: an entry or a project.
type Holder struct {
	Entry   EntryID
	Project ProjectID
}

func (f *File) holder() Holder { return Holder{f.Entry, f.Project} }

// MaxFiles is how many files an entry or a project can have.
const MaxFiles = 200

func (s *State) file(id FileID) *File { return s.files[id] }

func (s *State) setFile(f *File) {
	if old := s.files[f.ID]; old != nil && !old.Trashed.Is() {
		at := s.attached[old.holder()]
		if i, found := slices.BinarySearch(at, f.ID); found {
			s.attached[old.holder()] = slices.Delete(slices.Clone(at), i, i+1)
		}
		if len(s.attached[old.holder()]) == 0 {
			delete(s.attached, old.holder())
		}
	}
	s.files[f.ID] = f
	if f.Trashed.Is() {
		return
	}
	at := s.attached[f.holder()]
	if i, found := slices.BinarySearch(at, f.ID); !found {
		s.attached[f.holder()] = slices.Insert(slices.Clone(at), i, f.ID)
	}
}

// NumFiles returns how many files an entry has; a link has those of what it is linked to.
func (r *Reader) NumFiles(e *Entry) int { return len(r.fileIDs(r.holderOf(e))) }

// holderOf returns what holds an entry's files: for a link, its source, if the caller gets anything of that.
func (r *Reader) holderOf(e *Entry) Holder {
	if e.Source == 0 {
		return Holder{Entry: e.ID}
	}
	if source := r.source(e); source != nil {
		return Holder{Entry: source.ID}
	}
	return Holder{}
}

// NumProjectFiles returns how many files a project has itself.
func (r *Reader) NumProjectFiles(id ProjectID) int { return len(r.fileIDs(Holder{Project: id})) }

// fileIDs returns the living files of a holder, as the Update's changes leave them.
func (r *Reader) fileIDs(h Holder) []FileID {
	if h == (Holder{}) {
		return nil
	}
	ids := r.state.attached[h]
	o, ok := r.x.(*overlay)
	if !ok || len(o.filesNow) == 0 {
		return ids
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id FileID) bool { f := o.file(id); return f == nil || f.Trashed.Is() })
	for id, f := range o.filesNow {
		if f != nil && f.holder() == h && !f.Trashed.Is() && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (r *Reader) filesOf(h Holder) []*File {
	ids := r.fileIDs(h)
	list := make([]*File, 0, len(ids))
	for _, id := range ids {
		list = append(list, r.x.file(id))
	}
	slices.SortFunc(list, func(a, b *File) int { // TPM 2.4
		return cmp.Or(cmp.Compare(SortKey(a.Name), SortKey(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Files returns an entry's files by name, those of its source for a link. It is Use otherwise.
func (r *Reader) Files(id EntryID) ([]*File, error) {
	e, _, err := r.Use(id)
	if err != nil {
		return nil, err
	}
	return r.filesOf(r.holderOf(e)), nil
}

// ProjectFiles returns a project's own files by name. Needs read. Errors: NotFound, Forbidden.
func (r *Reader) ProjectFiles(id ProjectID) ([]*File, error) {
	_, a, err := r.Project(id)
	switch {
	case err != nil:
		return nil, err
	case a.Level < ProjectRead:
		return nil, fail(Forbidden, "not allowed to read this project")
	}
	return r.filesOf(Holder{Project: id}), nil
}

// HasFile reports whether an entry has a file whose folded name matches; a link has those of what it is linked to.
func (r *Reader) HasFile(id EntryID, match func(folded string) bool) bool {
	e := r.x.entry(id)
	return e != nil && slices.ContainsFunc(r.fileIDs(r.holderOf(e)), func(f FileID) bool { return match(Fold(r.x.file(f).Name)) })
}

// Attachment is a file with what it is attached to, and what the caller may do with that: one of the two is set.
type Attachment struct {
	*File
	Entry   *Entry
	Project *Project
	access  Access
	full    bool // the project is the caller's to manage
}

// File returns a file whose entry or project the caller may read. NotFound: there is none, or the caller may not know of it. Locked, LockedFirmly for a locked
// entry.
func (r *Reader) File(id FileID) (Attachment, error) {
	f := r.x.file(id)
	if f == nil || f.Trashed.Is() {
		return Attachment{}, fail(NotFound, "no such file")
	}
	if f.Project != 0 {
		p, a, err := r.Project(f.Project)
		if err != nil || a.Level < ProjectRead {
			return Attachment{}, fail(NotFound, "no such file")
		}
		return Attachment{File: f, Project: p, full: a.Level >= ProjectFull}, nil
	}
	e, a, err := r.Entry(f.Entry)
	if err != nil {
		return Attachment{}, fail(NotFound, "no such file")
	}
	if err := r.unlock(e); err != nil {
		return Attachment{}, err
	}
	return Attachment{File: f, Entry: e, access: a}, nil
}

// TakeFile is File for whoever gets the content, which is on record before the View's result is handed out (law 3). Only after that may it be fetched.
func (r *Reader) TakeFile(id FileID) (Attachment, error) {
	a, err := r.File(id)
	if err != nil {
		return a, err
	}
	r.announced, r.taken = true, append(r.taken, id)
	if a.Entry != nil && a.Entry.Lock == Unlocked { // a locked one is noted already
		r.used = append(r.used, a.Entry.ID)
	}
	return a, nil
}

// FileObjects yields the name of each file's content, those in the trash included. Files that are copies of one another share one, which comes as often.
func (s *State) FileObjects() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, f := range s.files {
			if !yield(f.Object) {
				return
			}
		}
	}
}
