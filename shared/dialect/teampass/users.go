package teampass

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// Limits of a user's fields, in characters (teampass 7).
const (
	maxUsername = 50
	maxName     = 100 // of each of the two
	maxUserMail = 300
	maxRoles    = 10_000 // the titles of all roles
	maxUserPass = 1_000
)

// user is what add/user and update/user take.
type user struct {
	vault.User
	password vault.Secret
	roles    string // titles, as they came
	personal bool   // a personal folder is asked for
}

// parseUser reads LOGIN;NAME;LASTNAME;PASSWORD;EMAIL;ADMINISTRATED_BY;READ_ONLY;ROLE1,ROLE2;IS_ADMIN;IS_MANAGER;PERSONAL_FOLDER (teampass 5.14). Who
// administrates the user is not kept: rights over users come with roles here.
func parseUser(a argument) (user, error) {
	f := a.joined()
	switch {
	case len(f) != 11:
		return user{}, faultUserDefinition
	case !areTexts(f):
		return user{}, faultParameters
	case strings.TrimSpace(f[0]) == "":
		return user{}, faultUserLogin
	}
	u := user{password: vault.NewSecret(f[3]), roles: f[7], personal: toInt(f[10]) != 0}
	u.User = vault.User{Username: f[0], Name: strings.TrimSpace(f[1] + " " + f[2]), Email: f[4], Role: roleOf(toInt(f[6]) != 0, toInt(f[8]) != 0, toInt(f[9]) != 0)}
	if longer(f[0], maxUsername) || longer(f[1], maxName) || longer(f[2], maxName) || longer(u.Email, maxUserMail) || longer(f[7], maxRoles) || longer(f[3], maxUserPass) || f[3] == "" {
		return user{}, faultParameters
	}
	return u, nil
}

// roleOf maps the original's flags: the one that gives least counts.
func roleOf(readOnly, admin, manager bool) vault.Role {
	switch {
	case readOnly:
		return vault.ReadOnly
	case admin:
		return vault.Admin
	case manager:
		return vault.ProjectManager
	}
	return vault.NormalUser
}

// hashed makes the endpoint of a call that writes a user. The password is hashed before the Update, and only for who may write it: hashing is slow on
// purpose.
func hashed(fn func(t *vault.Tx, u user, seal func(vault.UserID, uint32) ([]byte, error)) (answer, error)) endpoint {
	return endpoint{needs: true, serve: func(ctx context.Context, a *api, req vault.Request, arg argument) (answer, error) {
		u, malformed := parseUser(arg)
		_, err := vault.View(ctx, a.vault, req, func(r *vault.Reader) (struct{}, error) {
			if !r.MayAdmin(vault.WriteUser, vault.AdminTarget{NewRole: u.Role}) {
				return struct{}{}, vault.Forbidden
			}
			return struct{}{}, malformed
		})
		if err != nil {
			return nil, err
		}
		hash, err := auth.HashPassword(ctx, u.password.Reveal())
		if err != nil {
			return nil, err
		}
		return vault.Update(ctx, a.vault, req, func(t *vault.Tx) (answer, error) { return fn(t, u, auth.SealHash(a.auth.Sealer(), hash)) })
	}}
}

// addUser makes a user. Logins are compared whole, where the original looked for a part of one (teampass 9); nothing is mailed.
func addUser(t *vault.Tx, u user, seal func(vault.UserID, uint32) ([]byte, error)) (answer, error) {
	id, err := t.CreateUser(u.User, seal)
	if errors.Is(err, vault.Exists) {
		return nil, faultUserExists
	}
	if err == nil {
		err = u.settle(t, id)
	}
	return answer(`{"status":"user added"}`), err
}

// updateUser rewrites all of a user, the password included (teampass 5.15).
func updateUser(t *vault.Tx, u user, seal func(vault.UserID, uint32) ([]byte, error)) (answer, error) {
	old := t.UserNamed(u.Username)
	if old == nil {
		return nil, faultNoUser
	}
	// Before the user is another: what may be done depends on what it is now.
	if err := t.SetUserPassword(old.ID, seal); err != nil {
		return nil, err
	}
	err := t.EditUser(old.ID, func(now *vault.User) {
		role := u.Role
		if now.Role == vault.IT && (role == vault.NormalUser || role == vault.ProjectManager) { // no flag stands for IT, which is more than both
			role = vault.IT
		}
		now.Username, now.Name, now.Email, now.Role = u.Username, u.Name, u.Email, role
	})
	if err == nil {
		err = u.settle(t, old.ID)
	}
	return answer(`{"status":"user edited"}`), err
}

// settle puts the user into the groups that its roles name, and no other, and makes its personal folder, titled with its id, if it is asked for.
// Titles that no role has are passed over (teampass 5.14).
func (u *user) settle(t *vault.Tx, id vault.UserID) error {
	groups, err := t.GroupsByName()
	if err != nil {
		return err
	}
	titles := roleTitles(u.roles, groups)
	for _, g := range groups {
		in := slices.ContainsFunc(titles, func(title string) bool { return vault.EqualFold(title, g.Name) })
		if in == slices.Contains(g.Members, id) {
			continue
		}
		err := t.EditGroup(g.ID, func(now *vault.Group) {
			now.Members = slices.DeleteFunc(now.Members, func(m vault.UserID) bool { return m == id })
			if in {
				now.Members = append(now.Members, id)
			}
		})
		if err != nil {
			return err
		}
	}
	if u.personal && t.PersonalRoot(id) == nil {
		_, err = t.CreatePersonalRoot(id, number(id))
	}
	return err
}

// roleTitles takes the titles of roles apart. The original takes URL encoding off once more, below the base64 (teampass 2); here a title that a role has as it stands is that role's.
func roleTitles(list string, groups []*vault.Group) (titles []string) {
	for _, title := range strings.Split(list, ",") {
		decoded, err := url.QueryUnescape(title)
		if err != nil || slices.ContainsFunc(groups, func(g *vault.Group) bool { return vault.EqualFold(title, g.Name) }) {
			decoded = title
		}
		titles = append(titles, strings.Split(decoded, ",")...)
	}
	return titles
}

// parseLogin reads the one user that a call is about.
func parseLogin(a argument) (string, error) { return a.first(), nil }

// asUser tells that a user was not found, where that is what was not found.
func asUser(err error) error {
	if errors.Is(err, vault.NotFound) {
		return faultNoUser
	}
	return err
}

// userfolders answers the shared folders that a user may read or more, as far as the key may see them (teampass 5.5).
func userfolders(r *vault.Reader, username string) (answer, error) {
	rights, err := r.RightsOf(username)
	if err != nil {
		return nil, asUser(err)
	}
	var list []object
	for _, n := range byFolderID(tree(r)) {
		level := rights.Project(n.ID).Level
		if n.Owner != 0 || level < vault.ProjectRead {
			continue
		}
		list = append(list, object{
			{"id", number(n.ID)}, {"title", n.Name}, {"level", number(n.level)}, {"parent_id", number(n.parent)}, {"access_type", accessType(level)},
		})
	}
	return keyed(list)
}

// accessType names a level on a folder in the original's terms (teampass 5.5): W manages, ND edits, NDNE adds, R reads.
func accessType(level vault.ProjectLevel) string {
	switch {
	case level >= vault.ProjectManage:
		return "W"
	case level >= vault.ProjectEdit:
		return "ND"
	case level >= vault.ProjectCreate:
		return "NDNE"
	}
	return "R"
}
