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
	last   byte // quote inside <? ?> after which parentheses do not count
	xml    bool // a tag began with <?xml: a > right after a - does not end it
}

// outside moves over the byte at i and reports whether it is kept.
func (t *tagState) outside(s string, i int) bool {
	switch t.where {
	case inText:
		return t.text(s[i])
	case inTag:
		t.tag(s, i)
	case inPHP:
		t.php(s, i)
	case inDeclare:
		t.declare(s, i)
	case inComment:
		if s[i] == '>' && t.quote == 0 && s[i-1] == '-' && s[i-2] == '-' {
			t.where = inText
		}
	}
	return false
}

func (t *tagState) text(c byte) bool {
	switch {
	case c == '<':
		t.where, t.last = inTag, 0
		return false
	case c == '>' && t.depth > 0: // left behind by a comment
		t.depth--
		return false
	}
	return true
}

func (t *tagState) tag(s string, i int) {
	switch c := s[i]; {
	case c == '"' || c == '\'':
		t.toggle(c)
	case c == '<' && t.quote == 0:
		t.depth++
	case c == '!' && s[i-1] == '<':
		t.where, t.last = inDeclare, 0
	case c == '?' && s[i-1] == '<':
		t.where, t.parens = inPHP, 0
	case c == '>' && t.ends():
		if t.last = 0; t.xml && s[i-1] == '-' {
			return
		}
		t.where, t.xml = inText, false
	}
}

func (t *tagState) php(s string, i int) {
	switch c := s[i]; {
	case (c == '"' || c == '\'') && s[i-1] != '\\':
		if t.last == c {
			t.last = 0
		} else {
			t.last = c
		}
		t.toggle(c)
	case c == '(' && t.last == 0:
		t.parens++
	case c == ')' && t.last == 0:
		t.parens--
	case c == '>' && t.ends() && t.parens == 0 && t.last != '"' && s[i-1] == '?':
		t.where = inText
	case i > 4 && strings.EqualFold(s[i-4:i+1], "<?xml"):
		t.where, t.xml = inTag, true
	}
}

func (t *tagState) declare(s string, i int) {
	switch c := s[i]; {
	case (c == '"' || c == '\'') && s[i-1] != '\\':
		t.toggle(c)
	case c == '-' && s[i-1] == '-' && s[i-2] == '!':
		t.where = inComment
	case c == '>' && t.ends():
		t.where = inText
	case i > 6 && strings.EqualFold(s[i-6:i+1], "doctype"):
		t.where = inTag
	}
}

func (t *tagState) toggle(quote byte) {
	switch t.quote {
	case quote:
		t.quote = 0
	case 0:
		t.quote = quote
	}
}

// ends reports whether a > ends the outermost tag, and counts those inside down.
func (t *tagState) ends() bool {
	if t.depth > 0 {
		t.depth--
		return false
	}
	return t.quote == 0
}
