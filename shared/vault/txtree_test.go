package vault_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// estate is an office with Project managers: "pm" has full access to the roots 1 to 3, "guest" may traverse them. Below the room lie den (5) and nook (6), one below the other.
type estate struct {
	*office
	den, nook vault.ProjectID
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{office: newOffice(t)}
	e.users["pm"], e.users["guest"] = e.AddUser(t, "pm", vault.ProjectManager), e.AddUser(t, "guest", vault.ProjectManager)
	e.Do(t, func(tx *vault.Tx) (err error) {
		for _, id := range []vault.ProjectID{room, elsewhre} {
			g, _ := tx.Grants(id)
			g.Users = append(slices.DeleteFunc(slices.Clone(g.Users), func(u vault.ProjectUserGrant) bool { return u.User == e.users["reader"].AdminID }), // Read only since
				vault.ProjectUserGrant{User: e.users["reader"].AdminID, Level: vault.ProjectRead}, vault.ProjectUserGrant{User: e.users["pm"].AdminID, Level: vault.ProjectFull}, vault.ProjectUserGrant{User: e.users["guest"].AdminID, Level: vault.ProjectTraverse})
			if err := tx.SetGrants(g); err != nil {
				return err
			}
		}
		if e.den, err = tx.CreateSubproject(vault.Project{Name: "den", Parent: room, Manager: 1}); err != nil {
			return err
		}
		e.nook, err = tx.CreateSubproject(vault.Project{Name: "nook", Parent: e.den, Manager: 1})
		return err
	})
	return e
}

func move(id, to vault.ProjectID) func(*vault.Tx) error {
	return func(tx *vault.Tx) error { return tx.MoveProject(id, to) }
}

// undone is an Update that checks what a function answers and changes nothing.
func (e *estate) undone(t *testing.T, who string, fn func(*vault.Tx) error) vault.Kind {
	t.Helper()
	if got := e.try(t, who, "", func(tx *vault.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return &vault.Error{Kind: vault.Throttled}
	}); got != vault.Throttled {
		return got
	}
	return ok
}

// level returns what a user may do with a project.
func (e *estate) level(t *testing.T, who string, id vault.ProjectID) vault.ProjectLevel {
	t.Helper()
	level, kind := see(t, e.office, e.request(who, ""), func(r *vault.Reader) (vault.ProjectLevel, error) {
		_, a, err := r.Project(id)
		if errors.Is(err, vault.NotFound) {
			return -1, nil
		}
		return a.Level, err
	})
	if kind != ok {
		t.Fatal(kind)
	}
	return level
}

func TestWhoMayMoveMakeAndTrashProjects(t *testing.T) {
	e := newEstate(t)
	nf, no, in := vault.NotFound, vault.Forbidden, vault.Invalid
	subproject := func(under vault.ProjectID) func(*vault.Tx) error {
		return func(tx *vault.Tx) error {
			_, err := tx.CreateSubproject(vault.Project{Name: "new", Parent: under})
			return err
		}
	}
	trash := func(id vault.ProjectID) func(*vault.Tx) error {
		return func(tx *vault.Tx) error { return tx.TrashLeaf(id) }
	}
	for _, row := range []struct {
		name                   string
		do                     func(*vault.Tx) error
		full, guest, pm, admin vault.Kind
	}{
		{"move away", move(e.den, elsewhre), no, no, ok, ok},
		{"move to the root", move(e.den, 0), no, no, ok, ok},
		{"move a root", move(elsewhre, e.nook), no, no, ok, ok},
		{"move to where it is", move(e.den, room), ok, no, ok, ok},
		{"move to where nobody may look", move(e.den, hidden), nf, no, nf, ok},
		{"move what nobody may see", move(hidden, room), nf, nf, nf, ok},
		{"move what is archived", move(closed, room), no, nf, nf, no},
		{"move to nothing", move(e.den, 99), nf, no, nf, nf},
		{"move nothing", move(99, room), nf, nf, nf, nf},
		{"move under itself", move(room, room), no, no, in, in},
		{"move under what is below it", move(room, e.nook), no, no, in, in},
		{"make a subproject", subproject(e.den), no, ok, ok, ok},
		{"make a root", subproject(0), no, ok, ok, ok},
		{"make one where nobody may look", subproject(hidden), nf, nf, nf, ok},
		{"make one in an archived project", subproject(closed), no, nf, nf, ok},
		{"trash a leaf", trash(e.nook), no, no, ok, ok},
		{"trash what has subprojects", trash(e.den), no, no, no, no},
		{"trash what nobody may see", trash(hidden), nf, nf, nf, ok},
		{"trash nothing", trash(99), nf, nf, nf, nf},
	} {
		for who, want := range map[string]vault.Kind{"full": row.full, "guest": row.guest, "pm": row.pm, "admin": row.admin} {
			if got := e.undone(t, who, row.do); got != want {
				t.Errorf("%s by %s: got %v, want %v", row.name, who, got, want)
			}
		}
	}
}

