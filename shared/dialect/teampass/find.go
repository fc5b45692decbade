package teampass

import (
	"slices"
	"strings"
	"unicode"

	"tresor/shared/vault"
)

// search is what find/item takes.
type search struct {
	folders map[vault.ProjectID]bool
	text    string
}

// parseSearch reads folders and a text (teampass 5.7). The original looks at both in the form in which they stand in the URL, so that no space
// got through; here they are decoded first.
func parseSearch(a argument) (search, error) {
	folders, rest := a.cut()
	s := search{folders: map[vault.ProjectID]bool{}, text: rest.first()}
	for _, piece := range strings.Split(folders, ";") {
		if strings.ContainsFunc(piece, unfit) || piece == "" {
			return s, faultUnclear
		}
		if id := toID(piece); id != 0 {
			s.folders[vault.ProjectID(id)] = true
		}
	}
	if strings.ContainsFunc(s.text, unfit) || s.text == "" {
		return s, faultItemMalformed
	}
	return s, nil
}

// unfit tells the characters that the original takes in neither of them.
func unfit(c rune) bool {
	return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsSpace(c) && !strings.ContainsRune("_:'-", c)
}

// findItem looks for labels that contain the text, directly in the folders.
func findItem(r *vault.Reader, s search) (answer, error) {
	return found(r, s.text, func(row *vault.Row) bool { return s.folders[row.Project] }, member{"status", "OK"})
}

// findItems is the call of patched servers: in all folders (teampass 5.22).
func findItems(r *vault.Reader, text string) (answer, error) {
	return found(r, text, func(*vault.Row) bool { return true })
}

func found(r *vault.Reader, text string, among func(*vault.Row) bool, more ...member) (answer, error) {
	term := vault.NewTerm(vault.Fold(text))
	page, _ := r.Entries(vault.ByUpdated, func(row *vault.Row) bool { return among(row) && row.Has(vault.FieldName, term) }, 0, -1)
	return records(r, byID(page), more...)
}

// byID sorts items as the original's tables hold them.
func byID(list []*vault.Entry) []*vault.Entry {
	slices.SortFunc(list, func(a, b *vault.Entry) int { return int(int64(a.ID) - int64(b.ID)) })
	return list
}

// parseText reads a text to look for; without one nothing is found.
func parseText(a argument) (string, error) {
	text := a.first()
	if strings.TrimSpace(text) == "" {
		return "", faultEmpty
	}
	return text, nil
}

// findFolders is the call of patched servers (teampass 5.22).
func findFolders(r *vault.Reader, text string) (answer, error) {
	folded := vault.Fold(text)
	list := folderList(r, func(n node) bool { return strings.Contains(vault.Fold(n.Name), folded) })
	if len(list) == 0 {
		return nil, faultEmpty
	}
	return encode(list), nil
}

// userpw answers what is in the shared folders that a user may read, as far as the key may see it (teampass 5.4).
func userpw(r *vault.Reader, username string) (answer, error) {
	rights, err := r.RightsOf(username)
	if err != nil {
		return nil, asUser(err)
	}
	page, _ := r.Entries(vault.ByUpdated, func(row *vault.Row) bool { return row.Owner == 0 && rights.Entry(&row.Entry).Level >= vault.LevelRead }, 0, -1)
	list, err := recordList(r, byID(page))
	if err != nil {
		return nil, err
	}
	return keyed(list)
}

// id returns the member of that name.
func (o object) id() string {
	i := slices.IndexFunc(o, func(m member) bool { return m.name == "id" })
	id, _ := o[i].value.(string)
	return id
}

// keyed answers a list of objects as one object, by their ids.
func keyed(list []object) (answer, error) {
	if len(list) == 0 {
		return nil, faultEmpty
	}
	all := make(object, len(list))
	for i, o := range list {
		all[i] = member{o.id(), o}
	}
	return encode(all), nil
}
