package teampass

import (
	"cmp"
	"encoding/base64"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tresor/shared/vault"
)

// Limits of a folder (teampass 5.12, 7).
const (
	maxTitle      = 255 // characters
	maxComplexity = 1000
)

// tagPair is a closed pair of HTML tags: <b>x</b> is refused, <b>x passes (teampass 5.12).
var tagPair = regexp.MustCompile(`(?s)<[A-Za-z][^<>]*>.*</[^<>]+>`)

// parseFolder reads title, complexity, parent id and renewal period in months, in the original's order of checks (teampass 5.12). The fifth
// field, "personal", says nothing: a folder is personal because its parent is (teampass 7).
func parseFolder(a argument) (vault.Project, error) {
	if a.isBlank() {
		return vault.Project{}, faultNothingToStore
	}
	f := a.folderFields()
	f = append(f, make([]string, 5)...)[:5] // what is left out is empty
	complexity, parent, renewal := toInt(f[1]), toInt(f[2]), toInt(f[3])
	switch {
	case !areTexts(f):
		return vault.Project{}, faultParameters
	case f[0] == "", complexity < 0, complexity > maxComplexity:
		return vault.Project{}, faultNoData
	case f[2] == "":
		return vault.Project{}, faultNoDestination
	case !isNumeric(f[2]), parent < 0: // the original takes any word for 0, the root
		return vault.Project{}, faultNoData
	}
	if err := checkTitle(f[0]); err != nil {
		return vault.Project{}, err
	}
	if renewal < 0 || renewal > math.MaxUint16 {
		return vault.Project{}, faultParameters
	}
	return vault.Project{Name: f[0], Complexity: uint16(complexity), Parent: vault.ProjectID(parent), RenewalMonths: uint16(renewal)}, nil
}

func addFolder(t *vault.Tx, p vault.Project) (answer, error) {
	if err := t.MayCreateProject(p.Parent); err != nil {
		return nil, asFolder(err) // the original makes an orphan (teampass 9)
	}
	if t.Setting(SettingDuplicateFolder, "0") != "1" && t.ProjectNamed(p.Name) { // anywhere (teampass 7)
		return nil, faultExists
	}
	if err := placeUnder(t.Reader, &p); err != nil {
		return nil, err
	}
	id, err := t.CreateProject(p)
	if err != nil {
		return nil, asFolder(err)
	}
	// Made by hand in the original, with other spaces than add/item (teampass 4).
	return answer(`{"status":"folder created" , "new_folder_id":"` + number(id) + `"}`), nil
}

// placeUnder makes a new folder personal where its parent is, and refuses it where it asks for less than its parent does.
func placeUnder(r *vault.Reader, p *vault.Project) error {
	if p.Parent == 0 {
		return nil
	}
	parent, _, err := r.Project(p.Parent)
	switch {
	case err != nil:
		return asFolder(err)
	case parent.Owner != 0:
		p.Owner = parent.Owner
	}
	return complexEnough(p, parent)
}

// complexEnough refuses a shared folder whose complexity is not at least its parent's.
func complexEnough(p, parent *vault.Project) error {
	if parent.Owner == 0 && p.Complexity < parent.Complexity {
		return faultComplexity
	}
	return nil
}

// listFolders is a call of patched servers (teampass 5.22): every visible folder, each below its parent. The parent is the nearest one in the
// list, "0" at the top: the client builds a tree of them.
func listFolders(r *vault.Reader) (answer, error) {
	list := folderList(r, func(node) bool { return true })
	if len(list) == 0 {
		return nil, faultEmpty
	}
	return encode(list), nil
}

func getFolder(r *vault.Reader, id uint64) (answer, error) {
	list := folderList(r, func(n node) bool { return uint64(n.ID) == id })
	if len(list) == 0 {
		return nil, faultEmpty
	}
	return encode(list), nil
}

// folderList renders the visible folders that are to be shown, in the order of the tree.
func folderList(r *vault.Reader, shown func(node) bool) (list []object) {
	for _, n := range tree(r) {
		if shown(n) {
			list = append(list, object{{"id", number(n.ID)}, {"parent_id", number(n.parent)}, {"title", n.Name}, {"path", path(r, n.ID)}})
		}
	}
	return list
}

