package syspass

import "strings"

// stripTags does what PHP's filter for strings does (syspass 1.3): everything from `<` to its matching `>` goes, with quotes, comments and
// <? ?> respected; an unclosed `<` takes the rest along, even in "a < b". NULs go too; a lone `>` stays.
func stripTags(s string) string {
	out := make([]byte, 0, len(s))
	t := tagState{}
	for i := range len(s) {
		if t.outside(s, i) && s[i] != 0 {
			out = append(out, s[i])
		}
	}
	return string(out)
}

// Where in the text the filter is.
const (
	inText    = iota
	inTag     // <...>
	inPHP     // <?...?>
	inDeclare // <!...>
	inComment // <!--...-->
)

type tagState struct {
	where  int
	depth  int  // of tags in the tag
	quote  byte // open inside the tag
	parens int  // open inside <? ?>
}

// outside moves over the byte at i and reports whether it is kept.
func (t *tagState) outside(s string, i int) bool {
	c := s[i]
	switch {
	case t.where == inText && c == '<':
		t.where = inTag
		return false
	case t.where == inText && c == '>' && t.depth > 0: // left behind by a comment
		t.depth--
		return false
	case t.where == inText:
		return true
	case c == '"' || c == '\'':
		t.toggle(s, i)
	case c == '>':
		t.close(s, i)
	case t.quote != 0:
	case t.where == inTag && c == '<':
		t.depth++
	case t.where == inTag && c == '!' && s[i-1] == '<':
		t.where = inDeclare
	case t.where == inTag && c == '?' && s[i-1] == '<':
		t.where = inPHP
	case t.where == inDeclare && c == '-' && s[i-1] == '-' && s[i-2] == '!':
		t.where = inComment
	case t.where == inPHP && i > 4 && strings.EqualFold(s[i-4:i+1], "<?xml"):
		t.where = inTag
	case t.where == inPHP && c == '(':
		t.parens++
	case t.where == inPHP && c == ')':
		t.parens--
	}
	return false
}

func (t *tagState) toggle(s string, i int) {
	switch {
	case t.where == inComment, t.where != inTag && s[i-1] == '\\':
	case t.quote == s[i]:
		t.quote = 0
	case t.quote == 0:
		t.quote = s[i]
	}
}

func (t *tagState) close(s string, i int) {
	switch {
	case t.where == inComment && s[i-1] == '-' && s[i-2] == '-':
		*t = tagState{depth: t.depth}
	case t.where == inComment:
	case t.depth > 0:
		t.depth--
	case t.quote != 0:
	case t.where == inPHP && (t.parens != 0 || s[i-1] != '?'):
	default:
		*t = tagState{}
	}
}
