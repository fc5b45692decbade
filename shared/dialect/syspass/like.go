package syspass

import (
	"strings"
	"unicode/utf8"

	"tresor/shared/vault"
)

// like is an SQL pattern: % stands for anything, _ for one character, \ takes the next for itself (syspass 3.3). The original puts a
// text between two %, so it matches anywhere, unless a \ at its end takes the meaning of the second.
type like struct {
	parts  [][]piece // between the %
	ended  bool      // the last part must be at the end
	needle string    // the longest literal, to look for first
	ready  *vault.Term
	effort *int // what matching may still cost; below 0 nothing matches
}

// maxEffort bounds one search, at some nanoseconds a unit: a _ makes matching as slow as the product of both lengths, and whoever waits for
// the vault would wait too. Only long patterns over megabytes of notes come near it.
const maxEffort = 1 << 26

// errEffort is what MySQL says to a query that takes too long.
var errEffort = sqlError("HY000", "General error: 3024 Query execution was interrupted, maximum statement execution time exceeded")

// begin starts a search.
func (l like) begin() { *l.effort = maxEffort }

// exceeded returns an error if the search since begin was given up.
func (l like) exceeded() error {
	if *l.effort < 0 {
		return errEffort
	}
	return nil
}

// piece is a literal, folded, or one character of any kind if it is empty.
type piece string

func parseLike(text string) like {
	l := like{effort: new(int)}
	l.begin()
	var part []piece
	var literal strings.Builder
	end := func() {
		if literal.Len() > 0 {
			p := vault.Fold(literal.String())
			literal.Reset()
			if p == "" { // nothing but accents
				return
			}
			if part = append(part, piece(p)); len(p) > len(l.needle) {
				l.needle = p
			}
		}
	}
	runes := []rune(text + "%")
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; {
		case c == '\\' && i+1 < len(runes):
			i++
			literal.WriteRune(runes[i])
			l.ended = i+1 == len(runes)
		case c == '%':
			end()
			if len(part) > 0 {
				l.parts, part = append(l.parts, part), nil
			}
		case c == '_':
			end()
			part = append(part, "")
		default:
			literal.WriteRune(c)
		}
	}
	if end(); len(part) > 0 {
		l.parts = append(l.parts, part)
	}
	l.ready = vault.NewTerm(l.needle)
	return l
}

// matches reports whether a folded text matches. Each part is taken where it fits first, which leaves most for those behind it.
func (l like) matches(text string) bool {
	for i, part := range l.parts {
		last := l.ended && i == len(l.parts)-1
		end := -1
		for at := 0; at <= len(text) && end < 0 && *l.effort >= 0; {
			n := l.length(part, text[at:])
			if n >= 0 && (!last || at+n == len(text)) {
				end = at + n
				break
			}
			at = next(part, text, at)
		}
		if end < 0 {
			return false
		}
		text = text[end:]
	}
	return true
}

// length returns how many bytes at the start of text a part takes, or -1.
func (l like) length(part []piece, text string) int {
	n := 0
	for _, p := range part {
		*l.effort -= 1 + len(p)/32
		switch {
		case *l.effort < 0:
			return -1
		case p != "" && strings.HasPrefix(text[n:], string(p)):
			n += len(p)
		case p == "" && n < len(text):
			_, size := utf8.DecodeRuneInString(text[n:])
			n += size
		default:
			return -1
		}
	}
	return n
}

// next returns the next place after at where a part could fit.
func next(part []piece, text string, at int) int {
	if at == len(text) {
		return at + 1
	}
	_, size := utf8.DecodeRuneInString(text[at:])
	at += size
	if part[0] == "" {
		return at
	}
	i := strings.Index(text[at:], string(part[0]))
	if i < 0 {
		return len(text) + 1
	}
	return at + i
}
