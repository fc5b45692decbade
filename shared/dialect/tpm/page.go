package tpm

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"tresor/shared/inbound"
	"tresor/shared/vault"
)

// Sizes of pages (tpm 2.3).
const (
	minPageSize = 5
	maxPageSize = 1000
)

// pageSize reads X-Page-Size. Numbers out of range are clamped; where there is no number, the setting counts.
func (c *call) pageSize(s settingSource) int {
	n, err := strconv.Atoi(strings.TrimSpace(c.r.Header.Get("X-Page-Size")))
	if err != nil && !errors.Is(err, strconv.ErrRange) { // out of an int's range n is the nearest one
		return defaultPageSize(s)
	}
	return max(minPageSize, min(n, maxPageSize))
}

// countBody answers /count.json.
type countBody struct {
	Items   int `json:"num_items"`
	Pages   int `json:"num_pages"`
	PerPage int `json:"num_items_per_page"`
}

// page is part of a list.
type page struct {
	items []any
	total int
}

// list makes the endpoint of a list. fn gets how many to skip and to take, none for a count, and returns what it took and how many there are.
func list(name string, fn func(r *vault.Reader, c *call, skip, take int) (page, error)) endpoint {
	return endpoint{named(name, false, false), func(v *vault.Vault, c *call) (reply, error) {
		var size int
		p, err := vault.View(c.r.Context(), v, c.req, func(r *vault.Reader) (page, error) {
			size = c.pageSize(r) // of the caught-up state: the last run counts
			skip, take := c.part(size)
			return fn(r, c, skip, take)
		})
		if err != nil {
			return reply{}, err
		}
		return c.listed(p, size), nil
	}}
}

// part returns how many items of a list to skip and to take, in pages of a size.
func (c *call) part(size int) (skip, take int) {
	if c.count {
		return 0, 0
	}
	return (c.page - 1) * size, size
}

// listed answers with a page, or with how many there are.
func (c *call) listed(p page, size int) reply {
	pages := (p.total + size - 1) / size
	if c.count {
		return reply{status: http.StatusOK, body: countBody{p.total, pages, size}}
	}
	return reply{status: http.StatusOK, link: c.links(pages), body: p.items}
}

// links returns the Link header; before v6 it names the next page only (tpm 1.3). Without a next page there is none at all: tpm.py, up to 5.0.1 at least, asks
// any Link header for its next relation and dies where there is none (tpm 2.3).
func (c *call) links(pages int) string {
	if c.page >= pages {
		return ""
	}
	if c.version < "6" {
		return c.link(c.page+1, "next")
	}
	relations := []string{c.link(c.page+1, "next"), c.link(c.page, "self")}
	if c.page > 1 {
		relations = append(relations, c.link(c.page-1, "prev"))
	}
	return strings.Join(append(relations, c.link(1, "first"), c.link(pages, "last")), ", ")
}

// link names a page by the address that the client used, with index.php, which clients look for. The search string stands there decoded, because
// tpm.py encodes what it finds (tpm 2.3).
func (c *call) link(n int, relation string) string {
	base := inbound.BaseURL(c.r)
	if !strings.HasSuffix(base, c.prefix) {
		base += c.prefix
	}
	url := base + "/index.php/api/v" + c.version + "/" + c.list + "/page/" + strconv.Itoa(n) + ".json"
	return "<" + headerSafe(url) + `>; rel="` + relation + `"`
}

// headerSafe percent-encodes what would end the link or the header, and what a header cannot carry: a search string may hold any bytes.
func headerSafe(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"' {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
