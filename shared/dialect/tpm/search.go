package tpm

import (
	"strings"
	"unicode"
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

// parseQuery reads a search string: conditions, each a text, operator:text, or one of them with the text in brackets, which is then all of the field. Nothing is an
// error: what cannot be read otherwise is text. An operator without a value says nothing.
func parseQuery(s string) query {
	var q query
	for t := range tokens(s, isTerm) {
		if op := operators[t.op]; t.text != "" || t.exact && op != opIs { // a field that is empty can be looked for
			q = append(q, term{op, t.text, t.exact})
		}
	}
	return q
}

// isTerm reports whether a condition exists: its operator does and, of is:, the state.
func isTerm(t token) bool {
	op, known := operators[t.op]
	return t.op == "" || known && (op != opIs || t.text == "" || states[t.text])
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
