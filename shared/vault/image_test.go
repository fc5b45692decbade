package vault

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// TestAnImageIsTheState makes a state with one of everything, and another one of its image: no member may be forgotten.
func TestAnImageIsTheState(t *testing.T) {
	s := NewState()
	for _, c := range []Change{
		{Project: &Project{ID: 1, Name: "b"}}, {Project: &Project{ID: 2, Name: "a"}}, {Project: &Project{ID: 3, Parent: 1, Trashed: Trash{At: 1}}},
		{Category: &Category{ID: 1, Name: "c"}}, {Category: &Category{ID: 7}}, {Removed: &Removed{"category", 7}}, {Tag: &Tag{1, "t"}}, {Tag: &Tag{2, "gone"}}, {Removed: &Removed{"tag", 2}},
		{Favourites: &Favourites{User: 1, Entries: []EntryID{1}}}, {User: &User{ID: 1, Username: "u"}}, {User: &User{ID: 2, Username: "gone"}},
		{Group: &Group{ID: 1, Members: []UserID{1}}}, {Group: &Group{ID: 2, Members: []UserID{1}}}, {Removed: &Removed{"group", 2}}, {Removed: &Removed{"user", 2}},
		{Credential: &Credential{ID: 4, User: 1, TokenHash: Hash{1}}}, {Grants: &ProjectGrants{Project: 1, All: 10}}, {Setting: &Setting{"k", "v"}},
		{AccessHour: &AccessHour{Hour: 5, Reveals: []RevealCounter{{1, 3}}, Seen: []UserSeen{{1, Seen{2, 3}}}}}, {Lockout: &Lockout{"s", "x", 1, 9}},
		{Entry: &Entry{ID: 2, Project: 2, Name: "z", Updated: 5}}, {Entry: &Entry{ID: 1, Project: 1, Name: "y", Updated: 9}}, {Entry: &Entry{ID: 3, Project: 1, Trashed: Trash{At: 4}}},
		{Job: &Job{ID: 3, User: 1, Sealed: []byte("s")}}, {Job: &Job{ID: 2, User: 1, Done: 5, Location: "l"}},
		{File: &File{ID: 1, Entry: 1, Name: "f"}}, {File: &File{ID: 2, Project: 1, Trashed: Trash{At: 1}}},
	} {
		s.assign(&c)
	}
	s.heads = Heads{Head{3, Hash{1}}, Head{4, Hash{2}}}
	s.lockoutsLeft = 3
	s.Settle()
	image := s.Image()
	var parts []Part
	for _, p := range image.Parts {
		parts = append(parts, NewPart(p))
	}
	got := StateOf(image.Heads, parts, image.Rest)
	if v := reflect.ValueOf(s).Elem(); v.NumField() != 28 {
		t.Errorf("a state has %d members now: do images hold the new ones?", v.NumField())
	}
	for _, state := range []*State{s, got} {
		for _, list := range [][]*Row{state.orders.byUpdated, state.orders.byClient} {
			if len(list) != 2 || state.entries[list[0].ID] != list[0] || state.entries[list[1].ID] != list[1] {
				t.Fatalf("got order %v", list)
			}
		}
		state.attached = compacted(state.attached)
		state.memberships = compacted(state.memberships)
		state.children = compacted(state.children)
		state.orders.gone, state.orders.fresh = nil, nil
	}
	if !reflect.DeepEqual(got, s) {
		t.Errorf("got  %+v\nwant %+v", got, s)
	}
}

// TestAnImageKeepsTheOrders: lists of any length, with equal names and times among them, and entries without a client.
func TestAnImageKeepsTheOrders(t *testing.T) {
	for n := range 40 {
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		s := NewState()
		for _, p := range []Project{{ID: 1, Name: "b "}, {ID: 2, Name: "a"}, {ID: 3, Parent: 1, Name: "0"}} {
			s.assign(&Change{Project: &p})
		}
		for i := range n {
			e := Entry{ID: EntryID(i + 1), Project: ProjectID(rng.IntN(4)), Name: fmt.Sprint("É", rng.IntN(5), " "), Updated: Stamp(rng.IntN(5))}
			s.assign(&Change{Entry: &e})
		}
		s.Settle()
		image := s.Image()
		var parts []Part
		for p := range slices.Chunk(slices.Concat(image.Parts...), 3) {
			parts = append(parts, NewPart(p))
		}
		got := StateOf(image.Heads, parts, image.Rest)
		for name, lists := range map[string][2][]*Row{"updated": {s.orders.byUpdated, got.orders.byUpdated}, "client": {s.orders.byClient, got.orders.byClient}} {
			if !slices.EqualFunc(lists[0], lists[1], func(a, b *Row) bool { return a.ID == b.ID && a.order == b.order }) || len(lists[1]) != n {
				t.Errorf("%d entries by %s: got %v, want %v", n, name, lists[1], lists[0])
			}
		}
	}
}

// compacted leaves out empty lists, which say nothing.
func compacted[K comparable, V any](m map[K][]V) map[K][]V {
	out := map[K][]V{}
	for k, v := range m {
		if len(v) > 0 {
			out[k] = v
		}
	}
	return out
}
