package trail

import (
	"slices"

	"tresor/shared/vault"
)

// group tells who joined or left a group from its other changes. One who did has an event of its own.
func (f *fold) group(g *vault.Group) meaning {
	old := f.groups[g.ID]
	f.groups[g.ID] = g // what is in a record is never changed
	m := meaning{event: f.event(kindGroup, uint64(g.ID), false, GroupCreated), object: uint64(g.ID), weight: 8}
	if old == nil || old.Name != g.Name || old.Description != g.Description {
		return m
	}
	joined, left := without(g.Members, old.Members), without(old.Members, g.Members)
	switch {
	case len(joined) == 1 && len(left) == 0:
		m.event = GroupJoined
	case len(joined) == 0 && len(left) == 1:
		m.event = GroupLeft
	}
	m.members = append(joined, left...)
	return m
}

// without returns the users that are not in another list, which is ascending.
func without(users, others []vault.UserID) (rest []vault.UserID) {
	for _, u := range users {
		if _, found := slices.BinarySearch(others, u); !found {
			rest = append(rest, u)
		}
	}
	return rest
}
