package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// stealing is a store on which somebody else is quicker than a commit.
type stealing struct {
	*vaulttest.Faulty
	before func()
}

func (s *stealing) Commit(ctx context.Context, tx vault.Transaction) error {
	if s.before != nil {
		s.before()
	}
	return s.Faulty.Commit(ctx, tx)
}

// TestRevokeAllGoesOn: more credentials and users than go by one Update, killed in between, and a thief who makes new ones meanwhile: nothing is left.
func TestRevokeAllGoesOn(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	for range 3 {
		s.Do(t, func(tx *vault.Tx) error {
			for i := range 50 {
				id, err := tx.CreateUser(vault.User{Username: fmt.Sprint(auth.NewHexToken(), i), Role: vault.NormalUser}, func(vault.UserID, uint32) ([]byte, error) { return []byte("x"), nil })
				if err != nil {
					return err
				}
				for range 2 {
					c := vault.Credential{Dialect: vault.TeamPass, User: id, TokenHash: auth.HashToken(auth.NewAPIKey())}
					if _, err := tx.CreateCredential(c, func(vault.CredentialID) ([]byte, error) { return nil, nil }); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	keep := func(u *vault.User) bool { return u.ID == 2 }
	store := &stealing{Faulty: vaulttest.NewFaulty(memory.Open(), 1)}
	other := s.Another(t, store)
	thief := s.Another(t, memory.Open())
	stolen, made := s.Founding.APIKey, 0
	steal := func() {
		_, err := vault.Update(t.Context(), thief.Vault, vault.Request{Auth: auth.Token(stolen), Action: vault.Action{Dialect: vault.TeamPass, Name: "test", Writes: true}},
			func(tx *vault.Tx) (vault.CredentialID, error) {
				key := auth.NewAPIKey()
				c := vault.Credential{Dialect: vault.TeamPass, User: 1, TokenHash: auth.HashToken(key)}
				id, err := tx.CreateCredential(c, func(vault.CredentialID) ([]byte, error) { return nil, nil })
				stolen = key
				return id, err
			})
		if err == nil {
			made++
		} else if !errors.Is(err, vault.Unauthenticated) {
			t.Errorf("the thief: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	commits := 0
	store.before = func() {
		if commits++; commits < 4 {
			steal()
		} else if commits == 6 {
			cancel()
		}
	}
	if n, err := auth.RevokeAll(ctx, other.Vault, scenario.Operator(), keep); err == nil || n.Tokens == 0 {
		t.Fatalf("killed: %+v, %v", n, err)
	}
	store.before = func() {
		if commits++; commits < 10 {
			steal()
		}
	}
	store.LoseAnswer(2)
	n, err := auth.RevokeAll(t.Context(), other.Vault, scenario.Operator(), keep)
	if err != nil || n.Passwords != 150 || made < 4 {
		t.Errorf("got %+v, %v; the thief made %d", n, err, made)
	}
	store.before = nil
	if n, err := auth.RevokeAll(t.Context(), other.Vault, scenario.Operator(), keep); err != nil || n != (auth.Revoked{}) {
		t.Errorf("again: got %+v, %v", n, err)
	}
	steal()
	living := 0
	s.Do(t, func(tx *vault.Tx) error {
		all, err := tx.Credentials()
		for _, c := range all {
			if c.Revoked == 0 {
				living++
				if c.User != 2 {
					t.Errorf("credential %d of user %d lives", c.ID, c.User)
				}
			}
		}
		return err
	})
	if living != 2 {
		t.Errorf("%d credentials live, want the 2 that are kept", living)
	}
}

// TestRevokeAllGivesUp where nothing gets through, and says so, instead of waiting for ever.
func TestRevokeAllGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := vaulttest.NewMemory()
		s := scenario.On(t, memory)
		f := vaulttest.NewFaulty(memory.Open(), 1)
		f.Throttle(vaulttest.Commit, 1<<30)
		began := time.Now()
		_, err := auth.RevokeAll(t.Context(), s.Another(t, f).Vault, scenario.Operator(), func(*vault.User) bool { return false })
		if took := time.Since(began); !errors.Is(err, vault.Busy) || took < vault.Patience || took > vault.Patience+time.Minute {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
