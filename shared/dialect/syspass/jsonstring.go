package syspass

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string after its opening quote.
func (s *scanner) str() (string, error) {
	var out []byte
	from := s.at
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			out = append(out, s.text[from:s.at]...)
			s.at++
			return string(out), nil
		case c < ' ':
			return "", errControl
		case c == '\\':
			out = append(out, s.text[from:s.at]...)
			s.at++
			var err error
			if out, err = s.escape(out); err != nil {
				return "", err
			}
			from = s.at
		case c < utf8.RuneSelf:
			s.at++
		default:
			r, size := utf8.DecodeRune(s.text[s.at:])
			if r == utf8.RuneError && size == 1 {
				return "", errUTF8
			}
			s.at += size
		}
	}
	return "", errControl // PHP sees the NUL behind the text
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape appends what an escape after its backslash stands for.
func (s *scanner) escape(out []byte) ([]byte, error) {
	if s.at == len(s.text) {
		return nil, errSyntax
	}
	c := s.text[s.at]
	s.at++
	if c == 'u' {
		r, err := s.escapedRune()
		return utf8.AppendRune(out, r), err
	}
	plain, ok := escapes[c]
	if !ok {
		return nil, errSyntax
	}
	return append(out, plain), nil
}

func (s *scanner) escapedRune() (rune, error) {
	r, ok := s.hex4()
	switch {
	case !ok:
		return 0, errSyntax
	case !utf16.IsSurrogate(r):
		return r, nil
	case s.word(`\u`):
		low, ok := s.hex4()
		if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, errUTF16
}

func (s *scanner) hex4() (rune, bool) {
	if s.at+4 > len(s.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.text[s.at:s.at+4]), 16, 16)
	if err != nil {
		return 0, false
	}
	s.at += 4
	return rune(n), true
}
