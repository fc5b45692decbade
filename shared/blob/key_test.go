package blob

import (
	"path"
	"path/filepath"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// FuzzKey: a key that is valid is a clean path below a folder, and each of its beginnings a valid prefix.
func FuzzKey(f *testing.F) {
	for _, key := range []string{"", "a", "exports/17.xml", "../a", "a/../b", "a//b", ".tmp/x", "a\\b", "ü/日本", "a\x00", "a\xff", "\uffff", "a/.b", "a/.."} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		err := ValidKey(key)
		if err == nil {
			mustBeSafe(t, key)
			return
		}
		if vault.KindOf(err) != vault.Invalid {
			t.Errorf("%q: got %v, want invalid", key, err)
		}
		if ValidPrefix(key) == nil && len(key) < MaxPart && ValidKey(key+"x") != nil {
			t.Errorf("%q is taken for the beginning of a key, and is none", key)
		}
	})
}

func mustBeSafe(t *testing.T, key string) {
	t.Helper()
	if path.Clean(key) != key || !filepath.IsLocal(filepath.FromSlash(key)) || strings.HasPrefix(key, temporary) || len(key) > MaxKey {
		t.Errorf("%q is taken for a key", key)
	}
	for i := range key {
		if err := ValidPrefix(key[:i]); err != nil {
			t.Errorf("%q, the beginning of %q: %v", key[:i], key, err)
		}
	}
	if err := ValidPrefix(key); err != nil {
		t.Errorf("prefix %q: %v", key, err)
	}
}

// TestKeyLimits: the limits are in bytes, and themselves allowed.
func TestKeyLimits(t *testing.T) {
	part := strings.Repeat("ü", MaxPart/2) + "x"
	long := part + "/" + part + "/" + part + "/" + strings.Repeat("x", MaxKey-3*(MaxPart+1))
	for key, want := range map[string]bool{part: true, part + "x": false, long: true, long + "x": false, long[:MaxKey-1] + "/": false} {
		if got := ValidKey(key) == nil; got != want {
			t.Errorf("%d bytes: got %v, want %v", len(key), got, want)
		}
	}
	if err := ValidPrefix(long[:MaxPart+1]); err != nil {
		t.Errorf("a prefix that ends with a slash: %v", err)
	}
}
