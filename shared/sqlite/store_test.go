package sqlite_test

import (
	"path/filepath"
	"testing"

	"tresor/shared/sqlite"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// openFile opens the vault in a file and closes it with the test.
func openFile(t testing.TB, path string, opts ...sqlite.Option) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	dir := t.TempDir()
	vaulttest.RunStore(t, func(t *testing.T, name string) vault.Store {
		return openFile(t, filepath.Join(dir, name+".db"), sqlite.BusyTimeout(10e9))
	})
}
