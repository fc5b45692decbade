package syspassxml

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"testing"
)

// TestTheQuickWayIsTheSame holds it against the standard library's, and requires that it is the one in use: on another Go it may not be, and then imports of
// sysPass's own files take half as long again.
func TestTheQuickWayIsTheSame(t *testing.T) {
	if !quickStretches() {
		t.Error("the state of a SHA-256 is not what it was")
	}
	for _, n := range []int{1, 2, 3, 1000, iterations} {
		password, salt := make([]byte, sha256.Size), make([]byte, saltSize)
		_, _ = rand.Read(password)
		_, _ = rand.Read(salt)
		want, err := pbkdf2.Key(sha256.New, string(password), salt, n, keySize)
		if err != nil {
			t.Fatal(err)
		}
		if got := quickStretch(password, salt, n); !bytes.Equal(got, want) {
			t.Errorf("%d iterations: got %x, want %x", n, got, want)
		}
	}
}
