package tpm

import (
	"slices"
	"strings"

	"tresor/shared/vault"
)

// condition is a term, ready to be asked of every row: nothing is parsed, folded or allocated any more.
type condition func(*vault.Row) bool

// compile makes a search ready for one caller's view.
func (q query) compile(r *vault.Reader) func(*vault.Row) bool {
	q = slices.Clone(q) // the longest first: it rules out most
	slices.SortStableFunc(q, func(a, b term) int { return len(b.value) - len(a.value) })
	var conditions, others []condition // those on the text of a row come first: they need nothing else
	var needed vault.TermSet
	for _, t := range q {
		holds, inText := t.compile(r)
		if !inText {
			others = append(others, holds)
			continue
		}
		conditions = append(conditions, holds)
		needed.Add(vault.NewTerm(t.value))
	}
	conditions = append(conditions, others...)
	return func(row *vault.Row) bool {
		if !row.MayHave(&needed) {
			return false
		}
		for _, holds := range conditions {
			if !holds(row) {
				return false
			}
		}
		return true
	}
}

// textFields are the fields that an operator looks into.
var textFields = map[operator][]vault.Field{
	opAny:           {vault.FieldName, vault.FieldUsername, vault.FieldEmailAddress, vault.FieldURL, vault.FieldNotesText, vault.FieldCustom},
	opBasic:         {vault.FieldName, vault.FieldUsername, vault.FieldEmailAddress, vault.FieldURL, vault.FieldNotesText},
	opCustom:        {vault.FieldCustom},
	opName:          {vault.FieldName},
	opNotes:         {vault.FieldNotesText},
	opAccess:        {vault.FieldURL},
	opUsername:      {vault.FieldUsername},
	opEmail:         {vault.FieldEmailAddress},
	opUsernameEmail: {vault.FieldUsername, vault.FieldEmailAddress},
}

// compile also says whether the condition can hold only where the text of a row has the value.
func (t term) compile(r *vault.Reader) (_ condition, inText bool) {
	switch t.op {
	case opAny:
		tagged, text := t.tagged(r), t.text()
		if tagged == nil {
			return text, true
		}
		return func(row *vault.Row) bool { return text(row) || tagged(row) }, false
	case opTag:
		if tagged := t.tagged(r); tagged != nil {
			return tagged, false
		}
		return func(*vault.Row) bool { return false }, false
	case opFile:
		return func(row *vault.Row) bool { return r.HasFile(row.ID, t.holdsFor) }, false
	case opIn:
		in := perProject(func(id vault.ProjectID) bool { return t.holdsFor(vault.Fold(r.ProjectName(id))) })
		return func(row *vault.Row) bool { return in(row.Project) }, false
	case opIs:
		return t.state(r), false
	case opBasic, opCustom, opName, opNotes, opAccess, opUsername, opEmail, opUsernameEmail:
	}
	return t.text(), true
}

func (t term) holdsFor(folded string) bool {
	if t.exact {
		return folded == t.value
	}
	return strings.Contains(folded, t.value)
}

// text looks into the fields of the operator.
func (t term) text() condition {
	ready := vault.NewTerm(t.value)
	switch {
	case !t.exact && t.op == opAny:
		return func(row *vault.Row) bool { return row.Has(vault.FieldAny, ready) }
	case !t.exact && t.op == opBasic:
		return func(row *vault.Row) bool { return row.Has(vault.FieldBasic, ready) }
	}
	fields := textFields[t.op]
	if t.value == "" && len(fields) > 2 { // some field is empty in every entry: that is no search for one
		return func(*vault.Row) bool { return false }
	}
	return func(row *vault.Row) bool {
		for _, f := range fields {
			switch text := row.Text(f); {
			case !t.exact && strings.Contains(text, t.value), t.exact && f != vault.FieldCustom && text == t.value, t.exact && f == vault.FieldCustom && hasLine(text, t.value):
				return true
			}
		}
		return false
	}
}

// hasLine reports whether one of the custom fields, which stand one a line, is the value.
func hasLine(text, value string) bool {
	for text != "" {
		var line string
		if line, text, _ = strings.Cut(text, "\n"); line == value {
			return true
		}
	}
	return false
}

// tagged asks for the tags whose name matches, once; nil if there is none.
func (t term) tagged(r *vault.Reader) condition {
	ids := r.TagsContaining(t.value)
	for id := range ids {
		if tag := r.Tag(id); t.exact && (tag == nil || vault.Fold(tag.Name) != t.value) {
			delete(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return func(row *vault.Row) bool {
		return slices.ContainsFunc(row.Tags, func(id vault.TagID) bool { return ids[id] })
	}
}

func (t term) state(r *vault.Reader) condition {
	switch t.value {
	case "active":
		archived := archive(r)
		return func(row *vault.Row) bool { return !archived(row) }
	case "archived":
		return archive(r)
	case "favorite":
		return func(row *vault.Row) bool { return r.IsFavourite(row.ID) }
	case "locked":
		return func(row *vault.Row) bool { return row.Lock != vault.Unlocked }
	case "linked":
		return func(row *vault.Row) bool { return row.Source != 0 }
	}
	now := vault.StampOf(r.Now())
	return func(row *vault.Row) bool { return expiryStatus(row.Expiry, now, 0) == expiryPast }
}
