package tpm

import (
	"tresor/shared/vault"
)

// projectNode is a project in the tree (tpm 7.1).
type projectNode struct {
	ID           uint64 `json:"id"`
	Name         string `json:"name"`
	Archived     bool   `json:"archived"`
	Favorite     bool   `json:"favorite"`
	HasChildren  bool   `json:"has_children"`
	Disabled     bool   `json:"disabled"`
	NumPasswords int    `json:"num_pwds"`
	NumInBranch  int    `json:"num_pwds_branch"`
}

// subprojects makes the call that lists what is under a project, 0 being the root, as the caller sees the tree. It has no pages (tpm 2.1). With forNew it says of
// each project whether a password can be made there.
func subprojects(forNew bool) func(*vault.Reader, *call) ([]projectNode, error) {
	return func(r *vault.Reader, c *call) ([]projectNode, error) {
		under := vault.ProjectID(c.id)
		if under != 0 {
			if _, _, err := project(r, c.id); err != nil {
				return nil, err
			}
		}
		nodes := r.Nodes(under)
		list := make([]projectNode, 0, len(nodes))
		for _, n := range nodes {
			archived := r.Archived(n.Project.ID)
			list = append(list, projectNode{
				ID: uint64(n.Project.ID), Name: n.Project.Name, Archived: archived, Favorite: r.IsFavouriteProject(n.Project.ID), HasChildren: n.Parent,
				Disabled: forNew && (archived || n.Access.Level < vault.ProjectCreate), NumPasswords: n.Own, NumInBranch: n.Branch,
			})
		}
		return list, nil
	}
}