func TestASubprojectIsGrantedAsItsParent(t *testing.T) {
	e := newEstate(t)
	for who, want := range map[string]vault.ProjectLevel{"none": -1, "traverse": 10, "read": 20, "create": 30, "edit": 40, "manage": 50, "full": 60, "reader": 20, "admin": 60, "pm": 60, "guest": 10} {
		for _, id := range []vault.ProjectID{room, e.den, e.nook} {
			got := e.level(t, who, id)
			if who == "none" && id == room { // its 0 is defined, and hides
				got = -1
			}
			if got != want {
				t.Errorf("%s on %d: got %d, want %d", who, id, got, want)
			}
		}
	}
	two := e.users["traverse"].AdminID
	e.Do(t, func(tx *vault.Tx) error { // follows, two levels down
		g, _ := tx.Grants(room)
		g.Users = slices.Clone(g.Users)
		i := slices.IndexFunc(g.Users, func(u vault.ProjectUserGrant) bool { return u.User == two })
		g.Users[i].Level = vault.ProjectManage
		return tx.SetGrants(g)
	})
	if got := e.level(t, "traverse", e.nook); got != vault.ProjectManage {
		t.Errorf("got %d, want 50", got)
	}
}

func TestASubprojectOfOneWithoutGrantsNamesWhomTheOneAboveDoes(t *testing.T) {
	e := newEstate(t)
	var plain, below vault.ProjectID
	e.Do(t, func(tx *vault.Tx) error {
		id, err1 := tx.CreateProject(vault.Project{Name: "plain", Parent: room, Manager: 1})
		group, err2 := tx.CreateGroup(vault.Group{Name: "goes", Members: []vault.UserID{e.users["none"].AdminID}})
		groups := []vault.ProjectGroupGrant{{Group: group, Level: vault.ProjectRead}}
		err3 := tx.SetProjectSecurity(room, vault.ProjectSecurityChange{Groups: &groups})
		plain = id
		return errors.Join(err1, err2, err3, tx.RemoveGroup(group))
	})
	e.Do(t, func(tx *vault.Tx) (err error) {
		below, err = tx.CreateSubproject(vault.Project{Name: "below", Parent: plain, Manager: 1})
		g, set := tx.Grants(below)
		if !set || len(g.Users) != 10 || len(g.Groups) != 0 || g.All != vault.ProjectInherit {
			t.Errorf("granted: %+v", g)
		}
		return err
	})
	if got := e.level(t, "edit", below); got != vault.ProjectEdit {
		t.Errorf("got %d, want 40", got)
	}
}

