package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"tresor/shared/vault"
)

// TestAFullDiskIsNoDoubt: what it keeps from being committed is not in, so that nobody waits to learn what became of it. Of other errors that is not known.
func TestAFullDiskIsNoDoubt(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	exec := func(text string) error {
		_, err := s.writer.conn.ExecContext(t.Context(), text)
		return err
	}
	if err := exec("pragma max_page_count = 1"); err != nil { // no less than there are
		t.Fatal(err)
	}
	full := exec("insert into secrets (entry, version, sealed) values (1, 1, zeroblob(1000000))")
	if got := uncommitted(full); full == nil || vault.KindOf(got) != vault.Internal {
		t.Errorf("full: %v, of kind %v", full, vault.KindOf(got))
	}
	other := exec("insert into secrets (entry) values ('x')")
	if got := uncommitted(other); other == nil || !errors.Is(got, vault.Undecided) {
		t.Errorf("another error: %v, of kind %v", other, vault.KindOf(got))
	}
}
