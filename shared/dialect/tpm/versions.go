package tpm

import "tresor/shared/vault"

// flatAccess is who has access, as it was told before there were permissions: whether everyone, and who else (tpm 1.2).
type flatAccess struct {
	Everyone bool          `json:"everyone_has_access"`
	Users    []userObject  `json:"users_access"`
	Groups   []namedObject `json:"groups_access"`
}

// flatPermission is what the caller may do: its name alone.
type flatPermission struct {
	Label string `json:"user_permission"`
}

// fullManager is who manages a project, in the lists from before v6.
type fullManager struct {
	User userObject `json:"managed_by"`
}

// flat makes v3's form out of the permissions that later versions show. Lists that are not shown, or empty, are null in all of them (tpm 5).
func (r *renderer) flat(id vault.ProjectID, users []userPermission, groups []groupPermission) flatAccess {
	out := flatAccess{Everyone: r.GrantedToAll(id) != vault.ProjectUnset}
	for _, u := range users {
		if user, full := u.User.(userObject); full {
			out.Users = append(out.Users, user)
		}
	}
	for _, g := range groups {
		if group, full := g.Group.(namedObject); full {
			out.Groups = append(out.Groups, group)
		}
	}
	return out
}

// parentsOf returns the projects from the root to a password's own, as the caller sees them; nil, which becomes null, where the own one looks like a root (tpm 6.1).
func (r *renderer) parentsOf(e *vault.Entry) []uint64 {
	path := r.path(e.Project)
	if len(path) < 2 {
		return nil
	}
	return idsOf(path)
}

// parentsAbove is parentsOf for a project, which is not among its parents (tpm 7.1).
func (r *renderer) parentsAbove(p *vault.Project) []uint64 {
	path := r.path(p.ID)
	return idsOf(path[:max(0, len(path)-1)])
}

func idsOf(path []pathElement) (ids []uint64) {
	for _, p := range path {
		ids = append(ids, p.ID)
	}
	return ids
}
