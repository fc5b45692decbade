package vault

import (
	"slices"
	"strings"
)

// User returns a user, active or not; nil if there is none.
func (r *Reader) User(id UserID) *User { return r.x.user(id) }

// FormerUser returns a user that was removed, to name who did something; nil if there is none.
func (r *Reader) FormerUser(id UserID) *User { return r.state.former[id] }

// Users returns every user, ascending by id. Callers of ListUsers see ids and names; the dialects keep the rest back.
func (r *Reader) Users() []*User {
	var now map[UserID]*User
	if o, ok := r.x.(*overlay); ok {
		now = o.usersNow
	}
	var list []*User
	each(r.state.users, now, func(u *User) bool { list = append(list, u); return true })
	return list
}

// UsersByName returns every user by name, then username.
func (r *Reader) UsersByName() []*User {
	return sortedBy(r.Users(), func(u *User) string { return SortKey(u.Name) + "\x00" + SortKey(u.Username) })
}

// UserNamed returns the user with a username, ignoring case; nil if there is none.
func (r *Reader) UserNamed(username string) *User {
	if o, ok := r.x.(*overlay); ok {
		for _, u := range o.usersNow {
			if u != nil && NameKey(u.Username) == NameKey(username) {
				return u
			}
		}
	}
	u := r.x.user(r.state.byUsername[NameKey(username)])
	if u == nil || NameKey(u.Username) != NameKey(username) { // renamed by this Update
		return nil
	}
	return u
}

// Group returns a group; nil if there is none.
func (r *Reader) Group(id GroupID) *Group { return r.x.group(id) }

// GroupsOf returns the groups that a user is a member of (not its main group), ascending by id.
func (r *Reader) GroupsOf(id UserID) []*Group {
	var list []*Group
	for _, g := range r.state.memberships[id] {
		if group := r.x.group(g); group != nil {
			list = append(list, group)
		}
	}
	return list
}

// Credentials returns every credential, ascending by id. Only for callers with WriteCredential.
func (r *Reader) Credentials() ([]*Credential, error) {
	if !r.MayAdmin(WriteCredential, AdminTarget{}) {
		return nil, fail(Forbidden, "not allowed to list credentials")
	}
	var list []*Credential
	each(r.state.credentials, nil, func(c *Credential) bool { list = append(list, c); return true })
	return list, nil
}

// Credential returns a credential; nil if there is none, or the caller may not know of it.
func (r *Reader) Credential(id CredentialID) *Credential {
	if !r.MayAdmin(WriteCredential, AdminTarget{}) {
		return nil
	}
	return r.x.credential(id)
}

// GroupsByName returns every group by name, members included. Errors: Forbidden.
func (r *Reader) GroupsByName() ([]*Group, error) {
	if !r.MayAdmin(ListGroups, AdminTarget{}) {
		return nil, fail(Forbidden, "not allowed to list groups")
	}
	return sortedBy(r.groups(), func(g *Group) string { return SortKey(g.Name) }), nil
}

// sortedBy sorts a list by a key, which is made once for each: making it is most of the work. Equal ones stay in their order.
func sortedBy[T any](list []T, key func(T) string) []T {
	type keyed struct {
		key string
		of  T
	}
	all := make([]keyed, len(list))
	for i, x := range list {
		all[i] = keyed{key(x), x}
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	for i := range all {
		list[i] = all[i].of
	}
	return list
}

// groups returns every group, ascending by id.
func (r *Reader) groups() []*Group {
	var now map[GroupID]*Group
	if o, ok := r.x.(*overlay); ok {
		now = o.groupsNow
	}
	var list []*Group
	each(r.state.groups, now, func(g *Group) bool { list = append(list, g); return true })
	return list
}
