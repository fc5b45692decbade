package tpm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/vault"
)

// rightsWorld is the world with a user of each kind, and grants of each kind: 6 ita (IT), 7 gina (Normal user), 8 rolf (Read only), both in group 2.
func rightsWorld(t *testing.T) (*world, []string) {
	w := newWorld(t)
	w.users["ita"], w.users["gina"], w.users["rolf"] = w.AddUser(t, "ita", vault.IT), w.AddUser(t, "gina", vault.NormalUser), w.AddUser(t, "rolf", vault.ReadOnly)
	w.as(t, "admin", func(tx *vault.Tx) error {
		if _, err := tx.CreateGroup(vault.Group{Name: "Crew", Members: []vault.UserID{7, 8}}); err != nil {
			return err
		}
		if _, err := tx.CreateProject(vault.Project{Name: "Open"}); err != nil { // 6
			return err
		}
		for _, g := range []vault.ProjectGrants{
			{Project: 4, All: vault.ProjectTraverse, Groups: []vault.ProjectGroupGrant{{Group: 2, Level: vault.ProjectFull}}},
			{Project: 6, All: vault.ProjectCreate, Users: []vault.ProjectUserGrant{{User: 6, Level: vault.ProjectManage}, {User: 7, Level: vault.ProjectNone}}},
		} {
			if err := tx.SetGrants(g); err != nil {
				return err
			}
		}
		for _, e := range []vault.Entry{
			{Name: "Of the crew", Project: 6, Groups: []vault.GroupGrant{{Group: 2, Level: vault.LevelManage}}},
			{Name: "Anyone's", Project: 6, AnyoneMayEdit: true}, {Name: "Main", Project: 4, MainGroup: 1}, {Name: "Gina's", Project: 4, Manager: 7},
			{Name: "Private to gina", Project: 4, Manager: 7, Private: true}, {Name: "Of another's main group", Project: 4, Manager: 2, MainGroup: 1, PrivateGroup: true},
		} {
			if _, err := tx.CreateEntry(e, vault.Payload{}); err != nil {
				return err
			}
		}
		return nil
	})
	return w, []string{"admin", "pam", "nora", "rita", "", "ita", "gina", "rolf"}
}

// withRights is what these lists and a show of the same have in common.
type withRights struct {
	ID         uint64     `json:"id"`
	Permission permission `json:"user_permission"`
	Via        string     `json:"granted_via"`
	Favorite   bool       `json:"favorite"`
}

