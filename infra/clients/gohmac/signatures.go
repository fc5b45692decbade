package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// signatures are refused if they are wrong, old, or of another request.
func (r *run) signatures() error {
	for name, try := range map[string]struct {
		spoil  func(*client)
		status int
	}{
		"right":       {func(*client) {}, http.StatusOK},
		"a bit early": {func(c *client) { c.at = time.Now().Add(-time.Minute) }, http.StatusOK},
		"another key": {func(c *client) { c.private += "0" }, http.StatusUnauthorized},
		"nobody's":    {func(c *client) { c.public = "0" + c.public[1:] + "0" }, http.StatusUnauthorized},
		"upper case":  {func(c *client) { c.version = strings.ToUpper(c.version) }, http.StatusOK},
		"two slashes": {func(c *client) { c.version += "/" }, http.StatusOK},
		"no version":  {func(c *client) { c.version = "v2" }, http.StatusNotFound},
		"old":         {func(c *client) { c.at = time.Now().Add(-2 * time.Hour) }, http.StatusUnauthorized},
		"to come":     {func(c *client) { c.at = time.Now().Add(2 * time.Hour) }, http.StatusUnauthorized},
	} {
		spoilt := r.client
		try.spoil(&spoilt)
		if err := spoilt.listed(try.status); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := r.ofAnotherBody(); err != nil {
		return err
	}
	return r.twice()
}

// ofAnotherBody changes what was signed.
func (r *run) ofAnotherBody() error {
	request, err := r.request(http.MethodPut, "api/"+r.version+"/"+r.last(""), []byte(`{"notes":"signed"}`))
	if err != nil {
		return err
	}
	forged, err := r.request(http.MethodPut, "api/"+r.version+"/"+r.last(""), []byte(`{"notes":"forged"}`))
	if err != nil {
		return err
	}
	forged.Header = request.Header
	if got, err := exchange(forged); err != nil || got.status != http.StatusUnauthorized {
		return fmt.Errorf("another body under a signature: %d %w", got.status, err)
	}
	var shown password
	if _, err := r.get(r.last(""), &shown); err != nil {
		return err
	}
	if shown.Notes == "forged" {
		return errors.New("another body under a signature was written")
	}
	return nil
}

// twice sends one signed create again: it counts once.
func (r *run) twice() error {
	once := r.client
	once.at = time.Now()
	values := map[string]any{"name": "Once " + r.word, "project_id": r.project}
	if _, err := once.create("passwords.json", values); err != nil {
		return err
	}
	body, err := json.Marshal(values)
	if err != nil {
		return err
	}
	if err := once.refused(http.StatusUnauthorized, http.MethodPost, "passwords.json", body); err != nil {
		return fmt.Errorf("the same again: %w", err)
	}
	var n count
	if _, err := r.get("passwords/search/"+url.QueryEscape("name:[Once "+r.word+"]")+"/count.json", &n); err != nil {
		return err
	}
	if n.Items != 1 {
		return fmt.Errorf("%d were made by one create", n.Items)
	}
	return nil
}
