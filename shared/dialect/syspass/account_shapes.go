package syspass

import (
	"slices"

	"tresor/shared/vault"
)

// accountObject is shape A: a whole account (syspass 3.1). Flags are strings here; pass and key are always empty.
type accountObject struct {
	ID                 uint64  `json:"id"`
	UserID             uint64  `json:"userId"`
	UserGroupID        uint64  `json:"userGroupId"`
	UserEditID         uint64  `json:"userEditId"`
	Name               string  `json:"name"`
	ClientID           uint64  `json:"clientId"`
	CategoryID         uint64  `json:"categoryId"`
	Login              string  `json:"login"`
	URL                string  `json:"url"`
	Pass               string  `json:"pass"`
	Key                string  `json:"key"`
	Notes              string  `json:"notes"`
	OtherUserEdit      string  `json:"otherUserEdit"`
	OtherUserGroupEdit string  `json:"otherUserGroupEdit"`
	DateAdd            string  `json:"dateAdd"`
	DateEdit           *string `json:"dateEdit"`
	CountView          int     `json:"countView"`
	CountDecrypt       int     `json:"countDecrypt"`
	IsPrivate          string  `json:"isPrivate"`
	IsPrivateGroup     string  `json:"isPrivateGroup"`
	PassDate           int64   `json:"passDate"`
	PassDateChange     int64   `json:"passDateChange"`
	ParentID           uint64  `json:"parentId"`
	CategoryName       string  `json:"categoryName"`
	ClientName         string  `json:"clientName"`
	UserGroupName      string  `json:"userGroupName"`
	UserName           string  `json:"userName"`
	UserLogin          string  `json:"userLogin"`
	UserEditName       string  `json:"userEditName"`
	UserEditLogin      string  `json:"userEditLogin"`
	PublicLinkHash     *string `json:"publicLinkHash"` // there are no public links
}

func (r *reading) accountObject(e *vault.Entry) accountObject {
	n, editor := r.names(e), editorOf(e)
	editorName, editorLogin := r.userNames(editor)
	return accountObject{
		ID: uint64(e.ID), UserID: uint64(e.Manager), UserGroupID: uint64(e.MainGroup), UserEditID: uint64(editor), Name: e.Name,
		ClientID: n.clientID, CategoryID: uint64(e.Category), Login: e.Username, URL: e.URL, Notes: e.Notes,
		OtherUserEdit: digit(usersMayEdit(e)), OtherUserGroupEdit: digit(groupsMayEdit(e)), DateAdd: *date(e.Created), DateEdit: dateEdit(e),
		CountView: r.counters.viewsOf(e.ID), CountDecrypt: r.Reveals(e.ID) + r.counters.revealsOf(e.ID, r.ClosedHour()),
		IsPrivate: digit(e.Private), IsPrivateGroup: digit(e.PrivateGroup), PassDate: int64(e.SecretChanged), PassDateChange: int64(e.Expiry),
		ParentID: e.ParentHint, CategoryName: n.category, ClientName: n.client, UserGroupName: n.group, UserName: n.user, UserLogin: n.login,
		UserEditName: editorName, UserEditLogin: editorLogin,
	}
}

// accountRow is shape B: an account in a search (syspass 3.2). Flags are ints here, and the editor is never told.
type accountRow struct {
	ID                 uint64  `json:"id"`
	UserID             uint64  `json:"userId"`
	UserGroupID        uint64  `json:"userGroupId"`
	UserEditID         uint64  `json:"userEditId"`
	Name               string  `json:"name"`
	ClientID           uint64  `json:"clientId"`
	CategoryID         uint64  `json:"categoryId"`
	Login              string  `json:"login"`
	URL                string  `json:"url"`
	Notes              string  `json:"notes"`
	OtherUserEdit      int     `json:"otherUserEdit"`
	OtherUserGroupEdit int     `json:"otherUserGroupEdit"`
	IsPrivate          int     `json:"isPrivate"`
	IsPrivateGroup     int     `json:"isPrivateGroup"`
	DateEdit           *string `json:"dateEdit"`
	PassDate           int64   `json:"passDate"`
	PassDateChange     int64   `json:"passDateChange"`
	ParentID           uint64  `json:"parentId"`
	CategoryName       string  `json:"categoryName"`
	ClientName         string  `json:"clientName"`
	UserGroupName      string  `json:"userGroupName"`
	UserName           string  `json:"userName"`
	UserLogin          string  `json:"userLogin"`
	UserEditName       string  `json:"userEditName"`
	UserEditLogin      string  `json:"userEditLogin"`
	NumFiles           int     `json:"num_files"`
	PublicLinkHash     *string `json:"publicLinkHash"`
	PublicLinkExpires  *int64  `json:"publicLinkDateExpire"`
	PublicLinkViews    *int    `json:"publicLinkTotalCountViews"`
	CountView          int     `json:"countView"`
}

func (r *reading) accountRow(e *vault.Entry) accountRow {
	n := r.names(e)
	return accountRow{
		ID: uint64(e.ID), UserID: uint64(e.Manager), UserGroupID: uint64(e.MainGroup), Name: e.Name, ClientID: n.clientID,
		CategoryID: uint64(e.Category), Login: e.Username, URL: e.URL, Notes: e.Notes, OtherUserEdit: bit(usersMayEdit(e)),
		OtherUserGroupEdit: bit(groupsMayEdit(e)), IsPrivate: bit(e.Private), IsPrivateGroup: bit(e.PrivateGroup), DateEdit: dateEdit(e),
		PassDate: int64(e.SecretChanged), PassDateChange: int64(e.Expiry), ParentID: e.ParentHint, CategoryName: n.category,
		ClientName: n.client, UserGroupName: n.group, UserName: n.user, UserLogin: n.login, CountView: r.counters.viewsOf(e.ID), NumFiles: r.NumFiles(e),
	}
}

// accountNames are the names of what an account refers to; "" for nothing.
type accountNames struct {
	clientID                             uint64
	client, category, group, user, login string
}

func (r *reading) names(e *vault.Entry) (n accountNames) {
	if p := r.Client(e.Project); p != nil {
		n.clientID, n.client = uint64(p.ID), p.Name
	}
	if c := r.Category(e.Category); c != nil {
		n.category = c.Name
	}
	if g := r.Group(e.MainGroup); g != nil {
		n.group = g.Name
	}
	n.user, n.login = r.userNames(e.Manager)
	return n
}

func (r *reading) userNames(id vault.UserID) (name, login string) {
	if u := r.User(id); u != nil {
		return u.Name, u.Username
	}
	return "", ""
}

// editorOf returns who changed an account last; of an unchanged one, its owner and not who made it (syspass 2.5).
func editorOf(e *vault.Entry) vault.UserID {
	if e.Edited {
		return e.UpdatedBy
	}
	return e.Manager
}

func usersMayEdit(e *vault.Entry) bool {
	return slices.ContainsFunc(e.Users, func(g vault.UserGrant) bool { return g.Level >= vault.LevelEdit })
}

func groupsMayEdit(e *vault.Entry) bool {
	return slices.ContainsFunc(e.Groups, func(g vault.GroupGrant) bool { return g.Level >= vault.LevelEdit })
}

func dateEdit(e *vault.Entry) *string {
	if !e.Edited {
		return nil
	}
	return date(e.Updated)
}

// date writes a time as the original's database does. Its zone was the server's; here it is always UTC.
func date(s vault.Stamp) *string {
	text := s.Time().Format("2006-01-02 15:04:05")
	return &text
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func digit(b bool) string { return [...]string{"0", "1"}[bit(b)] }
