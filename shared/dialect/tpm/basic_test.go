package tpm

import (
	"encoding/base64"
	"net/http"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// TestBasicInEitherEncoding: clients send umlauts in UTF-8 or in Latin-1 (tpm 1.5). Neither lets a password in that is another one.
func TestBasicInEitherEncoding(t *testing.T) {
	w := newWorld(t)
	hash, err := auth.HashPassword(t.Context(), "größe ÿ")
	if err != nil {
		t.Fatal(err)
	}
	w.as(t, "admin", func(tx *vault.Tx) error {
		_, err := tx.CreateUser(vault.User{Username: "jürgen", Name: "J", Role: vault.NormalUser}, auth.SealHash(w.Sealer, hash))
		return err
	})
	for _, c := range []struct {
		login string
		want  int
	}{
		{"jürgen:größe ÿ", 200},
		{"j\xfcrgen:gr\xf6\xdfe \xff", 200},
		{"jürgen:gr\xf6\xdfe \xff", 200}, // each by itself
		{"j\xfcrgen:gr\xf6\xdfe", 401},
		{"jürgen:größe", 401},
		{"jürgen:grÃ¶Ãe", 401},
		{"\xff:\xff", 401},
	} {
		out := w.send(t, request{method: "GET", path: "/index.php/api/v6/users/me.json", header: http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(c.login))}}})
		if out.StatusCode != c.want {
			t.Errorf("%q: got %d, want %d", c.login, out.StatusCode, c.want)
		}
	}
}
