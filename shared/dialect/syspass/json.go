package syspass

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// The decoder's messages are part of the answer to a body that does not decode (syspass 1.2, step 2). They and the order in which
// faults are found are PHP's, which is why encoding/json does not serve here: it also takes what PHP refuses (invalid UTF-8, lone
// surrogates) and nests without end.
var (
	errSyntax   = errors.New("Syntax error")                                             //nolint:staticcheck // PHP\'s own text (syspass 1.2)
	errControl  = errors.New("Control character error, possibly incorrectly encoded")    //nolint:staticcheck // PHP\'s own text (syspass 1.2)
	errUTF8     = errors.New("Malformed UTF-8 characters, possibly incorrectly encoded") //nolint:staticcheck // PHP\'s own text (syspass 1.2)
	errUTF16    = errors.New("Single unpaired UTF-16 surrogate in unicode escape")       //nolint:staticcheck // PHP's own text (syspass 1.2)
	errMismatch = errors.New("State mismatch (invalid or malformed JSON)")               //nolint:staticcheck // PHP's own text (syspass 1.2)
	errDepth    = errors.New("Maximum stack depth exceeded")                             //nolint:staticcheck // PHP's own text (syspass 1.2)
	errProperty = errors.New("The decoded property name is invalid")                     //nolint:staticcheck // PHP's own text (syspass 1.2)
)

// maxNesting is how deep arrays and objects may lie in one another: one less than the depth of 512 that PHP is asked for by default.
const maxNesting = 511

// object is a JSON object; the last of equal keys wins.
type object map[string]any

// decodeJSON decodes a text to nil, bool, int64, float64, string, []any or object. Integers beyond int64 are floats.
func decodeJSON(text []byte) (any, error) {
	p := parser{scanner: scanner{text: text}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.kind != 0 {
		return nil, errSyntax
	}
	return v, nil
}

// parser builds values from tokens, one ahead.
type parser struct {
	scanner
	kind  byte // of the token ahead: 0 at the end, 'v' for a scalar, 's' for a string, or the punctuation itself
	token any
}

func (p *parser) advance() (err error) {
	p.kind, p.token, err = p.scan()
	return err
}

func (p *parser) value(depth int) (any, error) {
	switch p.kind {
	case 'v', 's':
		v := p.token
		return v, p.advance()
	case '[', '{':
		if depth >= maxNesting {
			return nil, errDepth
		}
		open := p.kind
		if err := p.advance(); err != nil {
			return nil, err
		}
		if open == '[' {
			return p.array(depth + 1)
		}
		return p.object(depth + 1)
	}
	return nil, errSyntax
}

func (p *parser) array(depth int) (any, error) {
	list := []any{}
	for p.kind != ']' {
		if len(list) > 0 {
			if err := p.comma(); err != nil {
				return nil, err
			}
		} else if p.kind == '}' {
			return nil, errMismatch
		}
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if p.kind == '}' {
			return nil, errMismatch
		}
	}
	return list, p.advance()
}

func (p *parser) object(depth int) (any, error) {
	o := object{}
	for first := true; p.kind != '}'; first = false {
		if !first {
			if err := p.comma(); err != nil {
				return nil, err
			}
		} else if p.kind == ']' {
			return nil, errMismatch
		}
		if err := p.pair(o, depth); err != nil {
			return nil, err
		}
		if p.kind == ']' {
			return nil, errMismatch
		}
	}
	return o, p.advance()
}

func (p *parser) pair(o object, depth int) error {
	if p.kind != 's' {
		return errSyntax
	}
	key, _ := p.token.(string)
	if err := p.advance(); err != nil {
		return err
	}
	if p.kind != ':' {
		return errSyntax
	}
	if err := p.advance(); err != nil {
		return err
	}
	v, err := p.value(depth)
	if err != nil {
		return err
	}
	if key != "" && key[0] == 0 {
		return errProperty
	}
	o[key] = v
	return nil
}

// comma passes a comma, after which something must follow.
func (p *parser) comma() error {
	if p.kind != ',' {
		return errSyntax
	}
	return p.advance()
}

// scanner splits a text into tokens.
type scanner struct {
	text []byte
	at   int
}

func (s *scanner) scan() (kind byte, token any, err error) {
	for s.at < len(s.text) && isJSONSpace(s.text[s.at]) {
		s.at++
	}
	if s.at == len(s.text) {
		return 0, nil, nil
	}
	switch c := s.text[s.at]; {
	case c == '{', c == '}', c == '[', c == ']', c == ',', c == ':':
		s.at++
		return c, nil, nil
	case c == '"':
		s.at++
		token, err = s.str()
		return 's', token, err
	case c == '-' || isDigit(c):
		token, err = s.number()
		return 'v', token, err
	case s.word("null"):
		return 'v', nil, nil
	case s.word("true"):
		return 'v', true, nil
	case s.word("false"):
		return 'v', false, nil
	case c < ' ':
		return 0, nil, errControl
	}
	if r, size := utf8.DecodeRune(s.text[s.at:]); r == utf8.RuneError && size == 1 {
		return 0, nil, errUTF8
	}
	return 0, nil, errSyntax
}

func isJSONSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (s *scanner) word(w string) bool {
	if s.at+len(w) > len(s.text) || string(s.text[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

// digits passes digits and reports whether there were any.
func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.text) && isDigit(s.text[s.at]) {
		s.at++
	}
	return s.at > from
}

// pass passes one of the bytes in set.
func (s *scanner) pass(set string) bool {
	for i := range len(set) {
		if s.at < len(s.text) && s.text[s.at] == set[i] {
			s.at++
			return true
		}
	}
	return false
}

func (s *scanner) number() (any, error) {
	from, whole := s.at, true
	s.pass("-")
	if !s.pass("0") && !s.digits() {
		return nil, errSyntax
	}
	if end := s.at; s.pass(".") {
		whole = false
		if !s.digits() {
			s.at = end
			return nil, errSyntax
		}
	}
	if end := s.at; s.pass("eE") {
		s.pass("+-")
		if !s.digits() {
			s.at = end
			return nil, errSyntax
		}
		whole = false
	}
	text := string(s.text[from:s.at])
	if whole {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	f, _ := strconv.ParseFloat(text, 64) // beyond a float is infinite, as in PHP
	return f, nil
}
