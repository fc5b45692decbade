package teampass

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"tresor/shared/vault"
)

// The calls of the browser extension that change something (teampass 5.20).

// addition is what set_tpc/add takes.
type addition struct {
	item
	personal bool // in the user's personal folder
}

// parseAddition reads {"personal","pwd","label","description","url","destination_folder","login"}, whose values are texts, numbers or truth values.
func parseAddition(a argument) (addition, login, error) {
	f, user, err := a.extension(1)
	if err != nil {
		return addition{}, user, err
	}
	o, err := members(f[0])
	if err != nil {
		return addition{}, user, err
	}
	in, folder := addition{personal: toInt(o["personal"]) != 0}, o["destination_folder"]
	if in.personal {
		folder = "personal" // none is needed
	}
	in.item, err = newItem([]string{o["label"], o["pwd"], o["description"], folder, o["login"], "", o["url"], "", ""})
	return in, user, err
}

// tpcAdd adds an item by the rules of add/item (teampass 5.8).
func tpcAdd(t *vault.Tx, in addition) (answer, error) {
	user := t.Principal().Also().ID()
	in.entry.Manager = user
	if in.personal {
		folder := t.PersonalRoot(user)
		switch {
		case folder == nil:
			return nil, faultNoPersonalFolder
		case user != t.Principal().ID(): // personal is the key's user's own alone
			return nil, vault.Forbidden
		}
		in.entry.Project = folder.ID
	}
	id, err := in.create(t)
	if err != nil {
		return nil, err
	}
	return answer(`{"new_id":` + number(id) + `,"err":""}`), nil // the one number of the API (teampass 4)
}

// edit is what set_tpc/edit takes. What is nil stays as it is.
type edit struct {
	id                   vault.EntryID
	password, url, login *string
}

// parseEdit reads {"item_id","pwd","url","login"}.
func parseEdit(a argument) (edit, login, error) {
	f, user, err := a.extension(1)
	if err != nil {
		return edit{}, user, err
	}
	o, err := members(f[0])
	if err != nil {
		return edit{}, user, err
	}
	in := edit{vault.EntryID(toID(o["item_id"])), o.given("pwd"), o.given("url"), o.given("login")}
	switch {
	case in.id == 0:
		return in, user, faultNoItem
	case in.password == nil && in.url == nil && in.login == nil:
		return in, user, faultNothingToStore
	case in.password != nil && isEmpty(*in.password):
		return in, user, faultItemMissing
	}
	return in, user, nil
}

// tpcEdit changes an item by the rules of update/item (teampass 5.9).
func tpcEdit(t *vault.Tx, in edit) (answer, error) {
	fresh := item{}
	set := func(into, from *string) {
		if from != nil {
			*into = *from
		}
	}
	set(&fresh.entry.URL, in.url)
	set(&fresh.entry.Username, in.login)
	if in.password != nil {
		fresh.password, fresh.size = vault.NewSecret(*in.password), len(*in.password)
	}
	if err := fresh.check(t.Reader); err != nil {
		return nil, err
	}
	err := t.EditEntry(in.id, func(e *vault.Entry) error {
		set(&e.URL, in.url)
		set(&e.Username, in.login)
		return nil
	})
	if err == nil && in.password != nil {
		err = t.SetPassword(in.id, fresh.password)
	}
	return answer(`{"new_id":"","err":""}`), asNoData(err)
}

// parseRemoval reads the id of an item; 0 for what is none. As with delete/item, only plain digits are one.
func parseRemoval(a argument) (vault.EntryID, login, error) {
	f, user, err := a.extension(1)
	id, malformed := strconv.ParseUint(strings.Trim(f[0], phpSpace), 10, 63)
	if malformed != nil {
		id = 0
	}
	return vault.EntryID(id), user, err
}

// tpcDelete puts an item into the trash. It is done, too, where there is none.
func tpcDelete(t *vault.Tx, id vault.EntryID) (answer, error) {
	_, err := deleteItems(t, []vault.EntryID{id})
	return answer(`{"code":"done"}`), err
}

// fields are the members of a JSON object whose values are no object, list or null; names are case-sensitive, as in PHP.
type fields map[string]string

// given returns a member, nil if it is not there.
func (f fields) given(name string) *string {
	if s, ok := f[name]; ok {
		return &s
	}
	return nil
}

// members decodes a JSON object. What came must come back as it was: texts that Go's decoder would repair are refused.
func members(text string) (fields, error) {
	if !utf8.ValidString(text) {
		return nil, faultParameters
	}
	var raw map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &raw) != nil {
		return nil, faultNothingToStore
	}
	f := fields{}
	for name, value := range raw {
		s, ok := scalar(value)
		switch {
		case ok && (!isText(s) || repaired(string(value), s)):
			return nil, faultParameters
		case ok:
			f[name] = s
		}
	}
	return f, nil
}

// scalar returns a text, a number as it is written, or a truth value as PHP writes it.
func scalar(value json.RawMessage) (s string, ok bool) {
	switch c := value[0]; {
	case c == '"':
		return s, json.Unmarshal(value, &s) == nil
	case c == 't':
		return "1", true
	case c == 'f':
		return "", true
	case c == '-', c >= '0' && c <= '9':
		return string(value), true
	}
	return "", false
}

// repaired reports whether decoding put a replacement character where the text had none: half a surrogate pair.
func repaired(raw, s string) bool {
	const replacement = string(utf8.RuneError)
	return strings.Count(s, replacement) > strings.Count(raw, replacement)+strings.Count(strings.ToLower(raw), `\ufffd`)
}
