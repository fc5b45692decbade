package syspass

import (
	"errors"
	"slices"

	"tresor/shared/vault"
)

// editedAccount is what account/edit takes: all of an account but its password (syspass 3.6).
type editedAccount struct {
	newAccount
	id     vault.EntryID
	params params // which tell what a partial edit names
}

// sets reports whether the edit touches a parameter: any does with the original, and with the extension "partial" one that is not null.
func (a *editedAccount) sets(name string) bool {
	return !a.params.flag("partial") || a.params[name] != nil
}

func decodeAccountEdit(p params) (editedAccount, error) {
	a, err := decodeAccount(p)
	if p.integer("userId") < 0 { // here only what is above 0 counts (syspass 2.5)
		a.user = 0
	}
	if p.integer("userGroupId") < 0 {
		a.group = 0
	}
	return editedAccount{a, ref[vault.EntryID](p.integer("id")), p}, err
}

// accountEdit replaces the account: what was left out becomes empty. Owner, main group and tags alone are kept then.
func accountEdit(w *writing, a editedAccount) (result, error) {
	old, err := w.view.account(a.id)
	if err != nil {
		return result{}, err
	}
	if err := a.check(); err != nil {
		return result{}, err
	}
	tags, err := distinct[vault.TagID](a.tags)
	if err != nil {
		return result{}, err
	}
	project := old.Project
	if a.sets("clientId") {
		if project, err = w.projectIn(old, a.client); err != nil {
			return result{}, err
		}
	}
	err = w.EditEntry(a.id, a.change(project, tags, true))
	if errors.Is(err, vault.Forbidden) && (a.user != 0 || a.group != 0) { // who may not hand the account over is not refused for it (syspass 2.5)
		err = w.EditEntry(a.id, a.change(project, tags, false))
	}
	if errors.Is(err, vault.NotFound) { // not the account: a client that takes none from the caller
		return result{}, errReference
	}
	return w.changed(a.id, err, "Account updated")
}

// change returns what account/edit does to an entry.
func (a *editedAccount) change(project vault.ProjectID, tags []vault.TagID, handOver bool) func(*vault.Entry) error {
	return func(e *vault.Entry) error {
		e.Project = project
		for name, set := range map[string]func(){
			"name": func() { e.Name = a.name }, "login": func() { e.Username = a.login }, "url": func() { e.URL = a.url }, "notes": func() { e.Notes = a.notes },
			"categoryId": func() { e.Category = a.category }, "private": func() { e.Private = a.private }, "privateGroup": func() { e.PrivateGroup = a.privateGroup },
			"expireDate": func() { e.Expiry = vault.Stamp(a.expireDate) }, "parentId": func() { e.ParentHint = uint64(a.parent) },
		} {
			if a.sets(name) {
				set()
			}
		}
		if len(tags) > 0 || a.params.flag("partial") && a.sets("tagsId") { // with the original, an empty list leaves them alone
			e.Tags = tags
		}
		if handOver && a.user != 0 {
			e.Manager = a.user
		}
		if handOver && a.group != 0 {
			e.MainGroup = a.group
		}
		return nil
	}
}

// projectIn returns where an account goes that is to be in a client: it stays in its project if that is below the client already.
func (w *writing) projectIn(e *vault.Entry, client vault.ProjectID) (vault.ProjectID, error) {
	if root := w.Client(e.Project); root != nil && root.ID == client {
		return e.Project, nil
	}
	if p, _, err := w.Project(client); err != nil || !isClient(p) {
		return 0, errReference
	}
	return client, nil
}

// changed answers the edit of an account with the account as it is now.
func (w *writing) changed(id vault.EntryID, err error, message string) (result, error) {
	if err != nil {
		return result{}, err
	}
	e, err := w.Written(id)
	if err != nil {
		return result{}, err
	}
	return w.account(e, message), nil
}

// distinct turns integers into ids. A repeated one is a row too many in a table that links two others.
func distinct[ID ~uint64](list []int64) ([]ID, error) {
	ids := make([]ID, 0, len(list))
	for _, n := range list {
		if id := ref[ID](n); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) < len(list) {
		return nil, errRepeated
	}
	return ids, nil
}

// newPassword is what account/editPass takes (syspass 3.7).
type newPassword struct {
	id         vault.EntryID
	pass       vault.Secret
	tooLong    bool
	expireDate int64
}

func decodeEditPass(p params) (newPassword, error) {
	pass := p.text("pass") // not raw as in account/create: tags are stripped
	return newPassword{ref[vault.EntryID](p.integer("id")), vault.NewSecret(pass), len(pass) > maxPassword, p.integer("expireDate")}, nil
}

// accountEditPass also sets the date of expiry: left out, there is none any more.
func accountEditPass(w *writing, n newPassword) (result, error) {
	if _, err := w.view.account(n.id); err != nil {
		return result{}, err
	}
	if n.tooLong {
		return result{}, errInternal
	}
	if err := inRange("passDateChange", n.expireDate); err != nil {
		return result{}, err
	}
	if err := w.SetPassword(n.id, n.pass); err != nil {
		return result{}, err
	}
	err := w.EditEntry(n.id, func(e *vault.Entry) error {
		e.Expiry = vault.Stamp(n.expireDate)
		return nil
	})
	return w.changed(n.id, err, "Password updated")
}

func accountDelete(w *writing, id vault.EntryID) (result, error) { // syspass 3.9: answers what was
	e, err := w.view.account(id)
	if err != nil {
		return result{}, err
	}
	out := w.account(e, "Account removed")
	_, err = w.TrashEntries([]vault.EntryID{id}, false)
	return out, err
}
