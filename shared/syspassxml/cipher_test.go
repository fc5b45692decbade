package syspassxml

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"tresor/shared/vault"
)

var key = Key{vault.NewSecret(strings.Repeat("k", keySize))}

func TestEncryptDecrypt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")
		text, err := Encrypt(key, want)
		if err != nil || len(text) != 168+2*len(want) || !strings.HasPrefix(text, "def50200") {
			t.Fatalf("got %q, %v", text, err)
		}
		got, err := Decrypt(key, strings.ToUpper(text))
		if err != nil || string(got) != string(want) {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	})
}

func TestEncryptIsSalted(t *testing.T) {
	a, _ := Encrypt(key, []byte("x"))
	b, _ := Encrypt(key, []byte("x"))
	if a == b || a[8:72] == b[8:72] || a[72:104] == b[72:104] {
		t.Errorf("got the same salt or iv twice: %s, %s", a, b)
	}
}

// Every bit of a ciphertext counts.
func TestDecryptRefusesChanges(t *testing.T) {
	text, err := Encrypt(key, []byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	sealed := unhex(t, text)
	for i := range sealed {
		for bit := range 8 {
			b := append([]byte(nil), sealed...)
			b[i] ^= 1 << bit
			got, err := Decrypt(key, fmt.Sprintf("%x", b))
			want := vault.Corrupt
			if i < versionSize {
				want = vault.Invalid
			}
			if !errors.Is(err, want) {
				t.Fatalf("byte %d, bit %d: got %q, %v, want kind %v", i, bit, got, err, want)
			}
		}
	}
}

func TestDecryptErrors(t *testing.T) {
	text, err := Encrypt(key, []byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		key        Key
		kind       vault.Kind
		msg        string
	}{
		{"empty", "", key, vault.Invalid, "too short"},
		{"odd", text[1:], key, vault.Invalid, "not hexadecimal"},
		{"not hex", "x" + text[1:], key, vault.Invalid, "not hexadecimal"},
		{"one byte below the least", text[:2*minSealedSize-2], key, vault.Invalid, "too short"},
		{"cut", text[:len(text)-2], key, vault.Corrupt, textIntegrity},
		{"longer", text + "00", key, vault.Corrupt, textIntegrity},
		{"another key", text, Key{vault.NewSecret(strings.Repeat("l", keySize))}, vault.Corrupt, textIntegrity},
		{"no key", text, Key{}, vault.Invalid, "no key"},
	} {
		got, err := Decrypt(c.key, c.text)
		wantError(t, c.name, err, c.kind, c.msg)
		if got != nil {
			t.Errorf("%s: got a plaintext", c.name)
		}
	}
	if _, err := Encrypt(Key{}, nil); err == nil {
		t.Error("a zero key encrypts")
	}
}

func TestWrongPasswords(t *testing.T) {
	text, err := EncryptWithPassword("right", []byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecryptWithPassword("right", text); err != nil || string(got) != "hunter2" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = DecryptWithPassword("wrong", text)
	wantError(t, "ciphertext", err, vault.Corrupt, textIntegrity)
	_, protected, err := NewKey("right")
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenKey(protected, "wrong")
	wantError(t, "key", err, vault.Corrupt, textIntegrity)
}

func TestOpenKeyErrors(t *testing.T) {
	v := loadVectors(t).Keys[1]
	short := func(b string) string { return checksummed(protectedHeader, []byte(b)) }
	forged := func(header, data string) string { // a key string that the password opens, and that holds something else than a key
		sealed, err := sealAs(append(head(t, v.Salt, v.IV), checksummed(header, []byte(data))...), protectionRoot(v.Password))
		if err != nil {
			t.Fatal(err)
		}
		return checksummed(protectedHeader, sealed)
	}
	for _, c := range []struct {
		name, text string
		kind       vault.Kind
		msg        string
	}{
		{"empty", "", vault.Invalid, "too short"},
		{"odd", v.Protected[1:], vault.Invalid, "not hexadecimal"},
		{"cut", v.Protected[:510], vault.Corrupt, "damaged"},
		{"changed", v.Protected[:100] + "0000" + v.Protected[104:], vault.Corrupt, "damaged"},
		{"a raw key", v.Raw, vault.Invalid, "another kind"},
		{"no ciphertext", short(""), vault.Invalid, "too short"},
		{"short ciphertext", short(cipherVersion + strings.Repeat("x", minSealedSize-5)), vault.Invalid, "too short"},
		{"version", short(strings.Repeat("x", minSealedSize)), vault.Invalid, "unknown version"},
		{"forged", short(cipherVersion + strings.Repeat("x", minSealedSize)), vault.Corrupt, textIntegrity},
		{"holds another kind", forged(protectedHeader, v.Key[:32]), vault.Invalid, "another kind"},
		{"holds a short key", forged(rawHeader, v.Key[:31]), vault.Invalid, "wrong length"},
	} {
		_, err := OpenKey(c.text, v.Password)
		wantError(t, c.name, err, c.kind, c.msg)
	}
}

func wantError(t *testing.T, name string, err error, kind vault.Kind, msg string) {
	t.Helper()
	var e *vault.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Msg, msg) {
		t.Errorf("%s: got %v (%v), want kind %v with %q", name, err, vault.KindOf(err), kind, msg)
	}
}

// A Key, and what has one, prints nothing of it.
func TestKeyDoesNotPrint(t *testing.T) {
	s := &Sealer{key, "protected"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d", "%s", "%q"} {
		got := fmt.Sprintf(verb, key) + fmt.Sprintf(verb, s) + fmt.Sprintf(verb, *s) + fmt.Sprintf(verb, NewOpener("kkkk"))
		if strings.Contains(got, "kkk") || strings.Contains(got, "6b6b") || strings.Contains(got, "107 107") {
			t.Errorf("got %s", got)
		}
	}
}

func TestSealerOpener(t *testing.T) {
	s, err := NewSealer("master")
	if err != nil {
		t.Fatal(err)
	}
	o := NewOpener("master")
	for _, want := range []string{"", "hunter2", "\x00\xff bytes", strings.Repeat("long", 1000)} {
		pass, key, err := s.Seal(want)
		if err != nil || key != s.protected {
			t.Fatalf("seal: got key %s, %v", key, err)
		}
		if got, err := o.Open(pass, key); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := o.Open("", ""); got != "" || err != nil {
		t.Errorf("an account without a password: got %q, %v", got, err)
	}
	_, err = o.Open("def50200", "")
	wantError(t, "no key string", err, vault.Invalid, "too short")
	_, err = o.Open("", s.protected)
	wantError(t, "no ciphertext", err, vault.Invalid, "too short")
}

// However many accounts share a key string, and however many goroutines ask, it is opened once; failures too.
func TestOpenerOpensAKeyOnce(t *testing.T) {
	var calls atomic.Int32
	o := newOpener(func(protected string) (Key, error) {
		calls.Add(1)
		if protected == "bad" {
			return Key{}, corrupt(textIntegrity)
		}
		return key, nil
	})
	pass, err := Encrypt(key, []byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if got, err := o.Open(pass, "good"); err != nil || got != "hunter2" {
				t.Errorf("got %q, %v", got, err)
			}
			if _, err := o.Open(pass, "bad"); !errors.Is(err, vault.Corrupt) {
				t.Errorf("got %v, want Corrupt", err)
			}
		})
	}
	wg.Wait()
	if got := calls.Load(); got != 2 {
		t.Errorf("got %d keys opened, want 2", got)
	}
}

