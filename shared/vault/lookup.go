package vault

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Project returns a project that the caller may see, and what it may do with it. A project shows its name to whoever may traverse it or
// read anything in it or below it (TPM 7.1); to a narrowed credential only where it may go itself. NotFound: there is none, or the caller may not know of it.
func (r *Reader) Project(id ProjectID) (*Project, ProjectAccess, error) {
	p := r.x.project(id)
	if p == nil || p.Trashed.Is() {
		return nil, ProjectAccess{}, fail(NotFound, "no such project")
	}
	a := r.projectAccess(id)
	if a.Level < ProjectTraverse && (r.limits != nil || !r.leads(id)) {
		return nil, ProjectAccess{}, fail(NotFound, "no such project")
	}
	return p, a, nil
}

// leads reports whether the caller may read some entry in the project or below it.
func (r *Reader) leads(id ProjectID) bool {
	below := map[ProjectID]bool{}
	r.collect(id, below)
	for _, row := range r.state.orders.byUpdated {
		if below[row.Project] && r.mayRead(row) {
			return true
		}
	}
	return false
}

// collect adds a project and all that is below it to a set.
func (r *Reader) collect(id ProjectID, into map[ProjectID]bool) {
	if into[id] {
		return
	}
	into[id] = true
	for _, child := range r.state.children[id] {
		if p := r.x.project(child); p != nil && p.Parent == id {
			r.collect(child, into)
		}
	}
	if o, ok := r.x.(*overlay); ok { // made or moved here by this Update, or by one before it in the transaction
		for child, p := range o.projectsNow {
			if p != nil && p.Parent == id {
				r.collect(child, into)
			}
		}
	}
}

// LevelOn returns what the caller may do with a project that it is known to see.
func (r *Reader) LevelOn(p *Project) ProjectAccess { return r.projectAccess(p.ID) }

// Projects returns every project that the caller may see, ascending by id.
func (r *Reader) Projects() []*Project {
	seen := map[ProjectID]bool{}
	if r.principal.role != Admin || r.also != nil {
		for _, row := range r.state.orders.byUpdated {
			if !seen[row.Project] && r.mayRead(row) {
				for p := r.x.project(row.Project); p != nil && !seen[p.ID]; p = r.x.project(p.Parent) {
					seen[p.ID] = true
				}
			}
		}
	}
	var list []*Project
	r.eachProject(func(p *Project) bool {
		if !p.Trashed.Is() && (seen[p.ID] && r.limits == nil || r.projectAccess(p.ID).Level >= ProjectTraverse) {
			list = append(list, p)
		}
		return true
	})
	return list
}

// eachProject calls yield with every project, whoever may see it, as the Update's changes leave them.
func (r *Reader) eachProject(yield func(*Project) bool) {
	var now map[ProjectID]*Project
	if o, ok := r.x.(*overlay); ok {
		now = o.projectsNow
	}
	each(r.state.projects, now, yield)
}

// Path returns a project and its ancestors, root first, whoever may see them.
func (r *Reader) Path(id ProjectID) []*Project {
	var path []*Project
	for p := r.x.project(id); p != nil && len(path) < maxDepth; p = r.x.project(p.Parent) {
		path = append(path, p)
	}
	slices.Reverse(path)
	return path
}

// VisiblePath returns Path without the ancestors that the caller may not see; the project itself is always there.
func (r *Reader) VisiblePath(id ProjectID) []*Project {
	return slices.DeleteFunc(r.Path(id), func(p *Project) bool {
		return p.ID != id && r.projectAccess(p.ID).Level < ProjectTraverse
	})
}

