package teampass

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tresor/shared/vault"
)

// Limits of an item's fields (teampass 7), in characters; the password's and the description's are in bytes. The description's is that of the other
// APIs' notes: they are the same field, which every process keeps in memory.
const (
	maxLabel       = 500
	maxLogin       = 200
	maxEmail       = 100
	maxURL         = 500
	maxTag         = 30
	maxDescription = 1<<16 - 1
)

// item is what add/item and update/item take. fields tells how many there were: what an update leaves out it keeps.
type item struct {
	id       vault.EntryID // of an update
	entry    vault.Entry
	password vault.Secret
	size     int // of the password, in bytes
	tags     []string
	fields   int
}

// itemFields is how many fields an item has: label, password, description, folder id, login, email, url, tags, anyone can modify.
const itemFields = 9

// parseItem reads a new item in the original's order of checks (teampass 5.8).
func parseItem(a argument) (item, error) {
	switch {
	case !a.present:
		return item{}, faultItemDefinition
	case a.isBlank():
		return item{}, faultNoItem
	}
	f := a.fields(3)
	if len(f) != itemFields {
		return item{}, faultItemDefinition
	}
	return newItem(f)
}

// parseChange reads an item's id and its fields (teampass 5.9). The original writes fields that are missing at the end as empty; here they stay as they
// are, which no documented call can tell: it sends all nine.
func parseChange(a argument) (item, error) {
	id, rest := a.cut()
	if !isNumeric(id) {
		return item{}, faultNoItem
	}
	f := rest.fields(3)
	if len(f) > itemFields {
		return item{}, faultItemDefinition
	}
	in, err := newItem(append(f, make([]string, itemFields-len(f))...))
	in.id, in.fields = vault.EntryID(toID(id)), len(f)
	return in, err
}

// newItem reads nine fields.
func newItem(f []string) (item, error) {
	switch {
	case isEmpty(f[0]), isEmpty(f[1]), isEmpty(f[3]):
		return item{}, faultItemMissing
	case !areTexts(f):
		return item{}, faultParameters
	}
	in := item{password: vault.NewSecret(f[1]), size: len(f[1]), tags: parseTags(f[7]), fields: itemFields}
	in.entry = vault.Entry{Name: f[0], Notes: f[2], Project: toProject(f[3]), Username: f[4], Email: f[5], URL: f[6], AnyoneMayEdit: toInt(f[8]) != 0}
	return in, nil
}

// check refuses a password above the limit, and what the original's columns would have cut off.
func (in *item) check(r *vault.Reader) error {
	e := &in.entry
	long := longer(e.Name, maxLabel) || longer(e.Username, maxLogin) || longer(e.Email, maxEmail) || longer(e.URL, maxURL) || len(e.Notes) > maxDescription
	switch limit := longestPassword(r); {
	case limit > 0 && in.size > limit:
		return faultPasswordLong
	case long, slices.ContainsFunc(in.tags, func(t string) bool { return longer(t, maxTag) }):
		return faultParameters
	}
	return nil
}

func longer(s string, limit int) bool { return utf8.RuneCountInString(s) > limit }

// parseTags splits at single spaces (teampass 7).
func parseTags(s string) []string {
	return slices.DeleteFunc(strings.Split(strings.ToLower(s), " "), func(t string) bool { return t == "" })
}

// toProject casts a folder's id as the original does; 0, which is no folder, for what is none.
func toProject(s string) vault.ProjectID { return vault.ProjectID(max(0, toInt(s))) }

func addItem(t *vault.Tx, in item) (answer, error) {
	id, err := in.create(t)
	if err != nil {
		return nil, err
	}
	// Made by hand in the original, spaces and all (teampass 4).
	return answer(`{"status":"item added" , "new_item_id" : "` + strconv.FormatUint(uint64(id), 10) + `"}`), nil
}

