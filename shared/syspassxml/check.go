package syspassxml

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Encodable reports whether a text can be in a file: XML 1.0 has no place, not even escaped, for control characters other than
// TAB, LF and CR, nor for U+FFFE and U+FFFF (https://www.w3.org/TR/xml/#charsets), and s must be valid UTF-8. Write refuses a document with
// any other text, because a file with a changed name or note would be a silent loss; a caller may leave that account out and say so.
// Passwords may be any bytes: they are sealed and in hex.
func Encodable(s string) bool {
	for i, c := range s {
		switch {
		case c == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return false
			}
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r', c == 0xFFFE, c == 0xFFFF:
			return false
		}
	}
	return true
}

// maxProblems is how many problems an error names.
const maxProblems = 20

// checker collects what keeps a document from being written.
type checker struct {
	problems []string
	more     int
}

// check returns an error of kind Invalid that names whatever could not be read back as it is: texts that are not Encodable, ids used twice, and
// accounts whose client, category or tags are not in the document, which an importer would leave out.
func check(d *Document) error {
	var c checker
	c.texts("the file", "version", d.Version, "user login", d.User.Login, "group name", d.Group.Name)
	clients, categories := c.items("client", d.Clients), c.items("category", d.Categories)
	tags := c.tags(d.Tags)
	accounts := make(map[uint64]bool, len(d.Accounts))
	for i := range d.Accounts {
		a := &d.Accounts[i]
		place := c.id("account", a.ID, accounts)
		c.texts(place, "name", a.Name, "login", a.Login, "url", a.URL, "notes", a.Notes, "pass", a.Pass, "key", a.Key)
		c.reference(place, "client", a.ClientID, clients)
		c.reference(place, "category", a.CategoryID, categories)
		for _, t := range a.Tags {
			c.reference(place, "tag", t, tags)
		}
	}
	return c.err()
}

func (c *checker) err() error {
	switch {
	case c.more > 0:
		return invalid("cannot be exported: %s; and %d more", strings.Join(c.problems, "; "), c.more)
	case len(c.problems) > 0:
		return invalid("cannot be exported: %s", strings.Join(c.problems, "; "))
	}
	return nil
}

func (c *checker) add(format string, args ...any) {
	if len(c.problems) == maxProblems {
		c.more++
		return
	}
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) items(kind string, items []Item) map[uint64]bool {
	seen := make(map[uint64]bool, len(items))
	for _, it := range items {
		place := c.id(kind, it.ID, seen)
		c.texts(place, "name", it.Name, "description", it.Description)
	}
	return seen
}

func (c *checker) tags(tags []Tag) map[uint64]bool {
	seen := make(map[uint64]bool, len(tags))
	for _, t := range tags {
		c.texts(c.id("tag", t.ID, seen), "name", t.Name)
	}
	return seen
}

// id notes that a thing has this id and returns what to call it.
func (c *checker) id(kind string, id uint64, seen map[uint64]bool) string {
	place := kind + " " + number(id)
	if seen[id] {
		c.add("%s is there twice", place)
	}
	seen[id] = true
	return place
}

// texts checks pairs of a field's name and its text.
func (c *checker) texts(place string, pairs ...string) {
	for pair := range slices.Chunk(pairs, 2) {
		if !Encodable(pair[1]) {
			c.add("%s: the %s has characters that XML cannot hold", place, pair[0])
		}
	}
}

func (c *checker) reference(place, kind string, id uint64, known map[uint64]bool) {
	if !known[id] {
		c.add("%s: %s %d is not in the document", place, kind, id)
	}
}
