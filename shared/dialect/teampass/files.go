package teampass

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tresor/shared/inbound"
	"tresor/shared/vault"
)

// Calls about files are documented, and in no release of the original (teampass 5.21). A record says what a file is; no documented call gives its content.

// fileType is every file's: the original stores what the uploading browser says, and tells from it which icon to show.
const fileType = "application/octet-stream"

func fileRecord(f *vault.File) object {
	return object{
		{"id", strconv.FormatUint(uint64(f.ID), 10)}, {"name", f.Name}, {"type", fileType}, {"extension", extension(f.Name)},
		{"size", strconv.FormatInt(f.Size, 10)},
	}
}

// extension returns what follows a name's last dot.
func extension(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[i+1:]
	}
	return ""
}

// listFiles answers with the files of an item.
func listFiles(r *vault.Reader, id uint64) (answer, error) {
	files, err := r.Files(vault.EntryID(id))
	if err != nil {
		return nil, err
	}
	list := make([]object, len(files))
	for i, f := range files {
		list[i] = fileRecord(f)
	}
	return keyed(list)
}

// readFile answers with one file of an item. Those of folders are none here.
func readFile(r *vault.Reader, id uint64) (answer, error) {
	f, err := r.File(vault.FileID(id))
	switch {
	case err != nil:
		return nil, err
	case f.Entry == nil:
		return nil, faultEmpty
	}
	return keyed([]object{fileRecord(f.File)})
}

// newFile is what add/file takes.
type newFile struct {
	item    vault.EntryID
	name    string
	content []byte
}

// isUpload reports whether a request is add/file. It is the one POST whose path matters: its body is a form of several parts, in which no call stands.
func isUpload(r *http.Request) bool {
	if r.Method != http.MethodPost || inbound.Refused(r) || !isMultipart(r) {
		return false
	}
	_, text, _ := strings.Cut(inbound.RawPath(r), "/api/")
	return strings.Trim(strings.TrimPrefix(text, "index.php/"), "/") == "add/file"
}

func isMultipart(r *http.Request) bool {
	return strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/")
}

// addFile stores a file of an item. What is wrong with the form is told only to those whose key is right.
func (a *api) addFile(r *http.Request, req vault.Request) (answer, error) {
	req.Action = action("add/file", writes)
	in, malformed := parseUpload(r)
	_, err := vault.Attach(r.Context(), a.vault, req, a.files, in.content, func(*vault.Reader) (vault.File, error) {
		return vault.File{Entry: in.item, Name: in.name}, malformed
	})
	if err != nil {
		return nil, err
	}
	return encode(object{{"status", "success"}}), nil
}

// parseUpload reads the form: item_id and file, in any order; other parts are ignored.
func parseUpload(r *http.Request) (in newFile, err error) {
	form, err := r.MultipartReader()
	if err != nil {
		return in, faultFormat
	}
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return in, in.missing()
		case err != nil:
			return in, faultFormat
		}
		if err := in.take(part); err != nil {
			return in, err
		}
	}
}

// maxNumber is more than any id has digits.
const maxNumber = 64

func (in *newFile) take(part *multipart.Part) error {
	switch part.FormName() {
	case "item_id":
		text, err := limited(part, maxNumber)
		in.item = vault.EntryID(toID(string(text)))
		return err
	case "file":
		content, err := limited(part, vault.MaxFileSize)
		in.content, in.name = content, part.FileName()
		return err
	}
	return nil
}

// limited reads a part that must not be longer.
func limited(r io.Reader, most int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, faultFormat
	case int64(len(content)) > most:
		return nil, faultParameters
	}
	return content, nil
}

func (in *newFile) missing() error {
	switch {
	case in.item == 0:
		return faultNoItem
	case len(in.content) == 0 || !vault.IsFileName(in.name):
		return faultParameters
	}
	return nil
}

// formOnly answers add/file as a URL or a body that is no form: there is no file in it.
func formOnly(*vault.Reader) (answer, error) { return nil, faultMethod }

// mayAddFiles reports whether this handler answers add/file.
func (a *api) mayAddFiles() bool { return len(a.parts) == 0 || slices.Contains(a.parts, Uploads) }
