package tpm

import (
	"encoding/base64"
	"net/http"
	"strconv"

	"tresor/shared/vault"
)

// fileContent is a file's content, in the keys of an upload: those of the original are not documented (tpm 7.4).
type fileContent struct {
	Data string `json:"file_data_base64"`
	Name string `json:"file_name"`
	Size int64  `json:"size_bytes"`
}

// download makes the endpoint of a download. That the content leaves is on record before it is fetched (law 3).
func download(name string) endpoint {
	return endpoint{named(name, false, true), func(v *vault.Vault, c *call) (reply, error) {
		a, err := vault.View(c.r.Context(), v, c.req, func(r *vault.Reader) (vault.Attachment, error) {
			if _, err := file(r.File, r, c.id); err != nil { // a refusal takes nothing
				return vault.Attachment{}, err
			}
			return r.TakeFile(vault.FileID(c.id))
		})
		if err != nil {
			return reply{}, err
		}
		content, err := c.files.Get(c.r.Context(), a.Object, a.Size)
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusOK, body: fileContent{base64.StdEncoding.EncodeToString(content), a.Name, a.Size}}, nil
	}}
}

// uploadLimit says how large a file may be (tpm 7.4).
type uploadLimit struct {
	Bytes int    `json:"max_upload_file_size_bytes"`
	Text  string `json:"max_upload_file_size_text"`
}

func showUploadLimit(*vault.Reader, *call) (uploadLimit, error) {
	return uploadLimit{vault.MaxFileSize, strconv.Itoa(vault.MaxFileSize/megabyte) + "Mb"}, nil
}

// uploadsFolder says where files lie. Ours lie in no folder of the server; the name is the original's, and clients look at the other (tpm 7.4).
type uploadsFolder struct {
	Folder   string `json:"uploads_folder"`
	Writable bool   `json:"writable"`
}

func showUploadsFolder(_ *vault.Reader, c *call) (uploadsFolder, error) {
	return uploadsFolder{"./uploads/", c.files.Ready()}, nil
}
