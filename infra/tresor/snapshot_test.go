package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSnapshot takes one, and looks what the commands after it make of it, whole and damaged.
func TestSnapshot(t *testing.T) {
	dir, _ := newVault(t)
	ok(t, "user", "add", "--data", dir, "--username", "anna")
	got := object[snapshotResult](t, runCommand(t, "", "snapshot", "--data", dir, "--json").stdout)
	if !strings.HasPrefix(got.Key, "snapshots/") || got.Entries != 1 || got.Permissions != 2 {
		t.Fatalf("got %+v", got)
	}
	ok(t, "user", "add", "--data", dir, "--username", "bob")
	want := ok(t, "user", "list", "--data", dir, "--json")
	if !strings.Contains(want, "anna") || !strings.Contains(want, "bob") {
		t.Fatal(want)
	}
	path := filepath.Join(dir, objectsFolder, filepath.FromSlash(got.Key))
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file[len(file)/2] ^= 1
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ok(t, "user", "list", "--data", dir, "--json"); got != want {
		t.Errorf("with a damaged one: %s", got)
	}
}