// node is a folder in the tree that the caller sees, with the numbers of a nested set: those of all below it lie between its own.
type node struct {
	*vault.Project
	parent             vault.ProjectID // the nearest that is seen; 0 at the top
	level, left, right uint64          // from 1
}

// tree returns the visible folders, each before those below it, siblings by title.
func tree(r *vault.Reader) []node {
	visible := map[vault.ProjectID]bool{}
	folders := r.Projects()
	for _, p := range folders {
		visible[p.ID] = true
	}
	below := map[vault.ProjectID][]*vault.Project{}
	for _, p := range folders {
		parent := nearest(r, p, visible)
		below[parent] = append(below[parent], p)
	}
	var list []node
	next := uint64(0)
	var walk func(parent vault.ProjectID, level uint64)
	walk = func(parent vault.ProjectID, level uint64) {
		slices.SortFunc(below[parent], func(a, b *vault.Project) int {
			return cmp.Or(cmp.Compare(vault.SortKey(a.Name), vault.SortKey(b.Name)), cmp.Compare(a.ID, b.ID))
		})
		for _, p := range below[parent] {
			i := len(list)
			next++
			list = append(list, node{Project: p, parent: parent, level: level, left: next})
			walk(p.ID, level+1)
			next++
			list[i].right = next
		}
	}
	walk(0, 1)
	return list
}

// byFolderID sorts folders as the original's table holds them.
func byFolderID(nodes []node) []node {
	slices.SortFunc(nodes, func(a, b node) int { return cmp.Compare(a.ID, b.ID) })
	return nodes
}

// nearest returns the next ancestor in the set; 0 if there is none.
func nearest(r *vault.Reader, p *vault.Project, in map[vault.ProjectID]bool) vault.ProjectID {
	ancestors := r.Path(p.ID)
	for _, a := range slices.Backward(ancestors[:max(0, len(ancestors)-1)]) {
		if in[a.ID] {
			return a.ID
		}
	}
	return 0
}

// folderInfo tells of a folder (teampass 5.18).
func folderInfo(r *vault.Reader, id uint64) (answer, error) {
	p, _, err := r.Project(vault.ProjectID(id))
	if err != nil {
		return nil, asFolder(err)
	}
	return encode(object{
		{"title", p.Name}, {"personal_folder", personal(p)}, {"renewal_period", number(p.RenewalMonths)},
		{"parent_id", number(parentShown(r, p))}, {"path", path(r, p.ID)},
	}), nil
}

// parentShown returns a folder's parent, or the root where the caller may not know of it.
func parentShown(r *vault.Reader, p *vault.Project) vault.ProjectID {
	if _, _, err := r.Project(p.Parent); err != nil {
		return 0
	}
	return p.Parent
}

func personal(p *vault.Project) string {
	if p.Owner != 0 {
		return "1"
	}
	return "0"
}

// parent names a folder to start from: by id or by title (teampass 5.6).
type parent struct {
	byTitle bool
	value   string
}

func parseDescendants(a argument) (parent, error) {
	kind, rest := a.cut()
	value := rest.first()
	switch {
	case kind == "" || value == "":
		return parent{}, faultEmpty
	case kind != "id" && kind != "title":
		return parent{}, faultParameters
	}
	return parent{kind == "title", value}, nil
}

// folderDescendants answers a folder and what is below it, in the order of the tree. An unknown one has none (teampass 9); of several with the
// title the first counts.
func folderDescendants(r *vault.Reader, start parent) (answer, error) {
	nodes := tree(r)
	from := slices.IndexFunc(nodes, func(n node) bool { return start.is(n.Project) })
	if from < 0 {
		return nil, faultEmpty
	}
	var list []object
	for _, n := range nodes[from:] {
		if n.left > nodes[from].right {
			break
		}
		list = append(list, object{
			{"id", number(n.ID)}, {"parent_id", number(n.parent)}, {"title", n.Name}, {"nleft", number(n.left)}, {"nright", number(n.right)},
			{"nlevel", number(n.level)}, {"personal", personal(n.Project)},
		})
	}
	return encode(list), nil
}

func (p parent) is(folder *vault.Project) bool {
	if p.byTitle {
		return vault.EqualFold(folder.Name, p.value)
	}
	return uint64(folder.ID) == toID(p.value)
}

