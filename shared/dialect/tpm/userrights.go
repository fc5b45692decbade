package tpm

import (
	"slices"

	"tresor/shared/vault"
)

// userAccess is what a user may do with what the item before it shows. The lists that have it are not documented: they are the items of any list of
// passwords or projects, and the names that shows and security lists have for an access (tpm 7.2).
type userAccess struct {
	Permission permission `json:"user_permission"`
	GrantedVia string     `json:"granted_via"`
}

type userPassword struct {
	passwordItem
	userAccess
}

type userLockedPassword struct {
	lockedItem
	userAccess
}

type userProject struct {
	projectItem
	userAccess
}

// rightsOf returns what a user may do, to Admins (tpm 4.6).
func rightsOf(r *vault.Reader, c *call) (vault.Rights, error) {
	if r.Principal().Role() != vault.Admin {
		return vault.Rights{}, errNotAdmin
	}
	u := r.User(vault.UserID(c.id))
	if u == nil {
		return vault.Rights{}, errNoUser
	}
	return r.RightsOfID(u.ID)
}

// userPasswords lists the shared passwords that a user may read, active and archived, as far as the caller may too: an entry can be private to others.
func userPasswords(r *vault.Reader, c *call, skip, take int) (page, error) {
	rights, err := rightsOf(r, c)
	if err != nil {
		return page{}, err
	}
	entries, total := r.Entries(vault.ByUpdated, func(row *vault.Row) bool { return row.Owner == 0 && rights.MayRead(row) }, skip, take)
	out := render(r)
	items := make([]any, 0, len(entries))
	for _, e := range entries {
		if c.flag("X-Metadata-Only") {
			items = append(items, metadataOf(e))
			continue
		}
		items = append(items, out.withAccess(e, rights.Entry(e)))
	}
	return page{items, total}, nil
}

// withAccess returns an entry as a list shows it, with what a user may do with it.
func (r *renderer) withAccess(e *vault.Entry, a vault.Access) any {
	access := userAccess{levelObject(a.Level), r.passwordVia(a.Via)}
	switch item := r.item(e).(type) {
	case passwordItem:
		return userPassword{item, access}
	case lockedItem:
		return userLockedPassword{item, access}
	default:
		panic("tpm: a list has items of a third kind")
	}
}

// userProjects lists the projects that a user may at least traverse, active and archived, as far as the caller may see them.
func userProjects(r *vault.Reader, c *call, skip, take int) (page, error) {
	rights, err := rightsOf(r, c)
	if err != nil {
		return page{}, err
	}
	all := slices.DeleteFunc(r.Projects(), func(p *vault.Project) bool {
		return p.Owner != 0 || rights.Project(p.ID).Level < vault.ProjectTraverse
	})
	slices.SortFunc(all, laterProjectFirst)
	out := render(r)
	items := []any{}
	for _, p := range all[min(skip, len(all)):min(skip+take, len(all))] {
		if c.flag("X-Metadata-Only") {
			items = append(items, projectMetadata(p))
			continue
		}
		a := rights.Project(p.ID)
		items = append(items, userProject{out.projectItem(p), userAccess{projectLevelObject(a.Level), out.via(a.Via)}})
	}
	return page{items, len(all)}, nil
}
