package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tresor/shared/seal"
	"tresor/shared/vault"
)

var forIndex = seal.Context{VaultID: "v", Purpose: vault.PurposeIndex}

func TestCreateThenLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	created, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("got mode %v, want 0600", info.Mode())
	}
	loaded, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := created.Wrap(t.Context(), forIndex, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := loaded.Unwrap(t.Context(), forIndex, wrapped); err != nil || string(got) != "x" {
		t.Errorf("got %q, %v, want %q", got, err, "x")
	}
}

// TestNobodySeesHalfAKey: neither another process, nor whoever comes after one that was killed, finds a key file that is not whole.
func TestNobodySeesHalfAKey(t *testing.T) {
	dir := t.TempDir()
	for i := range 50 {
		path := filepath.Join(dir, fmt.Sprint(i))
		made := make(chan error, 1)
		go func() { _, err := Create(path); made <- err }()
		for looking := true; looking; {
			select {
			case err := <-made:
				if err != nil {
					t.Fatal(err)
				}
				looking = false
			default:
			}
			if _, err := Load(path); err != nil && !errors.Is(err, vault.NotFound) {
				t.Fatalf("key %d: %v", i, err)
			}
		}
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := Create(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path); !errors.Is(err, vault.Exists) {
		t.Errorf("got %v, want kind Exists", err)
	}
	dangling := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path+"2", dangling); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dangling); !errors.Is(err, vault.Exists) {
		t.Errorf("through a dangling link: got %v, want kind Exists", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file is changed (%v)", err)
	}
}

func TestCreateInNoDirectory(t *testing.T) {
	if _, err := Create(filepath.Join(t.TempDir(), "absent", "key")); vault.KindOf(err) != vault.Internal || err == nil {
		t.Errorf("got %v, want an internal error", err)
	}
}

func TestLoadRefusesWhatOthersCanReach(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := Create(path); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, vault.Forbidden) {
			t.Errorf("mode %04o: got %v, want kind Forbidden", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err != nil {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestLoadRefusesWhatIsNotWhole(t *testing.T) {
	dir := t.TempDir()
	key := randomKey()
	text := format(key)
	texts := map[string]string{
		"two lines": text + text, "lower case": strings.ToLower(text), "37 bytes": format(append(bytes.Clone(key), 1)),
		"one letter mistyped": text[:20] + string('A'+(text[20]-'A'+1)%2) + text[21:], "36 bytes without a checksum": keyPrefix + strings.Repeat("A", 48),
		"no prefix": text[len(keyPrefix):],
		"newer":     strings.Replace(text, "-1", "-2", 1), "long": text + strings.Repeat("x", 2000), "binary": string(key),
		"line in the middle": text[:30] + "\n" + text[30:], "space": keyPrefix + " " + text[len(keyPrefix):],
	}
	for n := range len(text) - 1 { // the line's end may be missing, nothing more
		texts[fmt.Sprintf("first %d bytes", n)] = text[:n]
	}
	path := filepath.Join(dir, "key")
	for name, text := range texts {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if !errors.Is(err, vault.Corrupt) {
			t.Errorf("%s: got %v, want kind Corrupt", name, err)
		} else if secret := strings.TrimPrefix(text, keyPrefix); len(secret) > 20 && strings.Contains(err.Error(), secret[8:20]) {
			t.Errorf("%s: the error shows the file: %v", name, err)
		}
	}
	for _, whole := range []string{text, strings.TrimSpace(text), strings.TrimSpace(text) + "\r\n"} {
		if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err != nil {
			t.Errorf("%d bytes: %v", len(whole), err)
		}
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "absent")); !errors.Is(err, vault.NotFound) {
		t.Errorf("absent: got %v, want kind NotFound", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); !errors.Is(err, vault.Corrupt) {
		t.Errorf("a folder: got %v, want kind Corrupt", err)
	}
}

func TestKeyIsNotPrinted(t *testing.T) {
	b := []byte("thirty-two bytes, known to tests")
	k, err := newKey(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{k, &k, struct{ k Key }{k}, struct{ K any }{&k}, []Key{k}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			for _, verb := range []string{"%s", "%x", "%d", "%v"} {
				if strings.Contains(text, strings.Trim(fmt.Sprintf(verb, b[4:16]), "[]")) {
					t.Errorf("%T with %s shows the key: %s", v, verb, text)
				}
			}
		}
	}
	if got := fmt.Sprint(k); got != "keyfile.Key[redacted]" {
		t.Errorf("got %s", got)
	}
}

// FuzzParse: a key file is read as it was written, or not at all.
func FuzzParse(f *testing.F) {
	f.Add(format(randomKey()))
	f.Add(keyPrefix)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := parse(text)
		if err != nil {
			return
		}
		if got := format(b); strings.TrimRight(got, "\n") != strings.TrimRight(text, "\r\n") {
			t.Errorf("%q reads as the key of %q", text, got)
		}
	})
}
