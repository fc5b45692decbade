package tpm

import (
	"strings"
	"testing"

	"tresor/shared/vault"
)

// TestNoPartOfARowIsForged by a name or a reason that looks like other parts.
func TestNoPartOfARowIsForged(t *testing.T) {
	w, _ := logWorld(t)
	for name, shown := range map[string]string{
		"x; reason: approved": `"x; reason: approved"`, "a|b": `"a|b"`, `say "hi"`: `"say \"hi\""`, "two\nlines": `"two\nlines"`, "turned \u202e": `"turned \u202e"`,
		"Müller & Söhne (ops)": "Müller & Söhne (ops)", `back\slash`: `back\slash`,
	} {
		w.as(t, "admin", func(tx *vault.Tx) error { _, err := tx.CreateCategory(vault.Category{Name: name}); return err })
		_, raw := w.rawOf(t, "admin", "action_id:create_category")
		if !strings.HasSuffix(raw, "|"+shown) {
			t.Errorf("%q: got %q, want %q", name, raw, shown)
		}
	}
	w.ask(t, "admin", "GET", "/index.php/api/v6/passwords/2.json", "", "X-Unlock-Reason", "x; group 9|ops")
	if _, raw := w.rawOf(t, "admin", "password_id:2"); !strings.HasSuffix(raw, `; reason: "x; group 9|ops"`) {
		t.Errorf("a reason: %q", raw)
	}
}
