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
	reveals bool     // may: account/view does only with our extension "details"
	secured bool     // needs the token's tokenPass (syspass 2.2)
	help    help     // also says what is required (syspass 1.6)
	needs   []string // required too, although the help says otherwise; not in a partial edit
	missing string   // answers vault.NotFound
	taken   string   // answers vault.Exists
	serve   endpoint
}

// methods are the methods that are served. config/backup and config/export, which are documented too, are answered as unknown.
var methods = []*method{
	{name: "account/search", help: helpAccountSearch, missing: accountMissing, serve: read(decodeAccountSearch, accountSearch)},
	{name: "account/view", reveals: true, help: helpID, missing: accountMissing, serve: read(decodeView, accountView)},
	{name: "account/viewPass", reveals: true, secured: true, help: helpViewPass, missing: "Account not found", serve: read(decodeID, accountViewPass)},
	{name: "account/editPass", writes: true, secured: true, help: helpEditPass, missing: accountMissing, serve: write(decodeEditPass, accountEditPass)},
	{name: "account/create", writes: true, secured: true, help: helpAccountCreate, missing: accountMissing, serve: write(decodeAccountCreate, accountCreate)},
	{name: "account/edit", writes: true, help: helpAccountEdit, needs: []string{"name", "categoryId", "clientId"}, missing: accountMissing, serve: write(decodeAccountEdit, accountEdit)},
	{name: "account/delete", writes: true, help: helpID, missing: accountMissing, serve: write(decodeID, accountDelete)},

	{name: "category/search", help: helpSearch, missing: categoryMissing, serve: read(decodeSearch, categorySearch)},
	{name: "category/view", help: helpID, missing: categoryMissing, serve: read(decodeID, categoryView)},
	{name: "category/create", writes: true, help: helpCategoryCreate, missing: categoryMissing, taken: "Duplicated category", serve: write(decodeCategory, categoryCreate)},
	{name: "category/edit", writes: true, help: helpCategoryEdit, missing: categoryMissing, taken: "Duplicated category name", serve: write(decodeItem, categoryEdit)},
	{name: "category/delete", writes: true, help: helpID, missing: categoryMissing, serve: write(decodeID, categoryDelete)},

	{name: "client/search", help: helpSearch, missing: clientMissing, serve: read(decodeSearch, clientSearch)},
	{name: "client/view", help: helpID, missing: clientMissing, serve: read(decodeID, clientView)},
	{name: "client/create", writes: true, help: helpClientCreate, missing: clientMissing, taken: "Duplicated client", serve: write(decodeClient, clientCreate)},
	{name: "client/edit", writes: true, help: helpClientEdit, missing: clientMissing, taken: "Duplicated client", serve: write(decodeItem, clientEdit)},
	{name: "client/delete", writes: true, help: helpID, missing: clientMissing, serve: write(decodeID, clientDelete)},

	{name: "tag/search", help: helpSearch, missing: tagMissing, serve: read(decodeSearch, tagSearch)},
	{name: "tag/view", help: helpID, missing: tagMissing, serve: read(decodeID, tagView)},
	{name: "tag/create", writes: true, help: helpTagCreate, missing: tagMissing, taken: "Duplicated tag", serve: write(decodeItem, tagCreate)},
	{name: "tag/edit", writes: true, help: helpTagEdit, missing: tagMissing, taken: "Duplicated tag", serve: write(decodeItem, tagEdit)},
	{name: "tag/delete", writes: true, help: helpID, missing: tagMissing, serve: write(decodeID, tagDelete)},

	// The groups' help is that of the tags (syspass 1.6).
	{name: "userGroup/search", help: helpSearch, missing: groupMissing, serve: read(decodeSearch, groupSearch)},
	{name: "userGroup/view", help: helpID, missing: groupMissing, serve: read(decodeID, groupView)},
	{name: "userGroup/create", writes: true, help: helpTagCreate, missing: groupMissing, taken: "Duplicated group name", serve: write(decodeGroup, groupCreate)},
	{name: "userGroup/edit", writes: true, help: helpTagEdit, missing: groupMissing, taken: "Duplicated group name", serve: write(decodeGroup, groupEdit)},
	{name: "userGroup/delete", writes: true, help: helpID, missing: groupMissing, serve: write(decodeID, groupDelete)},
}

const (
	accountMissing  = "The account doesn't exist"
	categoryMissing = "Category not found"
	clientMissing   = "Client not found"
	tagMissing      = "Tag not found"
	groupMissing    = "Group not found"
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
