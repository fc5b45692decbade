package teampass

import (
	"cmp"
	"errors"
	"math"
	"regexp"
	"slices"

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
	f := a.fields(2)
	f = append(f, make([]string, 5)...)[:5] // what is left out is empty
	complexity, parent, renewal := toInt(f[1]), toInt(f[2]), toInt(f[3])
	_, _, isID := numericPrefix(f[2]) // the original takes any word for 0, the root
	switch {
	case !areTexts(f):
		return vault.Project{}, faultParameters
	case f[0] == "", complexity < 0, complexity > maxComplexity:
		return vault.Project{}, faultNoData
	case f[2] == "":
		return vault.Project{}, faultNoDestination
	case !isID, parent < 0:
		return vault.Project{}, faultNoData
	case tagPair.MatchString(f[0]):
		return vault.Project{}, faultHTML
	case isNumeric(f[0]):
		return vault.Project{}, faultNumericTitle
	case longer(f[0], maxTitle), renewal < 0, renewal > math.MaxUint16:
		return vault.Project{}, faultParameters
	}
	return vault.Project{Name: f[0], Complexity: uint16(complexity), Parent: vault.ProjectID(parent), RenewalMonths: uint16(renewal)}, nil
}

func addFolder(t *vault.Tx, p vault.Project) (answer, error) {
	if err := t.MayCreateProject(p.Parent); err != nil {
		return nil, asFolder(err) // the original makes an orphan (teampass 9)
	}
	if t.ProjectNamed(p.Name) { // anywhere (teampass 7)
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

// placeUnder makes a folder's complexity at least its parent's, or personal where its parent is.
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
	case p.Complexity < parent.Complexity:
		return faultComplexity
	}
	return nil
}

// listFolders is a call of patched servers (teampass 5.22): every visible folder, each below its parent. The parent is the nearest one in the
// list, "0" at the top: the client builds a tree of them.
func listFolders(r *vault.Reader) (answer, error) {
	list := folderTree(r)
	if len(list) == 0 {
		return nil, faultEmpty
	}
	return encode(list), nil
}

func getFolder(r *vault.Reader, id uint64) (answer, error) {
	for _, o := range folderTree(r) {
		if o[0].value == number(id) {
			return encode([]object{o}), nil
		}
	}
	return nil, faultEmpty
}

// folderTree renders the visible folders in the order of the tree, siblings by title.
func folderTree(r *vault.Reader) []object {
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
	var list []object
	var walk func(vault.ProjectID)
	walk = func(parent vault.ProjectID) {
		slices.SortFunc(below[parent], func(a, b *vault.Project) int {
			return cmp.Or(cmp.Compare(vault.SortKey(a.Name), vault.SortKey(b.Name)), cmp.Compare(a.ID, b.ID))
		})
		for _, p := range below[parent] {
			list = append(list, object{{"id", number(p.ID)}, {"parent_id", number(parent)}, {"title", p.Name}, {"path", path(r, p.ID)}})
			walk(p.ID)
		}
	}
	walk(0)
	return list
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
	if id == 0 {
		return nil, faultNoParameters
	}
	p, _, err := r.Project(vault.ProjectID(id))
	if err != nil {
		return nil, asFolder(err)
	}
	parent, personal := p.Parent, "0"
	if _, _, err := r.Project(parent); errors.Is(err, vault.NotFound) {
		parent = 0 // not to be known
	}
	if p.Owner != 0 {
		personal = "1"
	}
	return encode(object{
		{"title", p.Name}, {"personal_folder", personal}, {"renewal_period", number(p.RenewalMonths)},
		{"parent_id", number(parent)}, {"path", path(r, p.ID)},
	}), nil
}