func TestPersonalAndSharedProjectsDoNotMix(t *testing.T) {
	e := newEstate(t)
	pm := e.users["pm"].AdminID
	var own, inOwn vault.ProjectID
	if got := e.try(t, "pm", "", func(tx *vault.Tx) (err error) {
		if own, err = tx.CreateProject(vault.Project{Name: "own", Owner: pm}); err != nil {
			return err
		}
		inOwn, err = tx.CreateProject(vault.Project{Name: "in own", Parent: own, Owner: pm})
		return err
	}); got != ok {
		t.Fatal(got)
	}
	for _, row := range []struct {
		name string
		who  string
		do   func(*vault.Tx) error
		want vault.Kind
	}{
		{"a shared one into one's own", "pm", move(e.den, own), vault.Invalid},
		{"one's own into a shared one", "pm", move(inOwn, room), vault.Invalid},
		{"one's own to the root", "pm", move(inOwn, 0), ok},
		{"into another's", "admin", move(e.den, own), vault.NotFound},
		{"another's", "admin", move(own, 0), vault.NotFound},
		{"a shared one made in one's own", "pm", func(tx *vault.Tx) error {
			_, err := tx.CreateSubproject(vault.Project{Name: "x", Parent: own})
			return err
		}, vault.Invalid},
		{"trash another's", "admin", func(tx *vault.Tx) error { return tx.TrashLeaf(inOwn) }, vault.NotFound},
		{"trash one's own as a shared one", "pm", func(tx *vault.Tx) error { return tx.TrashLeaf(inOwn) }, vault.Forbidden},
	} {
		if got := e.undone(t, row.who, row.do); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

func TestAMoveKeepsNamesUniqueAmongSiblings(t *testing.T) {
	e := newEstate(t)
	e.Do(t, func(tx *vault.Tx) error {
		_, err1 := tx.CreateProject(vault.Project{Name: "NOOK ", Parent: room})
		_, err2 := tx.CreateProject(vault.Project{Name: "den", Parent: elsewhre})
		return errors.Join(err1, err2)
	})
	for _, row := range []struct{ id, to vault.ProjectID }{{e.nook, room}, {e.den, elsewhre}} {
		if got := e.undone(t, "admin", move(row.id, row.to)); got != vault.Exists {
			t.Errorf("%d to %d: got %v, want Exists", row.id, row.to, got)
		}
	}
	e.Do(t, func(tx *vault.Tx) error { return tx.TrashLeaf(8) })
	if got := e.undone(t, "admin", move(e.den, elsewhre)); got != ok {
		t.Errorf("a name in the trash: got %v", got)
	}
}

func TestATreeIsNoDeeperThanItMayBe(t *testing.T) {
	e := newEstate(t)
	const depth = 100
	var chain []vault.ProjectID // 98 deep
	e.Do(t, func(tx *vault.Tx) error {
		parent := vault.ProjectID(0)
		for i := range depth - 2 {
			id, err := tx.CreateProject(vault.Project{Name: fmt.Sprint("level ", i), Parent: parent})
			if err != nil {
				return err
			}
			chain, parent = append(chain, id), id
		}
		return nil
	})
	last := len(chain) - 1
	for _, row := range []struct {
		name string
		id   vault.ProjectID
		to   vault.ProjectID
		want vault.Kind
	}{
		{"two levels below 98", e.den, chain[last], ok},
		{"three levels below 98", room, chain[last], vault.Invalid},
		{"three levels below 97", room, chain[last-1], ok},
	} {
		if got := e.undone(t, "admin", move(row.id, row.to)); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
	e.Do(t, func(tx *vault.Tx) error { return tx.TrashLeaf(e.nook) })
	if got := e.undone(t, "admin", move(room, chain[last])); got != ok {
		t.Errorf("what is in the trash has no depth: got %v", got)
	}
}

func TestWhatAMoveMakesOfGrants(t *testing.T) {
	type grants = vault.ProjectGrants
	for _, row := range []struct {
		name   string
		from   vault.ProjectID // 0: a root
		to     vault.ProjectID
		set    func(*estate) *grants // nil: none were ever set
		who    string
		before vault.ProjectLevel
		after  vault.ProjectLevel
	}{
		{"a root without grants gives nothing below one that gives", 0, room, nil, "full", -1, -1},
		{"a child without grants inherits from the new parent", hidden, room, nil, "edit", -1, 40},
		{"a child without grants gives nothing at the root", room, 0, nil, "edit", 40, -1},
		{"99 follows the new parent", hidden, room, func(e *estate) *grants {
			return &grants{All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: e.users["read"].AdminID, Level: 99}}}
		}, "read", -1, 20},
		{"99 is not set at the root", room, 0, func(e *estate) *grants {
			return &grants{All: vault.ProjectInherit, Users: []vault.ProjectUserGrant{{User: e.users["read"].AdminID, Level: 99}}}
		}, "read", 20, -1},
		{"a level stays at the root", room, 0, func(e *estate) *grants {
			return &grants{All: vault.ProjectRead, Users: []vault.ProjectUserGrant{{User: e.users["read"].AdminID, Level: 99}}}
		}, "read", 20, 20},
		{"a level stays below another", room, elsewhre, func(e *estate) *grants {
			return &grants{All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: e.users["none"].AdminID, Level: vault.ProjectFull}}}
		}, "none", 60, 60},
		{"a root's grants stay below another", 0, room, func(e *estate) *grants { return &grants{All: vault.ProjectTraverse} }, "full", 10, 10},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := newEstate(t)
			var id vault.ProjectID
			e.Do(t, func(tx *vault.Tx) (err error) {
				if id, err = tx.CreateProject(vault.Project{Name: "moving", Parent: row.from, Manager: 1}); err != nil || row.set == nil {
					return err
				}
				g := row.set(e)
				g.Project = id
				return tx.SetGrants(*g)
			})
			if got := e.level(t, row.who, id); got != row.before {
				t.Errorf("before: got %d, want %d", got, row.before)
			}
			if got := e.try(t, "admin", "", move(id, row.to)); got != ok {
				t.Fatal(got)
			}
			if got := e.level(t, row.who, id); got != row.after {
				t.Errorf("after: got %d, want %d", got, row.after)
			}
			e.Do(t, func(tx *vault.Tx) error { // at the root, what is left can be set again
				g, _ := tx.Grants(id)
				return tx.SetGrants(g)
			})
		})
	}
}

