package syspass

import (
	"cmp"
	"slices"
	"strings"

	"tresor/shared/vault"
)

// What categories, clients, tags and groups have in common (syspass 3.10 to 3.12).

// item is what their edits take. The id is as it was given: an answer that echoes the input shows it, known or not.
type item struct {
	id                int64
	name, description string
	global            int64 // clients only
}

func decodeItem(p params) (item, error) {
	return item{p.integer("id"), p.text("name"), p.text("description"), p.integer("global")}, nil
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
		return cmp.Compare(vault.Fold(nameA), vault.Fold(nameB))
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
