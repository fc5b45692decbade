package syspass

import (
	"errors"
	"slices"

	"tresor/shared/vault"
)

// account returns an entry that sysPass shows: personal entries of the other dialects are none of its accounts.
func (r *reading) account(id vault.EntryID) (*vault.Entry, error) {
	e, _, err := r.Entry(id)
	if err == nil && e.Owner != 0 {
		return nil, vault.NotFound
	}
	return e, err
}

// account answers a write with the account.
func (w *writing) account(e *vault.Entry, message string) result {
	return result{itemID: int64(e.ID), payload: w.view.accountObject(e), message: message, count: noCount}
}

func accountView(r *reading, v viewOf) (result, error) { // syspass 3.4
	e, err := r.account(v.id)
	if err != nil {
		return result{}, err
	}
	viewed := func(c *counters) { c.viewed(v.id) } // after reading: the answer does not count itself
	out := result{itemID: int64(v.id), payload: r.accountObject(e), count: noCount, counted: viewed}
	if !v.details {
		return out, nil
	}
	details, revealed, err := r.accountDetails(e, v)
	out.payload = details
	if revealed {
		reveal := r.countReveal(v.id)
		out.counted = func(c *counters) { viewed(c); reveal(c) }
	}
	return out, err
}

// accountPassword has one field, which is why count is 1 (syspass 1.4).
type accountPassword struct {
	Password string `json:"password"`
}

func accountViewPass(r *reading, id vault.EntryID) (result, error) { // syspass 3.5
	if _, err := r.account(id); err != nil {
		return result{}, err
	}
	secret, err := r.Reveal(id)
	if err != nil {
		return result{}, err
	}
	password := secret.Password.Reveal()
	if err := encodable(password); err != nil {
		return result{}, err
	}
	return result{itemID: int64(id), payload: accountPassword{password}, count: 1, counted: r.countReveal(id)}, nil
}

// newAccount is what account/create takes (syspass 3.8).
type newAccount struct {
	name, login, url, notes string
	client                  vault.ProjectID
	category                vault.CategoryID
	user                    vault.UserID
	group                   vault.GroupID
	tags                    []vault.TagID
	repeated                error // of the tags
	private, privateGroup   bool
	expireDate, parent      int64
	pass                    vault.Secret
}

// decodeAccount reads what account/create and account/edit have in common: all but the password.
func decodeAccount(p params) (newAccount, error) {
	a := newAccount{
		name: p.text("name"), login: p.text("login"), url: p.text("url"), notes: p.text("notes"),
		client: ref[vault.ProjectID](p.integer("clientId")), category: ref[vault.CategoryID](p.integer("categoryId")),
		user: ref[vault.UserID](p.integer("userId")), group: ref[vault.GroupID](p.integer("userGroupId")),
		private: p.integer("private") != 0, privateGroup: p.integer("privateGroup") != 0,
		expireDate: p.integer("expireDate"), parent: p.integer("parentId"),
	}
	tags, err := p.integers("tagsId")
	if err == nil {
		a.tags, a.repeated = distinct[vault.TagID](tags)
	}
	return a, err
}

func decodeAccountCreate(p params) (newAccount, error) {
	a, err := decodeAccount(p)
	if err != nil {
		return a, err
	}
	pass := p.raw("pass") // raw: the one parameter that keeps its tags
	a.pass = vault.NewSecret(pass)
	if len(pass) > maxPassword { // the password's column comes first, being encrypted before anything is stored
		return a, errLongPassword
	}
	return a, a.check()
}

// check refuses what the original's columns do not hold.
func (a *newAccount) check() error {
	if err := fit(column{"name", a.name, maxAccountName}, column{"login", a.login, maxLogin}, column{"url", a.url, maxURL}); err != nil {
		return err
	}
	if len(a.notes) > maxNotes {
		return tooLong("notes")
	}
	if err := inRange("passDateChange", a.expireDate); err != nil {
		return err
	}
	return inRange("parentId", a.parent)
}

func accountCreate(w *writing, a newAccount) (result, error) { // syspass 3.8
	if p, _, err := w.Project(a.client); err != nil || !p.IsClient() || a.category == 0 {
		return result{}, errReference
	}
	e := vault.Entry{
		Name: a.name, Username: a.login, URL: a.url, Notes: a.notes, Project: a.client, Category: a.category, Tags: a.knownTags(w),
		Private: a.private, PrivateGroup: a.privateGroup, Expiry: vault.Stamp(a.expireDate), ParentHint: uint64(a.parent),
	}
	e.Manager, e.MainGroup = owners(w, a)
	id, err := w.CreateEntry(e, vault.Payload{Password: a.pass})
	if errors.Is(err, vault.NotFound) { // a client whose name the caller may know and no more
		return result{}, vault.Forbidden
	}
	if err != nil {
		return result{}, err
	}
	created, err := w.Written(id)
	if err != nil {
		return result{}, err
	}
	return w.account(created, "Account created"), nil
}

// owners returns the owner and the main group: the caller and its own group, unless others are given and the caller may give them
// (syspass 2.5).
func owners(w *writing, a newAccount) (vault.UserID, vault.GroupID) {
	user, group := w.Principal().ID(), vault.GroupID(0)
	if u := w.Principal().User(); u != nil {
		group = u.MainGroup
	}
	if w.MayAssign() && a.user != 0 {
		user = a.user
	}
	if w.MayAssign() && a.group != 0 {
		group = a.group
	}
	return user, group
}

// knownTags returns the tags, or none at all if one is unknown or named twice: the original swallows that failure (syspass 3.8).
func (a *newAccount) knownTags(w *writing) []vault.TagID {
	if slices.ContainsFunc(a.tags, func(id vault.TagID) bool { return w.Tag(id) == nil }) {
		return nil
	}
	return a.tags // none if one is repeated
}
