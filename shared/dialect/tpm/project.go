package tpm

import (
	"cmp"
	"slices"
	"strings"

	"tresor/shared/vault"
)

// projectItem is a project in a list. Its v6 form is not documented: v5's, with what v6 added to passwords (tpm 7.1).
type projectItem struct {
	ID           uint64        `json:"id"`
	Name         string        `json:"name"`
	Path         []pathElement `json:"full_path" since:"6"`
	NotesSnippet string        `json:"notes_snippet" since:"6"`
	Tags         string        `json:"tags"`
	fullManager  `until:"5"`
	Archived     bool     `json:"archived"`
	Favorite     bool     `json:"favorite"`
	NumFiles     int      `json:"num_files"`
	ManagedBy    idObject `json:"managed_by" since:"6"`
	itemStamps
}

// projectPermissions is what X-Permissions makes of a list's item.
type projectPermissions struct {
	ID        uint64            `json:"id"`
	GrantAll  permission        `json:"grant_all_permission"`
	Users     []userPermission  `json:"users_permissions"`
	Groups    []groupPermission `json:"groups_permissions"`
	ManagedBy idObject          `json:"managed_by"`
	stamps
}

// projectObject is a project in full. In v6 it is v5's form, with full_path in the place of parents (tpm 7.1).
type projectObject struct {
	ID             uint64            `json:"id"`
	Name           string            `json:"name"`
	Parent         uint64            `json:"parent_id" since:"4"`
	Path           []pathElement     `json:"full_path" since:"6"`
	Parents        []uint64          `json:"parents" since:"4" until:"5"`
	Tags           string            `json:"tags"`
	Notes          string            `json:"notes"`
	ManagedBy      userObject        `json:"managed_by"`
	GrantAll       permission        `json:"grant_all_permission" since:"4"`
	Users          []userPermission  `json:"users_permissions" since:"4"`
	Groups         []groupPermission `json:"groups_permissions" since:"4"`
	flatAccess     `until:"3"`
	NumPasswords   int        `json:"num_passwords"`
	NumFiles       int        `json:"num_files"`
	UserPermission permission `json:"user_permission" since:"4"`
	flatPermission `until:"3"`
	MayCreate      bool `json:"user_can_create_passwords"`
	IsLeaf         bool `json:"is_leaf" since:"4"`
	Archived       bool `json:"archived"`
	Favorite       bool `json:"favorite"`
	fullStamps
}

// project returns a project that the caller may see. Personal folders of another dialect are none here.
func project(r *vault.Reader, id uint64) (*vault.Project, vault.ProjectAccess, error) {
	p, a, err := r.Project(vault.ProjectID(id))
	if err != nil || p.Owner != 0 {
		return nil, vault.ProjectAccess{}, notFound("Project not found.")
	}
	return p, a, nil
}

// projectChoice says which projects a list is about.
type projectChoice func(*vault.Reader, *call) func(*vault.Project) bool

// projectList makes the endpoint of a list of projects.
func projectList(name string, which projectChoice) endpoint {
	return list(name, func(r *vault.Reader, c *call, skip, take int) (page, error) {
		permissions := c.flag("X-Permissions")
		if permissions && r.Principal().Role() != vault.Admin {
			return page{}, &vault.Error{Kind: vault.Forbidden, Msg: "X-Permissions is for Admin users."}
		}
		match := which(r, c)
		all := slices.DeleteFunc(r.Projects(), func(p *vault.Project) bool { return p.Owner != 0 || !match(p) })
		slices.SortFunc(all, laterProjectFirst)
		out := render(r)
		items := []any{}
		for _, p := range all[min(skip, len(all)):min(skip+take, len(all))] {
			switch {
			case permissions:
				items = append(items, out.projectPermissions(p))
			case c.flag("X-Metadata-Only"):
				items = append(items, projectMetadata(p))
			default:
				items = append(items, out.projectItem(p))
			}
		}
		return page{items, len(all)}, nil
	})
}

// laterProjectFirst is the order of lists of projects (tpm 2.4).
func laterProjectFirst(a, b *vault.Project) int {
	return cmp.Or(cmp.Compare(b.Updated, a.Updated), cmp.Compare(b.ID, a.ID))
}

func allProjects(*vault.Reader, *call) func(*vault.Project) bool {
	return func(*vault.Project) bool { return true }
}

func activeProjects(r *vault.Reader, _ *call) func(*vault.Project) bool {
	return func(p *vault.Project) bool { return !r.Archived(p.ID) }
}

func archivedProjects(r *vault.Reader, _ *call) func(*vault.Project) bool {
	return func(p *vault.Project) bool { return r.Archived(p.ID) }
}

func favoriteProjects(r *vault.Reader, _ *call) func(*vault.Project) bool {
	return func(p *vault.Project) bool { return r.IsFavouriteProject(p.ID) }
}

// searchProjects looks for one text in names and tags, active and archived; no operators (tpm 3). Tags of a project that only shows its name
// are not searched.
func searchProjects(r *vault.Reader, c *call) func(*vault.Project) bool {
	text := vault.Fold(strings.TrimSpace(c.search))
	tags := r.TagsContaining(text)
	return func(p *vault.Project) bool {
		if strings.Contains(vault.Fold(p.Name), text) {
			return true
		}
		return slices.ContainsFunc(p.Tags, func(id vault.TagID) bool { return tags[id] }) && readable(r, p)
	}
}

// readable reports whether the caller sees more of a project than its name.
func readable(r *vault.Reader, p *vault.Project) bool {
	return r.LevelOn(p).Level >= vault.ProjectRead
}

