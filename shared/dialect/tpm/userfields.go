package tpm

import (
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"tresor/shared/vault"
)

// maxUserText is how long a name, username or address can be, in characters.
const maxUserText = 255

// userChange is what a create or an update says of a user; nil: nothing.
type userChange struct {
	username, email, name   *string
	role                    *vault.Role
	apiOnly, mayCreateRoots *bool
}

// apply makes the change.
func (c *userChange) apply(u *vault.User) {
	set(&u.Username, c.username)
	set(&u.Email, c.email)
	set(&u.Name, c.name)
	set(&u.Role, c.role)
	set(&u.APIOnly, c.apiOnly)
	set(&u.MayCreateRoots, c.mayCreateRoots)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// decodeUserChange reads an update. A password in it is refused and not ignored: a client that sends one believes that it was set (tpm 7.2).
func decodeUserChange(f fields) (c userChange, err error) {
	if raw, there := f["password"]; there && string(raw) != "null" {
		return c, invalid("password cannot be set by an update: use users/ID/change_password")
	}
	return decodeUser(f)
}

// changed returns the members without those that say what the user has already: another API, or the founding of the vault, may have given it what could not be
// given here, and clients send whole users.
func (f fields) changed(u *vault.User) fields {
	out := maps.Clone(f)
	for name, now := range map[string]string{"username": u.Username, "email_address": u.Email, "name": u.Name} {
		if s, err := f.text(name, maxLine); err == nil && s != nil && *s == now {
			delete(out, name)
		}
	}
	return out
}

// decodeUser reads what creates and updates have in common. Where a user would sign in through LDAP nothing else matters: before v5 that is told by login_dn.
func decodeUser(f fields) (c userChange, err error) {
	dn, err := f.plain("login_dn", maxLine)
	switch {
	case err != nil:
		return c, err
	case dn != nil && *dn != "":
		return c, errNoLDAP
	}
	if c.username, err = f.userText("username", checkUsername); err != nil {
		return c, err
	}
	if c.email, err = f.userText("email_address", checkAddress); err != nil {
		return c, err
	}
	if c.name, err = f.userText("name", func(string) string { return "" }); err != nil {
		return c, err
	}
	if c.role, err = f.role(); err != nil {
		return c, err
	}
	if c.apiOnly, err = f.flag("is_api_only"); err != nil {
		return c, err
	}
	c.mayCreateRoots, err = f.flag("can_create_projects_in_root")
	return c, err
}

// newUser is a create.
type newUser struct {
	vault.User
	password vault.Secret
}

// decodeNewUser reads a create, in which all but the flags must be there (tpm 7.2).
func decodeNewUser(f fields) (n newUser, err error) {
	c, err := decodeUser(f)
	if err != nil {
		return n, err
	}
	if n.password, err = decodeUserPassword(f); err != nil {
		return n, err
	}
	switch {
	case c.username == nil:
		return n, invalid("username is required")
	case c.email == nil:
		return n, invalid("email_address is required")
	case c.name == nil:
		return n, invalid("name is required")
	case c.role == nil:
		return n, invalid("role is required")
	}
	c.apply(&n.User)
	return n, nil
}

func decodeUserPassword(f fields) (vault.Secret, error) {
	s, err := f.text("password", maxLine)
	switch {
	case err != nil:
		return vault.Secret{}, err
	case s == nil || *s == "":
		return vault.Secret{}, invalid("password is required")
	}
	return vault.NewSecret(*s), nil
}

// userText returns a text that is not blank if it is there. check says what else is wrong with it.
func (f fields) userText(name string, check func(string) string) (*string, error) {
	s, err := f.plain(name, maxLine)
	if s == nil || err != nil {
		return nil, err
	}
	switch wrong := check(*s); {
	case strings.TrimSpace(*s) == "":
		return nil, invalid(name + " cannot be empty")
	case utf8.RuneCountInString(*s) > maxUserText:
		return nil, invalid(name + " is too long")
	case wrong != "":
		return nil, invalid(name + wrong)
	}
	return s, nil
}

// checkUsername refuses what Basic cannot carry (tpm 1.5), and what could not be told from another name: names are compared folded.
func checkUsername(s string) string {
	switch {
	case strings.Contains(s, ":"):
		return " cannot have a colon in it"
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
		return " cannot have control characters in it"
	case strings.TrimSpace(s) != s:
		return " cannot have blanks around it"
	case vault.NameKey(s) == "":
		return " has no letter in it"
	}
	return ""
}

func checkAddress(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return " is not an e-mail address"
	}
	return ""
}

// role reads a role's name (tpm 4.1).
func (f fields) role() (*vault.Role, error) {
	s, err := f.plain("role", maxLine)
	if s == nil || err != nil {
		return nil, err
	}
	role, ok := vault.ParseRole(*s)
	if !ok {
		return nil, invalid("role is not one of Admin, IT, Project manager, Normal user and Read only")
	}
	return &role, nil
}
