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

// projectFiles makes the list of a project's own files. Who only traverses a project sees its name, and no files (tpm 4.2).
func projectFiles(name string) endpoint {
	return list(name, func(r *vault.Reader, c *call, skip, take int) (page, error) {
		p, _, err := project(r, c.id)
		if err != nil {
			return page{}, err
		}
		files, err := r.ProjectFiles(p.ID)
		if err != nil {
			return page{}, err
		}
		return filePage(c, files, skip, take), nil
	})
}
