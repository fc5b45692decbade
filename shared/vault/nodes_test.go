package vault

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// The size that the tree is measured at.
const (
	treeProjects = 5_000
	treeUsers    = 200
	treeGroups   = 50
)

// forest is a vault with that many projects, in trees of ten, users and groups, of which each user is in three, and n entries spread over the projects. Projects are
// granted to groups, some to users, most subprojects inherit; one entry in twenty grants something itself.
func forest(n int) *State {
	s := NewState()
	for u := UserID(1); u <= treeUsers; u++ {
		s.assign(&Change{User: &User{ID: u, Username: fmt.Sprintf("user%d", u), Role: NormalUser}})
	}
	for g := GroupID(1); g <= treeGroups; g++ {
		group := &Group{ID: g, Name: fmt.Sprintf("Group %d", g)}
		for u := UserID(1); u <= treeUsers; u++ {
			if d := (uint64(u) + uint64(g)) % treeGroups; d < 3 {
				group.Members = append(group.Members, u)
			}
		}
		s.assign(&Change{Group: group})
	}
	for id := ProjectID(1); id <= treeProjects; id++ {
		p := &Project{ID: id, Name: fmt.Sprintf("Project %d", (id*7919)%treeProjects), Manager: UserID(id%treeUsers + 1)}
		g := &ProjectGrants{Project: id, All: ProjectUnset, Groups: []ProjectGroupGrant{{GroupID(id/10%treeGroups + 1), ProjectLevel(id/10%6*10 + 10)}}}
		if id%10 != 0 && id > 10 {
			p.Parent = id - id%10 + (id%10-1)/3
			g.Groups[0].Level = ProjectInherit
		}
		s.assign(&Change{Project: p})
		if id%3 != 0 {
			s.grants[id] = g
		}
	}
	for id := EntryID(1); int(id) <= n; id++ {
		e := &Entry{ID: id, Name: "x", Project: ProjectID((id*7)%treeProjects + 1), Manager: UserID(id%treeUsers + 1), Updated: Stamp(id)}
		if id%20 == 0 {
			e.Users = []UserGrant{{UserID(id/20%treeUsers + 1), LevelRead}}
		}
		s.assign(&Change{Entry: e})
	}
	s.Settle()
	return s
}

func (s *State) readerOf(x view, id UserID) *Reader {
	u := s.users[id]
	return newReader(s, x, &Principal{subject: s.subject(u), user: u}, &Request{}, time.Time{}, nil)
}

// BenchmarkNodes measures the tree of a Normal user over 100,000 entries: at most 5 ms of CPU, which other processes do not add to.
func BenchmarkNodes(b *testing.B) {
	s := forest(100_000)
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		if list := s.readerOf(s, 7).Nodes(0); len(list) == 0 {
			b.Fatal("no projects")
		}
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// cpu returns the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestNodesAreWhatTheRulesSay compares the tree with one made the slow way: each project by Projects, each entry by Entry.
func TestNodesAreWhatTheRulesSay(t *testing.T) {
	s := forest(3_000)
	for _, user := range []UserID{1, 7, 90} {
		r := s.readerOf(s, user)
		seen := map[ProjectID]bool{0: true}
		for _, p := range r.Projects() {
			seen[p.ID] = true
		}
		parent := func(id ProjectID) ProjectID { // the nearest one that the caller sees
			for id = s.projects[id].Parent; !seen[id]; {
				id = s.projects[id].Parent
			}
			return id
		}
		own, branch, children := map[ProjectID]int{}, map[ProjectID]int{}, map[ProjectID][]ProjectID{}
		for id := range s.entries {
			if e, _, err := r.Entry(id); err == nil {
				own[e.Project]++
				for p := e.Project; p != 0; p = s.projects[p].Parent {
					branch[p]++
				}
			}
		}
		for id := range seen {
			if id != 0 {
				children[parent(id)] = append(children[parent(id)], id)
			}
		}
		if len(seen) < 10 || len(seen) > treeProjects*9/10 {
			t.Fatalf("user %d sees %d projects: that shows little", user, len(seen))
		}
		for under := range seen {
			if under%20 != 0 { // all of them take long
				continue
			}
			var got []ProjectID
			for _, n := range r.Nodes(under) {
				id := n.Project.ID
				got = append(got, id)
				if n.Own != own[id] || n.Branch != branch[id] || n.Parent != (len(children[id]) > 0) || n.Access != r.projectAccess(id) {
					t.Errorf("user %d, project %d: got %+v, want %d, %d, %v", user, id, n, own[id], branch[id], len(children[id]) > 0)
				}
			}
			slices.Sort(got)
			slices.Sort(children[under])
			if !slices.Equal(got, children[under]) {
				t.Errorf("user %d, under %d: got %v, want %v", user, under, got, children[under])
			}
		}
	}
}

// counting counts the questions about projects and grants.
type counting struct {
	*State
	asked int
}

func (c *counting) project(id ProjectID) *Project {
	c.asked++
	return c.State.project(id)
}

func (c *counting) projectGrants(id ProjectID) *ProjectGrants {
	c.asked++
	return c.State.projectGrants(id)
}

// TestTreeAsksOnceForEachProject holds the work of a tree: the rules are asked of each project, as deep as the tree is, and of no entry that grants nothing itself.
// So ten times the entries make no more questions, and nothing more on the heap.
func TestTreeAsksOnceForEachProject(t *testing.T) {
	work := func(entries int) (asked int, allocs float64) {
		s := forest(entries)
		c := &counting{State: s}
		s.readerOf(c, 7).Nodes(0)
		return c.asked, testing.AllocsPerRun(3, func() { s.readerOf(s, 7).Nodes(0) })
	}
	few, fewAllocs := work(treeProjects)
	many, manyAllocs := work(10 * treeProjects)
	if few != many || few > 40*treeProjects {
		t.Errorf("got %d questions at %d entries and %d at ten times as many, want the same, at most 40 for each project", few, treeProjects, many)
	}
	if manyAllocs > fewAllocs*1.01+10 || fewAllocs > 2*treeProjects {
		t.Errorf("got %v and %v allocations, want the same, at most two for each project", fewAllocs, manyAllocs)
	}
}