// TestUserRightsAreWhatTheUserFinds holds both lists of every user, as an Admin sees them, to what the user is shown itself.
func TestUserRightsAreWhatTheUserFinds(t *testing.T) {
	w, users := rightsWorld(t)
	hidden := map[uint64]bool{} // from the Admin
	list := func(who, path string) []withRights {
		return decodedAs[[]withRights](t, w.ask(t, who, "GET", "/index.php/api/v6/"+path+".json", "", "X-Page-Size", "100", "X-Unlock-Reason", "test"))
	}
	for _, who := range []string{"gina", "pam"} {
		for _, e := range list(who, "passwords/all") {
			if w.ask(t, "admin", "GET", fmt.Sprintf("/index.php/api/v6/passwords/%d.json", e.ID), "").StatusCode == 404 {
				hidden[e.ID] = true
			}
		}
	}
	levels := map[string]int{}
	for i, who := range users {
		if who == "" { // disabled
			continue
		}
		for _, kind := range []string{"passwords", "projects"} {
			want := map[uint64]permission{}
			for _, item := range list(who, kind+"/all") {
				path := fmt.Sprintf("/index.php/api/v6/%s/%d.json", kind, item.ID)
				out := w.ask(t, who, "GET", path, "", "X-Unlock-Reason", "test")
				if out.StatusCode == 409 { // locked firmly: what the security list says of it below
					continue
				}
				shown := decodedAs[withRights](t, out)
				if shown.Permission.ID >= 10 && (kind == "projects" || !hidden[item.ID]) { // a project may show its name only
					want[item.ID] = shown.Permission
				}
			}
			got := map[uint64]permission{}
			for _, item := range list("admin", fmt.Sprintf("users/%d/%s", i+1, kind)) {
				via := securityOf(t, w, kind, item.ID, uint64(i+1))
				if via.Permission != item.Permission || via.Via != item.Via || item.Via == "" {
					t.Errorf("%s, %s %d: got %+v, the security list says %+v", who, kind, item.ID, item, via)
				}
				levels[kind+" "+item.Permission.Label]++
				if kind == "projects" || item.ID != 3 {
					got[item.ID] = item.Permission
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s (-found by itself +listed):\n%s", who, kind, diff)
			}
		}
	}
	for _, l := range strings.Split("passwords Read,passwords Edit data,passwords Manage,projects Traverse,projects Read,projects Read / Create passwords,projects Read / Edit passwords data,projects Read / Manage passwords,projects Manage", ",") {
		if levels[l] == 0 {
			t.Errorf("nobody has %q: the test says less than it should", l)
		}
	}
	if diff := cmp.Diff(map[uint64]bool{12: true, 13: true}, hidden); diff != "" {
		t.Errorf("hidden from the Admin (-want +got):\n%s", diff)
	}
}

// securityOf returns what the security list of a password or project says of a user.
func securityOf(t *testing.T, w *world, kind string, id, user uint64) (found withRights) {
	t.Helper()
	reason := []string{"X-Unlock-Reason", "test"}
	if kind == "passwords" && id == 3 { // locked firmly: nobody gets its list
		level := permission{10, "Read"}
		switch user {
		case 1:
			return withRights{Permission: permission{30, "Manage"}, Via: "Password manager"}
		case 3:
			level = permission{20, "Edit data"}
		}
		return withRights{Permission: level, Via: "Project: User direct"}
	}
	for _, row := range decodedAs[[]securityItem](t, w.ask(t, "admin", "GET", fmt.Sprintf("/index.php/api/v6/%s/%d/security.json", kind, id), "", reason...)) {
		if row.User.ID == user {
			found = withRights{Permission: row.Permission, Via: row.GrantedVia}
		}
	}
	return found
}

// TestUserRights looks at what is not the user's: favorites are the caller's, the Read only cap shows, nothing personal is listed, and a disabled user has what
// it would have.
func TestUserRights(t *testing.T) {
	w, _ := rightsWorld(t)
	w.ask(t, "admin", "POST", "/index.php/api/v6/favorite_projects/4.json", "")
	w.ask(t, "rolf", "POST", "/index.php/api/v6/favorite_projects/6.json", "")
	favorites := map[uint64]bool{}
	for _, p := range decodedAs[[]withRights](t, w.ask(t, "admin", "GET", usersAPI+"/8/projects.json", "")) {
		favorites[p.ID] = p.Favorite
		if p.Permission.ID > 20 {
			t.Errorf("a Read only user has %+v", p)
		}
	}
	if diff := cmp.Diff(map[uint64]bool{4: true, 6: false}, favorites); diff != "" {
		t.Errorf("favorites (-want +got):\n%s", diff)
	}
	for _, p := range decodedAs[[]withRights](t, w.ask(t, "admin", "GET", usersAPI+"/3/passwords.json", "", "X-Page-Size", "100")) {
		if p.ID == 7 {
			t.Error("nora's diary is listed")
		}
	}
	w.as(t, "admin", func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(vault.Entry{Name: "The admin's own", Owner: 1}, vault.Payload{})
		return err
	})
	own := decodedAs[[]withRights](t, w.ask(t, "admin", "GET", usersAPI+"/1/passwords.json", "", "X-Page-Size", "100"))
	for _, p := range own {
		if p.ID == 14 {
			t.Error("an Admin who asks for their own rights gets their personal passwords")
		}
	}
	if len(own) == 0 {
		t.Error("the Admin has no passwords at all")
	}
	if got := decodedAs[[]withRights](t, w.ask(t, "admin", "GET", usersAPI+"/5/projects.json", "")); len(got) != 2 || got[0].Permission.ID != 30 || got[0].Via != "Grant all users" {
		t.Errorf("a disabled user: got %+v", got)
	}
	for _, who := range []string{"ita", "pam", "nora", "rita"} {
		for _, path := range []string{"3/passwords", "3/projects/count", "99/projects"} {
			w.wantRefused(t, who, "GET", "/"+path+".json", "", 403)
		}
	}
	w.wantRefused(t, "admin", "GET", "/99/passwords.json", "", 404)
	w.wantRefused(t, "admin", "GET", "/99/projects/count.json", "", 404)
}

// TestPagesOfUserRights turns the pages of both lists.
func TestPagesOfUserRights(t *testing.T) {
	w, _ := rightsWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		for i := range 7 {
			id, err := tx.CreateProject(vault.Project{Name: fmt.Sprint("More ", i), Parent: 4})
			if err == nil {
				_, err = tx.CreateEntry(vault.Entry{Name: fmt.Sprint("More ", i), Project: id}, vault.Payload{})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, kind := range []string{"passwords", "projects"} {
		path := usersAPI + "/7/" + kind
		n := decodedAs[countBody](t, w.ask(t, "admin", "GET", path+"/count.json", "", "X-Page-Size", "5"))
		seen := map[uint64]bool{}
		for page := 1; page <= n.Pages; page++ {
			out := w.ask(t, "admin", "GET", fmt.Sprintf("%s/page/%d.json", path, page), "", "X-Page-Size", "5")
			for _, item := range decodedAs[[]withRights](t, out) {
				seen[item.ID] = true
			}
			if next := fmt.Sprintf("users/7/%s/page/%d.json>; rel=\"next\"", kind, page+1); strings.Contains(link(out), next) != (page < n.Pages) {
				t.Errorf("%s, page %d: Link %q", kind, page, link(out))
			}
		}
		if n.Pages < 2 || len(seen) != n.Items {
			t.Errorf("%s: %d seen on pages, want %+v", kind, len(seen), n)
		}
	}
}
