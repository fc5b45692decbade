package main

import (
	"fmt"
	"io"
	"slices"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// revokeResult is what revoke prints.
type revokeResult struct {
	auth.Revoked
	Kept  []string            `json:"kept,omitempty"`  // users that were excepted
	Admin *userPasswordResult `json:"admin,omitempty"` // with a new password
}

// revokeAll ends everything that lets anybody in, but for what the operator keeps.
func revokeAll(k *call) error {
	all := k.flags.Bool("all", false, "every token, API key, key pair and password of every user")
	yes := k.flags.Bool("yes", false, "do it")
	var except listFlag
	k.flags.Var(&except, "except-user", "`username` that keeps its tokens and its password; repeatable")
	admin := k.flags.String("keep-admin", "", "`username` of an Admin who gets a new password, printed this once; tokens end all the same")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	same := func(a string) bool { return vault.NameKey(a) == vault.NameKey(*admin) }
	switch {
	case !*all:
		return usagef("say --all; tresor token revoke ends a single token")
	case !*yes:
		return usagef("say --yes: nobody but the users of --except-user and --keep-admin can sign in afterwards")
	case *admin != "" && slices.ContainsFunc(except, same):
		return usagef("--keep-admin and --except-user name the same user")
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	out := revokeResult{Kept: except}
	keep, err := s.kept(k, except, *admin)
	if err != nil {
		return err
	}
	out.Revoked, err = auth.RevokeAll(k.ctx, s.vault, k.request(true), func(u *vault.User) bool { return keep[u.ID] })
	if err != nil {
		return fmt.Errorf("%d tokens and %d passwords are revoked; run it again: %w", out.Tokens, out.Passwords, err)
	}
	if *admin != "" {
		if out.Admin, err = s.renewAdmin(k, *admin); err != nil {
			return fmt.Errorf("everything is revoked, but there is no new password: %w", err)
		}
	}
	return k.print(out, out.people)
}

func (r revokeResult) people(w io.Writer) {
	fmt.Fprintf(w, "%d tokens are revoked, and %d users have no password any more.\n", r.Tokens, r.Passwords)
	for _, name := range r.Kept {
		fmt.Fprintf(w, "%s keeps tokens and password\n", name)
	}
	if r.Admin != nil {
		r.Admin.people(w)
	}
	fmt.Fprintln(w, "tresor user password and tresor token add let users in again.")
}

// kept finds the users that keep what they have, and looks whether the admin can be given a new password.
func (s *system) kept(k *call, names []string, admin string) (map[vault.UserID]bool, error) {
	return vault.View(k.ctx, s.vault, k.request(false), func(r *vault.Reader) (map[vault.UserID]bool, error) {
		keep := map[vault.UserID]bool{}
		for _, name := range names {
			u, err := userNamed(r, name)
			if err != nil {
				return nil, err
			}
			keep[u.ID] = true
		}
		if admin == "" {
			return keep, nil
		}
		_, err := adminNamed(r, admin)
		return keep, err
	})
}

func adminNamed(r *vault.Reader, name string) (*vault.User, error) {
	u, err := userNamed(r, name)
	if err == nil && (u.Role != vault.Admin || u.Disabled) {
		err = fmt.Errorf("%q is no active Admin", name)
	}
	return u, err
}

// renewAdmin gives an Admin a new password, after everything else is revoked: before, whoever has a stolen credential could set another.
func (s *system) renewAdmin(k *call, name string) (*userPasswordResult, error) {
	password := auth.NewPassword()
	hash, err := auth.HashPassword(k.ctx, password)
	if err != nil {
		return nil, err
	}
	return vault.Update(k.ctx, s.vault, k.request(true), func(t *vault.Tx) (*userPasswordResult, error) {
		u, err := adminNamed(t.Reader, name)
		if err != nil {
			return nil, err
		}
		return &userPasswordResult{u.ID, u.Username, password}, t.SetUserPassword(u.ID, auth.SealHash(s.sealer, hash))
	})
}
