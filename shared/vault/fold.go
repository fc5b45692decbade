package vault

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns s as comparisons see it: lower case, without accents, compatibility forms resolved. It stands in for the
// case- and accent-insensitive collation (utf8_unicode_ci) that the originals compare and search with. A text that is longer than any that is stored is only
// lowered: nothing equals or contains it, and folding it would take seconds.
func Fold(s string) string {
	if len(s) > maxFolded {
		return strings.ToLower(s)
	}
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(s) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		switch r {
		case 'ß', 'ẞ':
			b.WriteString("ss")
		case 'æ', 'Æ':
			b.WriteString("ae")
		case 'œ', 'Œ':
			b.WriteString("oe")
		case 'ø', 'Ø':
			b.WriteByte('o')
		case 'ł', 'Ł':
			b.WriteByte('l')
		case 'đ', 'Đ':
			b.WriteByte('d')
		case 'ς':
			b.WriteRune('σ')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// maxFolded is above the longest text of a field, in bytes.
const maxFolded = 128 << 10

// EqualFold reports whether two names are the same to the originals' databases: ignoring case, accents and trailing spaces.
func EqualFold(a, b string) bool { return NameKey(a) == NameKey(b) }

// NameKey is the form under which names are unique.
func NameKey(s string) string { return strings.TrimRight(Fold(s), " ") }

// collated lists the characters below the letters in the order of utf8_unicode_ci (the weights of UCA 4.0.0): space, marks, symbols, and only then
// digits. The letters and all that Fold leaves beyond ASCII keep the order of their code points, which is that of the collation for most scripts.
const collated = "\t\n\v\f\r `^_-,;:!?.'\"()[]{}@*/\\&#%+<=>|~$"

var collation = func() (table [utf8.RuneSelf]byte) {
	for i := range table {
		table[i] = byte(i)
	}
	for i := range len(collated) {
		table[collated[i]] = byte(i + 1) // below '0', so that no letter or digit moves, and above NUL
	}
	return table
}()

// SortKey returns the form by which names are sorted: that of NameKey in the order of the collation.
func SortKey(s string) string { return string(appendSortKey(nil, s)) }

// appendSortKey appends a SortKey.
func appendSortKey(to []byte, s string) []byte {
	from := len(to)
	to = append(to, NameKey(s)...)
	for i, c := range to[from:] {
		if c < utf8.RuneSelf {
			to[from+i] = collation[c]
		}
	}
	return to
}
