package tpm

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// actor is a user of the matrix: what its role lets it do whatever it is granted, and how it is named in grants.
type actor struct {
	name       string
	id         vault.UserID
	role       vault.Role
	everywhere bool // has 60 without any grant
	direct     bool // is named by itself
	group      bool // is in the group that is named
}

var actors = []actor{
	{name: "admin", id: 1, role: vault.Admin, everywhere: true},
	{name: "ita", id: 6, role: vault.IT, direct: true},
	{name: "pam", id: 2, role: vault.ProjectManager, direct: true},
	{name: "nora", id: 3, role: vault.NormalUser, direct: true},
	{name: "rita", id: 4, role: vault.ReadOnly, direct: true},
	{name: "mona", id: 7, role: vault.NormalUser, everywhere: true}, // the projects' manager
	{name: "gina", id: 8, role: vault.NormalUser, group: true},
	{name: "rolf", id: 9, role: vault.ReadOnly, group: true},
}

const crew vault.GroupID = 2 // gina and rolf

// granting is a way to be granted something: the grants on a root, on its child and on the grandchild that the matrix is about.
type granting struct {
	name  string
	make  func(l vault.ProjectLevel) [3]vault.ProjectGrants
	level func(a actor, l vault.ProjectLevel) vault.ProjectLevel
}

func byName(l vault.ProjectLevel) (list []vault.ProjectUserGrant) {
	for _, a := range actors {
		switch {
		case a.direct && a.role == vault.ReadOnly && l != vault.ProjectInherit: // cannot be given more; a group can
			list = append(list, vault.ProjectUserGrant{User: a.id, Level: min(l, vault.ProjectRead)})
		case a.direct:
			list = append(list, vault.ProjectUserGrant{User: a.id, Level: l})
		}
	}
	slices.SortFunc(list, func(a, b vault.ProjectUserGrant) int { return int(a.User) - int(b.User) })
	return list
}

func byGroup(l vault.ProjectLevel) []vault.ProjectGroupGrant {
	return []vault.ProjectGroupGrant{{Group: crew, Level: l}}
}

func when(named func(actor) bool) func(actor, vault.ProjectLevel) vault.ProjectLevel {
	return func(a actor, l vault.ProjectLevel) vault.ProjectLevel {
		if named(a) {
			return l
		}
		return vault.ProjectNone
	}
}

var (
	direct    = when(func(a actor) bool { return a.direct })
	inGroup   = when(func(a actor) bool { return a.group })
	anyone    = when(func(actor) bool { return true })
	nobody    = when(func(actor) bool { return false })
	nothing   = vault.ProjectGrants{All: vault.ProjectUnset}
	inherited = vault.ProjectGrants{All: vault.ProjectInherit, Users: byName(vault.ProjectInherit), Groups: byGroup(vault.ProjectInherit)}
)

// leaf grants on the grandchild alone, from grants on the root, inherited over two levels.
func leaf(g vault.ProjectGrants) [3]vault.ProjectGrants {
	return [3]vault.ProjectGrants{nothing, nothing, g}
}

func from(g vault.ProjectGrants) [3]vault.ProjectGrants {
	return [3]vault.ProjectGrants{g, inherited, inherited}
}

var grantings = []granting{
	{"direct", func(l vault.ProjectLevel) [3]vault.ProjectGrants {
		return leaf(vault.ProjectGrants{All: vault.ProjectUnset, Users: byName(l)})
	}, direct},
	{"group", func(l vault.ProjectLevel) [3]vault.ProjectGrants {
		return leaf(vault.ProjectGrants{All: vault.ProjectUnset, Groups: byGroup(l)})
	}, inGroup},
	{"all", func(l vault.ProjectLevel) [3]vault.ProjectGrants { return leaf(vault.ProjectGrants{All: l}) }, anyone},
	{"direct, inherited", func(l vault.ProjectLevel) [3]vault.ProjectGrants {
		return from(vault.ProjectGrants{All: vault.ProjectUnset, Users: byName(l)})
	}, direct},
	{"group, inherited", func(l vault.ProjectLevel) [3]vault.ProjectGrants {
		return from(vault.ProjectGrants{All: vault.ProjectUnset, Groups: byGroup(l)})
	}, inGroup},
	{"all, inherited", func(l vault.ProjectLevel) [3]vault.ProjectGrants { return from(vault.ProjectGrants{All: l}) }, anyone},
	{"none", func(vault.ProjectLevel) [3]vault.ProjectGrants { return leaf(nothing) }, nobody},
	{"an explicit 0 beats the group's and all's", func(l vault.ProjectLevel) [3]vault.ProjectGrants {
		return leaf(vault.ProjectGrants{All: l, Users: byName(vault.ProjectNone), Groups: byGroup(vault.ProjectNone)})
	}, when(func(a actor) bool { return !a.direct && !a.group })},
}

// deed is a call of the matrix: what it needs (tpm 4.2, 4.6), what it answers, and what the admin does to undo it.
type deed struct {
	method, path, body string
	need               vault.ProjectLevel
	makes              bool // takes a role that makes projects
	status             int
	undo               string
}