// Children returns the living projects directly under a project (0: the roots), by name, whoever may see them.
func (r *Reader) Children(id ProjectID) []*Project {
	var list []*Project
	r.eachProject(func(p *Project) bool {
		if p.Parent == id && !p.Trashed.Is() {
			list = append(list, p)
		}
		return true
	})
	slices.SortFunc(list, func(a, b *Project) int {
		return cmp.Or(cmp.Compare(SortKey(a.Name), SortKey(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Client returns the root ancestor of a project: the sysPass client. nil for no project.
func (r *Reader) Client(id ProjectID) *Project { return rootOf(r.x, id) }

// ProjectName returns the name of a project, whoever may see it; "" if there is none. Only for entries that are then checked.
func (r *Reader) ProjectName(id ProjectID) string {
	if p := r.x.project(id); p != nil {
		return p.Name
	}
	return ""
}

// Archived reports whether a project or one of its ancestors is archived.
func (r *Reader) Archived(id ProjectID) bool {
	depth := 0
	for p := r.x.project(id); p != nil && depth < maxDepth; p = r.x.project(p.Parent) {
		if p.Archived {
			return true
		}
		depth++
	}
	return false
}

// Category returns a category; nil if there is none.
func (r *Reader) Category(id CategoryID) *Category { return r.x.category(id) }

// Categories returns every category by name.
func (r *Reader) Categories() []*Category {
	var now map[CategoryID]*Category
	if o, ok := r.x.(*overlay); ok {
		now = o.categoriesNow
	}
	var list []*Category
	each(r.state.categories, now, func(c *Category) bool { list = append(list, c); return true })
	slices.SortFunc(list, func(a, b *Category) int {
		return cmp.Or(cmp.Compare(SortKey(a.Name), SortKey(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Tag returns a tag; nil if there is none.
func (r *Reader) Tag(id TagID) *Tag { return r.x.tag(id) }

// TagNames returns the names of tags, sorted.
func (r *Reader) TagNames(ids []TagID) []string {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		if t := r.x.tag(id); t != nil {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names
}

// TagsContaining returns the ids of the tags whose name contains a folded term.
func (r *Reader) TagsContaining(folded string) map[TagID]bool {
	ids := map[TagID]bool{}
	for id, t := range r.state.tags {
		if strings.Contains(Fold(t.Name), folded) {
			ids[id] = true
		}
	}
	return ids
}

// Grants returns what was set on a project itself, and false where nothing ever was. Users and groups that were removed since are left out.
func (r *Reader) Grants(id ProjectID) (ProjectGrants, bool) {
	g := r.x.projectGrants(id)
	if g == nil {
		return ProjectGrants{Project: id, All: ProjectUnset}, false
	}
	now := *g
	now.Users = slices.DeleteFunc(slices.Clone(g.Users), func(u ProjectUserGrant) bool { return r.x.user(u.User) == nil })
	now.Groups = slices.DeleteFunc(slices.Clone(g.Groups), func(group ProjectGroupGrant) bool { return r.x.group(group.Group) == nil })
	return now, true
}

// EntryGrants returns what was set on an entry itself, without users and groups that were removed since.
func (r *Reader) EntryGrants(e *Entry) ([]UserGrant, []GroupGrant) {
	return slices.DeleteFunc(slices.Clone(e.Users), func(u UserGrant) bool { return r.x.user(u.User) == nil }),
		slices.DeleteFunc(slices.Clone(e.Groups), func(g GroupGrant) bool { return r.x.group(g.Group) == nil })
}

// GrantedToAll returns what is granted to everyone on a project, following what it inherits; ProjectUnset where nothing is.
func (r *Reader) GrantedToAll(id ProjectID) ProjectLevel {
	p := r.x.project(id)
	if p == nil {
		return ProjectUnset
	}
	return allLevel(r.x, p, r.x.projectGrants(id), maxDepth)
}

// Setting returns a setting, or fallback where it is unset.
func (r *Reader) Setting(key, fallback string) string {
	if v := r.x.setting(key); v != "" {
		return v
	}
	return fallback
}

// IsFavourite reports whether the caller has marked an entry.
func (r *Reader) IsFavourite(id EntryID) bool {
	f := r.x.favouritesOf(r.principal.id)
	if f == nil {
		return false
	}
	_, found := slices.BinarySearch(f.Entries, id)
	return found
}

// IsFavouriteProject reports whether the caller has marked a project.
func (r *Reader) IsFavouriteProject(id ProjectID) bool {
	f := r.x.favouritesOf(r.principal.id)
	if f == nil {
		return false
	}
	_, found := slices.BinarySearch(f.Projects, id)
	return found
}

// Reveals returns how often an entry's secret has left, as of the newest closed hour of access records.
func (r *Reader) Reveals(id EntryID) int { return int(r.state.reveals[id]) }

// Settings returns every setting that was set. Errors: Forbidden.
func (r *Reader) Settings() (map[string]string, error) {
	if !r.MayAdmin(ReadSettings, AdminTarget{}) {
		return nil, fail(Forbidden, "not allowed to read settings")
	}
	all := maps.Clone(r.state.settings)
	if o, ok := r.x.(*overlay); ok {
		maps.Copy(all, o.settingsNow)
	}
	return all, nil
}

// TagsByName returns every tag by name. Tags belong to nobody: everyone sees them all (sysPass 2.3).
func (r *Reader) TagsByName() []*Tag {
	var now map[TagID]*Tag
	if o, ok := r.x.(*overlay); ok {
		now = o.tagsNow
	}
	var list []*Tag
	each(r.state.tags, now, func(t *Tag) bool { list = append(list, t); return true })
	slices.SortFunc(list, func(a, b *Tag) int {
		return cmp.Or(cmp.Compare(SortKey(a.Name), SortKey(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return list
}
