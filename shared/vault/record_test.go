package vault

import (
	"reflect"
	"testing"
)

// TestEveryKindOfChangeIsKnownEverywhere sets each member of Change in turn: a new one without its place in a switch fails here, and not
// by silence in a replica.
func TestEveryKindOfChangeIsKnownEverywhere(t *testing.T) {
	permissions := map[string]bool{"User": true, "Group": true, "Credential": true, "Grants": true, "Setting": true, "AccessHour": true, "Lockout": true, "Job": true, "Given": true}
	members := reflect.TypeFor[Change]()
	for i := range members.NumField() {
		name := members.Field(i).Name
		var c Change
		reflect.ValueOf(&c).Elem().Field(i).Set(reflect.New(members.Field(i).Type.Elem()))
		fill(&c)
		if want := permissions[name]; (c.table() == Permissions) != want {
			t.Errorf("%s belongs to the %s table", name, c.table())
		}
		if kind, _ := c.target(); kind == "none" {
			t.Errorf("%s has no target", name)
		}
		s := occupied()
		before := fingerprint(s)
		s.assign(&c)
		if fingerprint(s) == before {
			t.Errorf("%s changes nothing in a state", name)
		}
		if name == "AccessHour" { // not seen by anything in the Update that writes it
			continue
		}
		o := newOverlay(occupied())
		o.put(c)
		if reflect.DeepEqual(o, newOverlay(occupied())) {
			t.Errorf("%s changes nothing in an overlay", name)
		}
	}
}

// fill gives a change enough to show.
func fill(c *Change) {
	switch {
	case c.TrashBulk != nil:
		c.TrashBulk.Deltas, c.TrashBulk.Trashed = []uint64{1}, Trash{At: 1}
	case c.Removed != nil:
		c.Removed.Kind, c.Removed.ID = "tag", 1
	case c.Setting != nil:
		c.Setting.Key = "k"
	case c.AccessHour != nil:
		c.AccessHour.Hour = 5
	case c.Lockout != nil:
		c.Lockout.Until = 1
	case c.Entry != nil:
		c.Entry.ID = 2
	case c.Given != nil:
		c.Given.User = 2
	}
}

// occupied is a state with something to trash and something to remove.
func occupied() *State {
	s := NewState()
	s.setEntry(&Entry{ID: 1})
	s.setTag(&Tag{ID: 1, Name: "tag"})
	s.Settle()
	return s
}

func fingerprint(s *State) [18]int {
	living := 0
	for _, r := range s.entries {
		if !r.Trashed.Is() {
			living++
		}
	}
	return [18]int{int(s.last.User), len(s.files), len(s.entries), living, len(s.projects), len(s.categories), len(s.tags), len(s.favourites), len(s.users), len(s.groups),
		len(s.credentials), len(s.grants), len(s.settings), int(s.lastHour), len(s.reveals), len(s.lockouts), len(s.jobs)}
}

// TestAnUnknownChangeIsRefused is what an older program sees of a kind of change that a newer one wrote: it must not go on as if it were nothing (law 11).
func TestAnUnknownChangeIsRefused(t *testing.T) {
	s := occupied()
	before := fingerprint(s)
	err := s.Apply(&Record{Format: Format, Table: Entries, Seq: 1, Ops: []Op{{Changes: []Change{{Category: &Category{ID: 7}}, {}}}}}, Hash{1})
	if KindOf(err) != NewerFormat || fingerprint(s) != before {
		t.Errorf("got %v, %v after %v", err, fingerprint(s), before)
	}
}
