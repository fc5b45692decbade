package syspass

import (
	"cmp"
	"errors"

	"tresor/shared/vault"
)

// editedAccount is what account/edit takes: all of an account but its password (syspass 3.6).
type editedAccount struct {
	newAccount
	id     vault.EntryID
	params params // which tell what a partial edit names
	unfit  error  // what the columns say to it
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
	e := editedAccount{newAccount: a, id: ref[vault.EntryID](p.integer("id")), params: p, unfit: a.check()}
	return e, err
}

// accountEdit replaces the account: what was left out becomes empty. Owner, main group and tags alone are kept then.
func accountEdit(w *writing, a editedAccount) (result, error) {
	old, err := w.changeable(a.id)
	if err != nil {
		return result{}, err
	}
	if err := cmp.Or(a.unfit, a.repeated); err != nil {
		return result{}, err
	}
	project := old.Project
	if a.sets("clientId") {
		if project, err = w.projectIn(old, a.client); err != nil {
			return result{}, err
		}
	}
	err = w.EditEntry(a.id, a.change(project, true))
	if errors.Is(err, vault.Forbidden) && (a.user != 0 || a.group != 0) { // who may not hand the account over is not refused for it (syspass 2.5)
		err = w.EditEntry(a.id, a.change(project, false))
	}
	if errors.Is(err, vault.NotFound) { // not the account: a client whose name the caller may know and no more
		return result{}, vault.Forbidden
	}
	return w.changed(a.id, err, "Account updated")
}

// changeable returns an account that the caller may change; what is wrong with the change is told to nobody else.
func (w *writing) changeable(id vault.EntryID) (*vault.Entry, error) {
	e, err := w.view.account(id)
	if err != nil {
		return nil, err
	}
	if _, a, err := w.Entry(id); err != nil || a.Level < vault.LevelEdit {
		return nil, vault.Forbidden
	}
	return e, nil
}

// change returns what account/edit does to an entry.
func (a *editedAccount) change(project vault.ProjectID, handOver bool) func(*vault.Entry) error {
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
		if len(a.tags) > 0 || a.params.flag("partial") && a.sets("tagsId") { // with the original, an empty list leaves them alone
			e.Tags = a.tags
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
	if p, _, err := w.Project(client); err != nil || !p.IsClient() {
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
	ids, seen := make([]ID, len(list)), make(map[ID]bool, len(list))
	for i, n := range list {
		ids[i] = ref[ID](n)
		seen[ids[i]] = true
	}
	if len(seen) < len(ids) {
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
	if _, err := w.changeable(n.id); err != nil {
		return result{}, err
	}
	if n.tooLong {
		return result{}, errLongPassword
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
