package tpm

import "tresor/shared/vault"

// projectPasswords makes the list of a project's own passwords that the caller may read, active and archived, in the forms of any list of passwords (tpm 7.1).
func projectPasswords(name string) endpoint {
	return list(name, func(r *vault.Reader, c *call, skip, take int) (page, error) {
		p, _, err := project(r, c.id)
		if err != nil {
			return page{}, err
		}
		return passwordPage(r, c, func(row *vault.Row) bool { return row.Project == p.ID }, skip, take)
	})
}

// projectFiles makes the list of a project's files, of which there are none yet. Who only traverses a project sees its name, and no files (tpm 4.2).
func projectFiles(name string) endpoint {
	return list(name, func(r *vault.Reader, c *call, _, _ int) (page, error) {
		_, a, err := project(r, c.id)
		switch {
		case err != nil:
			return page{}, err
		case a.Level < vault.ProjectRead:
			return page{}, &vault.Error{Kind: vault.Forbidden, Msg: "not allowed to read this project"}
		}
		return page{[]any{}, 0}, nil
	})
}

// uploadToProject refuses every file, each caller for its own reason first: nothing keeps files yet, and a client must not believe that its file is safe.
func uploadToProject(t *vault.Tx, id uint64, _ upload) error {
	_, a, err := project(t.Reader, id)
	switch {
	case err != nil:
		return err
	case a.Level < vault.ProjectFull:
		return &vault.Error{Kind: vault.Forbidden, Msg: "not allowed to manage this project"}
	}
	return errNoFiles
}
