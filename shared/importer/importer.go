package importer

import (
	"context"
	"fmt"

	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// Options say how Import works.
type Options struct {
	Master       vault.Secret // the origin's master password, under which the accounts are sealed
	SkipExisting bool         // leaves out what the vault has: same name, client and login
	DryRun       bool         // changes nothing, and reports what would be
	Owner        string       // username of who owns what is made (sysPass 4.7: the default user); "": nobody, so that Admins alone manage it
}

// Report says what came of an import.
type Report struct {
	Accounts int       // taken
	Skipped  []Skipped // in the order of the file
	LostTags int       // references to tags that the file does not define: their accounts were taken without them
}

// Skipped is an account that was not taken.
type Skipped struct {
	ID   uint64 // in the file
	Name string
	Why  string
}

// Exists is why an account was skipped that the vault has.
const Exists = "exists"

// Import takes the accounts of a document, as req's caller. What cannot be taken is reported, and the rest is taken all the same.
//
// Errors: Invalid where no account opens with the master password, BadReference for an owner who is unknown or Read only: nothing was changed; those of vault.Update,
// other than of what it refuses of one account: the report says how many were taken until then.
func Import(ctx context.Context, v *vault.Vault, req vault.Request, d *syspassxml.Document, o Options) (*Report, error) {
	r := &run{vault: v, req: req, opts: o, doc: d, accounts: make([]account, len(d.Accounts)), taken: map[kin]int{}}
	owner, err := vault.View(ctx, v, req, r.findOwner)
	if err != nil {
		return r.report(), err
	}
	r.owner = owner
	r.index()
	if err := r.open(ctx); err != nil {
		return r.report(), err
	}
	if err := r.makeNames(ctx); err != nil {
		return r.report(), err
	}
	err = r.makeAccounts(ctx)
	return r.report(), err
}

// run is one import.
type run struct {
	vault *vault.Vault
	req   vault.Request
	opts  Options
	doc   *syspassxml.Document
	owner vault.UserID

	names    []name        // all categories, clients and tags of the file
	byID     map[ref]*name // by their ids in the file
	accounts []account     // beside doc.Accounts
	taken    map[kin]int   // how many accounts of a kind the file has had so far
	lostTags int
}

// account is what an import knows of an account beside what the file says.
type account struct {
	password vault.Secret
	tags     []string // names
	client   *name
	category *name
	why      string // not taken; "": not decided, or taken
	taken    bool
}

// kin is what accounts have in common that --skip-existing takes for the same.
type kin struct{ client, name, login string }

func (r *run) kin(i int) kin {
	a := &r.doc.Accounts[i]
	return kin{r.accounts[i].client.key, a.Name, a.Login}
}

func (r *run) findOwner(rd *vault.Reader) (vault.UserID, error) {
	if r.opts.Owner == "" {
		return 0, nil
	}
	switch u := rd.UserNamed(r.opts.Owner); {
	case u == nil:
		return 0, &vault.Error{Kind: vault.BadReference, Msg: fmt.Sprintf("there is no user %q", r.opts.Owner)}
	case u.Role == vault.ReadOnly:
		return 0, &vault.Error{Kind: vault.BadReference, Msg: fmt.Sprintf("the user %q is Read only, and cannot own what is imported", r.opts.Owner)}
	default:
		return u.ID, nil
	}
}

func (r *run) report() *Report {
	out := &Report{LostTags: r.lostTags}
	for i := range r.accounts {
		switch a := &r.doc.Accounts[i]; {
		case r.accounts[i].taken:
			out.Accounts++
		case r.accounts[i].why != "":
			out.Skipped = append(out.Skipped, Skipped{a.ID, a.Name, r.accounts[i].why})
		}
	}
	return out
}

// errDry ends the Update of a dry run.
var errDry = fmt.Errorf("dry run")
