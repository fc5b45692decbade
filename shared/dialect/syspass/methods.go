package syspass

import (
	"slices"
	"strings"

	"tresor/shared/vault"
)

// method is one of the API's methods.
type method struct {
	name    string
	writes  bool
	reveals bool
	secured bool   // needs the token's tokenPass (syspass 2.2)
	help    help   // also says what is required (syspass 1.6)
	missing string // answers vault.NotFound
	taken   string // answers vault.Exists
	serve   endpoint
}

// methods are the methods that are served. The other documented ones are answered as unknown.
var methods = []*method{
	{name: "account/search", help: helpAccountSearch, missing: accountMissing, serve: read(decodeAccountSearch, accountSearch)},
	{name: "account/view", help: helpID, missing: accountMissing, serve: read(decodeID, accountView)},
	{name: "account/viewPass", reveals: true, secured: true, help: helpViewPass, missing: "Account not found", serve: read(decodeID, accountViewPass)},
	{name: "account/create", writes: true, secured: true, help: helpAccountCreate, missing: accountMissing, serve: write(decodeAccountCreate, accountCreate)},
	{name: "category/search", help: helpSearch, missing: categoryMissing, serve: read(decodeSearch, categorySearch)},
	{name: "category/create", writes: true, help: helpCategoryCreate, missing: categoryMissing, taken: "Duplicated category", serve: write(decodeCategory, categoryCreate)},
	{name: "client/search", help: helpSearch, missing: clientMissing, serve: read(decodeSearch, clientSearch)},
	{name: "client/create", writes: true, help: helpClientCreate, missing: clientMissing, taken: "Duplicated client", serve: write(decodeClient, clientCreate)},
}

const (
	accountMissing  = "The account doesn't exist"
	categoryMissing = "Category not found"
	clientMissing   = "Client not found"
)

// byName finds a method by its name with the action in lower case, as find looks it up.
var byName = func() map[string]*method {
	index := map[string]*method{}
	for _, m := range methods {
		controller, action, _ := strings.Cut(m.name, "/")
		index[controller+"/"+strings.ToLower(action)] = m
	}
	return index
}()

func (m *method) action() vault.Action {
	return vault.Action{Dialect: vault.SysPass, Name: m.name, Writes: m.writes, Reveals: m.reveals}
}

// Actions returns the actions that a sysPass token can be narrowed to, by name.
func Actions() []vault.Action {
	list := make([]vault.Action, len(methods))
	for i, m := range methods {
		list[i] = m.action()
	}
	slices.SortFunc(list, func(a, b vault.Action) int { return strings.Compare(a.Name, b.Name) })
	return list
}
