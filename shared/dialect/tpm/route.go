package tpm

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tresor/shared/vault"
)

// endpoint is one call.
type endpoint struct {
	action vault.Action
	run    func(*vault.Vault, *call) (reply, error)
}

// route is a path and what can be done with it. In a path, the segment ID is a number and STR the rest of the path, a search string.
type route struct {
	part  Part
	path  string
	list  bool // has /count and /page/N
	calls calls
}

// calls are what a path offers, by HTTP method.
type calls map[string]endpoint

var routes = []route{ // the API on one screen
	{Passwords, "passwords", true, calls{"GET": passwordList("passwords/list", activePasswords), "POST": create("passwords/create", decodeNewPassword, createPassword)}},
	{Passwords, "passwords/all", true, calls{"GET": passwordList("passwords/all", allPasswords)}},
	{Passwords, "passwords/archived", true, calls{"GET": passwordList("passwords/archived", archivedPasswords)}},
	{Passwords, "passwords/favorite", true, calls{"GET": passwordList("passwords/favorite", favoritePasswords)}},
	{Passwords, "passwords/search/STR", true, calls{"GET": passwordList("passwords/search", searchPasswords)}},
	{Passwords, "passwords/ID", false, calls{"GET": reveal("passwords/show", showPassword), "PUT": change("passwords/update", decodePasswordChange, updatePassword), "DELETE": act("passwords/delete", deletePassword)}},
	{Passwords, "passwords/ID/security", false, calls{"GET": show("passwords/security", passwordSecurity), "PUT": change("passwords/security/update", decodePasswordSecurity, setPasswordSecurity).inV3(change("passwords/security/update", decodeFlatChange, setFlatPassword))}},
	{Passwords, "passwords/ID/custom_fields", false, calls{"PUT": uncover("passwords/custom_fields", decodeDefinitions, definePasswordFields)}},
	{Passwords, "passwords/ID/move", false, calls{"PUT": change("passwords/move", decodeTarget, movePassword)}},
	{Passwords, "passwords/ID/copy", false, calls{"POST": derive("passwords/copy", decodeTarget, copyPassword)}},
	{Passwords, "passwords/ID/duplicate", false, calls{"POST": derive("passwords/duplicate", decodeNewName, duplicatePassword)}},
	{Passwords, "passwords/ID/archive", false, calls{"PUT": act("passwords/archive", archivePassword)}},
	{Passwords, "passwords/ID/unarchive", false, calls{"PUT": act("passwords/unarchive", unarchivePassword)}},
	{Passwords, "passwords/ID/lock", false, calls{"PUT": act("passwords/lock", lockPassword)}},
	{Passwords, "passwords/ID/unlock", false, calls{"PUT": act("passwords/unlock", unlockPassword)}},
	{Passwords, "passwords/ID/files", true, calls{"GET": list("passwords/files", passwordFiles)}},
	{Passwords, "passwords/ID/upload", false, calls{"POST": uploading("passwords/upload", nil, passwordHolder)}},
	{Passwords, "favorite_passwords", true, calls{"GET": passwordList("favorite_passwords/list", favoritePasswords)}},
	{Passwords, "favorite_passwords/ID", false, calls{"POST": act("favorite_passwords/add", markPassword), "DELETE": act("favorite_passwords/delete", unmarkPassword)}},
	{Passwords, "favorite_password/ID", false, calls{"POST": act("favorite_passwords/add", markPassword), "DELETE": act("favorite_passwords/delete", unmarkPassword)}}, // tpm.py, up to v5 (tpm 7.5)

	{MyPasswords, "my_passwords", true, calls{"GET": myPasswordList("my_passwords/list", activeMyPasswords), "POST": ownCreate("my_passwords/create", decodeNewMyPassword, createMyPassword)}},
	{MyPasswords, "my_passwords/archived", true, calls{"GET": myPasswordList("my_passwords/archived", archivedMyPasswords)}},
	{MyPasswords, "my_passwords/favorite", true, calls{"GET": myPasswordList("my_passwords/favorite", favoritePasswords)}},
	{MyPasswords, "my_passwords/search/STR", true, calls{"GET": myPasswordList("my_passwords/search", searchMyPasswords)}},
	{MyPasswords, "my_passwords/ID", false, calls{"GET": reveal("my_passwords/show", showMyPassword), "PUT": ownChange("my_passwords/update", decodeMyPasswordChange, updateMyPassword), "DELETE": ownAct("my_passwords/delete", deleteMyPassword)}},
	{MyPasswords, "my_passwords/ID/custom_fields", false, calls{"PUT": ownUncover("my_passwords/custom_fields", decodeDefinitions, defineMyPassword)}},
	{MyPasswords, "my_passwords/ID/move", false, calls{"PUT": ownDerive("my_passwords/move", decodeTarget, moveMyPassword)}},
	{MyPasswords, "my_passwords/ID/copy", false, calls{"POST": ownDerive("my_passwords/copy", decodeTarget, copyMyPassword)}},
	{MyPasswords, "my_passwords/ID/duplicate", false, calls{"POST": ownDerive("my_passwords/duplicate", decodeNewName, duplicateMyPassword)}},
	{MyPasswords, "my_passwords/ID/archive", false, calls{"PUT": ownAct("my_passwords/archive", archiveMyPassword)}},
	{MyPasswords, "my_passwords/ID/unarchive", false, calls{"PUT": ownAct("my_passwords/unarchive", unarchiveMyPassword)}},
	{MyPasswords, "my_passwords/ID/files", true, calls{"GET": list("my_passwords/files", myPasswordFiles)}},
	{MyPasswords, "my_passwords/ID/upload", false, calls{"POST": uploading("my_passwords/upload", mayHaveOwn, myPasswordHolder)}},
	{MyPasswords, "favorite_my_passwords", true, calls{"GET": myPasswordList("my_passwords/favorite", favoritePasswords)}},
	{MyPasswords, "favorite_my_passwords/ID", false, favoriteMyPassword},
	{MyPasswords, "favorite_my_password/ID", false, favoriteMyPassword}, // clients before v6 write it so (tpm 7.5)

	{Projects, "projects", true, calls{"GET": projectList("projects/list", activeProjects), "POST": create("projects/create", decodeProject, createProject).inV3(create("projects/create", decodeProjectV3, createProjectV3))}},
	{Projects, "projects/all", true, calls{"GET": projectList("projects/all", allProjects)}},
	{Projects, "projects/archived", true, calls{"GET": projectList("projects/archived", archivedProjects)}},
	{Projects, "projects/favorite", true, calls{"GET": projectList("projects/favorite", favoriteProjects)}},
	{Projects, "projects/search/STR", true, calls{"GET": projectList("projects/search", searchProjects)}},
	{Projects, "projects/ID", false, calls{"GET": show("projects/show", showProject), "PUT": change("projects/update", decodeProjectChange, updateProject).inV3(change("projects/update", decodeProjectChangeV3, updateProjectV3)), "DELETE": act("projects/delete", deleteProject)}},
	{Projects, "projects/ID/security", false, calls{"GET": show("projects/security", showProjectSecurity), "PUT": change("projects/security/update", decodeProjectSecurity, setProjectSecurity).inV3(change("projects/security/update", decodeFlatProject, setFlatProject))}},
	{Projects, "projects/ID/change_parent", false, calls{"PUT": change("projects/change_parent", decodeParent, changeParent)}},
	{Projects, "projects/ID/archive", false, calls{"PUT": act("projects/archive", setProjectArchived(true))}},
	{Projects, "projects/ID/unarchive", false, calls{"PUT": act("projects/unarchive", setProjectArchived(false))}},
	{Projects, "projects/ID/subprojects", false, calls{"GET": show("projects/subprojects", subprojects(false))}},
	{Projects, "projects/ID/subprojects/new_pwd", false, calls{"GET": show("projects/subprojects_new_pwd", subprojects(true))}},
	{Projects, "projects/ID/passwords", true, calls{"GET": projectPasswords("projects/passwords")}},
	{Projects, "projects/ID/files", true, calls{"GET": projectFiles("projects/files")}},
	{Projects, "projects/ID/upload", false, calls{"POST": uploading("projects/upload", nil, projectHolder)}},
	{Projects, "favorite_projects", true, calls{"GET": projectList("favorite_projects/list", favoriteProjects)}},
	{Projects, "favorite_projects/ID", false, calls{"POST": act("favorite_projects/add", markProject(true)), "DELETE": act("favorite_projects/delete", markProject(false))}},
	{Projects, "favorite_project/ID", false, calls{"POST": act("favorite_projects/add", markProject(true)), "DELETE": act("favorite_projects/delete", markProject(false))}}, // tpm.py's name (tpm 7.5)

	{Users, "users", true, calls{"GET": userList("users/list", everyUser), "POST": createUser("users/create")}},
	{Users, "users/search/STR", true, calls{"GET": userList("users/search", searchUsers)}},
	{Users, "users_ldap", false, calls{"POST": act("users/create_ldap", refuseCreate(errNoLDAP))}},
	{Users, "users_saml", false, calls{"POST": act("users/create_saml", refuseCreate(errNoSAML))}},
	{Users, "users/ID", false, calls{"GET": show("users/show", showUser), "PUT": changeUser("users/update"), "DELETE": onUser("users/delete", deleteUser)}},
	{Users, "users/ID/change_password", false, calls{"PUT": changeUserPassword("users/change_password")}},
	{Users, "users/ID/activate", false, calls{"PUT": onUser("users/activate", setUserActive(true))}},
	{Users, "users/ID/deactivate", false, calls{"PUT": onUser("users/deactivate", setUserActive(false))}},
	{Users, "users/ID/convert_to_ldap", false, calls{"PUT": onUser("users/convert_to_ldap", refuseUser(errNoLDAP))}},
	{Users, "users/ID/convert_to_saml", false, calls{"PUT": onUser("users/convert_to_saml", refuseUser(errNoSAML))}},
	{Users, "users/ID/convert_to_normal", false, calls{"PUT": onUser("users/convert_to_normal", refuseUser(errNormalAlready))}},
	{Users, "users/ID/passwords", true, calls{"GET": list("users/passwords", userPasswords)}},
	{Users, "users/ID/projects", true, calls{"GET": list("users/projects", userProjects)}},
	{Users, "users/me", false, calls{"GET": show("users/me", showMe)}},
	{Log, "log", true, calls{"GET": logList("log/list", false)}},
	{Log, "log/search/STR", true, calls{"GET": logList("log/search", true)}},

	{Version, "version", false, calls{"GET": show("version", showVersion)}},
	{Version, "version/check_latest", false, calls{"GET": show("version/check_latest", checkLatest)}},
	{Version, "generate_password", false, calls{"GET": generatePassword("generate_password")}},

	{Groups, "groups", true, calls{"GET": list("groups/list", groupList), "POST": create("groups/create", decodeGroup, createGroup)}},
	{Groups, "groups/ID", false, calls{"GET": show("groups/show", showGroup), "PUT": change("groups/update", decodeGroup, renameGroup), "DELETE": act("groups/delete", deleteGroup)}},
	{Groups, "groups/ID/add_user/ID", false, calls{"PUT": membership("groups/add_user", true)}},
	{Groups, "groups/ID/delete_user/ID", false, calls{"PUT": membership("groups/delete_user", false)}},

	{Files, "files/ID", false, calls{"GET": show("files/show", showFile), "PUT": change("files/update", decodeFileNotes, setFileNotes), "DELETE": act("files/delete", deleteFile)}},
	{Files, "files/download/ID", false, calls{"GET": download("files/download")}},
	{Files, "files/max_upload_file_size", false, calls{"GET": show("files/max_upload_file_size", showUploadLimit)}},
	{Files, "files/uploads_folder_info", false, calls{"GET": show("files/uploads_folder_info", showUploadsFolder)}},
}

