package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// userPasswordResult is what commands print that set a user's password.
type userPasswordResult struct {
	ID       vault.UserID `json:"id"`
	Username string       `json:"username"`
	Password string       `json:"password"`
}

func (u userPasswordResult) people(w io.Writer) {
	fmt.Fprintf(w, "user %d, %s\npassword: %s\n", u.ID, u.Username, u.Password)
}

func userAdd(k *call) error {
	var u vault.User
	k.flags.StringVar(&u.Username, "username", "", "unique `name`")
	role := k.flags.String("role", vault.NormalUser.String(), "`role`: Admin, IT, Project manager, Normal user or Read only")
	k.flags.StringVar(&u.Name, "name", "", "display `name`; default: the username")
	k.flags.StringVar(&u.Email, "email", "", "`address`")
	group := k.flags.Uint64("main-group", 0, "`id` of the user's main group, in the terms of sysPass; 0: none")
	password := k.flags.String("password", "", "`password`, - for standard input; default: a made-up one")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	var ok bool
	if u.Role, ok = vault.ParseRole(*role); !ok {
		return usagef("--role: there is no role %q", *role)
	}
	if u.Username == "" {
		return usagef("--username is missing")
	}
	u.Name, u.MainGroup = cmp.Or(u.Name, u.Username), vault.GroupID(*group)
	return k.withPassword(*password, func(s *system, t *vault.Tx, hash string) (vault.UserID, string, error) {
		id, err := t.CreateUser(u, auth.SealHash(s.sealer, hash))
		return id, u.Username, err
	})
}

func userPassword(k *call) error {
	password := k.flags.String("password", "", "`password`, - for standard input; default: a made-up one")
	if err := k.parse(1, 1); err != nil {
		return err
	}
	return k.withPassword(*password, func(s *system, t *vault.Tx, hash string) (vault.UserID, string, error) {
		u, err := userNamed(t.Reader, k.args[0])
		if err != nil {
			return 0, "", err
		}
		return u.ID, u.Username, t.SetUserPassword(u.ID, auth.SealHash(s.sealer, hash))
	})
}

// withPassword hashes a password, or a made-up one, lets set store it and prints the result.
func (k *call) withPassword(given string, set func(*system, *vault.Tx, string) (vault.UserID, string, error)) error {
	password, err := k.secret(given)
	if err != nil {
		return err
	}
	if password == "" {
		password = auth.NewPassword()
	}
	hash, err := auth.HashPassword(k.ctx, password)
	if err != nil {
		return err
	}
	out, err := update(k, func(s *system, t *vault.Tx) (userPasswordResult, error) {
		id, username, err := set(s, t, hash)
		return userPasswordResult{id, username, password}, err
	})
	if err != nil {
		return err
	}
	return k.print(out, out.people)
}

// update opens the vault and runs fn as an Update of the operator.
func update[T any](k *call, fn func(*system, *vault.Tx) (T, error)) (T, error) {
	var zero T
	s, err := k.place.open(k.ctx)
	if err != nil {
		return zero, err
	}
	defer s.close()
	return vault.Update(k.ctx, s.vault, k.request(true), func(t *vault.Tx) (T, error) { return fn(s, t) })
}

// view opens the vault and runs fn as a View of the operator.
func view[T any](k *call, fn func(*vault.Reader) (T, error)) (T, error) {
	var zero T
	s, err := k.place.open(k.ctx)
	if err != nil {
		return zero, err
	}
	defer s.close()
	return vault.View(k.ctx, s.vault, k.request(false), fn)
}

func userNamed(r *vault.Reader, username string) (*vault.User, error) {
	u := r.UserNamed(username)
	if u == nil {
		return nil, fmt.Errorf("there is no user %q", username)
	}
	return u, nil
}

// userResult is a user without secrets.
type userResult struct {
	ID       vault.UserID  `json:"id"`
	Username string        `json:"username"`
	Name     string        `json:"name"`
	Email    string        `json:"email"`
	Role     string        `json:"role"`
	Active   bool          `json:"active"`
	Group    vault.GroupID `json:"main_group,omitempty"`
}

func newUserResult(u *vault.User) userResult {
	return userResult{u.ID, u.Username, u.Name, u.Email, u.Role.String(), !u.Disabled, u.MainGroup}
}

func userList(k *call) error {
	if err := k.parse(0, 0); err != nil {
		return err
	}
	users, err := view(k, func(r *vault.Reader) ([]userResult, error) {
		list := []userResult{}
		for _, u := range r.Users() {
			list = append(list, newUserResult(u))
		}
		return list, nil
	})
	if err != nil {
		return err
	}
	return k.print(map[string]any{"users": users}, func(w io.Writer) {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tUSERNAME\tROLE\tNAME\tEMAIL\tSTATE\tMAIN GROUP")
		for _, u := range users {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%d\n", u.ID, u.Username, u.Role, u.Name, u.Email, u.state(), u.Group)
		}
		_ = table.Flush()
	})
}

func (u userResult) state() string {
	if u.Active {
		return "active"
	}
	return "disabled"
}

func userDisable(k *call) error { return setDisabled(k, true) }
func userEnable(k *call) error  { return setDisabled(k, false) }

func setDisabled(k *call, disabled bool) error {
	if err := k.parse(1, 1); err != nil {
		return err
	}
	return k.editUser(func(u *vault.User) { u.Disabled = disabled }, userResult.state)
}

// userGroup sets the group that sysPass calls a user's main one.
func userGroup(k *call) error {
	if err := k.parse(2, 2); err != nil {
		return err
	}
	id, err := strconv.ParseUint(k.args[1], 10, 64)
	if err != nil {
		return usagef("%q is no id of a group", k.args[1])
	}
	return k.editUser(func(u *vault.User) { u.MainGroup = vault.GroupID(id) }, func(u userResult) string {
		if u.Group == 0 {
			return "no main group"
		}
		return fmt.Sprintf("main group %d", u.Group)
	})
}

// editUser changes the user that the first argument names, and prints it; people are told what say says of it.
func (k *call) editUser(edit func(*vault.User), say func(userResult) string) error {
	out, err := update(k, func(_ *system, t *vault.Tx) (userResult, error) {
		u, err := userNamed(t.Reader, k.args[0])
		if err != nil {
			return userResult{}, err
		}
		if now := *u; !changes(&now, edit) {
			return newUserResult(u), nil
		}
		err = t.EditUser(u.ID, edit)
		return newUserResult(t.User(u.ID)), err
	})
	if err != nil {
		return err
	}
	return k.print(out, func(w io.Writer) { fmt.Fprintf(w, "user %d, %s: %s\n", out.ID, out.Username, say(out)) })
}

// changes reports whether an edit makes a difference that is shown.
func changes(u *vault.User, edit func(*vault.User)) bool {
	before := newUserResult(u)
	edit(u)
	return newUserResult(u) != before
}
