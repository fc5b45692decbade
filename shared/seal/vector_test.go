package seal_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/vault"
)

var update = flag.Bool("update", false, "make testdata/vector anew: only for a format that no vault has been written in")

// vector is a vault as an earlier tresor left it: what it wrote must open forever.
type vector struct {
	Stored  []vault.StoredKeyset
	Binding vault.Binding
	Sealed  map[vault.Purpose][]byte
}

const vectorPlaintext = "sealed by the first version"

func TestVectorStillOpens(t *testing.T) {
	keyPath, path := filepath.Join("testdata", "vector", "key"), filepath.Join("testdata", "vector", "sealed.json")
	if *update {
		writeVector(t, keyPath, path)
	}
	text, err := os.ReadFile(keyPath)
	if err != nil {
		t.Fatal(err)
	}
	private := filepath.Join(t.TempDir(), "key") // a checkout gives files to all to read, and Load refuses those
	if err := os.WriteFile(private, text, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := keyfile.Load(private)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	s, err := seal.Open(t.Context(), key, v.Stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range vault.Purposes {
		wantOpen(t, s, p, v.Sealed[p], v.Binding, vectorPlaintext)
	}
}

func writeVector(t *testing.T, keyPath, path string) {
	t.Helper()
	if err := os.RemoveAll(keyPath); err != nil {
		t.Fatal(err)
	}
	key, err := keyfile.Create(keyPath)
	if err != nil {
		t.Fatal(err)
	}
	stored, s, err := seal.Create(t.Context(), key, "00112233445566778899aabbccddeeff")
	if err != nil {
		t.Fatal(err)
	}
	v := vector{Stored: stored, Binding: binding, Sealed: map[vault.Purpose][]byte{}}
	for _, p := range vault.Purposes {
		v.Sealed[p] = mustSeal(t, s, p, vectorPlaintext, binding)
	}
	data, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}