func projectMetadata(p *vault.Project) metadata {
	return metadata{uint64(p.ID), idObject{uint64(p.Manager)}, stampsOf(p.CreatedBy, p.Created, p.UpdatedBy, p.Updated)}
}

func (r *renderer) projectItem(p *vault.Project) projectItem {
	out := projectItem{
		ID: uint64(p.ID), Name: p.Name, Path: r.path(p.ID), Archived: r.Archived(p.ID), Favorite: r.IsFavouriteProject(p.ID),
		fullManager: fullManager{r.user(p.Manager)}, ManagedBy: idObject{uint64(p.Manager)}, itemStamps: itemStamps(stampsOf(p.CreatedBy, p.Created, p.UpdatedBy, p.Updated)),
	}
	if readable(r.Reader, p) {
		out.NotesSnippet, out.Tags, out.NumFiles = snippet(p.Notes), r.tags(p.Tags), r.NumProjectFiles(p.ID)
	}
	return out
}

func (r *renderer) projectPermissions(p *vault.Project) projectPermissions {
	out := projectPermissions{ID: uint64(p.ID), ManagedBy: idObject{uint64(p.Manager)}, stamps: stampsOf(p.CreatedBy, p.Created, p.UpdatedBy, p.Updated)}
	out.GrantAll, out.Users, out.Groups = r.grants(p, func(id vault.UserID) any { return idObject{uint64(id)} }, func(id vault.GroupID) any { return idObject{uint64(id)} })
	return out
}

// grants returns what was set on a project itself. Where nothing ever was, a root grants nothing and another inherits.
func (r *renderer) grants(p *vault.Project, user func(vault.UserID) any, group func(vault.GroupID) any) (all permission, users []userPermission, groups []groupPermission) {
	g, set := r.Grants(p.ID)
	if !set && p.Parent != 0 {
		g.All = vault.ProjectInherit
	}
	for _, u := range g.Users {
		users = append(users, userPermission{user(u.User), projectLevelObject(u.Level)})
	}
	for _, gg := range g.Groups {
		groups = append(groups, groupPermission{group(gg.Group), projectLevelObject(gg.Level)})
	}
	return projectLevelObject(g.All), users, groups
}

func showProject(r *vault.Reader, c *call) (any, error) {
	p, a, err := project(r, c.id)
	if err != nil {
		return nil, err
	}
	if c.flag("X-Metadata-Only") {
		return projectMetadata(p), nil
	}
	return render(r).projectObject(p, a), nil
}

func (r *renderer) projectObject(p *vault.Project, a vault.ProjectAccess) projectObject {
	archived := r.Archived(p.ID)
	out := projectObject{
		ID: uint64(p.ID), Name: p.Name, Parent: uint64(p.Parent), Path: r.path(p.ID), Parents: r.parentsAbove(p), ManagedBy: r.user(p.Manager),
		NumPasswords: r.countPasswords(p.ID), UserPermission: projectLevelObject(a.Level), flatPermission: flatPermission{projectLabels[a.Level]},
		MayCreate: a.Level >= vault.ProjectCreate && !archived, IsLeaf: !r.HasSubprojects(p.ID), Archived: archived, Favorite: r.IsFavouriteProject(p.ID), fullStamps: r.fullStamps(p.CreatedBy, p.Created, p.UpdatedBy, p.Updated),
	}
	users := func(id vault.UserID) any { return r.user(id) }
	groups := func(id vault.GroupID) any { return r.group(id) }
	out.GrantAll, out.Users, out.Groups = r.grants(p, users, groups)
	if a.Level < vault.ProjectFull {
		out.Users, out.Groups = nil, nil
	}
	out.flatAccess = r.flat(p.ID, out.Users, out.Groups)
	if a.Level >= vault.ProjectRead {
		out.Tags, out.Notes, out.NumFiles = r.tags(p.Tags), p.Notes, r.NumProjectFiles(p.ID)
	}
	return out
}

// countPasswords counts what the caller may read directly in a project.
func (r *renderer) countPasswords(id vault.ProjectID) int {
	_, n := r.Entries(vault.ByUpdated, func(row *vault.Row) bool { return row.Project == id && row.Owner == 0 }, 0, 0)
	return n
}

// newProject is a create.
type newProject struct {
	name, notes string
	parent      vault.ProjectID
	tags        []string
}

func decodeProject(f fields) (n newProject, err error) {
	for _, field := range securityFields {
		if raw, there := f[field]; there && string(raw) != "null" {
			return n, invalid(field + " cannot be set by a create: use projects/ID/security")
		}
	}
	name, err := f.plain("name", maxLine)
	if err != nil {
		return n, err
	}
	notes, err := f.plain("notes", maxNotes)
	if err != nil {
		return n, err
	}
	parent, hasParent, err := f.id("parent_id")
	if err != nil {
		return n, err
	}
	if n.tags, _, err = f.tags(); err != nil {
		return n, err
	}
	switch {
	case name == nil || strings.TrimSpace(*name) == "":
		return n, invalid("name is required")
	case !hasParent:
		return n, invalid("parent_id is required: 0 for a root project")
	case notes != nil:
		n.notes = *notes
	}
	n.name, n.parent = *name, vault.ProjectID(parent)
	return n, nil
}

func createProject(t *vault.Tx, n newProject) (uint64, error) {
	if n.parent != 0 {
		if _, _, err := project(t.Reader, uint64(n.parent)); err != nil {
			return 0, err
		}
	}
	tags, err := t.EnsureTags(n.tags)
	if err != nil {
		return 0, err
	}
	id, err := t.CreateSubproject(vault.Project{Name: n.name, Notes: n.notes, Parent: n.parent, Tags: tags})
	return uint64(id), err
}
