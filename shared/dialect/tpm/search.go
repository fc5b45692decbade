package tpm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tresor/shared/vault"
)

// operator is what stands before the colon in a search (tpm 3).
type operator uint8

const (
	opAny operator = iota
	opBasic
	opCustom
	opName
	opNotes
	opAccess
	opUsername
	opEmail
	opUsernameEmail
	opTag
	opFile
	opIn
	opIs
)

var operators = map[string]operator{
	"any": opAny, "basic": opBasic, "custom": opCustom, "name": opName, "notes": opNotes, "access": opAccess, "username": opUsername,
	"email": opEmail, "username_email": opUsernameEmail, "tag": opTag, "tags": opTag, "file": opFile, "in": opIn, "is": opIs,
}

// term is one of the conditions of a search, all of which must hold.
type term struct {
	op    operator
	value string // folded, without NUL; empty only if exact
	exact bool   // it was in square brackets: the field is the value and no more
}

type query []term

// states are the values of is:. What is no state is searched as text, like the value of an operator that does not exist.
var states = map[string]bool{"active": true, "archived": true, "favorite": true, "locked": true, "expired": true, "linked": true}

// maxTerms is how many conditions are told apart: each costs a look at every row. What follows them is one text.
const maxTerms = 100

// parseQuery reads a search string: conditions separated by spaces, each a text, operator:text, or one of them with the text in brackets, which is then all of the
// field, or in double quotes. Brackets and quotes keep spaces. Nothing is an error: what cannot be read otherwise is text. An operator without a value says nothing.
func parseQuery(s string) query {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD") // folding leaves what follows a broken character as it is
	s = vault.Fold(s)
	var q query
	for {
		s = strings.TrimLeftFunc(s, unicode.IsSpace)
		if s == "" {
			return q
		}
		if len(q) == maxTerms {
			return append(q, term{op: opAny, value: s})
		}
		var t term
		if t, s = nextTerm(s); t.value != "" || t.exact && t.op != opIs { // a field that is empty can be looked for
			q = append(q, t)
		}
	}
}

// nextTerm reads one condition of a folded search and returns the rest.
func nextTerm(s string) (t term, rest string) {
	op, value := opAny, s
	if name, after, ok := strings.Cut(s, ":"); ok {
		if known, ok := operators[name]; ok {
			op, value = known, after
		}
	}
	t.op = op
	var ok bool
	if t.value, rest, ok = bracketed(value); ok {
		t.exact = true
	} else if t.value, rest, ok = quoted(value); !ok {
		t.value, rest = word(value)
	}
	if op == opIs && t.value != "" && !states[t.value] { // a text like any other
		t = term{op: opAny}
		t.value, rest = word(s)
	}
	return t, rest
}

// word reads up to the next space.
func word(s string) (text, rest string) {
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// endsAt reports whether a condition ends there: at the end, or at a space.
func endsAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return i == len(s) || unicode.IsSpace(r)
}

// quoted reads "text", which ends at a quote that a space or the end follows.
func quoted(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", "", false
	}
	for i := 1; i < len(s); i++ {
		if s[i] == '"' && endsAt(s, i+1) {
			return s[1:i], s[i+1:], true
		}
	}
	return "", "", false
}

// bracketed reads [text]. The text ends at a closing bracket that a space or the end follows: at the one that closes the first bracket, since a
// name may have brackets of its own, or where brackets do not pair at the first one.
func bracketed(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, "[") {
		return "", "", false
	}
	end, open := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			open++
		case ']':
			open--
			switch ends := endsAt(s, i+1); {
			case ends && open <= 0:
				return s[1:i], s[i+1:], true
			case ends && end == 0:
				end = i
			}
		}
	}
	if end == 0 {
		return "", "", false
	}
	return s[1:end], s[end+1:], true
}

// String writes the search so that it reads back the same.
func (q query) String() string {
	names := [...]string{opAny: "any", opBasic: "basic", opCustom: "custom", opName: "name", opNotes: "notes", opAccess: "access", opUsername: "username",
		opEmail: "email", opUsernameEmail: "username_email", opTag: "tag", opFile: "file", opIn: "in", opIs: "is"}
	parts := make([]string, len(q))
	for i, t := range q {
		value := t.value
		switch {
		case t.exact:
			value = "[" + value + "]"
		case strings.ContainsFunc(value, unicode.IsSpace), strings.HasPrefix(value, "["), strings.HasPrefix(value, `"`):
			value = `"` + value + `"`
		}
		parts[i] = names[t.op] + ":" + value
	}
	return strings.Join(parts, " ")
}
