package seal_test

import (
	"testing"

	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/seal/sealtest"
	"tresor/shared/vault"
)

func BenchmarkSeal200B(b *testing.B) {
	s, plaintext := sealtest.New(b), make([]byte, 200)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Seal(vault.PurposeIndex, plaintext, binding); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen200B(b *testing.B) {
	s := sealtest.New(b)
	sealed := mustSeal(b, s, vault.PurposeIndex, string(make([]byte, 200)), binding)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(vault.PurposeIndex, sealed, binding); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkColdStart is what a process pays before its first value, but for the network.
func BenchmarkColdStart(b *testing.B) {
	w := keyfile.Generate()
	stored, _, err := seal.Create(b.Context(), w, "v")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := seal.Open(b.Context(), w, stored); err != nil {
			b.Fatal(err)
		}
	}
}
