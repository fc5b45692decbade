package tpm

import (
	"net/http"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// Answers of the calls about users.
var (
	errNoUser        = notFound("User not found.")
	errMayNotSee     = &vault.Error{Kind: vault.Forbidden, Msg: "not allowed to see this user"}
	errMayNotList    = &vault.Error{Kind: vault.Forbidden, Msg: "not allowed to list users"}
	errMayNotWrite   = &vault.Error{Kind: vault.Forbidden, Msg: "not allowed to make or change this user"}
	errNotAdmin      = &vault.Error{Kind: vault.Forbidden, Msg: "what a user may do is for Admin users"}
	errNoLDAP        = &vault.Error{Kind: vault.Forbidden, Msg: "LDAP users are not supported: users sign in with a password of their own."}
	errNoSAML        = &vault.Error{Kind: vault.Forbidden, Msg: "SAML users are not supported: users sign in with a password of their own."}
	errNormalAlready = &vault.Error{Kind: vault.Forbidden, Msg: "The user is a normal user already."}
	errUserTaken     = &vault.Error{Kind: vault.Exists, Msg: "the username is taken"}
)

// managed returns the user that a call is to change. Who may change no user learns nothing of any; after that it counts whether there is the user, and only
// then whether the caller may change this one: IT may no Admin (tpm 4.6).
func managed(r *vault.Reader, id uint64, a vault.AdminAction) (*vault.User, error) {
	if !r.MayAdmin(a, vault.AdminTarget{Role: vault.NormalUser}) {
		return nil, errMayNotWrite
	}
	u := r.User(vault.UserID(id))
	if u == nil {
		return nil, errNoUser
	}
	if !r.MayAdmin(a, vault.AdminTarget{Role: u.Role}) {
		return nil, errMayNotWrite
	}
	return u, nil
}

// onUser makes the endpoint that does something to one user and takes no body, or any: 204.
func onUser(name string, fn func(*vault.Tx, *vault.User) error) endpoint {
	return act(name, func(t *vault.Tx, id uint64) error {
		u, err := managed(t.Reader, id, vault.WriteUser)
		if err != nil {
			return err
		}
		return fn(t, u)
	})
}

// deleteUser removes a user for good; nobody removes themselves (tpm 4.1).
func deleteUser(t *vault.Tx, u *vault.User) error { return t.RemoveUser(u.ID) }

// setUserActive lets a user in or keeps it out. Nobody keeps themselves out.
func setUserActive(active bool) func(*vault.Tx, *vault.User) error {
	return func(t *vault.Tx, u *vault.User) error {
		return t.EditUser(u.ID, func(now *vault.User) { now.Disabled = !active })
	}
}

// refuseUser refuses to make another kind of user of one; refuseCreate, to make a user of another kind. There is one kind: with a password.
func refuseUser(why error) func(*vault.Tx, *vault.User) error {
	return func(*vault.Tx, *vault.User) error { return why }
}

func refuseCreate(why error) func(*vault.Tx, uint64) error {
	return func(t *vault.Tx, _ uint64) error {
		if !t.MayAdmin(vault.WriteUser, vault.AdminTarget{}) {
			return errMayNotWrite
		}
		return why
	}
}

// changeUser makes the endpoint that changes a user's names, role or flags. What is wrong with the body is told to who may change the user.
func changeUser(name string) endpoint {
	return endpoint{named(name, true, false), func(v *vault.Vault, c *call) (reply, error) {
		body, malformed := decoded(c, func(f fields) (fields, error) { return f, nil })
		return done(v, c, func(t *vault.Tx) error {
			u, err := managed(t.Reader, c.id, vault.WriteUser)
			switch {
			case err != nil:
				return err
			case malformed != nil:
				return malformed
			}
			change, err := decodeUserChange(body.changed(u))
			if err != nil {
				return err
			}
			return t.EditUser(u.ID, change.apply)
		})
	}}
}

// createUser makes the endpoint that makes a user.
func createUser(name string) endpoint {
	return endpoint{named(name, true, false), func(v *vault.Vault, c *call) (reply, error) {
		n, malformed := decoded(c, decodeNewUser)
		seal, err := hashed(v, c, &n.password, func(r *vault.Reader) error { return mayCreateUser(r, n, malformed) })
		if err != nil {
			return reply{}, err
		}
		id, err := vault.Update(c.r.Context(), v, c.req, func(t *vault.Tx) (vault.UserID, error) { return t.CreateUser(n.User, seal) })
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusCreated, body: created{uint64(id)}}, nil
	}}
}

func mayCreateUser(r *vault.Reader, n newUser, malformed error) error {
	switch {
	case !r.MayAdmin(vault.WriteUser, vault.AdminTarget{}):
		return errMayNotWrite
	case malformed != nil:
		return malformed
	case !r.MayAdmin(vault.WriteUser, vault.AdminTarget{NewRole: n.Role}):
		return errMayNotWrite
	case r.UserNamed(n.Username) != nil:
		return errUserTaken
	}
	return nil
}

// changeUserPassword makes the endpoint that replaces a user's password. What was signed in with the old one ends with the next request; keys stay.
func changeUserPassword(name string) endpoint {
	return endpoint{named(name, true, false), func(v *vault.Vault, c *call) (reply, error) {
		password, malformed := decoded(c, decodeUserPassword)
		seal, err := hashed(v, c, &password, func(r *vault.Reader) error {
			if _, err := managed(r, c.id, vault.SetPassword); err != nil {
				return err
			}
			return malformed
		})
		if err != nil {
			return reply{}, err
		}
		return done(v, c, func(t *vault.Tx) error { return t.SetUserPassword(vault.UserID(c.id), seal) })
	}}
}

// hashed hashes a password before the Update that stores it, and only if may finds nothing against it: hashing is slow on purpose. The Update checks again.
func hashed(v *vault.Vault, c *call, password *vault.Secret, may func(*vault.Reader) error) (func(vault.UserID, uint32) ([]byte, error), error) {
	ctx := c.r.Context()
	_, err := vault.View(ctx, v, c.req, func(r *vault.Reader) (struct{}, error) { return struct{}{}, may(r) })
	if err != nil {
		return nil, err
	}
	hash, err := auth.HashPassword(ctx, password.Reveal())
	if err != nil {
		return nil, err
	}
	return auth.SealHash(c.sealer, hash), nil
}
