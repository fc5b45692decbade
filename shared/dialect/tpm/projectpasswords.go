package tpm

import (
	"encoding/base64"
	"strings"

	"tresor/shared/vault"
)

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

// decodeUpload reads a file that is sent (tpm 6.3).
func decodeUpload(f fields) (struct{}, error) {
	name, err := f.plain("file_name", maxLine)
	if err != nil {
		return struct{}{}, err
	}
	if name == nil || strings.TrimSpace(*name) == "" {
		return struct{}{}, invalid("file_name is required")
	}
	data, err := f.text("file_data_base64", len(f["file_data_base64"]))
	if err != nil {
		return struct{}{}, err
	}
	if data == nil {
		return struct{}{}, invalid("file_data_base64 is required")
	}
	if _, err := base64.StdEncoding.DecodeString(*data); err != nil {
		return struct{}{}, invalid("file_data_base64 is not Base64")
	}
	_, err = f.plain("notes", maxNotes)
	return struct{}{}, err
}

// uploadToProject refuses every file, each caller for its own reason first: nothing keeps files yet, and a client must not believe that its file is safe.
func uploadToProject(t *vault.Tx, id uint64, _ struct{}) error {
	_, a, err := project(t.Reader, id)
	switch {
	case err != nil:
		return err
	case a.Level < vault.ProjectFull:
		return &vault.Error{Kind: vault.Forbidden, Msg: "not allowed to manage this project"}
	}
	return &vault.Error{Kind: vault.Forbidden, Msg: "Files are not stored by this server."}
}
