package syspassxml

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tresor/shared/vault"
)

// The vectors were made by a second implementation, testdata/vectors.py, whose files libxml2 parses, hashes and writes again to the same bytes.
type vectors struct {
	Encrypt, Password       []cipherVector
	Keys                    []keyVector
	Bcrypt                  []struct{ Password, Hash string }
	Master, Export, SignKey string
	Passwords               []string
	Document                Document
}

type cipherVector struct {
	Key, Password, Salt, IV, Plaintext, Text string
}

type keyVector struct {
	Password, Key, Salt, IV, Raw, Protected string
}

func loadVectors(t testing.TB) vectors {
	t.Helper()
	var v vectors
	if err := json.Unmarshal(testdata(t, "vectors.json"), &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Encrypt) == 0 || len(v.Password) == 0 || len(v.Keys) == 0 || len(v.Bcrypt) == 0 || len(v.Document.Accounts) == 0 {
		t.Fatal("vectors are missing")
	}
	return v
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// head is the beginning of a ciphertext with a vector's salt and iv.
func head(t testing.TB, salt, iv string) []byte {
	t.Helper()
	return append([]byte(cipherVersion), unhex(t, salt+iv)...)
}

func keyOf(t testing.TB, text string) Key {
	t.Helper()
	return Key{vault.NewSecret(string(unhex(t, text)))}
}

func TestCipherVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.Encrypt {
		checkCipher(t, c, keyOf(t, c.Key).root, func(text string) ([]byte, error) { return Decrypt(keyOf(t, c.Key), text) })
	}
	for _, c := range v.Password {
		checkCipher(t, c, passwordRoot(c.Password), func(text string) ([]byte, error) { return DecryptWithPassword(c.Password, text) })
	}
}

func checkCipher(t *testing.T, c cipherVector, root rootFunc, decrypt func(string) ([]byte, error)) {
	t.Helper()
	sealed, err := sealAs(append(head(t, c.Salt, c.IV), unhex(t, c.Plaintext)...), root)
	if got := hex.EncodeToString(sealed); err != nil || got != c.Text {
		t.Errorf("encrypt: got %s, %v, want %s", got, err, c.Text)
	}
	plaintext, err := decrypt(c.Text)
	if got := hex.EncodeToString(plaintext); err != nil || got != c.Plaintext {
		t.Errorf("decrypt: got %s, %v, want %s", got, err, c.Plaintext)
	}
}

func TestKeyVectors(t *testing.T) {
	for _, k := range loadVectors(t).Keys {
		if got := checksummed(rawHeader, unhex(t, k.Key)); got != k.Raw {
			t.Errorf("raw key string: got %s, want %s", got, k.Raw)
		}
		got, err := protect(keyOf(t, k.Key), k.Password, head(t, k.Salt, k.IV))
		if err != nil || got != k.Protected {
			t.Errorf("protected key string: got %s, %v, want %s", got, err, k.Protected)
		}
		opened, err := OpenKey(k.Protected, k.Password)
		if got := hex.EncodeToString([]byte(opened.secret.Reveal())); err != nil || got != k.Key {
			t.Errorf("open: got %s, %v, want %s", got, err, k.Key)
		}
	}
}

func TestBcryptVectors(t *testing.T) {
	for _, b := range loadVectors(t).Bcrypt {
		for _, prefix := range []string{"$2y$", "$2a$", "$2b$"} {
			if err := checkPassword(prefix+b.Hash[4:], b.Password); err != nil {
				t.Errorf("%d characters, %s: %v", len([]rune(b.Password)), prefix, err)
			}
		}
		if err := checkPassword(b.Hash, "other"+b.Password[:1]); err == nil || err.Error() != textWrongPassword {
			t.Errorf("got %v, want %q", err, textWrongPassword)
		}
	}
}

func TestPlainFileVector(t *testing.T) {
	v := loadVectors(t)
	want := testdata(t, "plain.xml")
	var got bytes.Buffer
	if err := Write(&got, &v.Document, Options{SignKey: v.SignKey}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("Write: %s", diff)
	}
	readsAs(t, want, ReadOptions{SignKey: v.SignKey}, v.Document)
}

func TestOlderFileVector(t *testing.T) {
	v := loadVectors(t)
	v.Document.Version = "2110.17052901"
	readsAs(t, testdata(t, "older.xml"), ReadOptions{SignKey: v.SignKey}, v.Document)
}

func TestEncryptedFileVector(t *testing.T) {
	v := loadVectors(t)
	readsAs(t, testdata(t, "encrypted.xml"), ReadOptions{Password: vault.NewSecret(v.Export)}, v.Document)
}

func TestOpenerOpensVector(t *testing.T) {
	v := loadVectors(t)
	o := NewOpener(v.Master)
	for i, a := range v.Document.Accounts {
		got, err := o.Open(a.Pass, a.Key)
		if err != nil || got != v.Passwords[i] {
			t.Errorf("account %d: got %q, %v, want %q", a.ID, got, err, v.Passwords[i])
		}
	}
}

// The format's fixed lengths and beginnings, as sysPass's own files have them.
func TestKeyStringForm(t *testing.T) {
	k, protected, err := NewKey("master")
	if err != nil {
		t.Fatal(err)
	}
	if len(protected) != 512 || !strings.HasPrefix(protected, "def10000def50200") {
		t.Errorf("protected: got %d characters, %s", len(protected), protected)
	}
	raw := checksummed(rawHeader, []byte(k.secret.Reveal()))
	if len(raw) != 136 || !strings.HasPrefix(raw, "def00000") {
		t.Errorf("raw: got %d characters, %s", len(raw), raw)
	}
}

// readsAs checks that a file reads as want, without a warning.
func readsAs(t *testing.T, file []byte, o ReadOptions, want Document) {
	t.Helper()
	got, warnings, err := Read(bytes.NewReader(file), o)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("got warnings %v, error %v", warnings, err)
	}
	if diff := cmp.Diff(&want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
