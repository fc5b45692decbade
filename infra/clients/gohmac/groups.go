package main

import (
	"fmt"
	"net/http"
)

type group struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Users []struct {
		ID int `json:"id"`
	} `json:"users"`
}

// groups puts a user in and takes it out, each with the four bytes that a marshalled nil is.
func (r *run) groups() error {
	made, err := r.create("groups.json", map[string]any{"name": "Group " + r.word})
	if err != nil {
		return err
	}
	for _, step := range []struct {
		action  string
		members int
	}{{"add_user", 1}, {"delete_user", 0}} {
		if err := r.change(http.MethodPut, fmt.Sprintf("groups/%d/%s/%d.json", made, step.action, r.colleague), []byte("null")); err != nil {
			return err
		}
		if err := r.members(made, step.members); err != nil {
			return fmt.Errorf("after %s: %w", step.action, err)
		}
	}
	path := fmt.Sprintf("groups/%d.json", made)
	if err := r.change(http.MethodDelete, path, nil); err != nil {
		return err
	}
	return r.refused(http.StatusNotFound, http.MethodGet, path, nil)
}

func (r *run) members(made, want int) error {
	var shown group
	if _, err := r.get(fmt.Sprintf("groups/%d.json", made), &shown); err != nil {
		return err
	}
	if shown.ID != made || shown.Name != "Group "+r.word || len(shown.Users) != want || want == 1 && shown.Users[0].ID != r.colleague {
		return fmt.Errorf("the group is %+v", shown)
	}
	if want == 0 && shown.Users != nil {
		return fmt.Errorf("nobody is in it, and users is not null but %v", shown.Users)
	}
	return nil
}
