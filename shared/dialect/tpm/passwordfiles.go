package tpm

import (
	"encoding/base64"
	"strings"
	"unicode"

	"tresor/shared/vault"
)

// passwordFiles lists a password's files: none, since none are stored yet.
func passwordFiles(r *vault.Reader, c *call, _, _ int) (page, error) {
	e, _, err := password(r, c.id)
	if err != nil {
		return page{}, err
	}
	if _, _, err := r.Use(e.ID); err != nil {
		return page{}, err
	}
	return page{items: []any{}}, nil
}

// Limits of a file's name and content, in bytes. A request is smaller than the second one: it is the gateway that says how large a file can be.
const (
	maxFileName = 255
	maxFileText = 32 << 20
)

// upload is a file as it is sent. Its content is checked and not kept.
type upload struct{}

// decodeUpload checks a file that is sent: a content in Base64, a bare name, notes if any (tpm 6.3).
func decodeUpload(f fields) (upload, error) {
	content, err := f.text("file_data_base64", maxFileText)
	switch {
	case err != nil:
		return upload{}, err
	case content == nil || *content == "":
		return upload{}, invalid("file_data_base64 is required")
	}
	if _, err := base64.StdEncoding.DecodeString(*content); err != nil {
		return upload{}, invalid("file_data_base64 is not Base64")
	}
	name, err := f.plain("file_name", maxFileName)
	switch {
	case err != nil:
		return upload{}, err
	case name == nil || !bareName(*name):
		return upload{}, invalid("file_name is not the bare name of a file")
	}
	_, err = f.plain("notes", maxNotes)
	return upload{}, err
}

// bareName reports whether a file's name has no path in it, and nothing that a client that saves it would stumble over.
func bareName(name string) bool {
	bare := strings.TrimSpace(name)
	return bare != "" && bare != "." && bare != ".." && !strings.ContainsAny(name, `/\`) && !strings.ContainsFunc(name, unicode.IsControl)
}

// errNoFiles refuses a file: a client must not believe that it is safe.
var errNoFiles = &vault.Error{Kind: vault.Forbidden, Msg: "Files are not stored yet."}

// uploadToPassword refuses every file, in this order: for the caller's rights and the lock as any change would be, then because files are not stored yet.
func uploadToPassword(t *vault.Tx, id uint64, _ upload) error {
	e, _, err := password(t.Reader, id)
	if err != nil {
		return err
	}
	return t.EditEntry(e.ID, func(*vault.Entry) error { return errNoFiles })
}
