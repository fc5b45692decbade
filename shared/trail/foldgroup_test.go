package trail_test

import (
	"slices"
	"testing"

	"tresor/shared/trail"
	"tresor/shared/vault"
)

// TestWhoJoinedOrLeft: a change of members alone says whose it is, any other change of the group does not; and what one change does to several
// things is one row.
func TestWhoJoinedOrLeft(t *testing.T) {
	f := newFake()
	members := func(ids ...vault.UserID) []vault.UserID { return ids }
	steps := []struct {
		group   vault.Group
		event   trail.Event
		members []vault.UserID
	}{
		{vault.Group{ID: 1, Name: "a", Members: members(3)}, trail.GroupCreated, nil},
		{vault.Group{ID: 1, Name: "a", Members: members(3, 4)}, trail.GroupJoined, members(4)},
		{vault.Group{ID: 2, Name: "a"}, trail.GroupCreated, nil},
		{vault.Group{ID: 1, Name: "a", Members: members(4)}, trail.GroupLeft, members(3)},
		{vault.Group{ID: 1, Name: "a", Members: members(5)}, trail.GroupUpdated, members(5, 4)},
		{vault.Group{ID: 1, Name: "a", Members: members(5, 6, 7)}, trail.GroupUpdated, members(6, 7)},
		{vault.Group{ID: 1, Name: "b", Members: members(5, 6)}, trail.GroupUpdated, nil},
		{vault.Group{ID: 1, Name: "b", Description: "d", Members: members(5, 6, 8)}, trail.GroupUpdated, nil},
		{vault.Group{ID: 1, Name: "b", Description: "d", Members: members(5, 6, 8), Updated: 9}, trail.GroupUpdated, nil},
	}
	for i := range steps {
		f.write(vault.Permissions, base.Add(1e9*60), vault.Change{Group: &steps[i].group})
	}
	rows := everything(t, caughtUp(t, f), base)
	slices.Reverse(rows)
	for i, step := range steps {
		if r := rows[i]; r.Event != step.event || !slices.Equal(r.Members(), step.members) || r.Object != uint64(step.group.ID) {
			t.Errorf("step %d: event %d of %v, want %d of %v", i, r.Event, r.Members(), step.event, step.members)
		}
	}
}
