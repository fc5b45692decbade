package blobtest

import (
	"testing"

	"tresor/shared/blob"
)

// Folder returns an empty store in a folder that goes with the test.
func Folder(t testing.TB) blob.Store {
	t.Helper()
	b, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return b
}
