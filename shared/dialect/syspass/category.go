package syspass

import (
	"errors"
	"iter"

	"tresor/shared/vault"
)

// categoryRow is a category in a search; categoryObject is one by itself, with a hash that is always empty (syspass 3.10).
type categoryRow struct {
	ID          uint64 `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

type categoryObject struct {
	ID          *int64 `json:"id"` // null in the answer to create: the new id is itemId
	Name        string `json:"name"`
	Description string `json:"description"`
	Hash        string `json:"hash"`
}

func categorySearch(r *reading, s search) (result, error) { // syspass 3.11
	list, err := pick(s, r.Categories(), func(c *vault.Category) (string, string) { return c.Name, c.Description })
	if err != nil {
		return result{}, err
	}
	rows := make([]categoryRow, len(list))
	for i, c := range list {
		rows[i] = categoryRow{uint64(c.ID), c.Name, c.Description}
	}
	return result{payload: rows, count: len(rows)}, nil
}

func (r *reading) category(id vault.CategoryID, message string) (result, error) {
	c := r.Category(id)
	if c == nil {
		return result{}, vault.NotFound
	}
	own := int64(id)
	return itemResult(own, categoryObject{&own, c.Name, c.Description, ""}, message), nil
}

func categoryView(r *reading, id vault.CategoryID) (result, error) { return r.category(id, "") }

func categoryCreate(w *writing, i item) (result, error) {
	if err := i.free(w.categoriesBut(0)); err != nil {
		return result{}, err
	}
	id, err := w.CreateCategory(vault.Category{Name: i.name, Description: i.description})
	return itemResult(int64(id), categoryObject{Name: i.name, Description: i.description}, "Category added"), err
}

func categoryEdit(w *writing, i item) (result, error) {
	c := vault.Category{ID: ref[vault.CategoryID](i.id), Name: i.name, Description: i.description}
	out := itemResult(i.id, categoryObject{&i.id, i.name, i.description, ""}, "Category updated")
	err := i.free(w.categoriesBut(c.ID))
	switch {
	case errors.Is(err, vault.Exists):
		return result{}, err
	case w.Category(c.ID) == nil: // an UPDATE of no row is none that fails (syspass 3.12)
		return out, nil
	case err != nil:
		return result{}, err
	}
	return out, w.EditCategory(c)
}

func (w *writing) categoriesBut(id vault.CategoryID) iter.Seq[string] {
	return except(w.Categories(), id, func(c *vault.Category) (vault.CategoryID, string) { return c.ID, c.Name })
}

func categoryDelete(w *writing, id vault.CategoryID) (result, error) {
	out, err := w.view.category(id, "Category deleted")
	if err != nil {
		return result{}, err
	}
	return out, w.RemoveCategory(id)
}
