package syspassxml

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tresor/shared/vault"
)

const benchAccounts = 10_000

// benchDocument has 10,000 accounts, about 1.2 KB each in a file, sealed by one Sealer.
func benchDocument(b *testing.B) *Document {
	b.Helper()
	s, err := NewSealer("master")
	if err != nil {
		b.Fatal(err)
	}
	d := &Document{Version: Version, Time: time.Unix(1795305600, 0).UTC(), Categories: []Item{{ID: 1, Name: "c"}}}
	for n := range uint64(100) {
		d.Clients, d.Tags = append(d.Clients, Item{ID: n, Name: fmt.Sprint("client ", n)}), append(d.Tags, Tag{n, fmt.Sprint("tag ", n)})
	}
	for n := range uint64(benchAccounts) {
		pass, key, err := s.Seal(fmt.Sprint("password ", n))
		if err != nil {
			b.Fatal(err)
		}
		d.Accounts = append(d.Accounts, Account{
			ID: n, Name: fmt.Sprint("account ", n), ClientID: n % 100, CategoryID: 1, Login: "root", URL: "https://host.example/a?b=c&d=e",
			Notes: strings.Repeat("a line of notes\r\n", 5), Pass: pass, Key: key, Tags: []uint64{n % 100, (n + 1) % 100},
		})
	}
	return d
}

var benchOptions = map[string]Options{"plain": {SignKey: "s"}, "encrypted": {Password: vault.NewSecret("export")}}

func BenchmarkWrite(b *testing.B) {
	d := benchDocument(b)
	for name, o := range benchOptions {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Write(io.Discard, d, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	d := benchDocument(b)
	for name, o := range benchOptions {
		b.Run(name, func(b *testing.B) {
			var file bytes.Buffer
			if err := Write(&file, d, o); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(file.Len()))
			b.ReportAllocs()
			for b.Loop() {
				got, warnings, err := Read(bytes.NewReader(file.Bytes()), readOptions(o))
				if err != nil || len(warnings) > 0 || len(got.Accounts) != benchAccounts {
					b.Fatal(warnings, err)
				}
			}
		})
	}
}

func readOptions(o Options) ReadOptions { return ReadOptions{Password: o.Password, SignKey: o.SignKey} }

// BenchmarkSeal seals and opens the passwords of 10,000 accounts; the two PBKDF2 are part of it.
func BenchmarkSeal(b *testing.B) {
	for b.Loop() {
		s, err := NewSealer("master")
		if err != nil {
			b.Fatal(err)
		}
		o := NewOpener("master")
		for range benchAccounts {
			pass, key, err := s.Seal("hunter2")
			if err != nil {
				b.Fatal(err)
			}
			if got, err := o.Open(pass, key); err != nil || got != "hunter2" {
				b.Fatal(got, err)
			}
		}
	}
}

// BenchmarkOpenKey is one PBKDF2: what each distinct key string costs its reader.
func BenchmarkOpenKey(b *testing.B) {
	_, protected, err := NewKey("master")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := OpenKey(protected, "master"); err != nil {
			b.Fatal(err)
		}
	}
}
