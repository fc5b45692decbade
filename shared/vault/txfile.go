package vault

// AddFile attaches a file, whose content was stored before, to an entry or a project, and returns its id. Needs edit on an entry, and the same of its lock, archive and
// links as a change of its data does; full access to a project.
// Errors: as EditEntry and EditProject; Invalid (no name, too many files).
func (t *Tx) AddFile(f File) (FileID, error) {
	if err := t.mayAttach(f.holder()); err != nil {
		return 0, err
	}
	switch {
	case !IsFileName(f.Name) || f.Object == "":
		return 0, fail(Invalid, "a file needs a bare name")
	case f.Size > MaxFileSize:
		return 0, fail(Invalid, "the file is too large")
	case len(t.fileIDs(f.holder())) >= MaxFiles:
		return 0, fail(Invalid, "too many files")
	}
	f.Uploaded, f.UploadedBy = t.stamp(), t.principal.id
	return t.putNewFile(f), nil
}

// CheckFile reports whether AddFile would be allowed, before a content is stored.
func (r *Reader) CheckFile(h Holder) error { return r.mayAttach(h) }

func (t *Tx) putNewFile(f File) FileID {
	f.ID = t.o.lastNow.File + 1
	t.put(Change{File: &f})
	return f.ID
}

// mayAttach decides whether the caller may add, change or remove files of an entry or a project (TPM 4.6).
func (r *Reader) mayAttach(h Holder) error {
	if h.Project != 0 {
		p, a, err := r.Project(h.Project)
		switch {
		case err != nil:
			return err
		case a.Level < ProjectFull:
			return fail(Forbidden, "not allowed to manage this project")
		case r.Archived(p.ID):
			return fail(Forbidden, "the project is archived")
		}
		return nil
	}
	e, a, err := r.Entry(h.Entry)
	switch {
	case err != nil:
		return err
	case a.Level < LevelEdit:
		return fail(Forbidden, "not allowed to change this entry")
	case e.Source != 0:
		return fail(Forbidden, "a linked entry is read-only")
	case e.Archived || r.Archived(e.Project):
		return fail(Forbidden, "the entry is archived")
	}
	return r.unlock(e)
}

// SetFileNotes changes a file's notes. Errors: NotFound; as AddFile.
func (t *Tx) SetFileNotes(id FileID, notes string) error {
	return t.changeFile(id, func(f *File) {
		f.Notes, f.NotesUpdated, f.NotesUpdatedBy = notes, t.stamp(), t.principal.id
	})
}

// TrashFile takes a file away. Its content stays until what is in the trash is purged. Errors: NotFound; as AddFile.
func (t *Tx) TrashFile(id FileID) error {
	return t.changeFile(id, func(f *File) { f.Trashed = Trash{t.stamp(), t.principal.id} })
}

func (t *Tx) changeFile(id FileID, change func(*File)) error {
	a, err := t.File(id)
	if err != nil {
		return err
	}
	if err := t.mayAttach(a.holder()); err != nil {
		return err
	}
	f := *a.File
	change(&f)
	t.put(Change{File: &f})
	return nil
}

// copyFiles gives one entry the files of another, whose contents both then have. Who copied is who uploaded.
func (t *Tx) copyFiles(from, to EntryID) {
	for _, f := range t.filesOf(Holder{Entry: from}) {
		t.putNewFile(File{Entry: to, Name: f.Name, Notes: f.Notes, Size: f.Size, Object: f.Object, Uploaded: t.stamp(), UploadedBy: t.principal.id})
	}
}
