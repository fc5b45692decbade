package vault

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// world is a small index to try rules on.
type world struct {
	projects map[ProjectID]*Project
	grants   map[ProjectID]*ProjectGrants
}

func (w *world) project(id ProjectID) *Project             { return w.projects[id] }
func (w *world) projectGrants(id ProjectID) *ProjectGrants { return w.grants[id] }

const (
	me      UserID  = 7
	other   UserID  = 8
	mine    GroupID = 3
	mineToo GroupID = 4
	theirs  GroupID = 5
)

func user(role Role) *subject {
	return &subject{id: me, role: role, main: mine, groups: []GroupID{mine, mineToo}}
}

// tree is a root 1, its child 2 and grandchild 3; grants are set on the projects named.
func tree(grants ...*ProjectGrants) *world {
	w := &world{projects: map[ProjectID]*Project{1: {ID: 1, Manager: other}, 2: {ID: 2, Parent: 1, Manager: other}, 3: {ID: 3, Parent: 2, Manager: other}}, grants: map[ProjectID]*ProjectGrants{}}
	for _, g := range grants {
		w.grants[g.Project] = g
	}
	return w
}

func on(id ProjectID, all ProjectLevel, more ...any) *ProjectGrants {
	g := &ProjectGrants{Project: id, All: all}
	for _, m := range more {
		switch m := m.(type) {
		case ProjectUserGrant:
			g.Users = append(g.Users, m)
		case ProjectGroupGrant:
			g.Groups = append(g.Groups, m)
		}
	}
	return g
}