func TestAnUpdateSeesItsOwnMove(t *testing.T) {
	e := newEstate(t)
	var entry vault.EntryID
	e.Do(t, func(tx *vault.Tx) (err error) {
		if err = tx.MoveProject(e.den, hidden); err != nil {
			return err
		}
		entry, err = tx.CreateEntry(vault.Entry{Name: "deep", Project: e.nook, Manager: 1}, vault.Payload{})
		return err
	})
	for _, who := range []string{"full", "pm"} {
		if got := e.level(t, who, e.den); got != -1 {
			t.Errorf("%s still sees it: %d", who, got)
		}
		if _, got := see(t, e.office, e.request(who, ""), func(r *vault.Reader) (int, error) { _, _, err := r.Entry(entry); return 0, err }); got != vault.NotFound {
			t.Errorf("%s still sees what is in it: %v", who, got)
		}
	}
	if got := e.try(t, "admin", "", func(tx *vault.Tx) error {
		if err := tx.MoveProject(room, hidden); err != nil {
			return err
		}
		if err := tx.MoveProject(hidden, room); !errors.Is(err, vault.Invalid) {
			t.Errorf("a cycle of two moves: got %v, want Invalid", err)
		}
		return tx.MoveProject(e.den, room)
	}); got != ok {
		t.Errorf("moves one on top of the other: %v", got)
	}
	e.narrow(t, "narrow", "admin", vault.Credential{Projects: []vault.ProjectID{room}})
	if got := e.undone(t, "narrow", move(e.den, elsewhre)); got != vault.NotFound {
		t.Errorf("out of the limits of the credential: got %v, want NotFound", got)
	}
	if got := e.undone(t, "narrow", move(e.den, 0)); got != vault.Forbidden {
		t.Errorf("to the root with a narrowed credential: got %v, want Forbidden", got)
	}
}

