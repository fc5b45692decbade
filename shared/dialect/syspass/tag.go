package syspass

import (
	"crypto/sha1" //nolint:gosec // the original's hash of a name, which it shows; it protects nothing
	"encoding/hex"
	"errors"
	"iter"
	"strings"

	"tresor/shared/vault"
)

// tagRow is a tag in a search; tagObject is one by itself. Its hash is empty where it was read, and there where the input is echoed
// (syspass 3.10).
type tagRow struct {
	ID   uint64 `json:"id"`
	Name string `json:"name"`
}

type tagObject struct {
	ID   int64  `json:"id"` // 0 in the answer to create: the new id is itemId
	Name string `json:"name"`
	Hash string `json:"hash"`
}

func tagSearch(r *reading, s search) (result, error) { // syspass 3.11: by name only
	list, err := pick(s, r.TagsByName(), func(t *vault.Tag) (string, string) { return t.Name, "" })
	if err != nil {
		return result{}, err
	}
	rows := make([]tagRow, len(list))
	for i, t := range list {
		rows[i] = tagRow{uint64(t.ID), t.Name}
	}
	return result{payload: rows, count: len(rows)}, nil
}

func (r *reading) tag(id vault.TagID, message string) (result, error) {
	t := r.Tag(id)
	if t == nil {
		return result{}, vault.NotFound
	}
	return itemResult(int64(id), tagObject{int64(id), t.Name, ""}, message), nil
}

func tagView(r *reading, id vault.TagID) (result, error) { return r.tag(id, "") }

// decodeTag refuses a tag without a name, which the original stores: the other APIs tell tags by their names.
func decodeTag(p params) (item, error) {
	i, _ := tagItem.decode(p) // never fails
	if i.folded == "" {
		return i, vault.Invalid
	}
	return i, nil
}

func tagCreate(w *writing, i item) (result, error) {
	if err := i.free(w.tagsBut(0)); err != nil {
		return result{}, err
	}
	id, err := w.CreateTag(i.name)
	return itemResult(int64(id), tagObject{0, i.name, tagHash(i.hashed)}, "Tag added"), err
}

func tagEdit(w *writing, i item) (result, error) {
	id := ref[vault.TagID](i.id)
	out := itemResult(i.id, tagObject{i.id, i.name, tagHash(i.hashed)}, "Tag updated")
	err := i.free(w.tagsBut(id))
	switch {
	case errors.Is(err, vault.Exists):
		return result{}, err
	case w.Tag(id) == nil: // an UPDATE of no row is none that fails (syspass 3.12)
		return out, nil
	case err != nil:
		return result{}, err
	}
	return out, w.EditTag(vault.Tag{ID: id, Name: i.name})
}

func (w *writing) tagsBut(id vault.TagID) iter.Seq[string] {
	return except(w.TagsByName(), id, func(t *vault.Tag) (vault.TagID, string) { return t.ID, t.Name })
}

func tagDelete(w *writing, id vault.TagID) (result, error) {
	out, err := w.view.tag(id, "Tag removed")
	if err != nil {
		return result{}, err
	}
	return out, w.RemoveTag(id)
}

// tagHash is the hash of a tag's name (syspass 3.10), of which key is the tagKey.
func tagHash(key string) string {
	sum := sha1.Sum([]byte(key)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// tagKey is what is hashed. Other than with the other items, commas and all blanks do not count either.
func tagKey(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(". \t\n\r\f\v_,-;'\":()|/", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}
