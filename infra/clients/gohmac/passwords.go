package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

const (
	perPage = 20 // what the original has where nobody asks for another size
	many    = perPage + 2
	// The first part is what run.sh looks for in the server's output.
	secret = `canary-7f3a</b>"'é;` + "\t\\"
)

// odd is in the name of the last password that is made.
const odd = `a/b+c d%20e?f#g ß [ü]`

type password struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Password string `json:"password"`
	Notes    string `json:"notes"`
	Locked   bool   `json:"locked"`
	Project  struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	} `json:"project"`
}

func (r *run) name(i int) string {
	if i == many-1 {
		return r.word + " " + odd
	}
	return fmt.Sprintf("%s number %d", r.word, i)
}

func (r *run) creates() (err error) {
	if r.project, err = r.create("projects.json", map[string]any{"name": "Project " + r.word, "parent_id": 0}); err != nil {
		return err
	}
	for i := range many {
		made, err := r.create("passwords.json", map[string]any{"name": r.name(i), "project_id": r.project, "username": "root", "password": secret})
		if err != nil {
			return err
		}
		r.made = append(r.made, made)
	}
	return nil
}

// last is the path of the password with the odd name.
func (r *run) last(action string) string {
	if len(r.made) < many {
		return "passwords/0" + action + ".json" // there is none: the step fails
	}
	return fmt.Sprintf("passwords/%d%s.json", r.made[many-1], action)
}

func (r *run) show() error {
	var shown password
	if _, err := r.get(r.last(""), &shown); err != nil {
		return err
	}
	want := password{ID: r.made[many-1], Name: r.name(many - 1), Username: "root", Password: secret}
	want.Project.ID, want.Project.Name = r.project, "Project "+r.word
	if shown != want {
		return errors.New("what is shown is not what was created")
	}
	return r.refused(http.StatusNotFound, http.MethodGet, "passwords/999999999999.json", nil)
}

func (r *run) update() error {
	body, err := json.Marshal(map[string]any{"notes": "n & <ü>", "username": ""})
	if err != nil {
		return err
	}
	if err := r.change(http.MethodPut, r.last(""), body); err != nil {
		return err
	}
	var shown password
	if _, err := r.get(r.last(""), &shown); err != nil {
		return err
	}
	if shown.Notes != "n & <ü>" || shown.Username != "" || shown.Password != secret || shown.Name != r.name(many-1) {
		return errors.New("the update changed too little or too much")
	}
	return r.refused(http.StatusBadRequest, http.MethodPut, r.last(""), []byte(`{"name":`))
}

func (r *run) lock() error {
	if err := r.change(http.MethodPut, r.last("/lock"), nil); err != nil {
		return err
	}
	if err := r.refused(http.StatusForbidden, http.MethodPut, r.last(""), []byte(`{"notes":"locked"}`)); err != nil {
		return err
	}
	reader := r.client
	reader.header = http.Header{"X-Unlock-Reason": {"ticket 4711"}}
	for _, try := range []struct {
		*client
		want string
	}{{&r.client, ""}, {&reader, secret}} {
		var shown password
		if _, err := try.get(r.last(""), &shown); err != nil {
			return err
		}
		if !shown.Locked || shown.Password != try.want {
			return errors.New("a locked password shows its secret without a reason, or not with one")
		}
	}
	return reader.change(http.MethodPut, r.last("/unlock"), nil)
}

func (r *run) deletes() error {
	if err := r.change(http.MethodDelete, r.last(""), nil); err != nil {
		return err
	}
	if err := r.refused(http.StatusNotFound, http.MethodGet, r.last(""), nil); err != nil {
		return err
	}
	project := fmt.Sprintf("projects/%d.json", r.project)
	if err := r.change(http.MethodDelete, project, nil); err != nil {
		return err
	}
	return r.refused(http.StatusNotFound, http.MethodGet, project, nil)
}

// same says whether these are the passwords that were made, each once.
func (r *run) same(list []password) error {
	var ids []int
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	if want := slices.Sorted(slices.Values(r.made)); !slices.Equal(ids, want) || len(ids) != many {
		return fmt.Errorf("listed are %v and not %v", ids, want)
	}
	return nil
}
