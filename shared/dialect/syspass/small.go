package syspass

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"tresor/shared/vault"
)

// What categories, clients, tags and groups have in common (syspass 3.10 to 3.12).

// item is what creates and edits take. The id is as it was given: an answer that echoes the input shows it, known or not. All that takes
// longer the longer the name is happens while it is decoded, before the vault is asked: a name of 4 MB must not hold up other writers.
type item struct {
	id                int64
	name, description string
	global            int64 // clients only
	folded            string
	hashed            string
	kind              *itemKind
	unfit             error // what the columns say to it
}

// itemKind is what differs between them.
type itemKind struct {
	maxName int
	hash    func(name string) string // nil: names are compared, and no hashes
}

var (
	categoryItem = &itemKind{maxCategoryName, normalised}
	clientItem   = &itemKind{maxClientName, normalised}
	tagItem      = &itemKind{maxTagName, tagKey}
	groupItem    = &itemKind{maxGroupName, nil}
)

// decode reads an item. It never fails: what the columns do not hold is found out after what is taken already (syspass 3.12).
func (k *itemKind) decode(p params) (item, error) {
	i := item{id: p.integer("id"), name: p.text("name"), description: p.text("description"), global: p.integer("global"), kind: k}
	i.folded = vault.NameKey(i.name)
	if k.hash != nil {
		i.hashed = k.hash(i.name)
	}
	i.unfit = fit(column{"name", i.name, k.maxName}, column{"description", i.description, maxDescription})
	return i, nil
}

// sameAs reports whether a name is a duplicate of the item's (syspass 3.12).
func (i *item) sameAs(name string) bool {
	return vault.NameKey(name) == i.folded || i.kind.hash != nil && i.kind.hash(name) == i.hashed
}

// free refuses an item whose name another one has, and one that does not fit. others yields the others' names.
func (i *item) free(others iter.Seq[string]) error {
	for name := range others {
		if i.sameAs(name) {
			return vault.Exists
		}
	}
	return i.unfit
}

// except yields the names of a list's things but of the one with an id.
func except[T any, ID comparable](list []T, id ID, of func(T) (ID, string)) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, thing := range list {
			if other, name := of(thing); other != id && !yield(name) {
				return
			}
		}
	}
}

// itemResult answers with one item. No message: it was only looked at.
func itemResult(id int64, payload any, message string) result {
	return result{itemID: id, payload: payload, message: message, count: noCount}
}

// search is what the searches of the small items take.
type search struct {
	text  like
	all   bool
	count int64
}

func decodeSearch(p params) (search, error) {
	text := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/[\]%{}*$`, r) {
			return -1
		}
		return r
	}, p.text("text"))
	s := search{text: parseLike(text), all: text == "", count: 25}
	if p["count"] != nil {
		s.count = p.integer("count")
	}
	if s.count < 0 { // the original's LIMIT
		return s, sqlError("42000", "Syntax error or access violation: 1064 You have an error in your SQL syntax")
	}
	return s, nil
}

// pick returns the items that match, by name, at most count of them: 0 is none. Errors: errEffort.
func pick[T any](s search, items []T, names func(T) (name, description string)) ([]T, error) {
	s.text.begin()
	list := slices.DeleteFunc(items, func(item T) bool {
		name, description := names(item)
		return !s.all && !s.text.matches(vault.Fold(name)) && !s.text.matches(vault.Fold(description))
	})
	if err := s.text.exceeded(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b T) int {
		nameA, _ := names(a)
		nameB, _ := names(b)
		return cmp.Compare(vault.SortKey(nameA), vault.SortKey(nameB))
	})
	return list[:min(int64(len(list)), s.count)], nil
}

// normalised is what the original hashes to tell duplicates: `Web Server`, `web-server` and `WEB_SERVER` are one (syspass 3.12).
func normalised(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`. _-;'":()|/`, r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}
