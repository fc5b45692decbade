package tpm

import (
	"strings"

	"tresor/shared/vault"
)

// projectChange is what an update sets; nil is what it leaves alone.
type projectChange struct {
	name, notes *string
	tags        []string
	setTags     bool
}

func decodeProjectChange(f fields) (c projectChange, err error) {
	if c.name, err = f.plain("name", maxLine); err != nil {
		return c, err
	}
	if c.notes, err = f.plain("notes", maxNotes); err != nil {
		return c, err
	}
	if c.tags, c.setTags, err = f.tags(); err != nil {
		return c, err
	}
	if c.name != nil && strings.TrimSpace(*c.name) == "" {
		return c, invalid("name cannot be empty")
	}
	return c, nil
}

// updateProject sets name, tags and notes (tpm 4.6, 7.1).
func updateProject(t *vault.Tx, id uint64, c projectChange) error {
	p, _, err := project(t.Reader, id)
	if err != nil {
		return err
	}
	var tags []vault.TagID
	if c.setTags {
		if tags, err = t.EnsureTags(c.tags); err != nil {
			return err
		}
	}
	return t.EditProject(p.ID, func(p *vault.Project) {
		if c.name != nil {
			p.Name = *c.name
		}
		if c.notes != nil {
			p.Notes = *c.notes
		}
		if c.setTags {
			p.Tags = tags
		}
	})
}

// setProjectArchived makes the call that puts a project into the archive or takes it out. Asked again it changes nothing.
func setProjectArchived(archived bool) func(*vault.Tx, uint64) error {
	return func(t *vault.Tx, id uint64) error {
		p, a, err := project(t.Reader, id)
		if err != nil {
			return err
		}
		if a.Level >= vault.ProjectFull && p.Archived == archived {
			return nil
		}
		return t.EditProject(p.ID, func(p *vault.Project) { p.Archived = archived })
	}
}

// deleteProject takes a project without subprojects away, with its passwords (tpm 7.1).
func deleteProject(t *vault.Tx, id uint64) error {
	p, _, err := project(t.Reader, id)
	if err != nil {
		return err
	}
	return t.TrashLeaf(p.ID)
}

// markProject makes the call that marks a project for the caller, or takes the mark off (tpm 7.5).
func markProject(marked bool) func(*vault.Tx, uint64) error {
	return func(t *vault.Tx, id uint64) error {
		p, _, err := project(t.Reader, id)
		if err != nil {
			return err
		}
		return t.SetFavouriteProject(p.ID, marked)
	}
}

func decodeParent(f fields) (vault.ProjectID, error) {
	id, there, err := f.id("parent_id")
	switch {
	case err != nil:
		return 0, err
	case !there:
		return 0, invalid("parent_id is required: 0 for the root")
	}
	return vault.ProjectID(id), nil
}

// changeParent moves a project under another one, or to the root (tpm 7.1).
func changeParent(t *vault.Tx, id uint64, parent vault.ProjectID) error {
	p, _, err := project(t.Reader, id)
	if err != nil {
		return err
	}
	if parent != 0 {
		if _, _, err := project(t.Reader, uint64(parent)); err != nil {
			return err
		}
	}
	return t.MoveProject(p.ID, parent)
}
