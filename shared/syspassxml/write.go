package syspassxml

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Write writes d as sysPass 3.2 would export it: items by name, accounts by id, an account's tags by their names. d is not
// changed. Nothing is written of a document that cannot be read back as it is: the error, of kind Invalid, names the places (account 17: the notes
// ..., see Encodable). A plain file is streamed; an encrypted one takes about twice the size of its accounts in memory.
func Write(w io.Writer, d *Document, o Options) error {
	if err := check(d); err != nil {
		return err
	}
	d = sorted(d)
	content, key := d.plain, o.SignKey
	if !o.Password.IsEmpty() {
		sealed, err := encrypt(d, o.Password.Reveal())
		if err != nil {
			return fmt.Errorf("encrypt sysPass export: %w", err)
		}
		content, key = sealed.emit, o.Password.Reveal()
	}
	sum := newHash()
	if err := emit(sum, false, content); err != nil {
		return fmt.Errorf("hash sysPass export: %w", err)
	}
	stated := hex.EncodeToString(sum.Sum(nil))
	if err := emitFile(w, d, stated, sign(stated, key), content); err != nil {
		return fmt.Errorf("write sysPass export: %w", err)
	}
	return nil
}

func emit(w io.Writer, indent bool, content func(*markup)) error {
	m := newMarkup(w, indent)
	content(m)
	return m.w.Flush()
}

func emitFile(w io.Writer, d *Document, stated, signed string, content func(*markup)) error {
	return emit(w, true, func(m *markup) {
		_, _ = m.w.WriteString(declaration)
		m.start("Root")
		m.start("Meta")
		m.leaf("Generator", generator)
		m.leaf("Version", d.Version)
		m.leaf("Time", strconv.FormatInt(d.Time.Unix(), 10))
		m.leaf("User", d.User.Login, id(d.User.ID))
		m.leaf("Group", d.Group.Name, id(d.Group.ID))
		m.leaf("Hash", stated, attr{"sign", signed})
		m.end()
		content(m)
		m.end()
		_ = m.w.WriteByte('\n')
	})
}

const generator = "sysPass"

// containers lists the parts of a file in their order.
func (d *Document) containers() []func(*markup) {
	return []func(*markup){d.categories, d.clients, d.tags, d.accounts}
}

// plain emits the containers as they are.
func (d *Document) plain(m *markup) {
	for _, c := range d.containers() {
		c(m)
	}
}

func (d *Document) categories(m *markup) { items(m, "Categories", "Category", d.Categories) }

func (d *Document) clients(m *markup) { items(m, "Clients", "Client", d.Clients) }

func items(m *markup, container, element string, items []Item) {
	m.start(container)
	for _, it := range items {
		m.start(element, id(it.ID))
		m.leaf("name", it.Name)
		m.leaf("description", it.Description)
		m.end()
	}
	m.end()
}

func (d *Document) tags(m *markup) {
	m.start("Tags")
	for _, t := range d.Tags {
		m.start("Tag", id(t.ID))
		m.leaf("name", t.Name)
		m.end()
	}
	m.end()
}

func (d *Document) accounts(m *markup) {
	m.start("Accounts")
	for i := range d.Accounts {
		d.Accounts[i].emit(m)
	}
	m.end()
}

func (a *Account) emit(m *markup) {
	m.start("Account", id(a.ID))
	m.leaf("name", a.Name)
	m.leaf("clientId", number(a.ClientID))
	m.leaf("categoryId", number(a.CategoryID))
	m.leaf("login", a.Login)
	m.leaf("url", a.URL)
	m.leaf("notes", a.Notes)
	m.leaf("pass", a.Pass)
	m.leaf("key", a.Key)
	m.start("tags")
	for _, t := range a.Tags {
		m.leaf("tag", "", id(t))
	}
	m.end()
	m.end()
}

// encrypted is the content of an encrypted file.
type encrypted struct {
	hash  string // of the export password
	parts []part
}

type part struct {
	key    string
	sealed []byte
}

func encrypt(d *Document, password string) (*encrypted, error) {
	hash, err := hashPassword(password)
	if err != nil {
		return nil, err
	}
	e := &encrypted{hash: hash}
	for _, c := range d.containers() {
		p, err := encryptPart(c, password)
		if err != nil {
			return nil, err
		}
		e.parts = append(e.parts, p)
	}
	return e, nil
}

func encryptPart(container func(*markup), password string) (part, error) {
	k, protected, err := NewKey(password)
	if err != nil {
		return part{}, err
	}
	var buf bytes.Buffer
	buf.Write(make([]byte, headSize))
	if err := emit(&buf, false, container); err != nil {
		return part{}, err
	}
	sealed, err := seal(buf.Bytes(), k.root)
	return part{protected, sealed}, err
}

func (e *encrypted) emit(m *markup) {
	m.start("Encrypted", attr{"hash", e.hash})
	for _, p := range e.parts {
		m.start("Data", attr{"key", p.key})
		m.encoded(p.sealed)
		m.end()
	}
	m.end()
}

// sorted returns d in the order of a file, sharing its texts.
func sorted(d *Document) *Document {
	s := *d
	byItem := func(a, b Item) int { return byName(a.Name, b.Name, a.ID, b.ID) }
	byTag := func(a, b Tag) int { return byName(a.Name, b.Name, a.ID, b.ID) }
	s.Categories = slices.SortedFunc(slices.Values(d.Categories), byItem)
	s.Clients = slices.SortedFunc(slices.Values(d.Clients), byItem)
	s.Tags = slices.SortedFunc(slices.Values(d.Tags), byTag)
	s.Accounts = slices.SortedFunc(slices.Values(d.Accounts), func(a, b Account) int { return cmp.Compare(a.ID, b.ID) })
	rank := make(map[uint64]int, len(s.Tags))
	for i, t := range s.Tags {
		rank[t.ID] = i
	}
	for i := range s.Accounts {
		tags := slices.Clone(s.Accounts[i].Tags)
		slices.SortFunc(tags, func(a, b uint64) int { return cmp.Compare(rank[a], rank[b]) })
		s.Accounts[i].Tags = tags
	}
	return &s
}

// byName orders as the origin's database does, near enough: without regard to case first.
func byName(a, b string, idA, idB uint64) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b), cmp.Compare(idA, idB))
}
