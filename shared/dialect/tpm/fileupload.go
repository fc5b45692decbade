package tpm

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"unicode"

	"tresor/shared/inbound"
	"tresor/shared/vault"
)

// Limits of a file.
const (
	maxFileName = 255     // bytes
	maxFileSize = 4 << 20 // bytes of content: in Base64 it fits into an answer of Lambda's, which has 6 MB

	maxFileText = 32 << 20 // bytes of Base64 that are looked at, to say what is too large in plain words
)

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
	name, err := f.plain("file_name", maxFileName)
	switch {
	case err != nil:
		return u, err
	case name == nil || !bareName(*name):
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
	case len(content) > maxFileSize:
		return nil, invalid(fmt.Sprintf("the file is larger than %d bytes", maxFileSize))
	}
	return content, nil
}

// bareName reports whether a file's name has no path in it, and nothing that a client that saves it would stumble over.
func bareName(name string) bool {
	bare := strings.TrimSpace(name)
	return bare != "" && bare != "." && bare != ".." && !strings.ContainsAny(name, `/\`) && !strings.ContainsFunc(name, unicode.IsControl)
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

// uploading makes the endpoint of an upload. Who may not attach a file to this stores no content; who may stores it first, so that a file whose record is
// there has one. before is asked first of all, nil for nothing.
func uploading(name string, before func(*vault.Reader) error, of holder) endpoint {
	return endpoint{named(name, true, false), func(v *vault.Vault, c *call) (reply, error) {
		u, wrong := decoded(c, decodeUpload)
		if wrong != nil && before == nil {
			return reply{}, wrong
		}
		allowed := func(r *vault.Reader) (vault.Holder, error) {
			if before != nil {
				if err := before(r); err != nil {
					return vault.Holder{}, err
				}
			}
			if wrong != nil {
				return vault.Holder{}, wrong
			}
			h, err := of(r, c.id)
			if err != nil {
				return h, err
			}
			return h, r.CheckFile(h)
		}
		if _, err := vault.View(c.r.Context(), v, c.req, allowed); err != nil {
			return reply{}, err
		}
		id, err := c.attach(v, u, allowed)
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusCreated, body: created{uint64(id)}}, nil
	}}
}

// attach stores a content, and the record of it. What that decides is decided again in its Update.
func (c *call) attach(v *vault.Vault, u upload, allowed func(*vault.Reader) (vault.Holder, error)) (vault.FileID, error) {
	ctx := c.r.Context()
	object, err := c.files.Put(ctx, u.content)
	if err != nil {
		return 0, err
	}
	id, err := vault.Update(ctx, v, c.req, func(t *vault.Tx) (vault.FileID, error) {
		h, err := allowed(t.Reader)
		if err != nil {
			return 0, err
		}
		return t.AddFile(vault.File{Entry: h.Entry, Project: h.Project, Name: u.name, Notes: u.notes, Size: int64(len(u.content)), Object: object})
	})
	if err != nil {
		c.discard(object, err)
	}
	return id, err
}

// discard removes a content whose record was refused. One whose record may be there stays: should it not be, the hourly sweep finds it.
func (c *call) discard(object string, cause error) {
	switch vault.KindOf(cause) { //nolint:exhaustive // the others say that nothing was written
	case vault.Undecided, vault.Internal:
		return
	}
	if err := c.files.Remove(c.r.Context(), object); err != nil {
		slog.WarnContext(c.r.Context(), "a content stays that no file names, until it is swept", "request_id", inbound.RequestID(c.r), "err", err)
	}
}
