package auth_test

import (
	"errors"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// anew seals values anew, each once, as after a rotation.
type anew struct {
	vault.Sealer
	done map[string]bool
}

func (a anew) Reseal(p vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	if a.done[string(sealed)] {
		return nil, nil
	}
	plain, err := a.Open(p, sealed, b)
	if err != nil {
		return nil, err
	}
	fresh, err := a.Seal(p, plain, b)
	a.done[string(fresh)] = true
	return fresh, err
}

// TestAPasswordIsResealedUnderARequest: between the look at the password and the answer, its hash is put under another key, by another process. The password is right,
// and holds. One that was set anew meanwhile does not, whether or not that one is resealed too.
func TestAPasswordIsResealedUnderARequest(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	other := s.Another(t, s.Store)
	operator := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test", Writes: true}}
	reseal := func() {
		t.Helper()
		if n, err := auth.Reseal(t.Context(), other.Vault, operator, anew{s.Sealer, map[string]bool{}}); err != nil || n.Passwords < 2 {
			t.Fatalf("%+v, %v", n, err)
		}
	}
	for name, warm := range map[string]bool{"verified now": false, "verified before": true} {
		a, err := s.Auth.Basic(t.Context(), "anna", u.Password, here)
		if err == nil && warm {
			a, err = s.Auth.Basic(t.Context(), "anna", u.Password, here)
		}
		if err != nil {
			t.Fatal(err)
		}
		reseal()
		if got, err := who(t, s, a, tpmRead); err != nil || got != u.AdminID {
			t.Errorf("%s: user %d, %v", name, got, err)
		}
	}
	a, err := s.Auth.Basic(t.Context(), "anna", u.Password, here)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := auth.HashPassword(t.Context(), "another password")
	if err != nil {
		t.Fatal(err)
	}
	other.Do(t, func(tx *vault.Tx) error { return tx.SetUserPassword(u.AdminID, auth.SealHash(s.Sealer, hash)) })
	for range 2 {
		if got, err := who(t, s, a, tpmRead); !errors.Is(err, vault.Unauthenticated) {
			t.Errorf("a password that was replaced lets in: user %d, %v", got, err)
		}
		reseal()
	}
}
