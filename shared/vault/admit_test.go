package vault_test

import (
	"errors"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// TestAdmitIsAskedOfWhoIsKnown, in reads and writes and on the state as it stands; of nobody else, and not of an operator.
func TestAdmitIsAskedOfWhoIsKnown(t *testing.T) {
	s := scenario.New(t)
	ann, dan := s.AddUser(t, "ann", vault.Admin), s.AddUser(t, "dan", vault.Admin, func(u *vault.User) { u.Disabled = true })
	closed := errors.New("closed")
	asked := 0
	admit := func(s *vault.State) error {
		asked++
		if s.Setting("open", "1") != "1" {
			return closed
		}
		return nil
	}
	call := func(who vault.Authenticator, dialect vault.Dialect) (view, update error) {
		req := vault.Request{Auth: who, Admit: admit, Action: vault.Action{Dialect: dialect, Name: "test", Writes: true}}
		_, view = vault.View(t.Context(), s.Vault, req, func(*vault.Reader) (struct{}, error) { return struct{}{}, nil })
		_, update = vault.Update(t.Context(), s.Vault, req, func(tx *vault.Tx) (vault.GroupID, error) { return tx.CreateGroup(vault.Group{Name: "made"}) })
		return view, update
	}
	if view, update := call(auth.Token(ann.SysPass.AuthToken), vault.SysPass); view != nil || update != nil || asked == 0 {
		t.Errorf("open: got %v and %v, asked %d times", view, update, asked)
	}
	other := s.Another(t, s.Store)
	other.Do(t, func(tx *vault.Tx) error { return tx.SetSetting("open", "0") })
	if view, update := call(auth.Token(ann.SysPass.AuthToken), vault.SysPass); !errors.Is(view, closed) || !errors.Is(update, closed) {
		t.Errorf("closed: got %v and %v", view, update)
	}
	asked = 0
	for name, who := range map[string]vault.Authenticator{"unknown": auth.Token("nobody's"), "deactivated": auth.Token(dan.SysPass.AuthToken), "of another dialect": auth.Token(ann.APIKey)} {
		if view, update := call(who, vault.SysPass); view == nil || update == nil || errors.Is(view, closed) || errors.Is(update, closed) {
			t.Errorf("%s: got %v and %v", name, view, update)
		}
	}
	if view, update := call(vault.Operator{}, vault.Command); view != nil || update != nil {
		t.Errorf("an operator: got %v and %v", view, update)
	}
	if asked != 0 {
		t.Errorf("asked %d times of who is not known", asked)
	}
}
