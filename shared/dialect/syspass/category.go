package syspass

import (
	"slices"

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

func decodeCategory(p params) (vault.Category, error) {
	c := vault.Category{Name: p.text("name"), Description: p.text("description")}
	return c, fitCategory(c)
}

func fitCategory(c vault.Category) error {
	return fit(column{"name", c.Name, maxCategoryName}, column{"description", c.Description, maxDescription})
}

func categoryCreate(w *writing, c vault.Category) (result, error) {
	if err := w.freeCategory(c); err != nil {
		return result{}, err
	}
	id, err := w.CreateCategory(c)
	return itemResult(int64(id), categoryObject{Name: c.Name, Description: c.Description}, "Category added"), err
}

func categoryEdit(w *writing, i item) (result, error) {
	c := vault.Category{ID: ref[vault.CategoryID](i.id), Name: i.name, Description: i.description}
	if err := w.freeCategory(c); err != nil {
		return result{}, err
	}
	out := itemResult(i.id, categoryObject{&i.id, i.name, i.description, ""}, "Category updated")
	if w.Category(c.ID) == nil { // an UPDATE of no row is none that fails (syspass 3.12)
		return out, nil
	}
	if err := fitCategory(c); err != nil {
		return result{}, err
	}
	return out, w.EditCategory(c)
}

// freeCategory refuses a name that another category has, or whose hash it has (syspass 3.12).
func (w *writing) freeCategory(c vault.Category) error {
	if !w.MayAdmin(vault.WriteCategory, vault.AdminTarget{}) { // before the names are compared, as every refusal of a token is
		return vault.Forbidden
	}
	same := func(other *vault.Category) bool {
		return other.ID != c.ID && (normalised(other.Name) == normalised(c.Name) || vault.EqualFold(other.Name, c.Name))
	}
	if slices.ContainsFunc(w.Categories(), same) {
		return vault.Exists
	}
	return nil
}

func categoryDelete(w *writing, id vault.CategoryID) (result, error) {
	out, err := w.view.category(id, "Category deleted")
	if err != nil {
		return result{}, err
	}
	return out, w.RemoveCategory(id)
}
