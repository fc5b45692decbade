package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

type count struct {
	Items   int `json:"num_items"`
	Pages   int `json:"num_pages"`
	PerPage int `json:"num_items_per_page"`
}

// pages counts first and then asks for each page, as clients do that know no Link.
func (r *run) pages() error {
	for _, list := range []string{fmt.Sprintf("projects/%d/passwords", r.project), "passwords/search/" + url.QueryEscape("name:"+r.word)} {
		var n count
		if _, err := r.get(list+"/count.json", &n); err != nil {
			return err
		}
		if n != (count{many, 2, perPage}) {
			return fmt.Errorf("%s counts %+v", list, n)
		}
		var all []password
		for page, want := range map[int]int{1: perPage, 2: many - perPage, 3: 0} {
			var some []password
			if _, err := r.get(fmt.Sprintf("%s/page/%d.json", list, page), &some); err != nil {
				return err
			}
			if len(some) != want {
				return fmt.Errorf("%s has %d on page %d", list, len(some), page)
			}
			all = append(all, some...)
		}
		if err := r.same(all); err != nil {
			return fmt.Errorf("%s: %w", list, err)
		}
	}
	return nil
}

// Of the original's documentation, with http for the server under test.
var next = regexp.MustCompile(`<https?://.+/index\.php/api/v[0-9]+/(.+)>; rel="next"`)

// links follows the header from the first page on, and signs what it names.
func (r *run) links() error {
	var all []password
	path := fmt.Sprintf("projects/%d/passwords.json", r.project)
	for seen := 0; path != "" && seen < 3; seen++ {
		var some []password
		header, err := r.get(path, &some)
		if err != nil {
			return err
		}
		all, path = append(all, some...), ""
		if link := next.FindStringSubmatch(header.Get("Link")); link != nil {
			path = link[1]
		}
	}
	return r.same(all)
}

// search writes the same text in all ways that clients encode it.
func (r *run) search() error {
	exact := "name:[" + r.name(many-1) + "]"
	plus := url.QueryEscape(exact)                    // space: +
	component := strings.ReplaceAll(plus, "+", "%20") // as JavaScript's encodeURIComponent
	ways := map[string]string{
		"plus":     plus,
		"percent":  component,
		"lower":    lowerHex(component),
		"brackets": literal.Replace(component),
		"raw":      r.word + "%20ß%20ü]", // net/http escapes it
		"part":     url.QueryEscape(r.word + " a/b+c"),
		"umlaut":   url.QueryEscape(r.word + " ß Ü]"),
		"operator": url.QueryEscape(`in:"Project ` + r.word + `" name:d%20e?f#g`),
	}
	for way, text := range ways {
		if err := r.finds(text, r.made[many-1:]...); err != nil {
			return fmt.Errorf("%s: %w", way, err)
		}
	}
	for _, wrong := range []string{"name:[" + r.word + "]", r.word + " a%2Fb", r.word + ` "b c"`, r.word + " a/b%2Bc"} {
		if err := r.finds(url.QueryEscape(wrong)); err != nil {
			return err
		}
	}
	return nil
}

// What net/http sends as it is: brackets and a colon.
var literal = strings.NewReplacer("%5B", "[", "%5D", "]", "%3A", ":")

var hexes = regexp.MustCompile("%[0-9A-F]{2}")

func lowerHex(text string) string { return hexes.ReplaceAllStringFunc(text, strings.ToLower) }

// finds signs each search as it is on the wire, and as it was before it was encoded: then a plus is a plus.
func (r *run) finds(text string, want ...int) error {
	before := r.client
	before.decoded = !strings.Contains(text, "+")
	for _, c := range []*client{&r.client, &before} {
		var found []password
		if _, err := c.get("passwords/search/"+text+".json", &found); err != nil {
			return err
		}
		if len(found) != len(want) || len(want) == 1 && found[0].ID != want[0] {
			return fmt.Errorf("%s finds %d and not %d", text, len(found), len(want))
		}
		var n count
		if _, err := c.get("passwords/search/"+text+"/count.json", &n); err != nil {
			return err
		}
		if n.Items != len(want) {
			return fmt.Errorf("%s counts %d and not %d", text, n.Items, len(want))
		}
	}
	return nil
}

// listed is whether a list is refused or not.
func (c *client) listed(status int) error {
	if status != http.StatusOK {
		return c.refused(status, http.MethodGet, "passwords.json", nil)
	}
	var list []password
	_, err := c.get("passwords.json", &list)
	return err
}
