package tpm

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tresor/shared/vault"
)

// fields are the members of a request's object. Names are exact, unknown ones are ignored (tpm 6.3).
type fields map[string]json.RawMessage

// Limits of what a field may hold, in bytes. The contract names none but 250 characters for text fields; these keep one entry within a transaction.
const (
	maxLine  = 4 << 10
	maxNotes = 64 << 10
)

// text returns a text and whether it is there. A number stands for its digits, because clients send ports and PINs so; null is as good as absent.
func (f fields) text(name string, limit int) (*string, error) {
	raw, ok := f[name]
	if !ok || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	s := string(raw)
	switch c := raw[0]; {
	case c == '"':
		if json.Unmarshal(raw, &s) != nil || mangled(raw, s) {
			return nil, invalid(name + " is not a text")
		}
	case c != '-' && (c < '0' || c > '9'):
		return nil, invalid(name + " is not a text")
	}
	if len(s) > limit {
		return nil, invalid(name + " is too long")
	}
	return &s, nil
}

// plain is text that is stored in the index, where NUL separates fields.
func (f fields) plain(name string, limit int) (*string, error) {
	s, err := f.text(name, limit)
	if s != nil && strings.Contains(*s, "\x00") {
		return nil, invalid(name + " has a NUL in it")
	}
	return s, err
}

// mangled reports whether decoding put a replacement character where the text had none: half a surrogate pair. Stored so, a password would
// not come back as it was sent.
func mangled(raw []byte, s string) bool {
	return strings.Count(s, string(utf8.RuneError)) > bytes.Count(raw, []byte(string(utf8.RuneError)))+strings.Count(strings.ToLower(string(raw)), `\ufffd`)
}

// id returns an id that may be a number or a numeric text (tpm 6.3: project_id), and whether it is there.
func (f fields) id(name string) (uint64, bool, error) {
	s, err := f.text(name, maxLine)
	if err != nil {
		return 0, false, invalid(name + " is not an id")
	}
	if s == nil {
		return 0, false, nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(*s), 10, 63)
	if err != nil {
		return 0, false, invalid(name + " is not an id")
	}
	return n, true, nil
}

// flag returns a yes or no, and nil where there is none: true and false, 1 and 0, or the texts of these; null is as good as absent.
func (f fields) flag(name string) (*bool, error) {
	raw, ok := f[name]
	if !ok || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	text := string(raw)
	if raw[0] == '"' && json.Unmarshal(raw, &text) != nil {
		return nil, invalid(name + " is not true or false")
	}
	yes := text == "true" || text == "1"
	if !yes && text != "false" && text != "0" {
		return nil, invalid(name + " is not true or false")
	}
	return &yes, nil
}

// tags returns the names in a comma separated list. The vault drops blank ones.
func (f fields) tags() ([]string, bool, error) {
	s, err := f.plain("tags", maxLine)
	if s == nil || err != nil {
		return nil, false, err
	}
	return strings.Split(*s, ","), true, nil
}

// expiry returns a date as the stamp of its start in UTC; null and "" take it away.
func (f fields) expiry() (*vault.Stamp, error) {
	s, err := f.plain("expiry_date", maxLine)
	switch _, there := f["expiry_date"]; {
	case err != nil || !there:
		return nil, err
	case s == nil || *s == "":
		return new(vault.Stamp), nil
	}
	t, ok := parseDate(*s)
	if !ok {
		return nil, invalid("expiry_date is not a date (yyyy-mm-dd)")
	}
	stamp := vault.StampOf(t)
	return &stamp, nil
}

// parseDate reads yyyy-mm-dd. The first days of 1970 and what is before them are no dates here: a Stamp of 0 means none.
func parseDate(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil && t.Unix() > 0
}
