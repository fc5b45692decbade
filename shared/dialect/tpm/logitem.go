package tpm

import (
	"fmt"
	"html"
	"strings"

	"tresor/shared/trail"
	"tresor/shared/vault"
)

// logItem is a row of the log (tpm 7.6).
type logItem struct {
	ID       uint64     `json:"id"`
	DateTime string     `json:"date_time"`
	Address  string     `json:"ip_address"`
	User     logRelated `json:"user"`
	Action   logAction  `json:"action"`
	Password logRelated `json:"related_password"`
	Project  logRelated `json:"related_project"`
	Data     logData    `json:"additional_data"`
	Origin   string     `json:"origin"`
}

// logRelated is a thing that a row is about; 0 and "" for none.
type logRelated struct {
	ID      uint64 `json:"id"`
	Name    string `json:"name"`
	Deleted bool   `json:"deleted"`
}

// logAction is what happened. Its id is the same whatever the dialect.
type logAction struct {
	ID          string `json:"id"`
	Description string `json:"description"`
}

// logData says more about a row, as text and for a web page.
type logData struct {
	Raw string `json:"raw"`
	UI  string `json:"ui"`
}

// logActions name the events. view_password and password_shown are documented; the others are like them (tpm 7.6).
var logActions = map[trail.Event]logAction{
	trail.Other:             {"other", "Other change"},
	trail.Revealed:          {"password_shown", "Password shown"},
	trail.Withheld:          {"password_not_shown", "Password not shown after all"},
	trail.Viewed:            {"view_password", "View password"},
	trail.EntryCreated:      {"create_password", "Create password"},
	trail.EntryUpdated:      {"update_password", "Update password"},
	trail.EntryDeleted:      {"delete_password", "Delete password"},
	trail.OwnCreated:        {"create_my_password", "Create personal password"},
	trail.OwnUpdated:        {"update_my_password", "Update personal password"},
	trail.OwnDeleted:        {"delete_my_password", "Delete personal password"},
	trail.ProjectCreated:    {"create_project", "Create project"},
	trail.ProjectUpdated:    {"update_project", "Update project"},
	trail.ProjectDeleted:    {"delete_project", "Delete project"},
	trail.ProjectGranted:    {"update_project_security", "Update project security"},
	trail.FavouritesChanged: {"update_favorites", "Update favorites"},
	trail.CategoryCreated:   {"create_category", "Create category"},
	trail.CategoryUpdated:   {"update_category", "Update category"},
	trail.CategoryDeleted:   {"delete_category", "Delete category"},
	trail.TagCreated:        {"create_tag", "Create tag"},
	trail.TagUpdated:        {"update_tag", "Update tag"},
	trail.TagDeleted:        {"delete_tag", "Delete tag"},
	trail.UserCreated:       {"create_user", "Create user"},
	trail.UserUpdated:       {"update_user", "Update user"},
	trail.UserPassword:      {"change_user_password", "Change user's password"},
	trail.UserActivated:     {"activate_user", "Activate user"},
	trail.UserDeactivated:   {"deactivate_user", "Deactivate user"},
	trail.UserDeleted:       {"delete_user", "Delete user"},
	trail.GroupCreated:      {"create_group", "Create group"},
	trail.GroupUpdated:      {"update_group", "Update group"},
	trail.GroupDeleted:      {"delete_group", "Delete group"},
	trail.GroupJoined:       {"add_user_to_group", "Add user to group"},
	trail.GroupLeft:         {"delete_user_from_group", "Delete user from group"},
	trail.CredentialCreated: {"create_api_key", "Create API key"},
	trail.CredentialUpdated: {"update_api_key", "Update API key"},
	trail.CredentialRevoked: {"revoke_api_key", "Revoke API key"},
	trail.SettingChanged:    {"change_settings", "Change settings"},
	trail.LockedOut:         {"block_address", "Block address"},
	trail.FileAdded:         {"upload_file", "Upload file"},
	trail.FileUpdated:       {"update_file", "Update file"},
	trail.FileDeleted:       {"delete_file", "Delete file"},
	trail.FileDownloaded:    {"file_downloaded", "File downloaded"},
	trail.Purged:            {"purge_trash", "Purge trash"},
}

// originOf says how a row came about. Of the two origins that are documented (tpm 7.6) the command's is that of the original's web pages, which it stands in
// for.
func originOf(x *trail.Context) string {
	if strings.HasPrefix(x.Action, string(vault.Command)+" ") {
		return "web"
	}
	return "api"
}

func (n *logNames) item(row *trail.Row) logItem {
	raw := n.raw(row)
	return logItem{
		ID: row.ID, DateTime: timeText(row.At()), Address: row.Context.Source, User: n.users[row.Context.Actor].related,
		Action: logActions[row.Event], Password: n.entries[row.Entry].related, Project: n.projects[n.projectOf(row)],
		Data: logData{raw, html.EscapeString(raw)}, Origin: originOf(row.Context),
	}
}

// projectOf returns the project that a row is about, be it for a password that is in it now; 0 for none.
func (n *logNames) projectOf(row *trail.Row) vault.ProjectID {
	if row.Project != 0 {
		return row.Project
	}
	if o := objectOf(row); o.kind == fileKind && row.Entry == 0 { // the record of a download names the file alone
		return n.fileProjects[vault.FileID(o.id)]
	}
	return n.entries[row.Entry].project
}

// raw says what the other members have no place for.
func (n *logNames) raw(row *trail.Row) string {
	parts := []string{contextText(row.Context)}
	for _, text := range []string{n.objects[objectOf(row)], n.membersText(row), settingText(row), manyText(row), reasonText(row)} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "; ")
}

// maxMembers is how many users a row about a group's members names.
const maxMembers = 10

func (n *logNames) membersText(row *trail.Row) string {
	members := row.Members()
	var parts []string
	for _, id := range members[:min(len(members), maxMembers)] {
		parts = append(parts, n.objects[logObject{"user", uint64(id)}])
	}
	if more := len(members) - maxMembers; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more users", more))
	}
	return strings.Join(parts, "; ")
}

// settingText names the setting that was changed, and never its value: some are secret.
func settingText(row *trail.Row) string {
	if row.Setting() == "" {
		return ""
	}
	return "setting " + shownName(row.Setting())
}

// contextText is the dialect's own name of what was done, and the credential that it was done by.
func contextText(x *trail.Context) string {
	if x.Credential == 0 {
		return x.Action
	}
	return fmt.Sprintf("%s; credential %d", x.Action, x.Credential)
}

func reasonText(row *trail.Row) string {
	if row.Reason() == "" {
		return ""
	}
	return "reason: " + shownName(row.Reason())
}

func manyText(row *trail.Row) string {
	if n := row.Entries(); n > 1 {
		return fmt.Sprintf("%d passwords", n)
	}
	return ""
}
