package tpm

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"tresor/shared/vault"
)

// token is one condition of a search string: text, or operator:text (tpm 3).
type token struct {
	op    string // "": none
	text  string // folded, without NUL
	exact bool   // it was in square brackets
}

// maxTerms is how many conditions are told apart: each costs a look at every row. What follows them is one text.
const maxTerms = 100

// tokens reads a search string: conditions separated by spaces, each a text or operator:text. Double quotes keep a text's spaces, and so do brackets. takes says
// whether such a condition exists; what it does not take is a text as far as the next space, whatever is in it.
func tokens(s string, takes func(token) bool) iter.Seq[token] {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD") // folding leaves what follows a broken character as it is
	s = vault.Fold(s)
	return func(yield func(token) bool) {
		rest := s
		for n := 0; ; n++ {
			rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
			if rest == "" {
				return
			}
			var t token
			if n == maxTerms {
				t, rest = token{text: rest}, ""
			} else {
				t, rest = nextToken(rest, takes)
			}
			if !yield(t) {
				return
			}
		}
	}
}

// nextToken reads one condition of a folded search and returns the rest.
func nextToken(s string, takes func(token) bool) (t token, rest string) {
	if op, value, ok := strings.Cut(s, ":"); ok && op != "" {
		if t, rest = readToken(op, value); takes(t) {
			return t, rest
		}
	}
	if t, rest = readToken("", s); takes(t) {
		return t, rest
	}
	text, rest := word(s)
	return token{text: text}, rest
}

func readToken(op, value string) (t token, rest string) {
	t.op = op
	var ok bool
	if t.text, rest, ok = bracketed(value); ok {
		t.exact = true
	} else if t.text, rest, ok = quoted(value); !ok {
		t.text, rest = word(value)
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
