package tpm

import (
	"strings"

	"tresor/shared/vault"
)

// decodeMyPasswordChange reads what a personal password has. It does not expire: a date is ignored like any unknown key (tpm 6.4).
func decodeMyPasswordChange(f fields) (passwordChange, error) {
	delete(f, "expiry_date")
	return decodePasswordChange(f)
}

func decodeNewMyPassword(f fields) (passwordChange, error) {
	c, err := decodeMyPasswordChange(f)
	if err == nil && c.name == nil {
		err = invalid("name is required")
	}
	return c, err
}

func createMyPassword(t *vault.Tx, c passwordChange) (uint64, error) {
	e := vault.Entry{Owner: t.Principal().ID()}
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

func updateMyPassword(t *vault.Tx, e *vault.Entry, c passwordChange) error {
	secrets := c.secretFields(e)
	if err := t.EditEntry(e.ID, func(e *vault.Entry) error { return c.apply(t, e) }); err != nil {
		return err
	}
	if c.password == nil && len(secrets) == 0 {
		return nil
	}
	return t.SetSecrets(e.ID, c.secret(), secrets)
}

func defineMyPassword(t *vault.Tx, e *vault.Entry, changes []vault.FieldChange) error {
	return defineFields(t, e.ID, changes)
}

// decodeMyTarget reads the project that a personal password is moved or copied to (tpm 6.4: neither 0 nor negative).
func decodeMyTarget(f fields) (vault.ProjectID, error) {
	id, there, err := f.id("project_id")
	switch {
	case err != nil:
		return 0, err
	case !there:
		return 0, invalid("project_id is required")
	case id == 0:
		return 0, invalid("project_id cannot be 0")
	}
	return vault.ProjectID(id), nil
}

// moveMyPassword answers with the new, shared password: the personal one goes to its owner's trash (tpm 6.4).
func moveMyPassword(t *vault.Tx, id vault.EntryID, to vault.ProjectID) (vault.EntryID, error) {
	if _, _, err := project(t.Reader, uint64(to)); err != nil {
		return 0, err
	}
	return t.ShareEntry(id, to)
}

func copyMyPassword(t *vault.Tx, id vault.EntryID, to vault.ProjectID) (vault.EntryID, error) {
	if _, _, err := project(t.Reader, uint64(to)); err != nil {
		return 0, err
	}
	return t.CopyEntry(id, to)
}

// decodeMyNewName reads the name of a duplicate (tpm 6.4).
func decodeMyNewName(f fields) (string, error) {
	name, err := f.plain("new_name", maxLine)
	switch {
	case err != nil:
		return "", err
	case name == nil:
		return "", invalid("new_name is required")
	case strings.TrimSpace(*name) == "":
		return "", invalid("new_name cannot be empty")
	}
	return *name, nil
}

func duplicateMyPassword(t *vault.Tx, id vault.EntryID, name string) (vault.EntryID, error) {
	return t.DuplicateEntry(id, name)
}

func archiveMyPassword(t *vault.Tx, id vault.EntryID) error { return t.SetArchived(id, true) }

func unarchiveMyPassword(t *vault.Tx, id vault.EntryID) error { return t.SetArchived(id, false) }

func deleteMyPassword(t *vault.Tx, id vault.EntryID) error {
	_, err := t.TrashEntries([]vault.EntryID{id}, false)
	return err
}

func markMyPassword(t *vault.Tx, id vault.EntryID) error { return t.SetFavourite(id, true) }

func unmarkMyPassword(t *vault.Tx, id vault.EntryID) error { return t.SetFavourite(id, false) }

func uploadToMyPassword(*vault.Tx, *vault.Entry, upload) error { return errNoFiles }

// favoriteMyPassword are the calls of a mark, which is the caller's own and no change of the password (tpm 7.5).
var favoriteMyPassword = calls{"POST": ownAct("favorite_my_passwords/add", markMyPassword), "DELETE": ownAct("favorite_my_passwords/delete", unmarkMyPassword)}
