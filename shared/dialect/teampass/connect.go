package teampass

import (
	"errors"
	"strings"

	"tresor/shared/vault"
)

// connectTitle is the folder at the root that set stores in (teampass 5.19).
const connectTitle = "teampass-connect"

// parseSet reads <login to save>/<password to save>/<url>/<user login>/<user password>; a label and a protocol behind them are ignored (teampass 5.19).
// In a URL all are percent-decoded once, as by auth; the address in a body too.
func parseSet(a argument) (item, login, error) {
	f := append(strings.Split(a.raw, "/"), make([]string, 5)...)
	user := login{a.text(f[3]), a.text(f[4])}
	if user.name == "" || user.password == "" {
		return item{}, user, faultAuthIdentifier
	}
	address, pw := unescape(f[2]), a.text(f[1])
	e := vault.Entry{Name: "Credentials for " + address, Notes: "Imported with Teampass-Connect", URL: address, Username: a.text(f[0]), Private: true}
	return item{entry: e, password: vault.NewSecret(pw), size: len(pw)}, user, nil
}

// store keeps a credential for the user alone, in a folder that all share. It is stored again each time, as in the original: looking for an earlier one
// would tell of labels that are private to others.
func store(t *vault.Tx, in item) (answer, error) {
	e := in.entry
	e.Manager = t.Principal().Also().ID()
	switch {
	case t.PersonalRoot(e.Manager) == nil: // it is asked for although it is not used
		return nil, faultNoPersonalFolder
	case e.Username == "", e.URL == "", in.size == 0:
		return nil, faultNothingToStore
	case !isText(e.URL):
		return nil, faultParameters
	}
	err := in.check(t.Reader)
	if err != nil {
		return nil, err
	}
	if e.Project, err = connectFolder(t); err == nil {
		_, err = t.CreateEntry(e, vault.Payload{Password: in.password})
	}
	if errors.Is(err, vault.NotFound) {
		return nil, vault.Forbidden // the folder is there, and is not to be known
	}
	return answer(`{"status":"ok"}`), err
}

// connectFolder returns the folder to store in. Where there is none yet it is made, by a key that may make folders at the root, and open to everybody who stores
// later: an item in it is its user's alone all the same.
func connectFolder(t *vault.Tx) (vault.ProjectID, error) {
	for _, p := range t.Children(0) {
		if p.Owner == 0 && vault.EqualFold(p.Name, connectTitle) {
			return p.ID, nil
		}
	}
	return t.CreateOpenRoot(connectTitle, vault.ProjectCreate)
}