// Actions lists every call, by name, for credentials that are narrowed to some. Paths that do the same share one.
func Actions() []vault.Action {
	var list []vault.Action
	for _, r := range routes {
		for _, e := range r.calls {
			list = append(list, e.action)
		}
	}
	slices.SortFunc(list, func(a, b vault.Action) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(list) // another spelling of a path has the same action
}

// find routes a call by the form of the path that counts, and fills in what the path says.
func (a *api) find(c *call, f form) (endpoint, error) {
	version, segments, err := split(f)
	if err != nil {
		return endpoint{}, err
	}
	c.version, c.page = version, 1
	rt, err := a.match(c, f, segments)
	if err != nil {
		return endpoint{}, err
	}
	e, ok := rt.calls[c.r.Method]
	switch {
	case (c.count || c.paged) && c.r.Method != http.MethodGet:
		return endpoint{}, &methodError{http.MethodGet}
	case !ok:
		return endpoint{}, &methodError{rt.allowed()}
	}
	return e, nil
}

// match tries the last segments as a page or a count before it takes them for a name: passwords/count is a count, but passwords/search/count
// a search for "count", since a list must be left when they are gone.
func (a *api) match(c *call, f form, segments []string) (*route, error) {
	n := len(segments)
	if n > 2 && segments[n-2] == "page" {
		if page, ok := pageNumber(segments[n-1]); ok {
			if rt, err := a.lookUp(c, f, segments[:n-2], true); rt != nil || err != nil {
				if page == 0 && err == nil {
					return nil, errNoRoute
				}
				c.page, c.paged = page, true
				return rt, err
			}
		}
	}
	if n > 1 && segments[n-1] == "count" {
		if rt, err := a.lookUp(c, f, segments[:n-1], true); rt != nil || err != nil {
			c.count = true
			return rt, err
		}
	}
	rt, err := a.lookUp(c, f, segments, false)
	if rt == nil && err == nil {
		err = errNoRoute
	}
	return rt, err
}

func (a *api) lookUp(c *call, f form, segments []string, list bool) (*route, error) {
	path := strings.Join(segments, "/")
	for i := range routes {
		rt := &routes[i]
		if !a.serves(rt.part) || list && !rt.list {
			continue
		}
		if before, isSearch := strings.CutSuffix(rt.path, "STR"); isSearch {
			// A raw slash in the search string is not split on: clients that follow a Link send the string decoded (tpm 2.3).
			if rest, ok := strings.CutPrefix(path, before); ok {
				text, err := f.unescape(rest)
				c.search, c.list = text, before+text
				return rt, err
			}
		} else if ids, ok := matches(rt.path, segments); ok {
			c.id, c.second, c.list = ids[0], ids[1], path
			return rt, nil
		}
	}
	return nil, nil
}

// matches compares a route's path with a call's, and returns the numbers in the places of ID, of which there are two at most.
func matches(pattern string, segments []string) (ids [2]uint64, ok bool) {
	parts := strings.Split(pattern, "/")
	if len(parts) != len(segments) {
		return ids, false
	}
	found := 0
	for i, part := range parts {
		if part == "ID" {
			n, err := strconv.ParseUint(segments[i], 10, 63)
			if err != nil {
				return ids, false
			}
			ids[found] = n
			found++
		} else if part != segments[i] {
			return ids, false
		}
	}
	return ids, true
}

// pageNumber reads a page number. One that no list can have is far beyond the last.
func pageNumber(s string) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		n = 1<<31 - 1
	}
	return int(n), true
}

func (rt *route) allowed() string {
	var methods []string
	for m := range rt.calls {
		methods = append(methods, m)
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// methodError is a path that exists, called by a method that it does not have.
type methodError struct{ allow string }

// Error says so.
func (*methodError) Error() string { return "The method is not allowed here." }
