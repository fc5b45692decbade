package syspassxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// children calls fn with the name of each child of the element that was entered last. fn reads to the child's end, by one of the
// functions here. A text among children is refused.
func (s *scanner) children(fn func(name string) error) error {
	for {
		t, err := s.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return nil
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return s.unexpected()
			}
		case xml.StartElement:
			if err := fn(rawName(t.Name)); err != nil {
				return err
			}
		}
	}
}

// skip reads to the end of the element that was entered last, whatever is in it.
func (s *scanner) skip() error {
	for depth := len(s.stack); len(s.stack) >= depth; {
		if _, err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

// value returns the text of the element that was entered last, which may have no children. It is valid until the next call.
func (s *scanner) value() ([]byte, error) {
	t, err := s.next()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case xml.EndElement:
		return nil, nil
	case xml.CharData:
		if _, start := s.held.(xml.StartElement); start {
			return nil, s.unexpected()
		}
		_, err := s.next() // the held end tag: the text stays where it is
		return t, err
	}
	return nil, s.unexpected()
}

func (s *scanner) into(text *string) error {
	v, err := s.value()
	*text = string(v)
	return err
}

// number reads an element's text as an id; none is 0.
func (s *scanner) number(n *uint64) error {
	v, err := s.value()
	if err != nil {
		return err
	}
	*n, err = s.parse(string(v))
	return err
}

func (s *scanner) parse(text string) (uint64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, s.place("an id is not a number")
	}
	return n, nil
}

// id returns the id attribute of the element that was entered last; none is 0.
func (s *scanner) id() (uint64, error) { return s.parse(s.attr("id")) }

// itemID is id for what must have one.
func (s *scanner) itemID() (uint64, error) {
	if s.attr("id") == "" {
		return 0, s.place("an element has no id")
	}
	return s.id()
}

// start enters the root element and returns its name.
func (s *scanner) start() (string, error) {
	t, err := s.next()
	if err != nil {
		return "", err
	}
	start, ok := t.(xml.StartElement)
	if !ok {
		return "", s.malformed()
	}
	return rawName(start.Name), nil
}

// end reads what may follow the root element.
func (s *scanner) end() error {
	_, err := s.next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (s *scanner) unexpected() error {
	return s.place("something is where it does not belong")
}

// place is an error that names the line.
func (s *scanner) place(msg string) error {
	line, _ := s.dec.InputPos()
	return invalid("%s: %s (line %d)", textInvalidXML, msg, line)
}
