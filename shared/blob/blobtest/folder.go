package blobtest

import (
	"testing"

	"tresor/shared/blob"
)

// Folder returns an empty store in a folder that goes with the test.
func Folder(t testing.TB) *blob.Folder {
	t.Helper()
	f, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}
