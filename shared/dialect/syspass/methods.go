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
	reveals bool                     // may: account/view does only with our extension "details"
	secured bool                     // needs the token's tokenPass (syspass 2.2)
	may     func(*vault.Reader) bool // whose role it is for; nil: anyone's
	help    help                     // also says what is required (syspass 1.6)
	needs   []string                 // required too, although the help says otherwise; not in a partial edit
	missing string                   // answers vault.NotFound
	taken   string                   // answers vault.Exists
	serve   endpoint
}

// methods are the 29 documented methods.
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
	{name: "category/create", may: role(vault.WriteCategory), writes: true, help: helpCategoryCreate, missing: categoryMissing, taken: "Duplicated category", serve: write(categoryItem.decode, categoryCreate)},
	{name: "category/edit", may: role(vault.WriteCategory), writes: true, help: helpCategoryEdit, missing: categoryMissing, taken: "Duplicated category name", serve: write(categoryItem.decode, categoryEdit)},
	{name: "category/delete", may: role(vault.WriteCategory), writes: true, help: helpID, missing: categoryMissing, serve: write(decodeID, categoryDelete)},

	{name: "client/search", help: helpSearch, missing: clientMissing, serve: read(decodeSearch, clientSearch)},
	{name: "client/view", help: helpID, missing: clientMissing, serve: read(decodeID, clientView)},
	{name: "client/create", may: (*vault.Reader).MayCreateRoots, writes: true, help: helpClientCreate, missing: clientMissing, taken: "Duplicated client", serve: write(clientItem.decode, clientCreate)},
	{name: "client/edit", writes: true, help: helpClientEdit, missing: clientMissing, taken: "Duplicated client", serve: write(clientItem.decode, clientEdit)},
	{name: "client/delete", writes: true, help: helpID, missing: clientMissing, serve: write(decodeID, clientDelete)},

	{name: "tag/search", help: helpSearch, missing: tagMissing, serve: read(decodeSearch, tagSearch)},
	{name: "tag/view", help: helpID, missing: tagMissing, serve: read(decodeID, tagView)},
	{name: "tag/create", may: role(vault.WriteTag), writes: true, help: helpTagCreate, missing: tagMissing, taken: "Duplicated tag", serve: write(decodeTag, tagCreate)},
	{name: "tag/edit", may: role(vault.WriteTag), writes: true, help: helpTagEdit, missing: tagMissing, taken: "Duplicated tag", serve: write(decodeTag, tagEdit)},
	{name: "tag/delete", may: role(vault.WriteTag), writes: true, help: helpID, missing: tagMissing, serve: write(decodeID, tagDelete)},

	// The groups' help is that of the tags (syspass 1.6).
	{name: "userGroup/search", may: role(vault.ListGroups), help: helpSearch, missing: groupMissing, serve: read(decodeSearch, groupSearch)},
	{name: "userGroup/view", may: role(vault.ListGroups), help: helpID, missing: groupMissing, serve: read(decodeID, groupView)},
	{name: "userGroup/create", may: role(vault.WriteGroup), writes: true, help: helpTagCreate, missing: groupMissing, taken: "Duplicated group name", serve: write(decodeGroup, groupCreate)},
	{name: "userGroup/edit", may: role(vault.WriteGroup), writes: true, help: helpTagEdit, missing: groupMissing, taken: "Duplicated group name", serve: write(decodeGroup, groupEdit)},
	{name: "userGroup/delete", may: role(vault.WriteGroup), writes: true, help: helpID, missing: groupMissing, serve: write(decodeID, groupDelete)},

	{name: "config/backup", may: role(vault.TakeBackup), serve: configBackup},
	{name: "config/export", may: role(vault.TakeExport), reveals: true, serve: configExport},
}

// role wants that the vault lets the caller do something that is no matter of single accounts or clients.
func role(a vault.AdminAction) func(*vault.Reader) bool {
	return func(r *vault.Reader) bool { return r.MayAdmin(a, vault.AdminTarget{}) }
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
