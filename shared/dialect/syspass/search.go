package syspass

import (
	"slices"

	"tresor/shared/vault"
)

// accountFilter is what account/search takes (syspass 3.3).
type accountFilter struct {
	text     like
	hasText  bool
	category vault.CategoryID     // 0: any
	client   vault.ProjectID      // 0: any
	tags     map[vault.TagID]bool // empty: any
	tagCount int                  // how many were listed, repeated ones included
	or       bool
	count    int64 // 0 or less: all
	descend  bool
}

func decodeAccountSearch(p params) (accountFilter, error) {
	text := p.text("text")
	f := accountFilter{
		text: parseLike(text), hasText: text != "" && text != "0", or: p.text("op") == "or", count: 50, descend: p.integer("order") != 0,
		category: ref[vault.CategoryID](p.integer("categoryId")), client: ref[vault.ProjectID](p.integer("clientId")),
	}
	if p["count"] != nil {
		f.count = p.integer("count")
	}
	tags, err := p.integers("tagsId")
	f.tags, f.tagCount = make(map[vault.TagID]bool, len(tags)), len(tags)
	for _, id := range tags {
		f.tags[ref[vault.TagID](id)] = true
	}
	return f, err
}

func accountSearch(r *reading, f accountFilter) (result, error) {
	limit := -1
	if f.count > 0 {
		limit = int(min(f.count, 1<<31))
	}
	f.text.begin()
	page := r.FirstByClient(f.matcher(r), limit, f.descend)
	if err := f.text.exceeded(); err != nil {
		return result{}, err
	}
	rows := make([]accountRow, len(page))
	for i, e := range page {
		rows[i] = r.accountRow(e)
	}
	return result{payload: rows, count: len(rows)}, nil
}

// matcher returns the filter as a function. The filters that are given are joined by op; the vault adds who may see what.
func (f *accountFilter) matcher(r *reading) func(*vault.Row) bool {
	var tests []func(*vault.Row) bool
	if f.hasText {
		tests = append(tests, f.textMatches)
	}
	if f.category != 0 {
		tests = append(tests, func(row *vault.Row) bool { return row.Category == f.category })
	}
	if f.client != 0 {
		tests = append(tests, func(row *vault.Row) bool {
			p := r.Client(row.Project)
			return p != nil && p.ID == f.client
		})
	}
	living := func(id vault.TagID) bool { return r.Tag(id) != nil } // entries keep the ids of removed tags until they are edited
	if f.tagCount > 0 {
		tests = append(tests, func(row *vault.Row) bool { return f.tagsMatch(row, living) })
	}
	return func(row *vault.Row) bool {
		switch {
		case f.hasText && !f.or && !row.Has(vault.FieldAny, f.text.ready): // rules most rows out without a look at the entry
			return false
		case row.Owner != 0: // a personal entry is no account
			return false
		case f.tagCount > 0 && !slices.ContainsFunc(row.Tags, living): // even under "or"
			return false
		case len(tests) == 0:
			return true
		}
		for _, test := range tests {
			if test(row) == f.or {
				return f.or
			}
		}
		return !f.or
	}
}

var searched = [...]vault.Field{vault.FieldName, vault.FieldUsername, vault.FieldURL, vault.FieldNotesText}

func (f *accountFilter) textMatches(row *vault.Row) bool {
	if !row.Has(vault.FieldAny, f.text.ready) {
		return false
	}
	return slices.ContainsFunc(searched[:], func(field vault.Field) bool { return f.text.matches(row.Text(field)) })
}

// tagsMatch wants all tags under "and", where a repeated id can never match: the original compares the number of tags found with the
// length of the list. Under "or" it wants any.
func (f *accountFilter) tagsMatch(row *vault.Row, living func(vault.TagID) bool) bool {
	found := 0
	for _, id := range row.Tags {
		found += bit(f.tags[id] && living(id))
	}
	if f.or {
		return found > 0
	}
	return found == f.tagCount
}
