package tpm

import "tresor/shared/vault"

// passwordFiles lists a password's files; a link has those of its source (tpm 6.3).
func passwordFiles(r *vault.Reader, c *call, skip, take int) (page, error) {
	e, _, err := password(r, c.id)
	if err != nil {
		return page{}, err
	}
	return entryFiles(r, c, e, skip, take)
}

func entryFiles(r *vault.Reader, c *call, e *vault.Entry, skip, take int) (page, error) {
	files, err := r.Files(e.ID)
	if err != nil {
		return page{}, err
	}
	return filePage(c, files, skip, take), nil
}