func TestEffectiveProject(t *testing.T) {
	u := func(l ProjectLevel) ProjectUserGrant { return ProjectUserGrant{me, l} }
	g := func(id GroupID, l ProjectLevel) ProjectGroupGrant { return ProjectGroupGrant{id, l} }
	none := ProjectAccess{}
	tests := []struct {
		name    string
		role    Role
		project ProjectID
		world   *world
		change  func(*world)
		want    ProjectAccess
	}{
		{"nothing was ever set on a root", NormalUser, 1, tree(), nil, none},
		{"nothing was ever set down to the root", NormalUser, 3, tree(), nil, none},
		{"the manager has everything", NormalUser, 1, tree(on(1, ProjectNone, u(ProjectNone))), func(w *world) { w.projects[1].Manager = me }, ProjectAccess{ProjectFull, true, Reason{Code: ViaManager}}},
		{"the manager comes before Admin", Admin, 1, tree(), func(w *world) { w.projects[1].Manager = me }, ProjectAccess{ProjectFull, true, Reason{Code: ViaManager}}},
		{"Admin comes before grants", Admin, 1, tree(on(1, ProjectNone, u(ProjectNone))), nil, ProjectAccess{ProjectFull, true, Reason{Code: ViaAdmin}}},
		{"IT is no Admin", IT, 1, tree(), nil, none},
		{"a user's grant", NormalUser, 1, tree(on(1, ProjectUnset, u(ProjectCreate))), nil, ProjectAccess{ProjectCreate, true, Reason{Code: ViaUser}}},
		{"a user's grant comes before a higher one of a group", NormalUser, 1, tree(on(1, ProjectFull, u(ProjectRead), g(mine, ProjectFull))), nil, ProjectAccess{ProjectRead, true, Reason{Code: ViaUser}}},
		{"a user's no access comes before a group's", NormalUser, 1, tree(on(1, ProjectFull, u(ProjectNone), g(mine, ProjectFull))), nil, ProjectAccess{ProjectNone, true, Reason{Code: ViaUser}}},
		{"another user's grant is nothing to me", NormalUser, 1, tree(on(1, ProjectUnset, ProjectUserGrant{other, ProjectFull})), nil, none},
		{"a group's grant, main group", NormalUser, 1, tree(on(1, ProjectUnset, g(mine, ProjectEdit))), nil, ProjectAccess{ProjectEdit, true, Reason{Code: ViaGroup, Group: mine}}},
		{"the highest of the groups' grants", NormalUser, 1, tree(on(1, ProjectUnset, g(mine, ProjectRead), g(mineToo, ProjectManage), g(theirs, ProjectFull))), nil, ProjectAccess{ProjectManage, true, Reason{Code: ViaGroup, Group: mineToo}}},
		{"a group's no access comes before the grant to all", NormalUser, 1, tree(on(1, ProjectFull, g(mine, ProjectNone))), nil, ProjectAccess{ProjectNone, true, Reason{Code: ViaGroup, Group: mine}}},
		{"the grant to all", NormalUser, 1, tree(on(1, ProjectTraverse)), nil, ProjectAccess{ProjectTraverse, true, Reason{Code: ViaAll}}},
		{"the grant to all of no access is defined", NormalUser, 1, tree(on(1, ProjectNone)), nil, ProjectAccess{ProjectNone, true, Reason{Code: ViaAll}}},
		{"Read only is capped at read", ReadOnly, 1, tree(on(1, ProjectFull)), nil, ProjectAccess{ProjectRead, true, Reason{Code: ViaAll}}},
		{"Read only is capped as manager too", ReadOnly, 1, tree(), func(w *world) { w.projects[1].Manager = me }, ProjectAccess{ProjectRead, true, Reason{Code: ViaManager}}},
		{"a child without grants inherits all", NormalUser, 3, tree(on(1, ProjectUnset, u(ProjectEdit))), nil, ProjectAccess{ProjectEdit, true, Reason{Code: ViaUser}}},
		{"a child without grants inherits its parent's manager", NormalUser, 3, tree(), func(w *world) { w.projects[2].Manager = me }, ProjectAccess{ProjectFull, true, Reason{Code: ViaManager}}},
		{"a child with grants inherits nothing by itself", NormalUser, 2, tree(on(1, ProjectFull), on(2, ProjectUnset)), nil, none},
		{"a user's 99 follows the same user", NormalUser, 2, tree(on(1, ProjectFull, u(ProjectRead)), on(2, ProjectUnset, u(ProjectInherit))), nil, ProjectAccess{ProjectRead, true, Reason{Code: ViaUser}}},
		{"a user's 99 follows over two levels", NormalUser, 3, tree(on(1, ProjectUnset, u(ProjectManage)), on(2, ProjectUnset, u(ProjectInherit)), on(3, ProjectUnset, u(ProjectInherit))), nil, ProjectAccess{ProjectManage, true, Reason{Code: ViaUser}}},
		{"a user's 99 without a grant above says nothing", NormalUser, 2, tree(on(1, ProjectFull), on(2, ProjectUnset, u(ProjectInherit))), nil, none},
		{"a group's 99 follows the same group", NormalUser, 2, tree(on(1, ProjectUnset, g(mine, ProjectCreate), g(mineToo, ProjectFull)), on(2, ProjectUnset, g(mine, ProjectInherit))), nil, ProjectAccess{ProjectCreate, true, Reason{Code: ViaGroup, Group: mine}}},
		{"the grant to all's 99 follows the grant to all", NormalUser, 2, tree(on(1, ProjectTraverse, u(ProjectFull)), on(2, ProjectInherit)), nil, ProjectAccess{ProjectTraverse, true, Reason{Code: ViaAll}}},
		{"99 passes through a project without grants", NormalUser, 3, tree(on(1, ProjectRead), on(3, ProjectInherit)), nil, ProjectAccess{ProjectRead, true, Reason{Code: ViaAll}}},
		{"a personal folder is its owner's", NormalUser, 1, tree(), func(w *world) { w.projects[1].Owner = me }, ProjectAccess{ProjectFull, true, Reason{Code: ViaOwner}}},
		{"a personal folder is closed to Admins", Admin, 1, tree(on(1, ProjectFull)), func(w *world) { w.projects[1].Owner = other }, none},
		{"a loop in the tree ends", NormalUser, 2, tree(), func(w *world) { w.projects[1].Parent = 2 }, none},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.change != nil {
				test.change(test.world)
			}
			if got := effectiveProject(test.world, user(test.role), test.world.projects[test.project]); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestEffectiveEntry(t *testing.T) {
	p := &Project{ID: 1, Manager: other}
	project := func(l ProjectLevel) ProjectAccess { return ProjectAccess{l, true, Reason{Code: ViaAll}} }
	viaAll := Reason{Code: ViaAll, Project: true}
	manage := func(v Reason) Access { return Access{LevelManage, true, v} }
	none := Access{}
	tests := []struct {
		name    string
		role    Role
		entry   Entry
		project ProjectAccess
		want    Access
	}{
		{"the manager manages", NormalUser, Entry{Manager: me}, project(ProjectNone), manage(Reason{Code: ViaManager})},
		{"Admin manages", Admin, Entry{Users: []UserGrant{{me, LevelNone}}}, project(ProjectFull), manage(Reason{Code: ViaAdmin})},
		{"the main group manages", NormalUser, Entry{MainGroup: mineToo}, ProjectAccess{}, manage(Reason{Code: ViaMainGroup, Group: mineToo})},
		{"no access on the project beats the main group", NormalUser, Entry{MainGroup: mine}, project(ProjectNone), Access{LevelNone, true, viaAll}},
		{"main group 0 matches nobody", NormalUser, Entry{MainGroup: 0}, ProjectAccess{}, none},
		{"a user's grant", NormalUser, Entry{Users: []UserGrant{{other, LevelManage}, {me, LevelEdit}}}, ProjectAccess{}, Access{LevelEdit, true, Reason{Code: ViaUser}}},
		{"a user's grant comes before its groups'", NormalUser, Entry{Users: []UserGrant{{me, LevelNone}}, Groups: []GroupGrant{{mine, LevelManage}}}, project(ProjectFull), Access{LevelNone, true, Reason{Code: ViaUser}}},
		{"the highest of the groups' grants", NormalUser, Entry{Groups: []GroupGrant{{mine, LevelRead}, {mineToo, LevelEdit}, {theirs, LevelManage}}}, ProjectAccess{}, Access{LevelEdit, true, Reason{Code: ViaGroup, Group: mineToo}}},
		{"a group's grant comes before the project", NormalUser, Entry{Groups: []GroupGrant{{mine, LevelNone}}}, project(ProjectFull), Access{LevelNone, true, Reason{Code: ViaGroup, Group: mine}}},
		{"nothing anywhere", NormalUser, Entry{}, ProjectAccess{}, none},
		{"project 0", NormalUser, Entry{}, project(ProjectNone), Access{LevelNone, true, viaAll}},
		{"project 10 gives nothing on entries", NormalUser, Entry{}, project(ProjectTraverse), Access{LevelNone, true, viaAll}},
		{"project 20", NormalUser, Entry{}, project(ProjectRead), Access{LevelRead, true, viaAll}},
		{"project 30 reads others' entries", NormalUser, Entry{}, project(ProjectCreate), Access{LevelRead, true, viaAll}},
		{"project 40", NormalUser, Entry{}, project(ProjectEdit), Access{LevelEdit, true, viaAll}},
		{"project 50", NormalUser, Entry{}, project(ProjectManage), Access{LevelManage, true, viaAll}},
		{"project 60", NormalUser, Entry{}, project(ProjectFull), Access{LevelManage, true, viaAll}},
		{"anyone may modify lifts read", NormalUser, Entry{AnyoneMayEdit: true}, project(ProjectRead), Access{LevelEdit, true, viaAll}},
		{"anyone may modify lifts nothing else", NormalUser, Entry{AnyoneMayEdit: true}, ProjectAccess{}, none},
		{"private hides from Admins", Admin, Entry{Private: true, Manager: other}, project(ProjectFull), none},
		{"private does not hide from the owner", NormalUser, Entry{Private: true, Manager: me}, ProjectAccess{}, manage(Reason{Code: ViaManager})},
		{"private hides from the main group", NormalUser, Entry{Private: true, MainGroup: mine}, ProjectAccess{}, none},
		{"private to a group hides from Admins outside it", Admin, Entry{PrivateGroup: true, MainGroup: theirs}, project(ProjectFull), none},
		{"private to a group hides from its secondary members", NormalUser, Entry{PrivateGroup: true, MainGroup: mineToo}, ProjectAccess{}, none},
		{"private to a group shows to its own", NormalUser, Entry{PrivateGroup: true, MainGroup: mine}, ProjectAccess{}, manage(Reason{Code: ViaMainGroup, Group: mine})},
		{"private to a group keeps to its owner", NormalUser, Entry{PrivateGroup: true, Manager: me}, ProjectAccess{}, manage(Reason{Code: ViaManager})},
		{"private is not undone by anyone may modify", NormalUser, Entry{Private: true, AnyoneMayEdit: true}, project(ProjectRead), none},
		{"Read only reads at most", ReadOnly, Entry{Users: []UserGrant{{me, LevelManage}}}, ProjectAccess{}, Access{LevelRead, true, Reason{Code: ViaUser}}},
		{"Read only is not lifted", ReadOnly, Entry{AnyoneMayEdit: true}, project(ProjectRead), Access{LevelRead, true, viaAll}},
		{"a personal entry is its owner's", NormalUser, Entry{Owner: me}, ProjectAccess{}, manage(Reason{Code: ViaOwner})},
		{"a personal entry is closed to Admins", Admin, Entry{Owner: other, Manager: me}, project(ProjectFull), none},
		{"Read only has no personal entries", ReadOnly, Entry{Owner: me}, ProjectAccess{}, none},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := effective(user(test.role), &test.entry, p, test.project); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
	t.Run("the project's manager manages its entries", func(t *testing.T) {
		mineProject := &Project{ID: 1, Manager: me}
		want := manage(Reason{Code: ViaManager, Project: true})
		if got := effective(user(NormalUser), &Entry{Users: []UserGrant{{me, LevelNone}}}, mineProject, project(ProjectFull)); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
	t.Run("an entry in somebody's personal folder is closed to Admins", func(t *testing.T) {
		if got := effective(user(Admin), &Entry{}, &Project{ID: 1, Owner: other}, ProjectAccess{}); got != none {
			t.Errorf("got %+v, want none", got)
		}
	})
}

// TestNoChainOfGrantsGivesMoreThanTheLargest draws trees and grants, with no manager, Admin or main group, and checks that a user never gets
// more than the largest grant that names it, one of its groups, or all; and no more than its role allows.
func TestNoChainOfGrantsGivesMoreThanTheLargest(t *testing.T) {
	levels := rapid.SampledFrom(projectLevels)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "projects")
		w := &world{projects: map[ProjectID]*Project{}, grants: map[ProjectID]*ProjectGrants{}}
		largest := ProjectNone
		note := func(l ProjectLevel) {
			if l != ProjectInherit {
				largest = max(largest, l)
			}
		}
		for i := 1; i <= n; i++ {
			id := ProjectID(i)
			w.projects[id] = &Project{ID: id, Parent: ProjectID(rapid.IntRange(0, i-1).Draw(t, "parent")), Manager: other}
			if rapid.Bool().Draw(t, "unset") {
				continue
			}
			g := &ProjectGrants{Project: id, All: ProjectUnset}
			if rapid.Bool().Draw(t, "all") {
				g.All = levels.Draw(t, "all level")
				note(g.All)
			}
			for _, u := range []UserID{me, other} {
				if rapid.Bool().Draw(t, "user") {
					l := levels.Draw(t, "user level")
					g.Users = append(g.Users, ProjectUserGrant{u, l})
					if u == me {
						note(l)
					}
				}
			}
			for _, group := range []GroupID{mine, mineToo, theirs} {
				if rapid.Bool().Draw(t, "group") {
					l := levels.Draw(t, "group level")
					g.Groups = append(g.Groups, ProjectGroupGrant{group, l})
					if group != theirs {
						note(l)
					}
				}
			}
			w.grants[id] = g
		}
		role := rapid.SampledFrom([]Role{ReadOnly, NormalUser, ProjectManager, IT}).Draw(t, "role")
		p := w.projects[ProjectID(rapid.IntRange(1, n).Draw(t, "of"))]
		a := effectiveProject(w, user(role), p)
		if a.Level > largest {
			t.Fatalf("got %d on project %d, the largest grant is %d", a.Level, p.ID, largest)
		}
		if role == ReadOnly && a.Level > ProjectRead {
			t.Fatalf("a Read only user got %d", a.Level)
		}
		checkEntry(t, w, p, role, a)
	})
}

func checkEntry(t *rapid.T, w *world, p *Project, role Role, project ProjectAccess) {
	e := &Entry{Project: p.ID, AnyoneMayEdit: rapid.Bool().Draw(t, "anyone"), Private: rapid.Bool().Draw(t, "private")}
	largest := fromProject(project.Level)
	entryLevels := rapid.SampledFrom([]Level{LevelNone, LevelRead, LevelEdit, LevelManage})
	if rapid.Bool().Draw(t, "entry user") {
		l := entryLevels.Draw(t, "entry user level")
		e.Users, largest = append(e.Users, UserGrant{me, l}), max(largest, l)
	}
	if rapid.Bool().Draw(t, "entry group") {
		l := entryLevels.Draw(t, "entry group level")
		e.Groups, largest = append(e.Groups, GroupGrant{mine, l}), max(largest, l)
	}
	if e.AnyoneMayEdit && largest == LevelRead {
		largest = LevelEdit
	}
	a := effective(user(role), e, p, project)
	switch {
	case a.Level > largest:
		t.Fatalf("got %d on an entry, the largest grant is %d", a.Level, largest)
	case e.Private && a.Level > LevelNone:
		t.Fatalf("got %d on a private entry of somebody else", a.Level)
	case role == ReadOnly && a.Level > LevelRead:
		t.Fatalf("a Read only user got %d", a.Level)
	}
}

// TestMayReadIsEntryAccess: the quick way through a list decides as the rules do.
func TestMayReadIsEntryAccess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewState()
		s.assign(&Change{Group: &Group{ID: mine, Members: []UserID{me}}})
		u := &User{ID: me, Role: rapid.SampledFrom(Roles[:]).Draw(t, "role"), MainGroup: GroupID(rapid.IntRange(0, 4).Draw(t, "main"))}
		s.assign(&Change{User: u})
		p := &Project{ID: 1, Manager: UserID(rapid.IntRange(7, 8).Draw(t, "project manager")), Owner: UserID(max(0, rapid.IntRange(-20, 8).Draw(t, "project owner")))}
		if rapid.IntRange(0, 9).Draw(t, "trashed project") == 0 {
			p.Trashed.At = 1
		}
		s.assign(&Change{Project: p})
		if l := rapid.IntRange(-1, 6).Draw(t, "all"); l >= 0 {
			s.grants[1] = &ProjectGrants{Project: 1, All: ProjectLevel(l * 10)}
		}
		e := &Entry{
			ID: 1, Project: ProjectID(rapid.IntRange(0, 2).Draw(t, "project")), Manager: UserID(rapid.IntRange(7, 8).Draw(t, "manager")),
			MainGroup: GroupID(rapid.IntRange(0, 4).Draw(t, "main group")), Owner: UserID(max(0, rapid.IntRange(-20, 8).Draw(t, "owner"))),
			Private: rapid.Bool().Draw(t, "private"), PrivateGroup: rapid.Bool().Draw(t, "private group"), AnyoneMayEdit: rapid.Bool().Draw(t, "anyone"),
			Trashed: Trash{At: Stamp(rapid.IntRange(0, 1).Draw(t, "trashed"))},
		}
		if rapid.Bool().Draw(t, "grant") {
			e.Users = []UserGrant{{me, rapid.SampledFrom([]Level{LevelNone, LevelRead, LevelManage}).Draw(t, "level")}}
		}
		c := &Credential{}
		if rapid.Bool().Draw(t, "narrowed") {
			c.Projects = []ProjectID{ProjectID(rapid.IntRange(1, 2).Draw(t, "to"))}
		}
		principal := &Principal{subject: s.subject(u), user: u, credential: c, operator: rapid.IntRange(0, 9).Draw(t, "operator") == 0}
		r := newReader(s, s, principal, &Request{}, time.Time{}, nil)
		row := newRow(e)
		if got, want := r.mayRead(row), r.entryAccess(e).Level >= LevelRead; got != want {
			t.Fatalf("mayRead is %v, entryAccess %+v", got, r.entryAccess(e))
		}
	})
}