var deeds = []deed{
	{"GET", "projects/%d.json", "", vault.ProjectTraverse, false, 200, ""},
	{"GET", "projects/%d/passwords/count.json", "", vault.ProjectTraverse, false, 200, ""},
	{"GET", "projects/%d/subprojects.json", "", vault.ProjectTraverse, false, 200, ""},
	{"POST", "favorite_projects/%d.json", "", vault.ProjectTraverse, false, 204, ""},
	{"GET", "projects/%d/files.json", "", vault.ProjectRead, false, 200, ""},
	{"POST", "projects/%d/upload.json", `{"file_name":"x","file_data_base64":"eA=="}`, vault.ProjectFull, false, 201, ""},
	{"POST", "passwords.json", `{"name":"New","project_id":%d}`, vault.ProjectCreate, false, 201, ""},
	{"PUT", "projects/%d.json", `{"notes":"changed"}`, vault.ProjectFull, false, 204, ""},
	{"GET", "projects/%d/security.json", "", vault.ProjectFull, false, 200, ""},
	{"PUT", "projects/%d/security.json", `{}`, vault.ProjectFull, false, 204, ""},
	{"PUT", "projects/%d/archive.json", "", vault.ProjectFull, false, 204, "PUT projects/%d/unarchive.json"},
	{"POST", "projects.json", `{"name":"Sub","parent_id":%d}`, vault.ProjectTraverse, true, 201, "DELETE projects/%d.json"},
	{"DELETE", "projects/%d.json", "", vault.ProjectFull, true, 204, ""},
}

// want is what the deed answers to somebody with a level.
func (d deed) want(a actor, level vault.ProjectLevel) int {
	switch {
	case level < vault.ProjectTraverse:
		return 404
	case level < d.need, d.makes && a.role != vault.Admin && a.role != vault.IT && a.role != vault.ProjectManager:
		return 403
	}
	return d.status
}

// crewed adds the users and the group of the matrix to a world.
func crewed(t *testing.T) *world {
	w := newWorld(t)
	w.users["ita"] = w.AddUser(t, "ita", vault.IT)
	w.users["mona"] = w.AddUser(t, "mona", vault.NormalUser)
	w.users["gina"] = w.AddUser(t, "gina", vault.NormalUser)
	w.users["rolf"] = w.AddUser(t, "rolf", vault.ReadOnly)
	w.as(t, "admin", func(tx *vault.Tx) error {
		_, err := tx.CreateGroup(vault.Group{Name: "Crew", Members: []vault.UserID{8, 9}})
		return err
	})
	return w
}

// branch makes a root, its child and the grandchild, with a password of the admin's in it, and returns the grandchild.
func (w *world) branch(t *testing.T, name string, grants [3]vault.ProjectGrants) (id vault.ProjectID) {
	w.as(t, "admin", func(tx *vault.Tx) (err error) {
		id = 0
		for depth, g := range grants {
			p := vault.Project{Name: fmt.Sprint(name, depth), Parent: id, Manager: 1}
			if depth == 2 {
				p.Manager = 7
			}
			if id, err = tx.CreateProject(p); err != nil {
				return err
			}
			g.Project = id
			if err := tx.SetGrants(g); err != nil {
				return err
			}
		}
		_, err = tx.CreateEntry(vault.Entry{Name: "In it", Project: id}, vault.Payload{})
		return err
	})
	return id
}

// TestPermissionMatrix tries everything with everyone, however it was granted, through HTTP.
func TestPermissionMatrix(t *testing.T) {
	w := crewed(t)
	levels := []vault.ProjectLevel{vault.ProjectNone, vault.ProjectTraverse, vault.ProjectRead, vault.ProjectCreate, vault.ProjectEdit, vault.ProjectManage, vault.ProjectFull}
	for _, g := range grantings {
		for _, l := range levels {
			for _, a := range actors {
				level := g.level(a, l)
				switch {
				case a.everywhere:
					level = vault.ProjectFull
				case a.role == vault.ReadOnly:
					level = min(level, vault.ProjectRead)
				}
				what := fmt.Sprintf("%s %d %s", g.name, l, a.name)
				w.tryAll(t, what, a, w.branch(t, what, g.make(l)), level)
			}
		}
	}
}

func (w *world) tryAll(t *testing.T, what string, a actor, id vault.ProjectID, level vault.ProjectLevel) {
	for _, d := range deeds {
		path, body := d.path, d.body
		if strings.Contains(path, "%d") {
			path = fmt.Sprintf(path, id)
		} else {
			body = fmt.Sprintf(body, id)
		}
		out := w.ask(t, a.name, d.method, "/index.php/api/v6/"+path, body)
		if want := d.want(a, level); out.StatusCode != want {
			t.Errorf("%s: %s %s %s: got %d %s, want %d", what, d.method, path, body, out.StatusCode, out.Body, want)
		}
		if strings.Contains(path, "passwords/count") && out.StatusCode == 200 && strings.Contains(out.Body, `"num_items":1`) != (level >= vault.ProjectRead) {
			t.Errorf("%s: at %d the passwords are %s", what, level, out.Body)
		}
		if d.undo == "" || out.StatusCode != d.status {
			continue
		}
		method, undo, _ := strings.Cut(d.undo, " ")
		of := uint64(id)
		if d.makes {
			_, _ = fmt.Sscanf(out.Body, `{"id":%d}`, &of)
		}
		if out := w.ask(t, "admin", method, fmt.Sprintf("/index.php/api/v6/"+undo, of), ""); out.StatusCode != 204 {
			t.Fatalf("%s: %s: got %d %s", what, d.undo, out.StatusCode, out.Body)
		}
	}
}