// create makes an item, in the original's order of checks (teampass 5.8).
func (in *item) create(t *vault.Tx) (vault.EntryID, error) {
	if err := in.check(t.Reader); err != nil {
		return 0, err
	}
	folder, _, err := t.Project(in.entry.Project)
	if err != nil {
		return 0, asFolder(err)
	}
	e := in.entry
	e.Owner = folder.Owner // in a personal folder, a personal item
	if err := t.MayCreateEntry(e); err != nil {
		return 0, asFolder(err)
	}
	if t.Setting(SettingDuplicateItem, "0") != "1" && t.EntryNamed(e.Name) { // anywhere (teampass 7)
		return 0, faultItemExists
	}
	if e.Tags, err = t.EnsureTags(in.tags); err != nil {
		return 0, err
	}
	id, err := t.CreateEntry(e, vault.Payload{Password: in.password})
	return id, asFolder(err)
}

// updateItem replaces an item (teampass 5.9): its tags too, where the original only added. Its label is not compared with others'. Another folder
// moves it.
func updateItem(t *vault.Tx, in item) (answer, error) {
	if err := in.check(t.Reader); err != nil {
		return nil, err
	}
	folder, _, err := t.Project(in.entry.Project)
	if err != nil {
		return nil, asFolder(err)
	}
	old, _, err := t.Entry(in.id)
	switch {
	case err != nil:
		return nil, asNoData(err)
	case old.Owner != folder.Owner: // a personal item stays its owner's, and no other becomes one
		return nil, vault.Forbidden
	}
	tags, err := t.EnsureTags(in.tags)
	if err != nil {
		return nil, err
	}
	if err := t.SetPassword(in.id, in.password); err != nil {
		return nil, err
	}
	if err := t.EditEntry(in.id, in.change(tags)); err != nil {
		return nil, asFolder(err)
	}
	return answer(`{"status":"item updated"}`), nil
}

// change returns what an update does to an entry besides its password.
func (in *item) change(tags []vault.TagID) func(*vault.Entry) error {
	return func(e *vault.Entry) error {
		e.Name, e.Notes, e.Project = in.entry.Name, in.entry.Notes, in.entry.Project
		for i, set := range []func(){
			func() { e.Username = in.entry.Username }, func() { e.Email = in.entry.Email }, func() { e.URL = in.entry.URL }, func() { e.Tags = tags },
			func() { e.AnyoneMayEdit = in.entry.AnyoneMayEdit },
		} {
			if i+4 < in.fields {
				set()
			}
		}
		return nil
	}
}

// asNoData answers that there is no data, where something was not found.
func asNoData(err error) error {
	if errors.Is(err, vault.NotFound) {
		return faultNoData
	}
	return err
}

// asFolder tells that a folder was not found, where that is what was not found.
func asFolder(err error) error {
	if errors.Is(err, vault.NotFound) {
		return faultNoFolder
	}
	return err
}

// parseDeletion reads the ids to delete; what is no id is ignored, as in the original. Only plain digits are one: 1e3 deletes nothing.
func parseDeletion(a argument) ([]vault.EntryID, error) {
	var ids []vault.EntryID
	for _, piece := range a.list() {
		if id, err := strconv.ParseUint(strings.Trim(piece, phpSpace), 10, 63); err == nil {
			ids = append(ids, vault.EntryID(id))
		}
	}
	return ids, nil
}

// deleteItems puts items into the trash. Unknown ones are ignored (teampass 5.10), but the original's "OK" is not said of what is there and stays.
func deleteItems(t *vault.Tx, ids []vault.EntryID) (answer, error) {
	var there []vault.EntryID
	for _, id := range ids {
		if _, _, err := t.Entry(id); err == nil {
			there = append(there, id)
		}
	}
	if _, err := t.TrashEntries(there, false); err != nil {
		return nil, err
	}
	return answer(`{"status":"OK"}`), nil
}

