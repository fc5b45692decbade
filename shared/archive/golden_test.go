package archive_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"tresor/shared/archive"
	"tresor/shared/seal/keyfile"
)

var update = flag.Bool("update", false, "write the archive and the key in testdata anew: only for a new format, under a new name")

// TestAnArchiveOfLongAgo: what was written in format 1 is read for ever. The key in testdata was made for this archive.
func TestAnArchiveOfLongAgo(t *testing.T) {
	const file, keyFile = "testdata/format1.archive", "testdata/format1.key"
	path := filepath.Join(t.TempDir(), "key")
	if *update {
		key := must(keyfile.Create(path))
		data, _ := richUnder(t, key).write(t)
		put(t, file, data)
		put(t, keyFile, must(os.ReadFile(path)))
	} else {
		put(t, path, must(os.ReadFile(keyFile))) // with the mode that a key file must have
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &system{key: must(keyfile.Load(path))}
	m, err := archive.Verify(t.Context(), f, s.open(t))
	if err != nil || m.Entries != richEntries || m.Secrets != richSecrets-richPurged || len(m.Purged) != richPurged || m.Hours != 2 || m.Accesses != 4 {
		t.Errorf("got %+v, %v", m, err)
	}
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
