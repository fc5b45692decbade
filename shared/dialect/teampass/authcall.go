package teampass

import (
	"net/url"
	"slices"
	"strings"

	"tresor/shared/vault"
)

// parseAuth reads <protocol>/<url>/<login>/<password> and returns what an item's URL must begin with (teampass 5.16). All four are percent-decoded once; the
// original left the password as it stood in the URL, so that only few ever worked (teampass 9). In a body nothing is encoded, and so the password may
// have slashes: it is all that follows the login, without one slash at the end, which is harmless in every call (teampass 2).
func parseAuth(a argument) (begin string, user login, err error) {
	pieces := -1
	if !a.escaped {
		pieces = 4
	}
	f := append(strings.SplitN(a.raw, "/", pieces), "", "", "")
	protocol, address := unescape(f[0]), unescape(f[1])
	user = login{a.text(f[2]), a.text(strings.TrimSuffix(f[3], "/"))}
	switch {
	case user.name == "", user.password == "":
		return "", user, faultAuthIdentifier
	case protocol == "", address == "":
		return "", user, faultAuthURL
	}
	return protocol + "://" + address, user, nil
}

// unescape takes percent-encoding off once, also off what came in a body: the original decodes URLs wherever they stand (teampass 2), as there is no other way
// to have a slash in one. What is not percent-encoded stays as it is.
func unescape(raw string) string {
	if decoded, err := url.PathUnescape(raw); err == nil {
		return decoded
	}
	return raw
}

// authItems answers the shared items for a web page that both the key and the user may see. The original tells apart that there is no item and that there are
// only those of others (AUTH_NO_DATA, teampass 5.16): nobody is told of what is not theirs to see, so that here both are the former. Personal items are left out,
// as this call brings no personal key.
func authItems(r *vault.Reader, begin string) (answer, error) {
	want := beginning(begin)
	list := newest(r, func(row *vault.Row) bool { return row.Owner == 0 && want.of(row, vault.FieldURL, row.URL) })
	if len(list) == 0 {
		return nil, faultNoData
	}
	all := make(object, 0, len(list))
	for _, e := range list {
		pw, err := password(r, e)
		if err != nil {
			return nil, err
		}
		all = append(all, member{number(e.ID), object{{"label", e.Name}, {"login", e.Username}, {"pw", pw}}})
	}
	return encode(all), nil
}

// newest returns the items that match, the newest first (teampass 4).
func newest(r *vault.Reader, match func(*vault.Row) bool) []*vault.Entry {
	page, _ := r.Entries(vault.ByUpdated, match, 0, -1)
	page = byID(page)
	slices.Reverse(page)
	return page
}

// start is what a field is to begin with, whatever the case. Accents count, where the vault's own searches pass over them: with and without them, two
// hosts are two hosts.
type start struct {
	term  *vault.Term
	lower string
}

func beginning(text string) start {
	return start{vault.NewTerm(vault.Fold(text)), strings.ToLower(text)}
}

// of reports whether a row's field, whose text is given, begins so. The term rules most rows out without a look at the text.
func (s start) of(row *vault.Row, f vault.Field, text string) bool {
	return row.Has(f, s.term) && strings.HasPrefix(strings.ToLower(text), s.lower)
}