// parseItems reads ids of which each must be a number (teampass 5.3). Repeated ones count once, and the order is the vault's.
func parseItems(a argument) ([]vault.EntryID, error) {
	var ids []vault.EntryID
	for _, piece := range a.list() {
		if !isNumeric(piece) {
			return nil, faultItemMalformed
		}
		ids = append(ids, vault.EntryID(toID(piece)))
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func readItems(r *vault.Reader, ids []vault.EntryID) (answer, error) {
	var found []*vault.Entry
	for _, id := range ids {
		if e, _, err := r.Entry(id); err == nil {
			found = append(found, e)
		}
	}
	return records(r, found)
}

// parseID reads a single id; 0 if it is none.
func parseID(a argument) (uint64, error) { return toID(a.first()), nil }

// parseNumber is parseID for a call that tells what is no number, or 0, from what names nothing (teampass 5.18).
func parseNumber(a argument) (uint64, error) {
	if !isNumeric(a.first()) || toInt(a.first()) == 0 {
		return 0, faultNoParameters
	}
	return parseID(a)
}

func getItem(r *vault.Reader, id uint64) (answer, error) {
	return readItems(r, []vault.EntryID{vault.EntryID(id)})
}

// listItems is a call of patched servers that the packaged command line uses (teampass 5.22).
func listItems(r *vault.Reader) (answer, error) {
	all, _ := r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, -1)
	return records(r, byID(all))
}

// parseFolders reads ids of folders; the original does not look at them (teampass 5.2).
func parseFolders(a argument) ([]vault.ProjectID, error) {
	var ids []vault.ProjectID
	for _, piece := range a.list() {
		if id := toID(piece); id != 0 {
			ids = append(ids, vault.ProjectID(id))
		}
	}
	return ids, nil
}

func readFolder(r *vault.Reader, ids []vault.ProjectID) (answer, error) {
	in := map[vault.ProjectID]bool{}
	for _, id := range ids {
		in[id] = true
	}
	return records(r, r.EntriesIn(in))
}

// readCategory is read/folder as it was until 2.1.26: one object with the items by id, and of the first folder also what is in its direct
// sub-folders (teampass 5.1).
func readCategory(r *vault.Reader, ids []vault.ProjectID) (answer, error) {
	in := map[vault.ProjectID]bool{}
	for _, id := range ids {
		in[id] = true
	}
	if len(ids) > 0 {
		for _, p := range r.Children(ids[0]) {
			in[p.ID] = true
		}
	}
	var all object
	for _, e := range r.EntriesIn(in) {
		pw, err := password(r, e)
		if err != nil {
			return nil, err
		}
		all = append(all, member{number(e.ID), object{{"label", e.Name}, {"login", e.Username}, {"url", e.URL}, {"pw", pw}}})
	}
	if len(all) == 0 {
		return nil, faultEmpty
	}
	return encode(all), nil
}

// records answers items as a list of the record of nine members, and more ones behind them.
func records(r *vault.Reader, entries []*vault.Entry, more ...member) (answer, error) {
	list, err := recordList(r, entries, more...)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, faultEmpty
	}
	return encode(list), nil
}

// recordList renders items (teampass 5).
func recordList(r *vault.Reader, entries []*vault.Entry, more ...member) ([]object, error) {
	list := make([]object, 0, len(entries))
	paths := map[vault.ProjectID]string{}
	for _, e := range entries {
		pw, err := password(r, e)
		if err != nil {
			return nil, err
		}
		if _, known := paths[e.Project]; !known {
			paths[e.Project] = path(r, e.Project)
		}
		list = append(list, append(object{
			{"id", number(e.ID)}, {"label", e.Name}, {"description", e.Notes}, {"login", e.Username}, {"email", e.Email}, {"url", e.URL},
			{"pw", pw}, {"folder_id", number(e.Project)}, {"path", paths[e.Project]},
		}, more...))
	}
	return list, nil
}

// password reveals an item's password. Those of personal items never leave through this API (teampass 7), not even to their owner, and those
// of locked ones cannot: no TeamPass client can give a reason.
func password(r *vault.Reader, e *vault.Entry) (string, error) {
	if e.Owner != 0 {
		return "", nil
	}
	return reveal(r, e.ID)
}

// path joins the titles down to a folder, as far as the caller may know them.
func path(r *vault.Reader, id vault.ProjectID) string {
	var titles []string
	for _, p := range r.VisiblePath(id) {
		titles = append(titles, p.Name)
	}
	return strings.Join(titles, " > ")
}

// number writes an id: all of them are strings on the wire (teampass 4).
func number[N ~uint64 | ~uint16](n N) string { return strconv.FormatUint(uint64(n), 10) }
