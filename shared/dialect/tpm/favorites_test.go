package tpm

import (
	"strings"
	"testing"
)

// TestFavoritesAreEachUsersOwn marks, marks again, and loses sight of what is marked (tpm 7.5).
func TestFavoritesAreEachUsersOwn(t *testing.T) {
	w := newWorld(t)
	count := func(user, want string) {
		t.Helper()
		for _, path := range []string{"favorite_passwords/count", "passwords/favorite/count"} {
			if out := w.ask(t, user, "GET", "/index.php/api/v6/"+path+".json", ""); !strings.Contains(out.Body, `"num_items":`+want+",") {
				t.Errorf("%s %s: got %s, want %s", user, path, out.Body, want)
			}
		}
	}
	for _, c := range []struct {
		method, path, body string
		changes            bool
	}{
		{"POST", "favorite_passwords/1", "", true}, {"POST", "favorite_passwords/1", "null", false}, {"POST", "favorite_password/1", "{}", false},
		{"POST", "favorite_password/3", "not JSON", true}, {"DELETE", "favorite_password/3", "null", true}, {"DELETE", "favorite_passwords/3", "", false},
	} {
		before := w.heads()
		out := w.ask(t, "nora", c.method, "/index.php/api/v6/"+c.path+".json", c.body)
		if out.StatusCode != 204 || out.Body != "" || (w.heads() != before) != c.changes {
			t.Errorf("%s %s %q: got %d %s, changed: %v", c.method, c.path, c.body, out.StatusCode, out.Body, w.heads() != before)
		}
	}
	count("nora", "1")
	count("admin", "0")
	if out := w.ask(t, "admin", "PUT", at("passwords/ID/security", "1"), `{"users_permissions":[[3,0]]}`); out.StatusCode != 204 {
		t.Fatalf("got %d %s", out.StatusCode, out.Body)
	}
	count("nora", "0")
	if out := w.ask(t, "nora", "DELETE", at("favorite_passwords/ID", "1"), ""); out.StatusCode != 404 {
		t.Errorf("out of sight: got %d, want 404", out.StatusCode)
	}
	for _, path := range []string{"favorite_password", "favorite_password/count", "favorite_passwords/1/count", "favorite_passwords/x"} {
		if out := w.ask(t, "nora", "GET", "/index.php/api/v6/"+path+".json", ""); out.StatusCode != 404 {
			t.Errorf("%s: got %d, want 404", path, out.StatusCode)
		}
	}
}
