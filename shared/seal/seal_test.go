package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/seal/sealtest"
	"tresor/shared/vault"
)

var binding = vault.Binding{Table: vault.Entries, Kind: "secret", ID: "7", Field: "password", Version: 3}

func mustSeal(tb testing.TB, s vault.Sealer, p vault.Purpose, plaintext string, b vault.Binding) []byte {
	tb.Helper()
	sealed, err := s.Seal(p, []byte(plaintext), b)
	if err != nil {
		tb.Fatalf("seal: %v", err)
	}
	return sealed
}

func wantOpen(t *testing.T, s vault.Sealer, p vault.Purpose, sealed []byte, b vault.Binding, want string) {
	t.Helper()
	got, err := s.Open(p, sealed, b)
	if err != nil || string(got) != want {
		t.Errorf("open: got %q, %v, want %q", got, err, want)
	}
}

func wantKind(t *testing.T, what string, err error, want vault.Kind) {
	t.Helper()
	if err == nil || vault.KindOf(err) != want {
		t.Errorf("%s: got error %v, want kind %v", what, err, want)
	}
}

func TestOpensOnlyUnderItsOwnBinding(t *testing.T) {
	wrapper := keyfile.Generate()
	_, s, err := seal.Create(t.Context(), wrapper, "vault-one")
	if err != nil {
		t.Fatal(err)
	}
	sealed := mustSeal(t, s, vault.PurposeSecrets, "hunter2", binding)
	wantOpen(t, s, vault.PurposeSecrets, sealed, binding, "hunter2")

	changes := map[string]func(*vault.Binding){
		"table":             func(b *vault.Binding) { b.Table = vault.Permissions },
		"kind":              func(b *vault.Binding) { b.Kind = "record" },
		"id":                func(b *vault.Binding) { b.ID = "8" },
		"field":             func(b *vault.Binding) { b.Field = "otp" },
		"version":           func(b *vault.Binding) { b.Version++ },
		"empty":             func(b *vault.Binding) { *b = vault.Binding{} },
		"kind and id moved": func(b *vault.Binding) { b.Kind, b.ID = "secret7", "" },
		"id and field":      func(b *vault.Binding) { b.ID, b.Field = b.Field, b.ID },
	}
	for name, change := range changes {
		b := binding
		change(&b)
		_, err := s.Open(vault.PurposeSecrets, sealed, b)
		wantKind(t, name, err, vault.Corrupt)
	}
	for _, p := range vault.Purposes {
		if p != vault.PurposeSecrets {
			_, err := s.Open(p, sealed, binding)
			wantKind(t, "purpose "+string(p), err, vault.Corrupt)
		}
	}
}

// The vault id is bound by the value itself, not only by each vault's own keys: here two vaults have the same keys.
func TestVaultIDIsBound(t *testing.T) {
	one, other := sameKeys(t, "vault-one"), sameKeys(t, "vault-two")
	sealed := mustSeal(t, one, vault.PurposeIndex, "x", binding)
	wantOpen(t, sameKeys(t, "vault-one"), vault.PurposeIndex, sealed, binding, "x")
	_, err := other.Open(vault.PurposeIndex, sealed, binding)
	wantKind(t, "another vault's", err, vault.Corrupt)
}

func TestSwappedPayloadsDoNotOpen(t *testing.T) {
	s := sealtest.New(t)
	entry := func(id string) vault.Binding {
		return vault.Binding{Table: vault.Entries, Kind: "secret", ID: id, Field: "payload", Version: 1}
	}
	rows := map[string][]byte{
		"1": mustSeal(t, s, vault.PurposeSecrets, "the first", entry("1")),
		"2": mustSeal(t, s, vault.PurposeSecrets, "the second", entry("2")),
	}
	wantOpen(t, s, vault.PurposeSecrets, rows["1"], entry("1"), "the first")
	wantOpen(t, s, vault.PurposeSecrets, rows["2"], entry("2"), "the second")
	rows["1"], rows["2"] = rows["2"], rows["1"]
	for id, sealed := range rows {
		_, err := s.Open(vault.PurposeSecrets, sealed, entry(id))
		wantKind(t, "entry "+id, err, vault.Corrupt)
	}
}

func TestSealOpenProperty(t *testing.T) {
	s := sealtest.New(t)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(vault.Purposes[:]).Draw(t, "purpose")
		plaintext := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "plaintext")
		draw := func(name string) vault.Binding {
			return vault.Binding{
				Table: rapid.SampledFrom(vault.Tables[:]).Draw(t, name+" table"), Kind: rapid.StringN(0, 3, -1).Draw(t, name+" kind"),
				ID: rapid.StringN(0, 3, -1).Draw(t, name+" id"), Field: rapid.StringN(0, 3, -1).Draw(t, name+" field"),
				Version: rapid.Uint64Range(0, 3).Draw(t, name+" version"),
			}
		}
		a, b := draw("a"), draw("b")
		sealed, err := s.Seal(p, plaintext, a)
		if err != nil || len(sealed) != len(plaintext)+seal.Overhead {
			t.Fatalf("got %d bytes, %v, want %d", len(sealed), err, len(plaintext)+seal.Overhead)
		}
		if got, err := s.Open(p, sealed, a); err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("got %x, %v, want %x", got, err, plaintext)
		}
		if _, err := s.Open(p, sealed, b); a != b && !errors.Is(err, vault.Corrupt) {
			t.Fatalf("under another binding: got %v, want kind Corrupt", err)
		}
		i := rapid.IntRange(0, len(sealed)-1).Draw(t, "byte")
		sealed[i] ^= rapid.ByteRange(1, 255).Draw(t, "change")
		if _, err := s.Open(p, sealed, a); !errors.Is(err, vault.Corrupt) {
			t.Fatalf("byte %d changed: got %v, want kind Corrupt", i, err)
		}
	})
}

func TestSealingTwiceDiffers(t *testing.T) {
	s := sealtest.New(t)
	if bytes.Equal(mustSeal(t, s, vault.PurposeIndex, "x", binding), mustSeal(t, s, vault.PurposeIndex, "x", binding)) {
		t.Error("a nonce was used twice")
	}
}

func TestNewVaultID(t *testing.T) {
	a, b := seal.NewVaultID(), seal.NewVaultID()
	if len(a) != 32 || a == b {
		t.Errorf("got %q and %q, want two of 32 digits", a, b)
	}
}