func TestOpenerIsBounded(t *testing.T) {
	o := newOpener(func(string) (Key, error) { return key, nil })
	pass, err := Encrypt(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxOpenKeys + 10 {
		if _, err := o.Open(pass, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(o.keys); got != maxOpenKeys {
		t.Errorf("got %d keys kept, want %d", got, maxOpenKeys)
	}
}

func TestHashPassword(t *testing.T) {
	for _, password := range []string{"export", strings.Repeat("é", 72), strings.Repeat("é", 73)} {
		hash, err := hashPassword(password)
		if err != nil || !strings.HasPrefix(hash, "$2y$10$") || len(hash) != bcryptLength {
			t.Fatalf("got %q, %v", hash, err)
		}
		if err := checkPassword(hash, password); err != nil {
			t.Error(err)
		}
	}
	_, err := hashPassword("a\x00b")
	wantError(t, "NUL", err, vault.Invalid, "NUL")
}

func TestCheckPasswordRefusesOddHashes(t *testing.T) {
	good := loadVectors(t).Bcrypt[0].Hash
	for _, hash := range []string{
		"x", "$2y$", good[:59], good + "x", "$2x$" + good[4:], "$2y$31$" + good[7:], "$2y$14$" + good[7:], "$2y$xx$" + good[7:],
		"$2y$03$" + good[7:], strings.Repeat("$", bcryptLength), good[:7] + strings.Repeat("!", 53),
	} {
		if err := checkPassword(hash, "export pass"); !errors.Is(err, vault.Invalid) {
			t.Errorf("%s: got %v, want Invalid", hash, err)
		}
	}
}
