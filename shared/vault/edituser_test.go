package vault_test

import (
	"errors"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// editor runs an edit of a user as somebody.
func editor(t *testing.T, s *scenario.System) func(who *auth.Founding, id vault.UserID, edit func(*vault.User)) error {
	return func(who *auth.Founding, id vault.UserID, edit func(*vault.User)) error {
		req := vault.Request{Auth: auth.Token(who.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "test", Writes: true}}
		_, err := vault.Update(t.Context(), s.Vault, req, func(tx *vault.Tx) (int, error) { return 0, tx.EditUser(id, edit) })
		return err
	}
}

func heads(s *scenario.System) (h vault.Heads) {
	s.Log.Read(func(state *vault.State) { h = state.Heads() })
	return h
}

// TestAnEditThatChangesNothingIsNone: no record, and nobody is said to have changed the user. Each of what may be changed counts.
func TestAnEditThatChangesNothingIsNone(t *testing.T) {
	s := scenario.New(t)
	ben := s.AddUser(t, "ben", vault.NormalUser)
	s.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateGroup(vault.Group{Name: "g"}); return err })
	edit := editor(t, s)
	before := heads(s)
	if err := edit(s.Founding, ben.AdminID, func(u *vault.User) { u.Name, u.Created, u.Password = "ben", 7, nil }); err != nil || heads(s) != before {
		t.Errorf("got %v, changed %v; want nothing", err, heads(s) != before)
	}
	for name, change := range map[string]func(*vault.User){
		"username": func(u *vault.User) { u.Username = "Ben" }, "name": func(u *vault.User) { u.Name = "Ben" }, "e-mail": func(u *vault.User) { u.Email = "" },
		"role": func(u *vault.User) { u.Role = vault.IT }, "main group": func(u *vault.User) { u.MainGroup = 1 }, "disabled": func(u *vault.User) { u.Disabled = true },
		"API only": func(u *vault.User) { u.APIOnly = true }, "roots": func(u *vault.User) { u.MayCreateRoots = true },
	} {
		before := heads(s)
		if err := edit(s.Founding, ben.AdminID, change); err != nil || heads(s) == before {
			t.Errorf("%s: got %v, changed %v", name, err, heads(s) != before)
		}
	}
}

// TestNobodyDisablesThemselves: neither IT nor an Admin beside whom there is another. Others may.
func TestNobodyDisablesThemselves(t *testing.T) {
	s := scenario.New(t)
	ita, olga := s.AddUser(t, "ita", vault.IT), s.AddUser(t, "olga", vault.Admin)
	edit, off := editor(t, s), func(u *vault.User) { u.Disabled = true }
	for _, who := range []*auth.Founding{ita, olga} {
		before := heads(s)
		if err := edit(who, who.AdminID, off); !errors.Is(err, vault.Forbidden) || heads(s) != before {
			t.Errorf("%s: got %v, changed %v", who.Username, err, heads(s) != before)
		}
		if err := edit(s.Founding, who.AdminID, off); err != nil {
			t.Errorf("%s by another: %v", who.Username, err)
		}
	}
}

func TestAUsernameStays(t *testing.T) {
	s := scenario.New(t)
	for _, name := range []string{"", " \t"} {
		if err := editor(t, s)(s.Founding, 1, func(u *vault.User) { u.Username = name }); !errors.Is(err, vault.Invalid) {
			t.Errorf("%q: got %v, want it refused", name, err)
		}
	}
}