// behind runs Updates as one batch, in their order: they wait while another has the turn.
func (o *office) behind(t *testing.T, updates ...func(context.Context)) {
	t.Helper()
	var wg sync.WaitGroup
	started, release := make(chan struct{}), make(chan struct{})
	var first sync.Once
	wg.Go(func() {
		_ = o.try(t, "admin", "", func(*vault.Tx) error {
			first.Do(func() { close(started); <-release })
			return nil
		})
	})
	<-started
	for _, fn := range updates {
		q := &queued{Context: t.Context(), in: make(chan struct{})}
		wg.Go(func() { fn(q) })
		<-q.in
	}
	close(release)
	wg.Wait()
}

// TestWhoComesBehindAMoveInABatchSeesIt, be it a credential that is narrowed to what the project was moved out of, or into.
func TestWhoComesBehindAMoveInABatchSeesIt(t *testing.T) {
	e := newEstate(t)
	e.narrow(t, "in the room", "admin", vault.Credential{Projects: []vault.ProjectID{room}})
	e.narrow(t, "elsewhere", "admin", vault.Credential{Projects: []vault.ProjectID{elsewhre}})
	var moved error
	answers := make([]vault.Kind, 4)
	answer := func(i int, who string, fn func(*vault.Tx) error) func(context.Context) {
		return func(ctx context.Context) {
			_, err := vault.Update(ctx, e.Vault, e.request(who, ""), func(tx *vault.Tx) (int, error) { return 0, fn(tx) })
			if err != nil {
				answers[i] = vault.KindOf(err)
			}
		}
	}
	e.behind(t,
		func(ctx context.Context) {
			_, moved = vault.Update(ctx, e.Vault, e.request("admin", ""), func(tx *vault.Tx) (int, error) { return 0, tx.MoveProject(e.den, elsewhre) })
		},
		answer(0, "in the room", create(e.nook)), answer(1, "elsewhere", create(e.nook)),
		answer(2, "admin", move(elsewhre, e.nook)), answer(3, "admin", move(room, e.nook)),
	)
	if want := []vault.Kind{vault.NotFound, ok, vault.Invalid, ok}; moved != nil || !slices.Equal(answers, want) {
		t.Errorf("got %v, %v; want %v", moved, answers, want)
	}
}

func TestTrashingALeafTakesItsEntries(t *testing.T) {
	e := newEstate(t)
	id := e.must(t, "admin", "", newEntry(vault.Entry{Name: "leaf", Project: e.nook}, "x"))
	locked := e.must(t, "admin", "", newEntry(vault.Entry{Name: "locked", Project: e.nook, Lock: vault.LockReason}, "x"))
	trash := func(tx *vault.Tx) error { return tx.TrashLeaf(e.nook) }
	if got := e.try(t, "pm", "", trash); got != vault.Locked {
		t.Errorf("with a locked entry: got %v, want Locked", got)
	}
	if got := e.try(t, "pm", "because", trash); got != ok {
		t.Fatal(got)
	}
	for _, id := range []vault.EntryID{id, locked} {
		if _, got := see(t, e.office, e.request("admin", ""), func(r *vault.Reader) (int, error) { _, _, err := r.Entry(id); return 0, err }); got != vault.NotFound {
			t.Errorf("entry %d: got %v, want NotFound", id, got)
		}
	}
	if got := e.try(t, "pm", "", func(tx *vault.Tx) error { return tx.TrashLeaf(e.den) }); got != ok {
		t.Errorf("its parent is a leaf now: got %v", got)
	}
}

