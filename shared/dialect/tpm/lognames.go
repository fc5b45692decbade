package tpm

import (
	"fmt"

	"tresor/shared/trail"
	"tresor/shared/vault"
)

// logObject is a thing that a row is about and that has no member of its own.
type logObject struct {
	kind string
	id   uint64
}

// objectOf returns the object of a row; the zero value for none.
func objectOf(row *trail.Row) logObject {
	switch row.Event {
	case trail.UserCreated, trail.UserUpdated, trail.UserPassword, trail.UserActivated, trail.UserDeactivated, trail.UserDeleted:
		return logObject{"user", row.Object}
	case trail.GroupCreated, trail.GroupUpdated, trail.GroupDeleted, trail.GroupJoined, trail.GroupLeft:
		return logObject{"group", row.Object}
	case trail.CategoryCreated, trail.CategoryUpdated, trail.CategoryDeleted:
		return logObject{"category", row.Object}
	case trail.TagCreated, trail.TagUpdated, trail.TagDeleted:
		return logObject{"tag", row.Object}
	case trail.CredentialCreated, trail.CredentialUpdated, trail.CredentialRevoked:
		return logObject{"api key", row.Object}
	case trail.FileAdded, trail.FileUpdated, trail.FileDeleted, trail.FileDownloaded:
		return logObject{fileKind, row.Object}
	default:
		return logObject{}
	}
}

const fileKind = "file"

// logWanted are the things whose names are wanted.
type logWanted struct {
	users    map[vault.UserID]bool
	entries  map[vault.EntryID]bool
	projects map[vault.ProjectID]bool
	objects  map[logObject]bool
}

func newLogWanted() *logWanted {
	return &logWanted{map[vault.UserID]bool{}, map[vault.EntryID]bool{}, map[vault.ProjectID]bool{}, map[logObject]bool{}}
}

func (w *logWanted) add(row *trail.Row) {
	w.users[row.Context.Actor] = true
	row.AnyEntry(func(id vault.EntryID) bool { w.entries[id] = true; return false })
	if row.Project != 0 {
		w.projects[row.Project] = true
	}
	if o := objectOf(row); o != (logObject{}) {
		w.objects[o] = true
	}
	for _, id := range row.Members() {
		w.objects[logObject{"user", uint64(id)}] = true
	}
}

// loggedUser is a user as the log names it. Searches know the username too.
type loggedUser struct {
	related  logRelated
	username string
}

// loggedEntry is a password as the log names it, and the project it is in now.
type loggedEntry struct {
	related logRelated
	project vault.ProjectID
}

// logNames are the names of what was wanted. What is hidden from the caller has none.
type logNames struct {
	users    map[vault.UserID]loggedUser
	entries  map[vault.EntryID]loggedEntry
	projects map[vault.ProjectID]logRelated
	objects  map[logObject]string // "user 3|nora"

	fileProjects map[vault.FileID]vault.ProjectID // of files of projects

	texts logTexts
}

// resolve is the second look at the vault: it looks up names and nothing else. It may run more than once, and leaves what is wanted as it is.
func (w *logWanted) resolve(r *vault.Reader) (*logNames, error) {
	names, err := r.LogNames()
	if err != nil {
		return nil, err
	}
	out := &logNames{users: map[vault.UserID]loggedUser{}, entries: map[vault.EntryID]loggedEntry{}, projects: map[vault.ProjectID]logRelated{}, objects: map[logObject]string{}, fileProjects: map[vault.FileID]vault.ProjectID{}}
	for id := range w.users {
		out.users[id] = userNamed(names, id)
	}
	for id := range w.entries {
		name, deleted := names.Entry(id)
		project := names.ProjectOf(id)
		out.entries[id] = loggedEntry{logRelated{uint64(id), name, deleted}, project}
		out.addProject(names, project)
	}
	for o := range w.objects {
		if project := names.FileProject(vault.FileID(o.id)); o.kind == fileKind && project != 0 {
			out.fileProjects[vault.FileID(o.id)] = project
			w.projects[project] = true
		}
	}
	for id := range w.projects {
		out.addProject(names, id)
	}
	for o := range w.objects {
		out.objects[o] = o.text(names)
	}
	return out, nil
}

func (n *logNames) addProject(names *vault.LogNames, id vault.ProjectID) {
	if _, known := n.projects[id]; known || id == 0 {
		return
	}
	name, deleted := names.Project(id)
	n.projects[id] = logRelated{uint64(id), name, deleted}
}

// userNamed names a user; what an operator or tresor itself did is user 0's.
func userNamed(names *vault.LogNames, id vault.UserID) loggedUser {
	if id == 0 {
		return loggedUser{related: logRelated{0, "operator", false}}
	}
	name, username, deleted := names.User(id)
	if name == "" {
		name = username
	}
	return loggedUser{logRelated{uint64(id), name, deleted}, username}
}

// text names an object as it is called now.
func (o logObject) text(names *vault.LogNames) string {
	name := ""
	switch o.kind {
	case "user":
		name = userNamed(names, vault.UserID(o.id)).related.Name
	case "group":
		name = names.Group(vault.GroupID(o.id))
	case "category":
		name = names.Category(vault.CategoryID(o.id))
	case fileKind:
		name = names.File(vault.FileID(o.id))
	case "tag":
		name = names.Tag(vault.TagID(o.id))
	default:
		return fmt.Sprintf("%s %d", o.kind, o.id)
	}
	return fmt.Sprintf("%s %d|%s", o.kind, o.id, shownName(name))
}
