package vault

import (
	"slices"
	"strconv"
)

// TrashDaysSetting is how many days what is in the trash is kept before it is purged: 0 to 36500, 0 for ever, 90 if unset.
const TrashDaysSetting = "trash.days"

// DefaultTrashDays is TrashDaysSetting where it is unset.
const DefaultTrashDays = 90

// ParseTrashDays reads a value of TrashDaysSetting; false: it is none.
func ParseTrashDays(value string) (days int, ok bool) {
	n, err := strconv.ParseUint(value, 10, 16)
	return int(n), err == nil && n <= 36500
}

// TrashUntil returns up to when what went into the trash is to be purged now; 0: nothing is.
func (r *Reader) TrashUntil() Stamp {
	days, ok := ParseTrashDays(r.Setting(TrashDaysSetting, ""))
	if !ok {
		days = DefaultTrashDays
	}
	if days == 0 {
		return 0
	}
	return StampOf(r.now) - Stamp(days)*24*60*60
}

// Undelete takes an entry out of the trash, into the project it was in or, unless 0, into another one. A personal one whose folder is gone lies in none then. Only for
// the operator. Errors: Forbidden, NotFound (it is not in the trash), BadReference (the project, or the owner, is gone).
func (t *Tx) Undelete(id EntryID, to ProjectID) error {
	if !t.principal.operator {
		return fail(Forbidden, "not allowed to undelete")
	}
	old := t.x.entry(id)
	if old == nil || !old.Trashed.Is() {
		return fail(NotFound, "there is no such entry in the trash")
	}
	e := *old
	e.Trashed = Trash{}
	if to != 0 {
		e.Project = to
	}
	p := t.x.project(e.Project)
	lives := p != nil && !p.Trashed.Is() && p.Owner == e.Owner
	switch {
	case e.Owner != 0 && t.x.user(e.Owner) == nil:
		return fail(BadReference, "the entry is personal, and its owner is gone")
	case e.Owner != 0 && !lives && to == 0:
		e.Project = 0
	case e.Owner == 0 && !lives, e.Owner != 0 && e.Project != 0 && !lives:
		return fail(BadReference, "there is no such project: say into which the entry is to go")
	}
	if e.Category == 0 || t.x.category(e.Category) == nil {
		e.Category = DefaultCategory
	}
	e.Tags = t.livingTags(e.Tags)
	t.touch(&e)
	t.put(Change{Entry: &e})
	return nil
}

// Revert makes an earlier version of an entry's secrets the newest, as a version of its own. Custom fields that are not encrypted any more are left out. Only for the
// operator. Errors: Forbidden, NotFound (the entry, or the version: there is none, or it was purged).
func (t *Tx) Revert(id EntryID, version uint32) error {
	if !t.principal.operator {
		return fail(Forbidden, "not allowed to bring back earlier secrets")
	}
	old := t.x.entry(id)
	if old == nil || old.Trashed.Is() {
		return fail(NotFound, "no such entry")
	}
	if version == 0 || version > old.SecretVersion || version <= old.PurgedTo {
		return fail(NotFound, "no such version")
	}
	key := SecretKey{id, version}
	t.wanted[key] = true
	stored, loaded := t.loaded[key]
	var p Payload
	switch {
	case loaded && stored == nil:
		return fail(NotFound, "no such version")
	case loaded:
		p = stored.clone()
	}
	e := *old
	for number := range p.Fields {
		if !old.fieldType(number).Encrypted() {
			delete(p.Fields, number)
		}
	}
	t.touch(&e)
	t.attach(&e, p)
	t.put(Change{Entry: &e})
	return nil
}

// purgeItems is how many secrets one purge removes: each is an item of the transaction.
const purgeItems = 80

// Purge removes for good what went into the trash up to a time: entries, with all versions of their secrets, files, and projects that nothing is in any more. A state
// before it says of those secrets that they are gone (law 15). It returns how many things went, and whether there is more than fits one Update. Only for the
// operator. Errors: Forbidden.
func (t *Tx) Purge(until Stamp) (n int, more bool, err error) {
	if !t.principal.operator {
		return 0, false, fail(Forbidden, "not allowed to purge")
	}
	p := &purge{t: t, until: until}
	for _, step := range []func() bool{p.entries, p.files, p.projects} {
		if !step() {
			return p.n, true, nil
		}
	}
	return p.n, false, nil
}

// purge is a Purge in progress.
type purge struct {
	t     *Tx
	until Stamp
	n     int
	items int // secrets to remove
}

func (p *purge) due(t Trash) bool { return t.Is() && t.At <= p.until }

// full reports whether the transaction's record has enough in it.
func (p *purge) full() bool { return p.n >= 2000 }

func (p *purge) remove(kind string, id uint64) {
	p.t.put(Change{Removed: &Removed{Kind: kind, ID: id}})
	p.n++
}

// entries reports whether all that are due were removed.
func (p *purge) entries() bool {
	var due []*Entry
	p.t.anyEntry(func(e *Entry) bool {
		if p.due(e.Trashed) {
			due = append(due, e)
		}
		return false
	})
	slices.SortFunc(due, func(a, b *Entry) int { return int(a.ID) - int(b.ID) })
	for _, e := range due {
		if p.full() || !p.entry(e) {
			return false
		}
	}
	return true
}

// entry removes an entry if all of its secrets fit, and else as many of these as do.
func (p *purge) entry(e *Entry) bool {
	last := min(e.SecretVersion, e.PurgedTo+uint32(purgeItems-p.items))
	for v := e.PurgedTo + 1; v <= last; v++ {
		p.t.o.drop = append(p.t.o.drop, SecretKey{e.ID, v})
		p.items++
	}
	if last < e.SecretVersion {
		if last > e.PurgedTo {
			part := *e
			part.PurgedTo = last
			p.t.put(Change{Entry: &part})
			p.n++
		}
		return false
	}
	p.remove("entry", uint64(e.ID))
	return true
}

// files removes files that are due, and those of entries that are gone.
func (p *purge) files() bool {
	done := true
	each(p.t.state.files, p.t.o.filesNow, func(f *File) bool {
		if p.full() {
			done = false
			return false
		}
		if p.due(f.Trashed) || f.Entry != 0 && p.t.x.entry(f.Entry) == nil || f.Project != 0 && p.t.x.project(f.Project) == nil {
			p.remove("file", uint64(f.ID))
		}
		return true
	})
	return done
}

// projects removes projects that are due and that nothing is in: those that are in them go first.
func (p *purge) projects() bool {
	used := map[ProjectID]bool{}
	p.t.anyEntry(func(e *Entry) bool { used[e.Project] = true; return false })
	var due []*Project
	p.t.eachProject(func(x *Project) bool {
		used[x.Parent] = true
		if p.due(x.Trashed) {
			due = append(due, x)
		}
		return true
	})
	for _, x := range due {
		if used[x.ID] {
			continue // it may be empty the next time
		}
		if p.full() {
			return false
		}
		p.remove("project", uint64(x.ID))
	}
	return true
}
