package syspassxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
)

// scanner reads a file's markup: encoding/xml's raw tokens (raw, because names must be hashed as they are written), with the checks that
// those leave to their caller. What it passes below the root, Meta apart, it also serializes for the hash.
//
// Texts: adjacent ones are joined, CDATA and what comments separate included, as comments hold nothing that is read. White space alone is a text where it is all that an
// element has, else indentation, and dropped; libxml2, which sysPass reads with, draws the same line.
type scanner struct {
	dec    *xml.Decoder
	in     *limiter
	canon  *markup // nil: nothing is hashed
	attrs  []attr  // reused
	stack  []string
	text   []byte    // the current text, valid until the next one
	held   xml.Token // the tag behind the text
	leaf   bool      // nothing came since the last start tag
	inMeta bool
	ended  bool // the root element is complete
	huge   bool // the next text may be as large as the file
}

func newScanner(r io.Reader, size int64, hash io.Writer) *scanner {
	in := newLimiter(r, size)
	s := &scanner{in: in, dec: xml.NewDecoder(in)}
	s.dec.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	if hash != nil {
		s.canon = newMarkup(hash, false)
	}
	return s
}

// next returns the next xml.StartElement, xml.EndElement or xml.CharData; at the end of the file io.EOF.
func (s *scanner) next() (xml.Token, error) {
	if t := s.held; t != nil {
		s.held = nil
		return t, s.pass(t)
	}
	s.text = s.text[:0]
	for {
		t, err := s.raw()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			if err := s.addText(t); err != nil {
				return nil, err
			}
		case xml.Directive:
			return nil, invalid("the file has a document type definition")
		case xml.StartElement, xml.EndElement:
			if s.isText(t) {
				s.held = t
				return xml.CharData(s.text), s.passText()
			}
			return t, s.pass(t)
		}
	}
}

// raw returns the decoder's next token. Its errors quote the file, so only the line is kept.
func (s *scanner) raw() (xml.Token, error) {
	s.in.token = maxToken
	if s.huge {
		s.in.token = s.in.file
	}
	t, err := s.dec.RawToken()
	switch {
	case err == nil:
		return t, nil
	case s.in.err != nil:
		return nil, fmt.Errorf("read sysPass export: %w", s.in.err)
	case errors.Is(err, io.EOF) && s.ended && len(bytes.TrimSpace(s.text)) == 0:
		return nil, io.EOF
	}
	return nil, s.malformed()
}

func (s *scanner) malformed() error {
	line, _ := s.dec.InputPos()
	return invalid("the file is not well-formed XML in UTF-8 (line %d)", line)
}

func (s *scanner) addText(t xml.CharData) error {
	if len(s.text)+len(t) > maxToken && !s.huge {
		return errTokenSize
	}
	s.text = append(s.text, t...)
	return nil
}

// isText reports whether what was read before the tag t is a text.
func (s *scanner) isText(t xml.Token) bool {
	if len(s.text) == 0 {
		return false
	}
	_, end := t.(xml.EndElement)
	return end && s.leaf || len(bytes.TrimLeft(s.text, " \t\r\n")) > 0
}

func (s *scanner) hashing() bool { return s.canon != nil && !s.inMeta && len(s.stack) > 1 }

func (s *scanner) passText() error {
	if len(s.stack) == 0 {
		return s.malformed()
	}
	if s.hashing() {
		for chunk := range slices.Chunk(s.text, 4096) { // a Data element is too large to copy at once
			s.canon.text(string(chunk))
		}
	}
	return nil
}

// pass checks a tag and hashes it.
func (s *scanner) pass(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		return s.enter(t)
	case xml.EndElement:
		return s.exit(t)
	}
	return nil
}

func (s *scanner) enter(t xml.StartElement) error {
	name := rawName(t.Name)
	switch {
	case s.ended:
		return s.malformed()
	case len(s.stack) == maxDepth:
		return tooLarge("the file's elements are nested too deep")
	case len(s.stack) == 1:
		s.inMeta = name == "Meta"
	}
	s.stack = append(s.stack, name)
	s.leaf = true
	if err := s.readAttrs(t.Attr); err != nil {
		return err
	}
	if s.hashing() {
		s.canon.start(name, s.attrs...)
	}
	return nil
}

func (s *scanner) readAttrs(attrs []xml.Attr) error {
	s.attrs = s.attrs[:0]
	var seen map[string]bool
	if len(attrs) > 1 {
		seen = make(map[string]bool, len(attrs))
	}
	for _, a := range attrs {
		name := rawName(a.Name)
		if seen[name] {
			return s.malformed()
		}
		if seen != nil {
			seen[name] = true
		}
		s.attrs = append(s.attrs, attr{name, a.Value})
	}
	return nil
}

func (s *scanner) exit(t xml.EndElement) error {
	last := len(s.stack) - 1
	if last < 0 || s.stack[last] != rawName(t.Name) {
		return s.malformed()
	}
	if s.hashing() {
		s.canon.end()
	}
	s.stack = s.stack[:last]
	s.leaf = false
	s.ended = last == 0
	return nil
}

// attr returns the value of an attribute of the start tag that was returned last; "" if it has none of that name.
func (s *scanner) attr(name string) string {
	for _, a := range s.attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

func rawName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}
