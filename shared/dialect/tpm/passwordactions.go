package tpm

import (
	"strings"

	"tresor/shared/vault"
)

// decodeTarget reads the project that a password is moved or copied to (tpm 6.3).
func decodeTarget(f fields) (vault.ProjectID, error) {
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

// decodeNewName reads the name of a duplicate (tpm 6.3).
func decodeNewName(f fields) (string, error) {
	name, err := f.plain("new_name", maxLine)
	switch {
	case err != nil:
		return "", err
	case name == nil || strings.TrimSpace(*name) == "":
		return "", invalid("new_name cannot be empty")
	}
	return *name, nil
}

func movePassword(t *vault.Tx, id uint64, to vault.ProjectID) error {
	e, p, err := passwordAndProject(t.Reader, id, to)
	if err != nil {
		return err
	}
	return t.MoveEntry(e.ID, p.ID)
}

// copyPassword takes read on the password: what can be read can be written down anew (tpm 4.6).
func copyPassword(t *vault.Tx, id uint64, to vault.ProjectID) (uint64, error) {
	e, p, err := passwordAndProject(t.Reader, id, to)
	if err != nil {
		return 0, err
	}
	made, err := t.CopyEntry(e.ID, p.ID)
	return uint64(made), err
}

// passwordAndProject returns a password and where it is to go.
func passwordAndProject(r *vault.Reader, id uint64, to vault.ProjectID) (*vault.Entry, *vault.Project, error) {
	e, _, err := password(r, id)
	if err != nil {
		return nil, nil, err
	}
	p, _, err := project(r, uint64(to))
	return e, p, err
}

func duplicatePassword(t *vault.Tx, id uint64, name string) (uint64, error) {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return 0, err
	}
	made, err := t.DuplicateEntry(e.ID, name)
	return uint64(made), err
}

func definePasswordFields(t *vault.Tx, id uint64, changes []vault.FieldChange) error {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	return defineFields(t, e.ID, changes)
}

func archivePassword(t *vault.Tx, id uint64) error { return setArchived(t, id, true) }

func unarchivePassword(t *vault.Tx, id uint64) error { return setArchived(t, id, false) }

func setArchived(t *vault.Tx, id uint64, archived bool) error {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	return t.SetArchived(e.ID, archived)
}

// lockPassword needs no reason: what is locked, by whichever lock, stays as it is (tpm 6.3, 9.11).
func lockPassword(t *vault.Tx, id uint64) error {
	e, a, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	if e.Lock != vault.Unlocked && a.Level >= vault.LevelEdit {
		return nil
	}
	return t.SetLock(e.ID, vault.LockReason)
}

func unlockPassword(t *vault.Tx, id uint64) error {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	return t.SetLock(e.ID, vault.Unlocked)
}

// markPassword and unmarkPassword keep the caller's favorites (tpm 7.5). That is no use of the password: a lock does not matter.
func markPassword(t *vault.Tx, id uint64) error { return setFavorite(t, id, true) }

func unmarkPassword(t *vault.Tx, id uint64) error { return setFavorite(t, id, false) }

func setFavorite(t *vault.Tx, id uint64, marked bool) error {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	return t.SetFavourite(e.ID, marked)
}
