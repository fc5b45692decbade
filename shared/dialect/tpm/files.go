package tpm

import (
	"errors"
	"fmt"

	"tresor/shared/vault"
)

// fileItem is a file in a list (tpm 6.5).
type fileItem struct {
	ID           uint64 `json:"id"`
	Filename     string `json:"filename"`
	Size         int64  `json:"size_bytes"`
	SizeText     string `json:"size_txt"`
	NotesSnippet string `json:"notes_snippet"`
	fileStamps   `since:"6"`
	UpdatedOn    string `json:"updated_on" until:"5"`
}

// fileStamps are what v6 added to it.
type fileStamps struct {
	UploadedBy     idObject `json:"uploaded_by"`
	UploadedOn     string   `json:"uploaded_on"`
	NotesUpdatedBy idObject `json:"notes_updated_by"`
	NotesUpdatedOn string   `json:"notes_updated_on"`
}

// fileMetadata is what X-Metadata-Only leaves of a file (tpm 6.5).
type fileMetadata struct {
	ID uint64 `json:"id"`
	fileStamps
}

// fileObject is a file in full (tpm 7.4).
type fileObject struct {
	ID             uint64     `json:"id"`
	Name           string     `json:"name"`
	Container      container  `json:"container"`
	Notes          string     `json:"notes"`
	Size           int64      `json:"size_bytes"`
	SizeText       string     `json:"size_txt"`
	UploadedOn     string     `json:"uploaded_on"`
	UploadedBy     userObject `json:"uploaded_by"`
	NotesUpdatedOn string     `json:"notes_updated_on"`
	NotesUpdatedBy userObject `json:"notes_updated_by"`
}

// container is what a file is attached to. A link has no files of its own: those that it shows are its source's.
type container struct {
	Type     string `json:"type"`
	ID       uint64 `json:"id"`
	IsLinked bool   `json:"is_linked"`
	SourceID uint64 `json:"source_id"`
}

func containerOf(a vault.Attachment) container {
	switch {
	case a.Project != nil:
		return container{Type: "project", ID: uint64(a.Project.ID)}
	case a.Entry.Owner != 0:
		return container{Type: "my_password", ID: uint64(a.Entry.ID)}
	}
	return container{Type: "password", ID: uint64(a.Entry.ID)}
}

// notesOf returns who wrote a file's notes last. What never got others has those of the upload, be they empty (samples of tpm 6.5).
func notesOf(f *vault.File) (vault.UserID, vault.Stamp) {
	if f.NotesUpdated == 0 {
		return f.UploadedBy, f.Uploaded
	}
	return f.NotesUpdatedBy, f.NotesUpdated
}

func fileStampsOf(f *vault.File) fileStamps {
	by, on := notesOf(f)
	return fileStamps{idObject{uint64(f.UploadedBy)}, timeText(f.Uploaded), idObject{uint64(by)}, timeText(on)}
}

// filePage is the part of a list of files that a call asks for.
func filePage(c *call, files []*vault.File, skip, take int) page {
	items := []any{}
	for _, f := range files[min(skip, len(files)):min(skip+take, len(files))] {
		if c.flag("X-Metadata-Only") {
			items = append(items, fileMetadata{uint64(f.ID), fileStampsOf(f)})
			continue
		}
		_, updated := notesOf(f)
		items = append(items, fileItem{uint64(f.ID), f.Name, f.Size, sizeText(f.Size), fileSnippet(f.Notes), fileStampsOf(f), timeText(updated)})
	}
	return page{items, len(files)}
}

// file returns a file that the caller may read. Files of personal passwords are the owner's, and only while there are personal passwords (tpm 6.4).
func file(get func(vault.FileID) (vault.Attachment, error), r *vault.Reader, id uint64) (vault.Attachment, error) {
	a, err := get(vault.FileID(id))
	switch {
	case errors.Is(err, vault.NotFound), err == nil && a.Project != nil && a.Project.Owner != 0:
		return a, notFound("File not found.")
	case err == nil && a.Entry != nil && a.Entry.Owner != 0:
		err = mayHaveOwn(r)
	}
	return a, err
}

func showFile(r *vault.Reader, c *call) (any, error) {
	a, err := file(r.File, r, c.id)
	switch {
	case err != nil:
		return nil, err
	case c.flag("X-Metadata-Only"):
		return fileMetadata{uint64(a.ID), fileStampsOf(a.File)}, nil
	}
	by, on := notesOf(a.File)
	out := render(r)
	return fileObject{
		ID: uint64(a.ID), Name: a.Name, Container: containerOf(a), Notes: a.Notes, Size: a.Size, SizeText: sizeText(a.Size),
		UploadedOn: timeText(a.Uploaded), UploadedBy: out.user(a.UploadedBy), NotesUpdatedOn: timeText(on), NotesUpdatedBy: out.user(by),
	}, nil
}

// decodeFileNotes reads what a file's update needs. Nothing else of a file can be changed (tpm 7.4).
func decodeFileNotes(f fields) (string, error) {
	notes, err := f.plain("notes", maxNotes)
	switch {
	case err != nil:
		return "", err
	case notes == nil:
		return "", invalid("notes is required")
	}
	return *notes, nil
}

func setFileNotes(t *vault.Tx, id uint64, notes string) error {
	a, err := file(t.File, t.Reader, id)
	if err != nil {
		return err
	}
	return t.SetFileNotes(a.ID, notes)
}

func deleteFile(t *vault.Tx, id uint64) error {
	a, err := file(t.File, t.Reader, id)
	if err != nil {
		return err
	}
	return t.TrashFile(a.ID)
}

// The units of size_txt (tpm 5). Below the first of them nothing is documented.
const (
	kilobyte = 1 << 10
	megabyte = 1 << 20
)

// sizeText writes a size as the product's pages do.
func sizeText(size int64) string {
	switch {
	case size >= megabyte:
		return fmt.Sprintf("%.2f mb", float64(size)/megabyte)
	case size >= kilobyte:
		return fmt.Sprintf("%.2f kb", float64(size)/kilobyte)
	}
	return fmt.Sprintf("%d bytes", size)
}

// fileSnippetLength is how much of a file's notes lists show, in characters: less than of a password's (tpm 9.12).
const fileSnippetLength = 10

// fileSnippet cuts a file's notes at the end of a word.
func fileSnippet(notes string) string { return cutNotes(notes, fileSnippetLength) }