// TestNodesAgainstASlowModel draws a forest, grants and entries, and asks for each user, with and without narrowing, what the long way round gives.
func TestNodesAgainstASlowModel(t *testing.T) {
	o := newOffice(t)
	levels := rapid.SampledFrom([]vault.ProjectLevel{0, 10, 20, 60, 99})
	names := []string{"read", "full", "reader"}
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		ids := []vault.ProjectID{0}
		o.Do(t, func(tx *vault.Tx) error {
			for i := range rapid.IntRange(1, 7).Draw(rt, "projects") {
				parent := ids[rapid.IntRange(0, len(ids)-1).Draw(rt, "parent")]
				id, err := tx.CreateProject(vault.Project{Name: fmt.Sprintf("%d.%d", run, 9-i), Parent: parent, Manager: 1})
				if err != nil {
					return err
				}
				ids = append(ids, id)
				if rapid.Bool().Draw(rt, "set") {
					g := vault.ProjectGrants{Project: id, All: vault.ProjectUnset}
					for _, who := range names {
						level := levels.Draw(rt, who)
						if who == "reader" {
							level = min(level, vault.ProjectRead)
						}
						if level == vault.ProjectInherit && parent == 0 {
							continue
						}
						g.Users = append(g.Users, vault.ProjectUserGrant{User: o.users[who].AdminID, Level: level})
					}
					if err := tx.SetGrants(g); err != nil {
						return err
					}
				}
				for range rapid.IntRange(0, 2).Draw(rt, "entries") {
					e := vault.Entry{Name: "e", Project: id, Manager: 1, Private: rapid.IntRange(0, 3).Draw(rt, "private") == 0}
					if rapid.IntRange(0, 2).Draw(rt, "granted") == 0 {
						e.Users = []vault.UserGrant{{User: o.users["read"].AdminID, Level: vault.LevelRead}}
					}
					if e.Private {
						e.Manager = o.users["full"].AdminID
					}
					if _, err := tx.CreateEntry(e, vault.Payload{}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if n := len(ids); n > 2 && rapid.Bool().Draw(rt, "trash") {
			_ = o.try(t, "admin", "", func(tx *vault.Tx) error { return tx.TrashLeaf(ids[n-1]) }) // if it is one
		}
		if n := len(ids); n > 2 && rapid.Bool().Draw(rt, "move") {
			_ = o.try(t, "admin", "", move(ids[n-2], ids[rapid.IntRange(0, n-1).Draw(rt, "to")])) // if it may
		}
		o.narrow(t, "narrowed", "full", vault.Credential{Projects: []vault.ProjectID{ids[rapid.IntRange(1, len(ids)-1).Draw(rt, "limit")]}})
		for _, who := range append(names, "admin", "narrowed") {
			for _, also := range []vault.Authenticator{nil, auth.Token(o.users["read"].SysPass.AuthToken)} {
				req := o.request(who, "")
				req.Also = also
				for _, under := range ids {
					type pair struct{ got, want []vault.Node }
					p, kind := see(t, o, req, func(r *vault.Reader) (pair, error) {
						return pair{r.Nodes(under), slowNodes(r, under, who == "narrowed")}, nil
					})
					if d := gocmp.Diff(p.want, p.got); kind != ok || d != "" {
						rt.Fatalf("%s under %d: %v (-want +got):\n%s", who, under, kind, d)
					}
				}
			}
		}
	})
}

// slowNodes is Nodes in terms of Projects, Path, Project and Entry, each project and entry for itself.
func slowNodes(r *vault.Reader, under vault.ProjectID, narrowed bool) (list []vault.Node) {
	visible := r.Projects()
	in := func(branch, id vault.ProjectID) bool {
		return slices.ContainsFunc(r.Path(id), func(p *vault.Project) bool { return p.ID == branch })
	}
	entries, _ := r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, -1)
	above := func(p *vault.Project) vault.ProjectID { // the nearest that is visible, or asked about
		path := r.Path(p.ID)
		for _, a := range slices.Backward(path[:len(path)-1]) {
			if a.ID == under || slices.ContainsFunc(visible, func(q *vault.Project) bool { return q.ID == a.ID }) {
				return a.ID
			}
		}
		return 0
	}
	for _, p := range visible {
		if above(p) != under {
			continue
		}
		n := vault.Node{Project: p}
		_, n.Access, _ = r.Project(p.ID)
		for _, e := range entries {
			if _, _, err := r.Entry(e.ID); err != nil || e.Owner != 0 {
				continue
			}
			if e.Project == p.ID {
				n.Own++
			}
			if in(p.ID, e.Project) {
				n.Branch++
			}
		}
		n.Parent = slices.ContainsFunc(visible, func(q *vault.Project) bool { return q.ID != p.ID && in(p.ID, q.ID) })
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b vault.Node) int {
		return cmp.Or(cmp.Compare(a.Project.Name, b.Project.Name), cmp.Compare(a.Project.ID, b.Project.ID))
	})
	return list
}

func TestTwoCallersMoveAndTrashWhatBothMay(t *testing.T) {
	e := newEstate(t)
	for _, row := range []struct {
		first, second string
		move, trash   vault.Kind
	}{
		{"pm", "admin", ok, ok}, {"admin", "pm", ok, ok}, {"pm", "full", vault.Forbidden, vault.Forbidden}, {"admin", "guest", vault.Forbidden, vault.Forbidden}, {"pm", "none", vault.NotFound, vault.NotFound},
	} {
		req := e.request(row.first, "")
		req.Also = auth.Token(e.users[row.second].SysPass.AuthToken)
		undone := func(fn func(*vault.Tx) error) vault.Kind {
			_, got := e.make(t, req, func(tx *vault.Tx) (vault.EntryID, error) {
				if err := fn(tx); err != nil {
					return 0, err
				}
				return 0, &vault.Error{Kind: vault.Throttled}
			})
			if got == vault.Throttled {
				return ok
			}
			return got
		}
		if got := undone(move(e.nook, elsewhre)); got != row.move {
			t.Errorf("a move by %s and %s: got %v, want %v", row.first, row.second, got, row.move)
		}
		if got := undone(func(tx *vault.Tx) error { return tx.TrashLeaf(e.nook) }); got != row.trash {
			t.Errorf("a leaf by %s and %s: got %v, want %v", row.first, row.second, got, row.trash)
		}
	}
}

// TestWhatIsGrantedToAllIsInherited follows the grant to all up the tree, past what has no grants, to where it is set or nothing is.
func TestWhatIsGrantedToAllIsInherited(t *testing.T) {
	e := newEstate(t)
	var bare vault.ProjectID // has no grants: inherits
	e.Do(t, func(tx *vault.Tx) (err error) {
		bare, err = tx.CreateProject(vault.Project{Name: "bare", Parent: e.nook, Manager: 1})
		return err
	})
	for _, c := range []struct{ room, den, nook, want vault.ProjectLevel }{
		{vault.ProjectUnset, vault.ProjectInherit, vault.ProjectInherit, vault.ProjectUnset},
		{vault.ProjectNone, vault.ProjectInherit, vault.ProjectInherit, vault.ProjectNone},
		{vault.ProjectRead, vault.ProjectEdit, vault.ProjectInherit, vault.ProjectEdit},
		{vault.ProjectRead, vault.ProjectUnset, vault.ProjectInherit, vault.ProjectUnset},
		{vault.ProjectUnset, vault.ProjectUnset, vault.ProjectFull, vault.ProjectFull},
	} {
		e.Do(t, func(tx *vault.Tx) error {
			for id, all := range map[vault.ProjectID]vault.ProjectLevel{room: c.room, e.den: c.den, e.nook: c.nook} {
				if err := tx.SetProjectSecurity(id, vault.ProjectSecurityChange{All: &all}); err != nil {
					return err
				}
			}
			for _, id := range []vault.ProjectID{e.nook, bare} {
				if got := tx.GrantedToAll(id); got != c.want {
					t.Errorf("%v: project %d: got %d, want %d", c, id, got, c.want)
				}
			}
			if got := tx.GrantedToAll(999); got != vault.ProjectUnset {
				t.Errorf("no project: got %d", got)
			}
			return nil
		})
	}
}
