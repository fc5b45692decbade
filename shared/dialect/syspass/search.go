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

// matcher returns the filter as a function. The filters that are given are joined by op; the vault adds who may see what. What costs least is
// asked first: 100,000 rows are looked at.
func (f *accountFilter) matcher(r *reading) func(*vault.Row) bool {
	var tests []func(*vault.Row) bool
	if f.category != 0 {
		tests = append(tests, func(row *vault.Row) bool { return row.Category == f.category })
	}
	if f.client != 0 {
		tests = append(tests, f.ofClient(r))
	}
	tagged := func(*vault.Row) bool { return true }
	if f.tagCount > 0 {
		living, wanted := r.livingTags(f.tags)
		tagged = func(row *vault.Row) bool { return living.hasOne(row.Tags) } // even under "or"
		tests = append(tests, func(row *vault.Row) bool { return f.tagsMatch(row, wanted) })
	}
	if f.hasText {
		tests = append(tests, f.textMatches)
	}
	return func(row *vault.Row) bool {
		if row.Owner != 0 || !tagged(row) { // a personal entry is no account
			return false
		}
		for _, test := range tests {
			if test(row) == f.or {
				return f.or
			}
		}
		return !f.or || len(tests) == 0
	}
}

// ofClient wants a client. Rows come by client, so that the project asked about is most often that of the row before.
func (f *accountFilter) ofClient(r *reading) func(*vault.Row) bool {
	roots := map[vault.ProjectID]bool{}
	var latest vault.ProjectID
	var is bool
	return func(row *vault.Row) bool {
		if row.Project == latest {
			return is
		}
		of, known := roots[row.Project]
		if !known {
			p := r.Client(row.Project)
			of = p != nil && p.ID == f.client
			roots[row.Project] = of
		}
		latest, is = row.Project, of
		return is
	}
}

// tagSet is a set of tags, whose ids are small numbers.
type tagSet []bool

func (s tagSet) has(id vault.TagID) bool { return id < vault.TagID(len(s)) && s[id] }

func (s tagSet) hasOne(ids []vault.TagID) bool {
	for _, id := range ids { // not by a function: it would be made for each row
		if s.has(id) {
			return true
		}
	}
	return false
}

// livingTags returns the tags that there are, for entries keep the ids of removed ones until they are edited, and those of them that are wanted.
func (r *reading) livingTags(wanted map[vault.TagID]bool) (all, some tagSet) {
	tags := r.TagsByName()
	for _, t := range tags {
		if n := int(t.ID) + 1 - len(all); n > 0 {
			all = append(all, make(tagSet, n)...)
		}
		all[t.ID] = true
	}
	some = make(tagSet, len(all))
	for id := range wanted {
		if all.has(id) {
			some[id] = true
		}
	}
	return all, some
}

var searched = [...]vault.Field{vault.FieldName, vault.FieldUsername, vault.FieldURL, vault.FieldNotesText}

func (f *accountFilter) textMatches(row *vault.Row) bool {
	if !row.Has(vault.FieldAny, f.text.ready) { // rules most rows out without a look at their fields
		return false
	}
	return slices.ContainsFunc(searched[:], func(field vault.Field) bool { return f.text.matches(row.Text(field)) })
}

// tagsMatch wants all tags under "and", where a repeated id can never match: the original compares the number of tags found with the
// length of the list. Under "or" it wants any.
func (f *accountFilter) tagsMatch(row *vault.Row, wanted tagSet) bool {
	found := 0
	for _, id := range row.Tags {
		found += bit(wanted.has(id))
	}
	if f.or {
		return found > 0
	}
	return found == f.tagCount
}
