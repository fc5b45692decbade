package vault

import (
	"slices"
	"strings"
)

// CreateCategory makes a category. Which names may repeat is the dialect's to say. Errors: Forbidden.
func (t *Tx) CreateCategory(c Category) (CategoryID, error) {
	if !t.MayAdmin(WriteCategory, AdminTarget{}) {
		return 0, fail(Forbidden, "not allowed to create categories")
	}
	c.ID = t.o.lastNow.Category + 1
	t.put(Change{Category: &c})
	return c.ID, nil
}

// EnsureTags returns the ids of tags by name, making those that do not exist. Blank names are left out and repeated ones named once;
// names are unique ignoring case. Errors: Forbidden (a tag would have to be made, and the caller may not); Invalid for more than MaxTags.
func (t *Tx) EnsureTags(names []string) ([]TagID, error) {
	var ids []TagID
	for _, name := range names {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if len(ids) == MaxTags {
			return nil, fail(Invalid, "too many tags")
		}
		id, err := t.ensureTag(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (t *Tx) ensureTag(name string) (TagID, error) {
	if id := t.tagNamed(name); id != 0 {
		return id, nil
	}
	if !t.MayAdmin(WriteTag, AdminTarget{}) {
		return 0, fail(Forbidden, "not allowed to create tags")
	}
	tag := Tag{ID: t.o.lastNow.Tag + 1, Name: name}
	t.put(Change{Tag: &tag})
	return tag.ID, nil
}

// CreateUser makes a user. seal gets the new id and must return the sealed password hash (nil: no password login).
// Errors: Forbidden, Exists (the username), Invalid, BadReference (the main group).
func (t *Tx) CreateUser(u User, seal func(UserID, uint32) ([]byte, error)) (UserID, error) {
	switch {
	case !t.MayAdmin(WriteUser, AdminTarget{NewRole: u.Role}):
		return 0, fail(Forbidden, "not allowed to create this user")
	case u.Role < ReadOnly || u.Role > Admin:
		return 0, fail(Invalid, "no such role")
	case strings.TrimSpace(u.Username) == "":
		return 0, fail(Invalid, "a username is needed")
	case t.UserNamed(u.Username) != nil:
		return 0, fail(Exists, "the username is taken")
	case u.MainGroup != 0 && t.x.group(u.MainGroup) == nil:
		return 0, fail(BadReference, "no such group")
	}
	u.ID = t.o.lastNow.User + 1
	u.PasswordVersion = 1
	hash, err := seal(u.ID, u.PasswordVersion)
	if err != nil {
		return 0, err
	}
	u.Password = hash
	now := t.stamp()
	u.Created, u.CreatedBy, u.Updated, u.UpdatedBy = now, t.principal.id, now, t.principal.id
	t.put(Change{User: &u})
	return u.ID, nil
}

// EditUser changes a user's names, role, main group or flags; an edit that leaves all of them as they are changes nothing.
//
// Errors: NotFound; Forbidden, also for who would disable themselves; Exists; Invalid; BadReference; InUse for the last active Admin, who stays one.
func (t *Tx) EditUser(id UserID, edit func(*User)) error {
	old := t.x.user(id)
	if old == nil {
		return fail(NotFound, "no such user")
	}
	u := *old
	edit(&u)
	u.ID, u.Password, u.PasswordVersion, u.Created, u.CreatedBy = old.ID, old.Password, old.PasswordVersion, old.Created, old.CreatedBy
	taken := t.UserNamed(u.Username)
	switch {
	case !t.MayAdmin(WriteUser, AdminTarget{old.Role, u.Role}):
		return fail(Forbidden, "not allowed to change this user")
	case u.Disabled && !old.Disabled && id == t.principal.id:
		return fail(Forbidden, "nobody disables themselves")
	case u.Role < ReadOnly || u.Role > Admin:
		return fail(Invalid, "no such role")
	case strings.TrimSpace(u.Username) == "":
		return fail(Invalid, "a username is needed")
	case taken != nil && taken.ID != id:
		return fail(Exists, "the username is taken")
	case u.MainGroup != 0 && t.x.group(u.MainGroup) == nil:
		return fail(BadReference, "no such group")
	case old.isAdmin() && !u.isAdmin() && !t.otherAdmin(id):
		return fail(InUse, "the last Admin stays one")
	case u.sameAs(old):
		return nil
	}
	u.Updated, u.UpdatedBy = t.stamp(), t.principal.id
	t.put(Change{User: &u})
	return nil
}

// sameAs reports whether two states of a user are alike in all that EditUser may change.
func (u *User) sameAs(old *User) bool {
	return u.Username == old.Username && u.Name == old.Name && u.Email == old.Email && u.Role == old.Role && u.MainGroup == old.MainGroup &&
		u.Disabled == old.Disabled && u.APIOnly == old.APIOnly && u.MayCreateRoots == old.MayCreateRoots
}

func (u *User) isAdmin() bool { return u.Role == Admin && !u.Disabled }

// otherAdmin reports whether there is an active Admin beside a user.
func (t *Tx) otherAdmin(id UserID) bool {
	return slices.ContainsFunc(t.Users(), func(u *User) bool { return u.ID != id && u.isAdmin() })
}

// SetUserPassword replaces a user's password hash. seal is as for CreateUser. Errors: NotFound, Forbidden.
func (t *Tx) SetUserPassword(id UserID, seal func(UserID, uint32) ([]byte, error)) error {
	old := t.x.user(id)
	if old == nil {
		return fail(NotFound, "no such user")
	}
	if !t.MayAdmin(SetPassword, AdminTarget{Role: old.Role}) {
		return fail(Forbidden, "not allowed to set this user's password")
	}
	u := *old
	u.PasswordVersion++
	hash, err := seal(u.ID, u.PasswordVersion)
	if err != nil {
		return err
	}
	u.Password, u.Updated, u.UpdatedBy = hash, t.stamp(), t.principal.id
	t.put(Change{User: &u})
	return nil
}

// CreateGroup makes a group. Errors: Forbidden, BadReference (a member).
func (t *Tx) CreateGroup(g Group) (GroupID, error) {
	if !t.MayAdmin(WriteGroup, AdminTarget{}) {
		return 0, fail(Forbidden, "not allowed to create groups")
	}
	if err := t.checkMembers(&g); err != nil {
		return 0, err
	}
	now := t.stamp()
	g.ID = t.o.lastNow.Group + 1
	g.Created, g.CreatedBy, g.Updated, g.UpdatedBy = now, t.principal.id, now, t.principal.id
	t.put(Change{Group: &g})
	return g.ID, nil
}

// CreateCredential makes a credential for a user. sealKey gets the new id and must return the sealed private key (nil: none).
// Errors: Forbidden, BadReference (the user or a project), Invalid.
func (t *Tx) CreateCredential(c Credential, sealKey func(CredentialID) ([]byte, error)) (CredentialID, error) {
	u := t.x.user(c.User)
	if u == nil {
		return 0, fail(BadReference, "no such user")
	}
	if !t.MayAdmin(WriteCredential, AdminTarget{Role: u.Role}) {
		return 0, fail(Forbidden, "not allowed to create credentials")
	}
	for _, p := range c.Projects {
		if t.x.project(p) == nil {
			return 0, fail(BadReference, "no such project")
		}
	}
	if c.TokenHash.IsZero() {
		return 0, fail(Invalid, "a credential needs a token")
	}
	c.ID = t.o.lastNow.Credential + 1
	key, err := sealKey(c.ID)
	if err != nil {
		return 0, err
	}
	c.PrivateKey = key
	c.Created, c.CreatedBy = t.stamp(), t.principal.id
	t.put(Change{Credential: &c})
	return c.ID, nil
}

// RevokeCredential ends a credential; it holds from the next request on, everywhere. Errors: NotFound, Forbidden.
func (t *Tx) RevokeCredential(id CredentialID) error {
	old := t.x.credential(id)
	if old == nil {
		return fail(NotFound, "no such credential")
	}
	if !t.MayAdmin(WriteCredential, t.ownerOf(old)) {
		return fail(Forbidden, "not allowed to revoke credentials")
	}
	t.revoke(old)
	return nil
}

// ownerOf returns the user that an action on a credential is about; none where it was removed.
func (t *Tx) ownerOf(c *Credential) AdminTarget {
	if u := t.x.user(c.User); u != nil {
		return AdminTarget{Role: u.Role}
	}
	return AdminTarget{}
}

func (t *Tx) revoke(old *Credential) {
	if old.Revoked != 0 {
		return
	}
	c := *old
	c.Revoked = t.stamp()
	t.put(Change{Credential: &c})
}

// RefreshCredential gives a living credential new strings, of which fresh holds the hashes; everything else about it stays, and the old strings end at
// once (sysPass 2.1: refresh). sealKey is as for CreateCredential. Errors: NotFound (also: revoked), Forbidden, Invalid.
func (t *Tx) RefreshCredential(id CredentialID, fresh Credential, sealKey func(CredentialID) ([]byte, error)) error {
	old := t.x.credential(id)
	if old == nil || old.Revoked != 0 {
		return fail(NotFound, "no such credential")
	}
	if !t.MayAdmin(WriteCredential, t.ownerOf(old)) {
		return fail(Forbidden, "not allowed to refresh credentials")
	}
	if fresh.TokenHash.IsZero() {
		return fail(Invalid, "a credential needs a token")
	}
	key, err := sealKey(id)
	if err != nil {
		return err
	}
	c := *old
	c.TokenHash, c.PassHash, c.PrivateKey = fresh.TokenHash, fresh.PassHash, key
	t.put(Change{Credential: &c})
	return nil
}

// SetSetting sets one of the vault's settings. Errors: Forbidden; Invalid for a format that cannot be written (FormatSetting).
func (t *Tx) SetSetting(key, value string) error {
	if !t.MayAdmin(WriteSettings, AdminTarget{}) {
		return fail(Forbidden, "not allowed to change settings")
	}
	if key == FormatSetting {
		if err := t.raiseFormat(value); err != nil {
			return err
		}
	}
	t.put(Change{Setting: &Setting{key, value}})
	return nil
}

// CloseHour writes an hour of access records into the journal (law 18). Only for the operator. Exists: it, or a later one, is closed.
func (t *Tx) CloseHour(h AccessHour) error {
	switch last, any := t.NewestClosedHour(); {
	case !t.principal.operator:
		return fail(Forbidden, "not allowed to close hours")
	case any && h.Hour <= last:
		return fail(Exists, "the hour is closed")
	}
	t.put(Change{AccessHour: &h})
	return nil
}
