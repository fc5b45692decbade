package syspass

import (
	"errors"
	"iter"
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

func clientSearch(r *reading, s search) (result, error) { // syspass 3.11, over the clients that the caller may see
	clients := slices.DeleteFunc(r.Projects(), func(p *vault.Project) bool { return !p.IsClient() })
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
	if err != nil || !p.IsClient() {
		return result{}, vault.NotFound
	}
	return itemResult(int64(id), newClientObject(p), message), nil
}

func clientView(r *reading, id vault.ProjectID) (result, error) { return r.client(id, "") }

func clientCreate(w *writing, i item) (result, error) {
	if err := i.free(w.clientsBut(0)); err != nil {
		return result{}, err
	}
	id, err := w.CreateProject(vault.Project{Name: i.name, Notes: i.description, Global: i.global})
	return itemResult(int64(id), clientObject{Name: i.name, Description: i.description, IsGlobal: i.global}, "Client added"), err
}

func (w *writing) clientsBut(id vault.ProjectID) iter.Seq[string] {
	clients := slices.DeleteFunc(w.Children(0), func(p *vault.Project) bool { return !p.IsClient() })
	return except(clients, id, func(p *vault.Project) (vault.ProjectID, string) { return p.ID, p.Name })
}

func clientEdit(w *writing, i item) (result, error) {
	id := ref[vault.ProjectID](i.id)
	out := itemResult(i.id, clientObject{&i.id, i.name, i.description, "", i.global}, "Client updated")
	if _, err := w.view.client(id, ""); err != nil { // an UPDATE of no row is none that fails (syspass 3.12)
		if w.MayCreateRoots() && errors.Is(i.free(w.clientsBut(id)), vault.Exists) { // to others no names are told
			return result{}, vault.Exists
		}
		return out, nil
	}
	err := w.EditProject(id, func(p *vault.Project) {
		if i.unfit == nil { // what does not fit is refused below
			p.Name, p.Notes, p.Global = i.name, i.description, i.global
		}
	})
	if err != nil {
		return result{}, err
	}
	return out, i.free(w.clientsBut(id)) // after the edit, which goes only to who may: others learn no names
}

func clientDelete(w *writing, id vault.ProjectID) (result, error) {
	out, err := w.view.client(id, "Client deleted")
	if err != nil {
		return result{}, err
	}
	return out, w.TrashProject(id)
}
