package vault

import (
	"cmp"
	"slices"
)

// HasSubprojects reports whether living shared projects are directly under a project, whoever may see them.
func (r *Reader) HasSubprojects(id ProjectID) (found bool) {
	r.eachProject(func(p *Project) bool {
		found = p.Parent == id && p.Owner == 0 && !p.Trashed.Is()
		return !found
	})
	return found
}

// Node is a project in the tree that a caller sees.
type Node struct {
	Project *Project
	Access  ProjectAccess
	Parent  bool // it has children that the caller sees
	Own     int  // the shared entries in it that the caller may read
	Branch  int  // and in what is below it
}

// Nodes returns the shared projects under one (0: the root) that the caller may see, by name: those directly there, and those from which only projects that the
// caller may not see part it, which are left out of its tree (TPM 6.1, 7.1). In an Update it shows what was before it.
func (r *Reader) Nodes(under ProjectID) []Node {
	w := walker{r, r.countReadable()}
	var list []Node
	w.walk(under, &list)
	keys := make(map[ProjectID]string, len(list))
	for _, n := range list {
		keys[n.Project.ID] = SortKey(n.Project.Name)
	}
	slices.SortFunc(list, func(a, b Node) int {
		return cmp.Or(cmp.Compare(keys[a.Project.ID], keys[b.Project.ID]), cmp.Compare(a.Project.ID, b.Project.ID))
	})
	return list
}

// countReadable counts the shared entries that the caller may read, by project.
func (r *Reader) countReadable() []int {
	r.scan()
	counts := make([]int, len(r.dense))
	for _, row := range r.state.orders.byUpdated {
		if row.Owner == 0 && int(row.Project) < len(counts) && r.mayRead(row) {
			counts[row.Project]++
		}
	}
	return counts
}

// walker goes through the tree as a caller sees it.
type walker struct {
	r       *Reader
	entries []int // by project
}

// walk sums up what is below a project: whether the caller sees any project there, and the entries that it may read. What is next to it in the caller's tree goes
// into the list, if there is one.
func (w *walker) walk(under ProjectID, into *[]Node) (any bool, branch int) {
	for _, id := range w.r.state.children[under] {
		p := w.r.x.project(id)
		if p == nil || p.Owner != 0 || p.Trashed.Is() {
			continue
		}
		n := Node{Project: p, Access: w.r.projectAccess(id), Own: w.entries[id]}
		n.Parent, n.Branch = w.walk(id, nil)
		n.Branch += n.Own
		branch += n.Branch
		seen := n.Access.Level >= ProjectTraverse || n.Branch > 0 && w.r.limits == nil // as Projects says
		any = any || seen || n.Parent
		switch {
		case into == nil:
		case seen:
			*into = append(*into, n)
		case n.Parent:
			w.walk(id, into)
		}
	}
	return any, branch
}
