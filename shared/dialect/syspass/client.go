package syspass

import (
	"slices"

	"tresor/shared/vault"
)

// clientObject is a client, in a search and by itself (syspass 3.10).
type clientObject struct {
	ID          *int64 `json:"id"` // null in the answer to create: the new id is itemId
	Name        string `json:"name"`
	Description string `json:"description"`
	Hash        string `json:"hash"` // always empty
	IsGlobal    int64  `json:"isGlobal"`
}

func newClientObject(p *vault.Project) clientObject {
	id := int64(p.ID)
	return clientObject{&id, p.Name, p.Notes, "", p.Global}
}

// isClient tells the clients among the projects: the roots that are nobody's personal folder.
func isClient(p *vault.Project) bool { return p.Parent == 0 && p.Owner == 0 }

func clientSearch(r *reading, s search) (result, error) { // syspass 3.11, over the clients that the caller may see
	clients := slices.DeleteFunc(r.Projects(), func(p *vault.Project) bool { return !isClient(p) })
	list, err := pick(s, clients, func(p *vault.Project) (string, string) { return p.Name, p.Notes })
	if err != nil {
		return result{}, err
	}
	rows := make([]clientObject, len(list))
	for i, p := range list {
		rows[i] = newClientObject(p)
	}
	return result{payload: rows, count: len(rows)}, nil
}

func (r *reading) client(id vault.ProjectID, message string) (result, error) {
	p, _, err := r.Project(id)
	if err != nil || !isClient(p) {
		return result{}, vault.NotFound
	}
	return itemResult(int64(id), newClientObject(p), message), nil
}

func clientView(r *reading, id vault.ProjectID) (result, error) { return r.client(id, "") }

func decodeClient(p params) (vault.Project, error) {
	c := vault.Project{Name: p.text("name"), Notes: p.text("description"), Global: p.integer("global")}
	return c, fitClient(c.Name, c.Notes)
}

func fitClient(name, description string) error {
	return fit(column{"name", name, maxClientName}, column{"description", description, maxDescription})
}

func clientCreate(w *writing, c vault.Project) (result, error) {
	if err := w.MayCreateProject(0); err != nil { // before the names are compared: who may not create learns none
		return result{}, err
	}
	if w.clientNamed(c.Name, 0) {
		return result{}, vault.Exists
	}
	id, err := w.CreateProject(c)
	return itemResult(int64(id), clientObject{Name: c.Name, Description: c.Notes, IsGlobal: c.Global}, "Client added"), err
}

// clientNamed reports whether a client other than except has the hash of a name (syspass 3.12); the vault refuses the same name.
func (w *writing) clientNamed(name string, except vault.ProjectID) bool {
	return slices.ContainsFunc(w.Children(0), func(other *vault.Project) bool {
		return other.ID != except && isClient(other) && normalised(other.Name) == normalised(name)
	})
}

func clientEdit(w *writing, i item) (result, error) {
	id := ref[vault.ProjectID](i.id)
	out := itemResult(i.id, clientObject{&i.id, i.name, i.description, "", i.global}, "Client updated")
	if _, err := w.view.client(id, ""); err != nil { // an UPDATE of no row is none that fails (syspass 3.12)
		if w.MayCreateProject(0) == nil && w.clientNamed(i.name, id) {
			return result{}, vault.Exists
		}
		return out, nil
	}
	err := w.EditProject(id, func(p *vault.Project) { p.Name, p.Notes, p.Global = i.name, i.description, i.global })
	switch {
	case err != nil:
		return result{}, err
	case w.clientNamed(i.name, id): // after the edit, which goes only to who may: others learn no names
		return result{}, vault.Exists
	}
	return out, fitClient(i.name, i.description)
}

func clientDelete(w *writing, id vault.ProjectID) (result, error) {
	out, err := w.view.client(id, "Client deleted")
	if err != nil {
		return result{}, err
	}
	return out, w.TrashProject(id)
}
