package tpm

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tresor/shared/vault"
)

var relation = regexp.MustCompile(`<([^<>"]*)>; rel="([a-z]+)"`)

// relations reads a Link header.
func relations(header string) map[string]string {
	links := map[string]string{}
	for _, m := range relation.FindAllStringSubmatch(header, -1) {
		links[m[2]] = m[1]
	}
	return links
}

// many adds n passwords whose name is name.
func (w *world) many(t testing.TB, n int, name string) {
	w.as(t, "admin", func(tx *vault.Tx) error {
		for range n {
			if _, err := tx.CreateEntry(vault.Entry{Name: name, Project: 3}, vault.Payload{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestAPageThatCannotBeSent: the client is told what to do about it. Each mark becomes four bytes on the way.
func TestAPageThatCannotBeSent(t *testing.T) {
	w := newWorld(t)
	for range 8 {
		w.many(t, 50, strings.Repeat(`"`, 4000))
	}
	for size, want := range map[string]int{"1000": 400, "300": 200} {
		out := w.ask(t, "admin", "GET", "/index.php/api/v6/passwords.json", "", "X-Page-Size", size)
		checkReply(t, "pages of "+size, out)
		if out.StatusCode != want || want == 400 && !strings.Contains(out.Body, "X-Page-Size") {
			t.Errorf("pages of %s: got %d %.200s, want %d", size, out.StatusCode, out.Body, want)
		}
	}
}

// TestPagesFollowed goes through a list as tpm.py does: along next, whose base it strips and whose rest it encodes.
func TestPagesFollowed(t *testing.T) {
	w := newWorld(t)
	const name = `50% off: a/b + (c) & d?#x`
	w.many(t, 12, name)
	path := "api/v6/passwords/search/" + url.QueryEscape("name:["+name+"] in:site") + ".json"
	var ids []uint64
	for pages := 1; ; pages++ {
		out := w.ask(t, "admin", "GET", "/index.php/"+path, "", "X-Page-Size", "5", "X-Metadata-Only", "true")
		var items []struct{ ID uint64 }
		if err := json.Unmarshal([]byte(out.Body), &items); err != nil {
			t.Fatal(err, out.Body)
		}
		for _, i := range items {
			ids = append(ids, i.ID)
		}
		links := relations(link(out))
		if pages == 3 {
			if link(out) != "" {
				t.Errorf("last page: got Link %s, want none", link(out))
			}
			break
		}
		base := "https://vault.example.org/index.php/"
		next, ok := strings.CutPrefix(links["next"], base)
		if !ok || !strings.HasSuffix(links["self"], fmt.Sprintf("/page/%d.json", pages)) || !strings.HasSuffix(links["first"], "/page/1.json") || !strings.HasSuffix(links["last"], "/page/3.json") || (links["prev"] != "") != (pages > 1) {
			t.Fatalf("page %d: got Link %s", pages, link(out))
		}
		segments := strings.Split(next, "/")
		for i := range segments {
			segments[i] = url.QueryEscape(segments[i]) // quote_plus(path, safe='/')
		}
		path = strings.Join(segments, "/")
	}
	if len(ids) != 12 || !slices.IsSortedFunc(ids, func(a, b uint64) int { return int(b) - int(a) }) {
		t.Errorf("got %v, want 12 in falling order", ids)
	}
}

// TestLinkBase holds links to the address that the client used.
func TestLinkBase(t *testing.T) {
	w := newWorld(t)
	w.many(t, 20, "x")
	for path, want := range map[string]string{
		"/index.php/api/v6/passwords.json":             "https://vault.example.org/index.php/api/v6/passwords/page/2.json",
		"/index.php/api/V5/passwords.json":             "https://vault.example.org/index.php/api/v5/passwords/page/2.json",
		"/tpm/index.php/api/v6//passwords/page/1.json": "https://vault.example.org/tpm/index.php/api/v6/passwords/page/2.json",
	} {
		if got := relations(link(w.ask(t, "admin", "GET", path, "")))["next"]; got != want {
			t.Errorf("%s: got next %s, want %s", path, got, want)
		}
	}
}

// TestLinkCannotBeInjected puts what would end a link or a header into the search string and the prefix.
func TestLinkCannotBeInjected(t *testing.T) {
	w := newWorld(t)
	for _, evil := range []string{"x\r\nSet-Cookie: a=b", "x\x00", `x>; rel="next", <https://evil.example/`, "x\"", "x\x7f\x80é\u2028"} {
		c := &call{version: "6", list: "passwords/search/" + evil, page: 1, prefix: "/" + evil}
		c.r = w.plain(t)
		header := c.links(2)
		for i := range len(header) {
			if header[i] < ' ' || header[i] >= 0x7f {
				t.Errorf("%q: got byte %#x in %q", evil, header[i], header)
			}
		}
		if n := strings.Count(header, `rel="next"`); n != 1 || strings.Contains(header, "<https://evil") || strings.Count(header, "<") != 4 || strings.Count(header, ">") != 4 {
			t.Errorf("%q: got %q", evil, header)
		}
		// The same over the wire: one Link, no other header.
		out := w.ask(t, "admin", "GET", "/index.php/api/v6/passwords/search/"+url.PathEscape(evil)+".json", "")
		if out.StatusCode != 200 || len(out.MultiValueHeaders["Set-Cookie"]) != 0 {
			t.Errorf("%q: got %d %v", evil, out.StatusCode, out.MultiValueHeaders)
		}
	}
}