// folderChange is what update/folder takes. The command line leaves the numbers empty (teampass 5.22): then they stay as they are.
type folderChange struct {
	id                  vault.ProjectID
	title               string
	complexity, renewal int64
	hasComplexity       bool
	hasRenewal          bool
}

// parseFolderChange reads a folder's id and its title, complexity and renewal period (teampass 5.13).
func parseFolderChange(a argument) (folderChange, error) {
	id, rest := a.cut()
	if !isNumeric(id) {
		return folderChange{}, faultNoItem
	}
	f := rest.folderFields()
	f = append(f, make([]string, 3)...)[:3]
	c := folderChange{vault.ProjectID(toID(id)), f[0], toInt(f[1]), toInt(f[2]), f[1] != "", f[2] != ""}
	switch {
	case !areTexts(f):
		return c, faultParameters
	case c.title == "":
		return c, faultItemMissing // the original's own words
	case c.complexity < 0, c.complexity > maxComplexity:
		return c, faultNoData
	case c.renewal < 0, c.renewal > math.MaxUint16:
		return c, faultParameters
	}
	return c, nil
}

// checkTitle is what both add and update look at in a title.
func checkTitle(title string) error {
	switch {
	case tagPair.MatchString(title):
		return faultHTML
	case isNumeric(title):
		return faultNumericTitle
	case longer(title, maxTitle):
		return faultParameters
	}
	return nil
}

// folderFields takes the fields of a folder out of their encoding. One client encodes each by itself (teampass 5.22), told from plain text by
// decoding: the first is canonical base64 of a printable text, the others are empty or base64 of a number.
func (a argument) folderFields() []string {
	raw := strings.TrimRight(a.raw, "/")
	pieces := a.split(raw)
	if len(pieces) == 1 {
		return strings.Split(decodeBase64(pieces[0]), ";")
	}
	decoded := make([]string, len(pieces))
	for i, p := range pieces {
		decoded[i] = decodeBase64(p)
		switch {
		case p == "":
		case base64.StdEncoding.EncodeToString([]byte(decoded[i])) != p, i == 0 && !printable(decoded[i]), i > 0 && !isNumeric(decoded[i]):
			return pieces
		}
	}
	return decoded
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}

// updateFolder changes a folder where it is. It stays personal if it is (the original makes it shared, by accident).
func updateFolder(t *vault.Tx, c folderChange) (answer, error) {
	old, _, err := t.Project(c.id)
	if err != nil {
		return nil, asNoData(err)
	}
	if err := checkTitle(c.title); err != nil {
		return nil, err
	}
	p := *old
	p.Name = c.title
	if c.hasComplexity {
		p.Complexity = uint16(c.complexity)
	}
	if c.hasRenewal {
		p.RenewalMonths = uint16(c.renewal)
	}
	if path := t.Path(c.id); len(path) > 1 && c.hasComplexity { // whoever may see the parent
		if err := complexEnough(&p, path[len(path)-2]); err != nil {
			return nil, err
		}
	}
	err = t.EditProject(c.id, func(now *vault.Project) {
		now.Name, now.Complexity, now.RenewalMonths = p.Name, p.Complexity, p.RenewalMonths
	})
	return answer(`{"status":"folder updated"}`), err
}

// maxDeleted is how many folders a call may delete (teampass 5.11).
const maxDeleted = 4

// parseFolderDeletion reads the ids of folders. As for items, only plain digits are one.
func parseFolderDeletion(a argument) ([]vault.ProjectID, error) {
	list := a.list()
	if len(list) > maxDeleted {
		return nil, faultNoCategory
	}
	ids, err := parseDeletion(a)
	folders := make([]vault.ProjectID, len(ids))
	for i, id := range ids {
		folders[i] = vault.ProjectID(id)
	}
	return folders, err
}

// deleteFolders puts folders with all below them into the trash. Unknown ones are ignored (teampass 5.11), but as with items "OK" is not said of what is there
// and stays: then nothing goes.
func deleteFolders(t *vault.Tx, ids []vault.ProjectID) (answer, error) {
	for _, id := range ids {
		p, _, err := t.Project(id)
		switch {
		case err != nil:
			continue // unknown, or gone with the one before
		case p.Owner != 0: // one's own: personal folders stay
			return nil, vault.Forbidden
		}
		if err := t.TrashTree(id); err != nil {
			return nil, err
		}
	}
	return answer(`{"status":"OK"}`), nil
}
