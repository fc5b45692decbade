package tpm

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"tresor/shared/vault"
)

// The objects that several calls share (tpm 5). The order of members is the documented one.

type idObject struct {
	ID uint64 `json:"id"`
}

type namedObject struct {
	ID   uint64 `json:"id"`
	Name string `json:"name"`
}

type pathElement struct {
	ID       uint64 `json:"id"`
	Name     string `json:"name"`
	Archived bool   `json:"archived"`
}

type userObject struct {
	ID       uint64 `json:"id"`
	Username string `json:"username"`
	Email    string `json:"email_address"`
	Name     string `json:"name"`
	Role     string `json:"role"`
}

type permission struct {
	ID    int    `json:"id"`
	Label string `json:"label"`
}

// userPermission and groupPermission hold full objects in shows and bare ids in permission lists.
type userPermission struct {
	User       any        `json:"user"`
	Permission permission `json:"permission"`
}

type groupPermission struct {
	Group      any        `json:"group"`
	Permission permission `json:"permission"`
}

// metadata is what X-Metadata-Only leaves of a password or project (tpm 6.1).
type metadata struct {
	ID        uint64   `json:"id"`
	ManagedBy idObject `json:"managed_by"`
	stamps
}

// stamps are the members at the end of list items.
type stamps struct {
	CreatedBy idObject `json:"created_by"`
	CreatedOn string   `json:"created_on"`
	UpdatedBy idObject `json:"updated_by"`
	UpdatedOn string   `json:"updated_on"`
}

// itemStamps are those of list items, which had only the last one before v6 (tpm 1.3). What X-Metadata-Only leaves has all of them, whatever the version.
type itemStamps struct {
	CreatedBy idObject `json:"created_by" since:"6"`
	CreatedOn string   `json:"created_on" since:"6"`
	UpdatedBy idObject `json:"updated_by" since:"6"`
	UpdatedOn string   `json:"updated_on"`
}

func stampsOf(createdBy vault.UserID, created vault.Stamp, updatedBy vault.UserID, updated vault.Stamp) stamps {
	return stamps{idObject{uint64(createdBy)}, timeText(created), idObject{uint64(updatedBy)}, timeText(updated)}
}

// fullStamps are those at the end of shows.
type fullStamps struct {
	CreatedOn string     `json:"created_on"`
	CreatedBy userObject `json:"created_by"`
	UpdatedOn string     `json:"updated_on"`
	UpdatedBy userObject `json:"updated_by"`
}

// renderer makes the objects that one caller sees. It remembers the paths of projects, which a page asks for again and again.
type renderer struct {
	*vault.Reader
	paths map[vault.ProjectID][]pathElement
}

func render(r *vault.Reader) *renderer {
	return &renderer{r, map[vault.ProjectID][]pathElement{}}
}

func (r *renderer) fullStamps(createdBy vault.UserID, created vault.Stamp, updatedBy vault.UserID, updated vault.Stamp) fullStamps {
	return fullStamps{timeText(created), r.user(createdBy), timeText(updated), r.user(updatedBy)}
}

// user returns a user in full, be it one that was removed. What an operator did is user 0's, who has no name.
func (r *renderer) user(id vault.UserID) userObject {
	u := cmp.Or(r.User(id), r.FormerUser(id))
	if u == nil {
		return userObject{ID: uint64(id)}
	}
	return userObject{uint64(u.ID), u.Username, u.Email, u.Name, u.Role.String()}
}

func (r *renderer) group(id vault.GroupID) namedObject {
	o := namedObject{ID: uint64(id)}
	if g := r.Group(id); g != nil {
		o.Name = g.Name
	}
	return o
}

// path returns the way to a project as the caller sees it, the project last.
func (r *renderer) path(id vault.ProjectID) []pathElement {
	if p, ok := r.paths[id]; ok {
		return p
	}
	path := []pathElement{}
	for _, p := range r.VisiblePath(id) {
		path = append(path, pathElement{uint64(p.ID), p.Name, r.Archived(p.ID)})
	}
	r.paths[id] = path
	return path
}

func (r *renderer) tags(ids []vault.TagID) string { return strings.Join(r.TagNames(ids), ",") }

// levelLabels and projectLabels name the permissions (tpm 4.2, 4.3).
var levelLabels = map[vault.Level]string{
	vault.LevelNone: "No access", vault.LevelRead: "Read", vault.LevelEdit: "Edit data", vault.LevelManage: "Manage",
}

var projectLabels = map[vault.ProjectLevel]string{
	vault.ProjectUnset: "(Do not set)", vault.ProjectNone: "No access", vault.ProjectTraverse: "Traverse", vault.ProjectRead: "Read",
	vault.ProjectCreate: "Read / Create passwords", vault.ProjectEdit: "Read / Edit passwords data",
	vault.ProjectManage: "Read / Manage passwords", vault.ProjectFull: "Manage", vault.ProjectInherit: "Inherit",
}

func levelObject(l vault.Level) permission { return permission{int(l), levelLabels[l]} }

func projectLevelObject(l vault.ProjectLevel) permission { return permission{int(l), projectLabels[l]} }

// timeText writes a time as the product does, without a zone; ours is always UTC (tpm 1.4).
func timeText(s vault.Stamp) string { return s.Time().Format("2006-01-02 15:04:05") }

// momentText is timeText for what may never have been: nil, which becomes null.
func momentText(s vault.Stamp) *string {
	if s == 0 {
		return nil
	}
	text := timeText(s)
	return &text
}

// snippetLength is how much of the notes lists show, in characters; the original's is not documented (tpm 9.12).
const snippetLength = 100

// snippet cuts notes at the end of a word.
func snippet(notes string) string { return cutNotes(notes, snippetLength) }

// cutNotes returns at most so many characters of notes.
func cutNotes(notes string, length int) string {
	if len(notes) <= length || utf8.RuneCountInString(notes) <= length {
		return notes
	}
	runes := []rune(notes[:min(len(notes), (length+1)*utf8.UTFMax)])
	cut := length
	for cut > 0 && !unicode.IsSpace(runes[cut]) {
		cut--
	}
	if cut == 0 { // one long word
		cut = length
	}
	return strings.TrimRightFunc(string(runes[:cut]), unicode.IsSpace) + "..."
}

const secondsPerDay = 24 * 60 * 60

// The values of expiry_status.
const (
	expiryNone = iota
	expiryToday
	expiryPast
	expirySoon
)

// expiryStatus compares days in UTC. soon is how many days ahead is soon.
func expiryStatus(expiry, now vault.Stamp, soon int) int {
	switch days := vault.DaysUntil(expiry, now); {
	case expiry == 0:
		return expiryNone
	case days == 0:
		return expiryToday
	case days < 0:
		return expiryPast
	case days <= soon:
		return expirySoon
	}
	return expiryNone
}

// dateText returns a date, or nil, which becomes null.
func dateText(s vault.Stamp) *string {
	if s == 0 {
		return nil
	}
	text := s.Time().Format("2006-01-02")
	return &text
}

// strengthText names a strength: zxcvbn's scores 0 and 1 are both very weak (tpm 5).
func strengthText(s vault.Strength) string {
	switch s.Score {
	case 0:
		return ""
	case 1, 2:
		return "very weak"
	case 3:
		return "weak"
	case 4:
		return "good"
	}
	return "strong"
}
