package syspass

// help describes a method's parameters. It is shown only to who left a required one out (syspass 1.6), as a list of objects with one
// key each.
type help []map[string]helpText

type helpText struct {
	Description string `json:"description"`
	Required    bool   `json:"required"`
}

// describe makes a help of names, in order, required ones first marked with a star.
func describe(names ...string) help {
	list := make(help, len(names))
	for i, name := range names {
		required := name[0] == '*'
		if required {
			name = name[1:]
		}
		list[i] = map[string]helpText{name: {helpTexts[name], required}}
	}
	return list
}

// required returns the names of the required parameters.
func (h help) required() (names []string) {
	for _, entry := range h {
		for name, text := range entry {
			if text.Required {
				names = append(names, name)
			}
		}
	}
	return names
}

var (
	helpID             = describe("*id")
	helpSearch         = describe("text", "count")
	helpViewPass       = describe("*id", "*tokenPass", "details")
	helpEditPass       = describe("*id", "*tokenPass", "*pass", "expireDate")
	helpAccountSearch  = describe("text", "count", "categoryId", "clientId", "tagsId", "op")
	helpAccountCreate  = describe("*tokenPass", "*name", "*categoryId", "*clientId", "*pass", "login", "url", "notes", "private", "privateGroup", "expireDate", "parentId", "tagsId", "userGroupId")
	helpAccountEdit    = describe("*id", "name", "categoryId", "clientId", "login", "url", "notes", "private", "privateGroup", "expireDate", "parentId", "tagsId", "userGroupId")
	helpCategoryCreate = describe("*name", "description")
	helpCategoryEdit   = describe("*id", "*name", "description")
	helpClientCreate   = describe("*name", "description", "global")
	helpClientEdit     = describe("*id", "*name", "description", "global")
	helpTagCreate      = describe("*name")
	helpTagEdit        = describe("*id", "*name")
)

var helpTexts = map[string]string{
	"categoryId":   "Id of the category",
	"clientId":     "Id of the client",
	"count":        "Number of results to show",
	"description":  "Description",
	"details":      "Has no effect",
	"expireDate":   "Date when the password expires, in UNIX time",
	"global":       "1 for a global client, else 0",
	"id":           "Id of the item",
	"login":        "Login of the account",
	"name":         "Name",
	"notes":        "Notes about the account",
	"op":           "How filters are combined: 'and' or 'or'",
	"parentId":     "Id of the parent account",
	"pass":         "Password of the account",
	"private":      "1 for an account that only its owner sees, else 0",
	"privateGroup": "1 for an account that only its main group sees, else 0",
	"tagsId":       "Array of ids of tags",
	"text":         "Text to search for",
	"tokenPass":    "Password of the API token",
	"url":          "URL or IP address of the account",
	"userGroupId":  "Id of the account's main group",
}
