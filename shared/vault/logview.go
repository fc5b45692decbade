package vault

// LogHeads returns the newest records of the moment that the call sees, for whoever may read the log: what it then reads must reach at least
// there. Errors: Forbidden.
func (r *Reader) LogHeads() (Heads, error) {
	if !r.MayAdmin(ReadLog, AdminTarget{}) {
		return Heads{}, fail(Forbidden, "not allowed to read the log")
	}
	return r.state.Heads(), nil
}

// LogNames says what the things that the log names are called now. It reaches further than the rest of a Reader, since the log is about all of the
// vault: the names of entries that the caller may not read are there, and of what is in the trash. What is hidden even from Admins is hidden here
// too: others' personal entries and folders, and what is private to others. It knows of one caller: no dialect that has a second one serves the log.
type LogNames struct{ r *Reader }

// LogNames returns the names for whoever may read the log. Errors: Forbidden.
func (r *Reader) LogNames() (*LogNames, error) {
	if _, err := r.LogHeads(); err != nil {
		return nil, err
	}
	return &LogNames{r}, nil
}

// Entry returns the name of an entry, "" if it is hidden, and whether it was deleted.
func (n *LogNames) Entry(id EntryID) (name string, deleted bool) {
	e := n.r.x.entry(id)
	switch {
	case e == nil:
		return "", true
	case n.hidden(e):
		return "", e.Trashed.Is()
	}
	return e.Name, e.Trashed.Is()
}

// hidden reports whether an entry's name is kept from the caller.
func (n *LogNames) hidden(e *Entry) bool {
	return n.r.outOfReach(e) || e.hiddenFrom(&n.r.principal.subject)
}

// outOfReach reports whether an entry is somebody else's personal one, or outside what the caller's credential is narrowed to. What lies in a personal
// folder is its owner's (see checkNewEntry).
func (r *Reader) outOfReach(e *Entry) bool {
	return e.Owner != 0 && (e.Owner != r.principal.id || r.limits != nil) || r.limits != nil && !r.limits[e.Project]
}

// ProjectOf returns the project that an entry is in now; 0 for none, and for one in a place that the caller may not know of.
func (n *LogNames) ProjectOf(id EntryID) ProjectID {
	e := n.r.x.entry(id)
	if e == nil || n.r.outOfReach(e) {
		return 0
	}
	return e.Project
}

// Project returns the name of a project, "" if it is hidden, and whether it was deleted.
func (n *LogNames) Project(id ProjectID) (name string, deleted bool) {
	p, r := n.r.x.project(id), n.r
	switch {
	case p == nil:
		return "", true
	case p.Owner != 0 && p.Owner != r.principal.id || r.limits != nil && !r.limits[id]:
		return "", p.Trashed.Is()
	}
	return p.Name, p.Trashed.Is()
}

// User returns the name and the username of a user, and whether it was removed.
func (n *LogNames) User(id UserID) (name, username string, deleted bool) {
	if u := n.r.User(id); u != nil {
		return u.Name, u.Username, false
	}
	if u := n.r.FormerUser(id); u != nil {
		return u.Name, u.Username, true
	}
	return "", "", true
}

// Group returns the name of a group, also of one that was removed.
func (n *LogNames) Group(id GroupID) string {
	if g := n.r.x.group(id); g != nil {
		return g.Name
	}
	return n.r.state.formerGroups[id]
}

// File returns the name of a file, deleted ones included; "" if what it is attached to is hidden.
func (n *LogNames) File(id FileID) string {
	f := n.r.x.file(id)
	if f == nil {
		return ""
	}
	var holder string
	if f.Project != 0 {
		holder, _ = n.Project(f.Project)
	} else {
		holder, _ = n.Entry(f.Entry)
	}
	if holder == "" {
		return ""
	}
	return f.Name
}

// FileProject returns the project that a file is attached to; 0 for a file of an entry.
func (n *LogNames) FileProject(id FileID) ProjectID {
	if f := n.r.x.file(id); f != nil {
		return f.Project
	}
	return 0
}

// Category returns the name of a category, "" if there is none any more.
func (n *LogNames) Category(id CategoryID) string {
	if c := n.r.x.category(id); c != nil {
		return c.Name
	}
	return ""
}

// Tag returns the name of a tag, "" if there is none any more.
func (n *LogNames) Tag(id TagID) string {
	if t := n.r.x.tag(id); t != nil {
		return t.Name
	}
	return ""
}
