package importer

import (
	"context"

	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// kind is of what a name is.
type kind uint8

const (
	category kind = iota
	client
	tag
)

func (k kind) String() string { return [...]string{"category", "client", "tag"}[k] }

// ref is how accounts of the file refer to a name.
type ref struct {
	kind kind
	id   uint64
}

// name is a category, a client or a tag of the file.
type name struct {
	kind
	key  string // under which it is looked up: names that differ in case alone are one (sysPass 4.7)
	text string
	note string
	why  string // it cannot be made
}

// index finds names by their ids in the file, and decides which accounts lack something that they need (sysPass 4.7).
func (r *run) index() {
	d := r.doc
	r.names = make([]name, 0, len(d.Categories)+len(d.Clients)+len(d.Tags))
	r.byID = make(map[ref]*name, cap(r.names))
	for _, c := range d.Categories {
		r.add(category, c)
	}
	for _, c := range d.Clients {
		r.add(client, c)
	}
	for _, t := range d.Tags {
		r.add(tag, syspassxml.Item{ID: t.ID, Name: t.Name})
	}
	for i := range d.Accounts {
		r.refer(&d.Accounts[i], &r.accounts[i])
	}
}

func (r *run) add(k kind, it syspassxml.Item) {
	n := name{kind: k, key: vault.NameKey(it.Name), text: it.Name, note: it.Description}
	switch {
	case n.key == "":
		n.why = "it has no name"
	case len(n.text) > maxLine || len(n.note) > maxNotes:
		n.why = tooLong
	}
	r.names = append(r.names, n) // there is room: pointers stay
	if id := (ref{k, it.ID}); r.byID[id] == nil {
		r.byID[id] = &r.names[len(r.names)-1]
	}
}

func (r *run) refer(from *syspassxml.Account, to *account) {
	to.client, to.category = r.byID[ref{client, from.ClientID}], r.byID[ref{category, from.CategoryID}]
	switch {
	case to.client == nil:
		to.why = "unknown client"
	case to.category == nil:
		to.why = "unknown category"
	case max(len(from.Name), len(from.Login), len(from.URL)) > maxLine || len(from.Notes) > maxNotes || len(from.Pass)/2 > maxPassword:
		to.why = tooLong
	default:
		to.why = to.unmade()
	}
	for _, id := range from.Tags {
		if t := r.byID[ref{tag, id}]; t != nil && t.why == "" {
			to.tags = append(to.tags, t.text)
		} else {
			r.lostTags++
		}
	}
}

// makeNames makes what the vault lacks of the file's categories, clients and tags, whether an account has them or not.
func (r *run) makeNames(ctx context.Context) error {
	if r.opts.DryRun {
		return nil
	}
	size := func(i int) int { return overhead + len(r.names[i].text) + len(r.names[i].note) }
	err := inBatches(len(r.names), namesInBatch, size, func(from, to int) error {
		_, err := vault.Update(ctx, r.vault, r.req, func(t *vault.Tx) (struct{}, error) {
			b := r.newBook(t)
			for i := from; i < to; i++ {
				if err := b.ensure(&r.names[i]); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
		return err
	}, func(i int, why string) { r.names[i].why = why })
	for i := range r.accounts {
		if a := &r.accounts[i]; a.why == "" {
			a.why = a.unmade()
		}
	}
	return err
}

// unmade says which of the things that an account needs cannot be made.
func (a *account) unmade() string {
	for _, n := range []*name{a.client, a.category} {
		if n.why != "" {
			return "its " + n.String() + ": " + n.why
		}
	}
	return ""
}

// book finds categories, clients and tags of the vault by name, within one Update.
type book struct {
	t          *vault.Tx
	owner      vault.UserID
	categories map[string]vault.CategoryID
	clients    map[string]vault.ProjectID
}

// newBook reads the names as they are now: another process may have renamed or removed what a former Update found.
func (r *run) newBook(t *vault.Tx) *book {
	b := &book{t, r.owner, map[string]vault.CategoryID{}, map[string]vault.ProjectID{}}
	for _, c := range t.Categories() {
		if key := vault.NameKey(c.Name); b.categories[key] == 0 {
			b.categories[key] = c.ID
		}
	}
	for _, p := range t.Projects() {
		if !p.IsClient() {
			continue
		}
		if key := vault.NameKey(p.Name); b.clients[key] == 0 {
			b.clients[key] = p.ID
		}
	}
	return b
}

// ensure makes a thing unless it is there, or cannot be made.
func (b *book) ensure(n *name) (err error) {
	switch {
	case n.why != "":
	case n.kind == category && b.categories[n.key] == 0:
		b.categories[n.key], err = b.t.CreateCategory(vault.Category{Name: n.text, Description: n.note})
	case n.kind == client && b.clients[n.key] == 0:
		b.clients[n.key], err = b.t.CreateProject(vault.Project{Name: n.text, Notes: n.note, Manager: b.owner})
	case n.kind == tag:
		_, err = b.t.EnsureTags([]string{n.text})
	}
	return err
}
