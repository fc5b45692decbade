package tpm

import (
	"encoding/base64"
	"fmt"
	"net/http"

	"tresor/shared/vault"
)

// maxFileText is how many bytes of Base64 are looked at, to say what is too large in plain words.
const maxFileText = 32 << 20

// upload is a file as it is sent.
type upload struct {
	name, notes string
	content     []byte
}

// decodeUpload reads a file that is sent: a content in Base64, a bare name, notes if any (tpm 6.3).
func decodeUpload(f fields) (u upload, err error) {
	if u.content, err = f.content(); err != nil {
		return u, err
	}
	name, err := f.plain("file_name", vault.MaxFileName)
	switch {
	case err != nil:
		return u, err
	case name == nil || !vault.IsFileName(*name):
		return u, invalid("file_name is not the bare name of a file")
	}
	notes, err := f.plain("notes", maxNotes)
	if notes != nil {
		u.notes = *notes
	}
	u.name = *name
	return u, err
}

func (f fields) content() ([]byte, error) {
	text, err := f.text("file_data_base64", maxFileText)
	switch {
	case err != nil:
		return nil, err
	case text == nil || *text == "":
		return nil, invalid("file_data_base64 is required")
	}
	content, err := base64.StdEncoding.DecodeString(*text)
	switch {
	case err != nil:
		return nil, invalid("file_data_base64 is not Base64")
	case len(content) > vault.MaxFileSize:
		return nil, invalid(fmt.Sprintf("the file is larger than %d bytes", vault.MaxFileSize))
	}
	return content, nil
}

// holder says what the id of an upload's path names, if the caller may know of it.
type holder func(*vault.Reader, uint64) (vault.Holder, error)

func passwordHolder(r *vault.Reader, id uint64) (vault.Holder, error) {
	e, _, err := password(r, id)
	if err != nil {
		return vault.Holder{}, err
	}
	return vault.Holder{Entry: e.ID}, nil
}

func myPasswordHolder(r *vault.Reader, id uint64) (vault.Holder, error) {
	e, err := myPassword(r, id)
	if err != nil {
		return vault.Holder{}, err
	}
	return vault.Holder{Entry: e.ID}, nil
}

func projectHolder(r *vault.Reader, id uint64) (vault.Holder, error) {
	p, _, err := project(r, id)
	if err != nil {
		return vault.Holder{}, err
	}
	return vault.Holder{Project: p.ID}, nil
}

// uploading makes the endpoint of an upload. before is asked first of all, nil for nothing.
func uploading(name string, before func(*vault.Reader) error, of holder) endpoint {
	return endpoint{named(name, true, false), func(v *vault.Vault, c *call) (reply, error) {
		u, wrong := decoded(c, decodeUpload)
		if wrong != nil && before == nil {
			return reply{}, wrong
		}
		which := func(r *vault.Reader) (vault.File, error) {
			if before != nil {
				if err := before(r); err != nil {
					return vault.File{}, err
				}
			}
			if wrong != nil {
				return vault.File{}, wrong
			}
			h, err := of(r, c.id)
			return vault.File{Entry: h.Entry, Project: h.Project, Name: u.name, Notes: u.notes}, err
		}
		id, err := vault.Attach(c.r.Context(), v, c.req, c.files, u.content, which)
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusCreated, body: created{uint64(id)}}, nil
	}}
}
