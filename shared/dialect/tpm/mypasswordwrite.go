package tpm

import (
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
	return c.create(t, vault.Entry{Owner: t.Principal().ID()})
}

func updateMyPassword(t *vault.Tx, e *vault.Entry, c passwordChange) error { return c.update(t, e) }

func defineMyPassword(t *vault.Tx, e *vault.Entry, changes []vault.FieldChange) error {
	return defineFields(t, e.ID, changes)
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

// favoriteMyPassword are the calls of a mark, which is the caller's own and no change of the password (tpm 7.5).
var favoriteMyPassword = calls{"POST": ownAct("favorite_my_passwords/add", markMyPassword), "DELETE": ownAct("favorite_my_passwords/delete", unmarkMyPassword)}
