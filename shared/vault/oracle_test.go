package vault

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// oracle decides as TPM 4.4 and 4.5 are written, step by step and slowly, to compare the rules with. It shares nothing with them but the data.
type oracle struct {
	w    *world
	role Role
}

// setting is what is set for a subject on a project; found says that there is something. "99 anywhere = resolve the same subject's setting on the parent,
// recursively"; where nothing was ever set, a root has nothing and another one is as its parent.
func (o oracle) setting(id ProjectID, of func(*ProjectGrants) (ProjectLevel, bool)) (ProjectLevel, bool) {
	if id == 0 {
		return 0, false
	}
	g, set := o.w.grants[id]
	if !set {
		return o.setting(o.w.projects[id].Parent, of)
	}
	l, found := of(g)
	if found && l == 99 {
		return o.setting(o.w.projects[id].Parent, of)
	}
	return l, found && l >= 0
}

// project returns the permission, whether there is any, and what it is granted via.
func (o oracle) project(id ProjectID) (ProjectLevel, bool, Reason) {
	l, defined, via := o.steps(id)
	if o.role == ReadOnly {
		l = min(l, 20)
	}
	return l, defined, via
}

func (o oracle) steps(id ProjectID) (ProjectLevel, bool, Reason) {
	if id == 0 {
		return 0, false, Reason{}
	}
	p := o.w.projects[id]
	if p.Manager == me { // 1
		return 60, true, Reason{Code: ViaManager}
	}
	if o.role == Admin { // 2
		return 60, true, Reason{Code: ViaAdmin}
	}
	if _, set := o.w.grants[id]; !set { // as the parent, its manager included
		return o.steps(p.Parent)
	}
	if l, found := o.setting(id, func(g *ProjectGrants) (ProjectLevel, bool) { // 3
		for _, u := range g.Users {
			if u.User == me {
				return u.Level, true
			}
		}
		return 0, false
	}); found {
		return l, true, Reason{Code: ViaUser}
	}
	best, via, any := ProjectLevel(0), GroupID(0), false // 4, the highest
	for _, mineOne := range []GroupID{mine, mineToo} {
		l, found := o.setting(id, func(g *ProjectGrants) (ProjectLevel, bool) {
			for _, gg := range g.Groups {
				if gg.Group == mineOne {
					return gg.Level, true
				}
			}
			return 0, false
		})
		if found && (!any || l > best) {
			best, via, any = l, mineOne, true
		}
	}
	if any {
		return best, true, Reason{Code: ViaGroup, Group: via}
	}
	if l, found := o.setting(id, func(g *ProjectGrants) (ProjectLevel, bool) { return g.All, true }); found { // 5
		return l, true, Reason{Code: ViaAll}
	}
	return 0, false, Reason{} // 6
}

// password returns the same for a password.
func (o oracle) password(e *Entry) (Level, bool, Reason) {
	l, defined, via := o.passwordSteps(e)
	if o.role == ReadOnly {
		l = min(l, 10)
	}
	return l, defined, via
}

func (o oracle) passwordSteps(e *Entry) (Level, bool, Reason) {
	switch {
	case e.Manager == me: // 1
		return 30, true, Reason{Code: ViaManager}
	case o.w.projects[e.Project].Manager == me: // 2
		return 30, true, Reason{Code: ViaManager, Project: true}
	case o.role == Admin: // 3
		return 30, true, Reason{Code: ViaAdmin}
	}
	for _, u := range e.Users { // 4
		if u.User == me {
			return u.Level, true, Reason{Code: ViaUser}
		}
	}
	groups := slices.DeleteFunc(slices.Clone(e.Groups), func(g GroupGrant) bool { return g.Group != mine && g.Group != mineToo }) // 5
	if len(groups) > 0 {
		best := slices.MaxFunc(groups, func(a, b GroupGrant) int { return int(a.Level) - int(b.Level) })
		return best.Level, true, Reason{Code: ViaGroup, Group: best.Group}
	}
	l, defined, via := o.project(e.Project) // 6, 7
	if !defined {
		return 0, false, Reason{}
	}
	via.Project = true
	return map[ProjectLevel]Level{0: 0, 10: 0, 20: 10, 30: 10, 40: 20, 50: 30, 60: 30}[l], true, via
}

// drawTree draws a tree whose projects have grants to me, another user, my two groups, another one and all; 99 everywhere but on roots, and more often than the rest,
// so that chains come up.
func drawTree(t *rapid.T) (*world, int) {
	n := rapid.IntRange(1, 7).Draw(t, "projects")
	w := &world{projects: map[ProjectID]*Project{}, grants: map[ProjectID]*ProjectGrants{}}
	for i := 1; i <= n; i++ {
		id := ProjectID(i)
		p := &Project{ID: id, Parent: ProjectID(rapid.IntRange(0, i-1).Draw(t, "parent")), Manager: other}
		if rapid.IntRange(0, 9).Draw(t, "manages") == 0 {
			p.Manager = me
		}
		w.projects[id] = p
		if rapid.IntRange(0, 3).Draw(t, "unset") == 0 {
			continue
		}
		levels := []ProjectLevel{0, 10, 20, 30, 40, 50, 60}
		if p.Parent != 0 {
			levels = append(levels, 99, 99, 99, 99)
		}
		level := rapid.SampledFrom(levels)
		g := &ProjectGrants{Project: id, All: rapid.SampledFrom(append(levels, -1)).Draw(t, "all")}
		for _, u := range []UserID{me, other} {
			if rapid.IntRange(0, 2).Draw(t, "user") == 0 {
				g.Users = append(g.Users, ProjectUserGrant{u, level.Draw(t, "user level")})
			}
		}
		for _, group := range []GroupID{mine, mineToo, theirs} {
			if rapid.Bool().Draw(t, "group") {
				g.Groups = append(g.Groups, ProjectGroupGrant{group, level.Draw(t, "group level")})
			}
		}
		w.grants[id] = g
	}
	return w, n
}

// TestTheRulesAreThoseWritten compares the rules with the oracle on every project of a tree and a password in each.
func TestTheRulesAreThoseWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, n := drawTree(t)
		role := rapid.SampledFrom(Roles[:]).Draw(t, "role")
		o := oracle{w, role}
		for id := ProjectID(1); int(id) <= n; id++ {
			level, defined, via := o.project(id)
			want := ProjectAccess{level, defined, via}
			got := effectiveProject(w, user(role), w.projects[id])
			if got != want {
				t.Fatalf("project %d: got %+v, want %+v", id, got, want)
			}
			e := &Entry{Project: id, Manager: other}
			if rapid.IntRange(0, 9).Draw(t, "manages the password") == 0 {
				e.Manager = me
			}
			levels := rapid.SampledFrom([]Level{0, 10, 20, 30})
			for _, u := range []UserID{me, other} {
				if rapid.IntRange(0, 4).Draw(t, "password user") == 0 {
					e.Users = append(e.Users, UserGrant{u, levels.Draw(t, "level")})
				}
			}
			for _, group := range []GroupID{mine, mineToo, theirs} {
				if rapid.IntRange(0, 2).Draw(t, "password group") == 0 {
					e.Groups = append(e.Groups, GroupGrant{group, levels.Draw(t, "level")})
				}
			}
			pl, pd, pv := o.password(e)
			if got, want := effective(user(role), e, w.projects[id], got), (Access{pl, pd, pv}); got != want {
				t.Fatalf("a password in project %d: got %+v, want %+v", id, got, want)
			}
		}
	})
}
