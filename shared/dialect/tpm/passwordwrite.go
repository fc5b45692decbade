package tpm

import (
	"fmt"
	"slices"
	"strings"

	"tresor/shared/vault"
)

// passwordChange is what a create or an update sets; nil is what it leaves alone.
type passwordChange struct {
	name, access, username, email, notes, password *string
	tags                                           []string
	setTags                                        bool
	expiry                                         *vault.Stamp
	custom                                         [vault.MaxCustomFields]*string
}

// newPassword is a create.
type newPassword struct {
	project vault.ProjectID
	passwordChange
}

func decodePasswordChange(f fields) (c passwordChange, err error) {
	take := func(to **string, read func(string, int) (*string, error), name string, limit int) {
		if err == nil {
			*to, err = read(name, limit)
		}
	}
	take(&c.name, f.plain, "name", maxLine)
	take(&c.access, f.plain, "access_info", maxLine)
	take(&c.username, f.plain, "username", maxLine)
	take(&c.email, f.plain, "email", maxLine)
	take(&c.notes, f.plain, "notes", maxNotes)
	take(&c.password, f.text, "password", maxLine)
	for i := range c.custom {
		take(&c.custom[i], f.text, fmt.Sprintf("custom_data%d", i+1), maxNotes)
	}
	if err == nil {
		c.tags, c.setTags, err = f.tags()
	}
	if err == nil {
		c.expiry, err = f.expiry()
	}
	if err == nil && c.name != nil && strings.TrimSpace(*c.name) == "" {
		err = invalid("name cannot be empty")
	}
	return c, err
}

func decodeNewPassword(f fields) (n newPassword, err error) {
	if n.passwordChange, err = decodePasswordChange(f); err != nil {
		return n, err
	}
	project, _, err := f.id("project_id")
	switch {
	case err != nil:
		return n, err
	case n.name == nil:
		return n, invalid("name is required")
	case project == 0:
		return n, invalid("project_id is required")
	}
	n.project = vault.ProjectID(project)
	return n, nil
}

func createPassword(t *vault.Tx, n newPassword) (uint64, error) {
	if _, _, err := project(t.Reader, uint64(n.project)); err != nil {
		return 0, err
	}
	return n.create(t, vault.Entry{Project: n.project})
}

func updatePassword(t *vault.Tx, id uint64, c passwordChange) error {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	return c.update(t, e)
}

// create makes an entry of what is set, in the place that e has.
func (c *passwordChange) create(t *vault.Tx, e vault.Entry) (uint64, error) {
	if err := c.apply(t, &e); err != nil {
		return 0, err
	}
	var secrets vault.Payload // no custom field is defined yet, so that none is secret
	if s := c.secret(); s != nil {
		secrets.Password = *s
	}
	id, err := t.CreateEntry(e, secrets)
	return uint64(id), err
}

// update changes an entry by what is set.
func (c *passwordChange) update(t *vault.Tx, e *vault.Entry) error {
	secrets := c.secretFields(e)
	if err := t.EditEntry(e.ID, func(e *vault.Entry) error { return c.apply(t, e) }); err != nil {
		return err
	}
	if c.password == nil && len(secrets) == 0 {
		return nil
	}
	return t.SetSecrets(e.ID, c.secret(), secrets)
}

// secret returns the password that is set, or nil.
func (c *passwordChange) secret() *vault.Secret {
	if c.password == nil {
		return nil
	}
	s := vault.NewSecret(*c.password)
	return &s
}

// apply sets everything but secrets.
func (c *passwordChange) apply(t *vault.Tx, e *vault.Entry) error {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&e.Name, c.name)
	set(&e.URL, c.access)
	set(&e.Username, c.username)
	set(&e.Email, c.email)
	set(&e.Notes, c.notes)
	if c.expiry != nil {
		e.Expiry = *c.expiry
	}
	if c.setTags {
		ids, err := t.EnsureTags(c.tags)
		if err != nil {
			return err
		}
		e.Tags = ids
	}
	for i, data := range c.custom {
		if data == nil {
			continue
		}
		if err := applyCustom(e, uint8(i+1), *data); err != nil {
			return err
		}
	}
	return nil
}

// applyCustom checks a custom field's data and stores it where it is not secret. Data for a field that is not defined makes it one of type Text
// (tpm 6.3); no data makes none.
func applyCustom(e *vault.Entry, number uint8, data string) error {
	i, found := slices.BinarySearchFunc(e.Fields, number, func(f vault.CustomField, n uint8) int { return int(f.Number) - int(n) })
	if !found {
		if data == "" {
			return nil
		}
		e.Fields = slices.Insert(e.Fields, i, vault.CustomField{Number: number, Type: vault.FieldText, Label: customLabel(number)})
	}
	f := &e.Fields[i]
	if err := checkCustom(f.Type, data); err != nil {
		return err
	}
	if f.Type.Encrypted() {
		return nil
	}
	f.Data = data
	return nil
}

// secretFields returns the data for those custom fields that are encrypted.
func (c *passwordChange) secretFields(e *vault.Entry) map[uint8]vault.Secret {
	secrets := map[uint8]vault.Secret{}
	for _, f := range e.Fields {
		if data := c.custom[f.Number-1]; data != nil && f.Type.Encrypted() {
			secrets[f.Number] = vault.NewSecret(*data)
		}
	}
	return secrets
}

func deletePassword(t *vault.Tx, id uint64) error {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	_, err = t.TrashEntries([]vault.EntryID{e.ID}, false)
	return err
}
