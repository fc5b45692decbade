package teampass

import (
	"errors"
	"strings"
	"unicode/utf8"

	"tresor/shared/vault"
)

// The calls of the browser extension, Teampass-Connect (teampass 5.20). Each argument is base64 of its own, which must be URL-safe: a slash separates.
//
// The original encrypts a personal item under a key that its owner keeps. There is none here: the vault shows it to its owner alone, who has just given the
// password and whose API key it must be. A personal key is therefore never wrong, but one must be there, for a client without one expects "no_psk".

// extension decodes the arguments: as many as are the call's own, then login, password and personal key. Base64 has no percent sign, so that
// percent-encoding comes off in a body too.
func (a argument) extension(own int) (f []string, user login, err error) {
	f = append(strings.Split(a.raw, "/"), make([]string, own+3)...)[:own+3]
	for i, piece := range f {
		f[i] = decodeBase64(unescape(piece))
	}
	user = login{f[own], f[own+1]}
	if user.name == "" || user.password == "" {
		return f, user, faultAuthIdentifier
	}
	return f, user, nil
}

// lookup is what auth_tpc and tpc_find take.
type lookup struct {
	text        string
	personalKey bool // one was given
}

func parseLookup(a argument) (lookup, login, error) {
	f, user, err := a.extension(1)
	return lookup{f[0], f[3] != ""}, user, err
}

func parseAuthTPC(a argument) (lookup, login, error) {
	in, user, err := parseLookup(a)
	if err == nil && in.text == "" {
		err = faultAuthURL
	}
	return in, user, err
}

// authTPC answers the items of the web page's host, by id. Only the whole host counts, where the original takes any that begins so: the extension fills
// in what it gets, and example.com is not to get what is example.community's.
func authTPC(r *vault.Reader, in lookup) (answer, error) {
	if in.text == "identify_user" { // is the password right?
		return encode(object{{"err", ""}, {"status", "USER_GRANTED"}}), nil
	}
	site := domain(in.text)
	if site == "" {
		return nil, faultNoData
	}
	want := beginning(site)
	list, err := in.records(r, func(row *vault.Row) bool {
		return want.of(row, vault.FieldURL, row.URL) && strings.ToLower(domain(row.URL)) == want.lower
	})
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, faultNoData
	}
	return keyed(list)
}

// tpcFind answers the items whose URL or label begins with the text. Without a text nothing is found, rather than everything.
func tpcFind(r *vault.Reader, in lookup) (answer, error) {
	if in.text == "" {
		return nil, faultEmpty
	}
	want := beginning(in.text)
	list, err := in.records(r, func(row *vault.Row) bool {
		return want.of(row, vault.FieldURL, row.URL) || want.of(row, vault.FieldName, row.Name)
	})
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, faultEmpty
	}
	return encode(list), nil
}

// records renders what matches as the extension's record, the newest first.
func (in lookup) records(r *vault.Reader, match func(*vault.Row) bool) ([]object, error) {
	var list []object
	for _, e := range newest(r, match) {
		pw, err := in.password(r, e)
		if err != nil {
			return nil, err
		}
		personal := "0"
		if e.Owner != 0 {
			personal = "1"
		}
		list = append(list, object{{"label", e.Name}, {"login", e.Username}, {"pw", pw}, {"perso", personal}, {"domain", domain(e.URL)}, {"id", number(e.ID)}})
	}
	return list, nil
}

// password reveals an item's password, a personal one's too if there is a personal key.
func (in lookup) password(r *vault.Reader, e *vault.Entry) (string, error) {
	if e.Owner != 0 && !in.personalKey {
		return "no_psk", nil
	}
	pw, err := reveal(r, e.ID)
	if !utf8.ValidString(pw) {
		return "not_utf8", err
	}
	return pw, err
}

// reveal returns an item's password, or nothing for one that gives none: a locked item, for no TeamPass client can give a reason, and a secret that is not
// there, as one that does not decrypt (teampass 4).
func reveal(r *vault.Reader, id vault.EntryID) (string, error) {
	p, err := r.Reveal(id)
	switch {
	case errors.Is(err, vault.Locked), errors.Is(err, vault.LockedFirmly), errors.Is(err, vault.NotFound):
		return "", nil
	case err != nil:
		return "", err
	}
	return p.Password.Reveal(), nil
}

// domain returns scheme://host of a URL, without user and port, as it is written; "" for what has none. A backslash ends the host, as in browsers.
func domain(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found || scheme == "" || strings.ContainsAny(scheme, `/?#\`) {
		return ""
	}
	if i := strings.IndexAny(rest, `/?#\`); i >= 0 {
		rest = rest[:i]
	}
	host := rest[strings.LastIndex(rest, "@")+1:]
	if i := strings.LastIndex(host, ":"); i > strings.LastIndex(host, "]") {
		host = host[:i]
	}
	if host == "" {
		return ""
	}
	return scheme + "://" + host
}

// parseWho reads the arguments of a call that has none of its own.
func parseWho(a argument) (struct{}, login, error) {
	_, user, err := a.extension(0)
	return struct{}{}, user, err
}

// tpcUserfolders answers the folders that the user may read or more. The original does not look at the password.
func tpcUserfolders(r *vault.Reader, _ struct{}) (answer, error) {
	var list []object
	for _, n := range byFolderID(tree(r)) {
		_, access, err := r.Project(n.ID)
		if err != nil || access.Level < vault.ProjectRead {
			continue // only something in it may be read
		}
		list = append(list, object{
			{"id", number(n.ID)}, {"title", n.Name}, {"level", number(n.level)}, {"access_type", accessType(access.Level)}, {"personal", personal(n.Project)},
		})
	}
	if len(list) == 0 {
		return nil, faultEmpty
	}
	return encode(list), nil
}
