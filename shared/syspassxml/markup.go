package syspassxml

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
)

// markup serializes XML byte for byte as libxml2 does, which sysPass writes with (encoding/xml escapes other characters and knows no <a/>): elements
// without content as <a/>; in texts & < > and CR escaped, in attributes also quotes, TAB and LF. With indent, each child element stands on
// a line of its own, indented by two spaces for each level; an element with text stands on one line.
// Write errors stay in w and come back from Flush.
type markup struct {
	w      *bufio.Writer
	indent bool
	open   []frame
	begun  bool // the innermost start tag still lacks its ">"
}

type frame struct {
	name   string
	inline bool // it has text, so no line break may be put into it
}

type attr struct{ name, value string }

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

var (
	textEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
	attrEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;", `"`, "&quot;", "\t", "&#9;", "\n", "&#10;")
)

func newMarkup(w io.Writer, indent bool) *markup {
	return &markup{w: bufio.NewWriterSize(w, 32<<10), indent: indent}
}

func id(n uint64) attr { return attr{"id", number(n)} }

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// start begins an element.
func (m *markup) start(name string, attrs ...attr) {
	m.content()
	inline := m.breakLine()
	_ = m.w.WriteByte('<')
	_, _ = m.w.WriteString(name)
	for _, a := range attrs {
		_ = m.w.WriteByte(' ')
		_, _ = m.w.WriteString(a.name)
		_, _ = m.w.WriteString(`="`)
		_, _ = attrEscapes.WriteString(m.w, a.value)
		_ = m.w.WriteByte('"')
	}
	m.open, m.begun = append(m.open, frame{name, inline}), true
}

// end ends the innermost element.
func (m *markup) end() {
	top := m.open[len(m.open)-1]
	m.open = m.open[:len(m.open)-1]
	if m.begun {
		m.begun = false
		_, _ = m.w.WriteString("/>")
		return
	}
	if !top.inline {
		m.newline()
	}
	_, _ = m.w.WriteString("</")
	_, _ = m.w.WriteString(top.name)
	_ = m.w.WriteByte('>')
}

// text adds text to the innermost element.
func (m *markup) text(s string) {
	if s == "" {
		return
	}
	m.inline()
	_, _ = textEscapes.WriteString(m.w, s)
}

// encoded adds the text base64(hex(b)) to the innermost element.
func (m *markup) encoded(b []byte) {
	m.inline()
	e := base64.NewEncoder(base64.StdEncoding, m.w)
	_, _ = hex.NewEncoder(e).Write(b)
	_ = e.Close()
}

// leaf adds an element that holds only a text.
func (m *markup) leaf(name, text string, attrs ...attr) {
	m.start(name, attrs...)
	m.text(text)
	m.end()
}

// content closes the start tag, if it is still open.
func (m *markup) content() {
	if m.begun {
		m.begun = false
		_ = m.w.WriteByte('>')
	}
}

func (m *markup) inline() {
	m.content()
	m.open[len(m.open)-1].inline = true
}

// breakLine puts a child element on a line of its own, unless its parent is inline, which it reports.
func (m *markup) breakLine() (inline bool) {
	if len(m.open) == 0 {
		return false
	}
	if m.open[len(m.open)-1].inline {
		return true
	}
	m.newline()
	return false
}

func (m *markup) newline() {
	if !m.indent {
		return
	}
	_ = m.w.WriteByte('\n')
	for range m.open {
		_, _ = m.w.WriteString("  ")
	}
}
