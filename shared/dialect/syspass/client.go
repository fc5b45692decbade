package syspass

import (
	"slices"

	"tresor/shared/vault"
)

// clientObject is a client, in a search and by itself (syspass 3.10).
type clientObject struct {
	ID          *uint64 `json:"id"` // null in the answer to create: the new id is itemId
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Hash        string  `json:"hash"` // always empty
	IsGlobal    int64   `json:"isGlobal"`
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
		id := uint64(p.ID)
		rows[i] = clientObject{&id, p.Name, p.Notes, "", p.Global}
	}
	return result{payload: rows, count: len(rows)}, nil
}

func decodeClient(p params) (vault.Project, error) {
	c := vault.Project{Name: p.text("name"), Notes: p.text("description"), Global: p.integer("global")}
	return c, fit(column{"name", c.Name, maxClientName}, column{"description", c.Notes, maxDescription})
}

func clientCreate(w *writing, c vault.Project) (result, error) { // syspass 3.12: the same hash; the vault refuses the same name
	if err := w.MayCreateProject(0); err != nil { // before the names are compared: who may not create learns none
		return result{}, err
	}
	same := func(other *vault.Project) bool {
		return isClient(other) && normalised(other.Name) == normalised(c.Name)
	}
	if slices.ContainsFunc(w.Children(0), same) {
		return result{}, vault.Exists
	}
	id, err := w.CreateProject(c)
	if err != nil {
		return result{}, err
	}
	return result{itemID: uint64(id), payload: clientObject{Name: c.Name, Description: c.Notes, IsGlobal: c.Global}, message: "Client added", count: noCount}, nil
}
