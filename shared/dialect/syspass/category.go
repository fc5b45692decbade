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
	ID          *uint64 `json:"id"` // null in the answer to create: the new id is itemId
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Hash        string  `json:"hash"`
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

func decodeCategory(p params) (vault.Category, error) {
	c := vault.Category{Name: p.text("name"), Description: p.text("description")}
	return c, fit(column{"name", c.Name, maxCategoryName}, column{"description", c.Description, maxDescription})
}

func categoryCreate(w *writing, c vault.Category) (result, error) { // syspass 3.12: the same hash or the same name
	if !w.MayAdmin(vault.WriteCategory, vault.AdminTarget{}) { // before the names are compared, as every refusal of a token is
		return result{}, vault.Forbidden
	}
	same := func(other *vault.Category) bool {
		return normalised(other.Name) == normalised(c.Name) || vault.EqualFold(other.Name, c.Name)
	}
	if slices.ContainsFunc(w.Categories(), same) {
		return result{}, vault.Exists
	}
	id, err := w.CreateCategory(c)
	if err != nil {
		return result{}, err
	}
	return result{itemID: uint64(id), payload: categoryObject{Name: c.Name, Description: c.Description}, message: "Category added", count: noCount}, nil
}
