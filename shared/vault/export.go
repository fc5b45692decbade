package vault

import (
	"cmp"
	"errors"
	"slices"
)

// Export is the widest reveal: everything that a caller may read and take out at once, secrets included (design section 9).
type Export struct {
	By         *User  // nil: an operator
	Group      *Group // By's main group; nil if there is none
	At         Stamp
	Categories []*Category // by name
	Clients    []*Project  // roots that the caller may see or that hold an exported entry, by name
	Tags       []*Tag      // by name
	Entries    []Exported  // ascending by id
	LeftOut    []EntryID   // those that the caller may read and that are locked, ascending
	Missing    []EntryID   // of Entries, those whose secret is not there, ascending
}

// Exported is an entry with its secrets.
type Exported struct {
	*Entry
	Client  ProjectID // the root that it lies below
	Payload Payload
}

// Export gathers what effective gives the caller, without personal entries, and without locked ones, which are listed; an operator gets the
// locked ones too. Like Reveal it needs an action that reveals, its result may be incomplete in all but the last run, and the access to each
// secret is on record before the result is handed out, and so is the call if there is none. Errors: Forbidden.
func (r *Reader) Export() (*Export, error) {
	if !r.MayAdmin(TakeExport, AdminTarget{}) {
		return nil, fail(Forbidden, "not allowed to export")
	}
	r.announced = true
	x := &Export{By: r.principal.user, At: StampOf(r.now), Categories: r.Categories(), Tags: r.TagsByName()}
	if x.By != nil {
		x.Group = r.Group(x.By.MainGroup)
	}
	clients := map[ProjectID]*Project{}
	for _, p := range r.Projects() {
		if p.IsClient() {
			clients[p.ID] = p
		}
	}
	page, _ := r.Entries(ByUpdated, func(row *Row) bool { return row.Owner == 0 }, 0, -1)
	for _, e := range page {
		root := r.Client(e.Project)
		if root == nil { // nowhere
			continue
		}
		switch p, err := r.takeOut(e); {
		case errors.Is(err, Locked), errors.Is(err, LockedFirmly):
			x.LeftOut = append(x.LeftOut, e.ID)
		case err != nil && !errors.Is(err, NotFound):
			return nil, err
		default:
			if err != nil {
				x.Missing = append(x.Missing, e.ID)
			}
			clients[root.ID] = root
			x.Entries = append(x.Entries, Exported{e, root.ID, p})
		}
	}
	for _, p := range clients {
		x.Clients = append(x.Clients, p)
	}
	slices.SortFunc(x.Clients, func(a, b *Project) int {
		return cmp.Or(cmp.Compare(SortKey(a.Name), SortKey(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(x.Entries, func(a, b Exported) int { return cmp.Compare(a.ID, b.ID) })
	slices.Sort(x.LeftOut)
	slices.Sort(x.Missing)
	return x, nil
}

// takeOut is Reveal, but an operator needs no reason for a locked entry.
func (r *Reader) takeOut(e *Entry) (Payload, error) {
	if !r.principal.operator {
		return r.Reveal(e.ID)
	}
	if e.Source != 0 {
		if e = r.source(e); e == nil {
			return Payload{}, nil
		}
	}
	return r.payload(e)
}

// Backup reports whether the caller may have the vault backed up, and makes the call leave an access record although it names no secret: a backup
// takes out everything, sealed. The record is durable before the result of the View is handed out. Errors: Forbidden.
func (r *Reader) Backup() error {
	if !r.MayAdmin(TakeBackup, AdminTarget{}) {
		return fail(Forbidden, "not allowed to back up")
	}
	r.announced = true
	return nil
}
