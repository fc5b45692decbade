package auth

import (
	"context"
	"fmt"

	"tresor/shared/vault"
)

// Revoked counts what was taken from users.
type Revoked struct {
	Tokens    int `json:"tokens"`
	Passwords int `json:"passwords"`
}

// RevokeAll ends every credential of every dialect, and takes away every password, but those of the users that keep names: it holds from the next request on, everywhere.
// It goes on until one Update finds nothing left, so that what a stolen credential made meanwhile goes as well. Whoever is killed runs it again. It returns how much it
// revoked, also with an error.
func RevokeAll(ctx context.Context, v *vault.Vault, req vault.Request, keep func(*vault.User) bool) (all Revoked, err error) {
	err = inBatches(ctx, v, req, func(t *vault.Tx, limit int) (Revoked, error) { return revokeSome(t, keep, limit) }, func(some Revoked) {
		all = Revoked{all.Tokens + some.Tokens, all.Passwords + some.Passwords}
	})
	if err != nil {
		return all, fmt.Errorf("revoke everything: %w", err)
	}
	return all, nil
}

func revokeSome(t *vault.Tx, keep func(*vault.User) bool, limit int) (n Revoked, err error) {
	credentials, err := t.Credentials()
	if err != nil {
		return n, err
	}
	for _, c := range credentials {
		if u := t.User(c.User); c.Revoked != 0 || u != nil && keep(u) {
			continue
		}
		if err := t.RevokeCredential(c.ID); err != nil {
			return n, err
		}
		if n.Tokens++; n.Tokens == limit {
			return n, nil
		}
	}
	noPassword := func(vault.UserID, uint32) ([]byte, error) { return nil, nil }
	for _, u := range t.Users() {
		if len(u.Password) == 0 || keep(u) {
			continue
		}
		if err := t.SetUserPassword(u.ID, noPassword); err != nil {
			return n, err
		}
		if n.Passwords++; n.Tokens+n.Passwords == limit {
			return n, nil
		}
	}
	return n, nil
}
