package blob

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tresor/shared/vault"
)

// ValidKey returns nil for a key that every implementation takes: names between slashes, such as "exports/2026/17.xml". It refuses, with kind Invalid,
// what a file system or an S3 client would read in a way of its own: an empty key or part (so a leading, trailing or
// double slash too), the parts "." and "..", a dot at the start (the folder's own files begin so), a backslash, control characters, what is not
// UTF-8, and what is over MaxKey or MaxPart.
func ValidKey(key string) error { return check(key, true) }

// ValidPrefix returns nil for a text that keys may begin with, and for the empty one. Every valid key is a valid prefix.
func ValidPrefix(prefix string) error { return check(prefix, false) }

func check(key string, whole bool) error {
	switch {
	case len(key) > MaxKey:
		return invalid("the key is too long")
	case !utf8.ValidString(key):
		return invalid("the key is not UTF-8")
	case strings.HasPrefix(key, "."):
		return invalid("the key begins with a dot")
	case strings.ContainsFunc(key, forbidden):
		return invalid("the key has a character that is not allowed")
	}
	for rest, more := key, true; more; {
		var part string
		part, rest, more = strings.Cut(rest, "/")
		if open := !more && !whole; open && len(part) <= MaxPart { // the beginning of a part, which may go on in any way
			continue
		}
		if part == "" || part == "." || part == ".." || len(part) > MaxPart {
			return invalid("the key has a part that is empty, a dot, two dots, or too long")
		}
	}
	return nil
}

// forbidden says whether a key may not hold r. U+FFFE and U+FFFF cannot be written in XML, which S3 lists keys in.
func forbidden(r rune) bool {
	return r == '\\' || unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF
}

func invalid(msg string) error { return &vault.Error{Kind: vault.Invalid, Msg: msg} }
