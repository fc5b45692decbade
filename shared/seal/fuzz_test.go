package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/seal/sealtest"
	"tresor/shared/vault"
)

// FuzzOpen: whatever lies in a table, Open gives what was sealed there or Corrupt.
func FuzzOpen(f *testing.F) {
	s := sealtest.New(f)
	valid := mustSeal(f, s, vault.PurposeSecrets, "hunter2", binding)
	for _, seed := range [][]byte{
		valid, valid[:len(valid)-1], append(bytes.Clone(valid), 0), valid[:seal.Overhead], valid[:5], valid[5:], {}, {1}, {0}, forged(1),
		bytes.Repeat([]byte{0xff}, 100), append([]byte{0}, valid[1:]...),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sealed []byte) {
		got, err := s.Open(vault.PurposeSecrets, sealed, binding)
		switch {
		case bytes.Equal(sealed, valid):
			if err != nil || string(got) != "hunter2" {
				t.Errorf("got %q, %v, want what was sealed", got, err)
			}
		case !errors.Is(err, vault.Corrupt):
			t.Errorf("got %q, %v, want kind Corrupt", got, err)
		}
	})
}

// FuzzStoredKeyset: whatever lies where a keyset should, Open gives Corrupt.
func FuzzStoredKeyset(f *testing.F) {
	w := keyfile.Generate()
	stored, _, err := seal.Create(f.Context(), w, "v")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored[1].Wrapped)
	f.Add(stored[0].Wrapped[:20])
	f.Add([]byte{})
	f.Add([]byte{0x12, 0x7f})
	f.Fuzz(func(t *testing.T, wrapped []byte) {
		row := []vault.StoredKeyset{{Purpose: vault.PurposeIndex, Version: 1, VaultID: "v", Wrapped: wrapped}}
		if _, err := seal.Open(t.Context(), w, row, vault.PurposeIndex); !errors.Is(err, vault.Corrupt) {
			t.Errorf("got %v, want kind Corrupt", err)
		}
	})
}

// FuzzKeyset: whatever was wrapped (by a later version, say), Open gives a Sealer that works, or says why not.
func FuzzKeyset(f *testing.F) {
	stored, _, err := seal.Create(f.Context(), clearWrapper{}, "v")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored[0].Wrapped)
	f.Add([]byte{0x12, 0})
	f.Add([]byte{0x12, 2, 8, 1})
	f.Fuzz(func(t *testing.T, wrapped []byte) {
		row := []vault.StoredKeyset{{Purpose: vault.PurposeIndex, Version: 1, VaultID: "v", Wrapped: wrapped}}
		s, err := seal.Open(t.Context(), clearWrapper{}, row, vault.PurposeIndex)
		if err != nil {
			if k := vault.KindOf(err); k != vault.Corrupt && k != vault.NewerFormat {
				t.Errorf("got %v, want kind Corrupt or NewerFormat", err)
			}
			return
		}
		wantOpen(t, s, vault.PurposeIndex, mustSeal(t, s, vault.PurposeIndex, "x", binding), binding, "x")
	})
}
