package scenario

import (
	"testing"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

func TestAnEntryIsReadBackInAnotherProcess(t *testing.T) {
	s := New(t)
	req := vault.Request{Auth: auth.Token(s.Founding.SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "account/create", Writes: true}}
	id, err := vault.Update(t.Context(), s.Vault, req, func(tx *vault.Tx) (vault.EntryID, error) {
		p, err := tx.CreateProject(vault.Project{Name: "Initech"})
		if err != nil {
			return 0, err
		}
		return tx.CreateEntry(vault.Entry{Name: "backup-01", Project: p}, vault.Payload{Password: vault.NewSecret("s3cret")})
	})
	if err != nil {
		t.Fatal(err)
	}
	other := s.Another(t, s.Store)
	read := vault.Request{Auth: auth.Token(s.Founding.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "read/items", Reveals: true}}
	got, err := vault.View(t.Context(), other.Vault, read, func(r *vault.Reader) (string, error) {
		p, err := r.Reveal(id)
		return p.Password.Reveal(), err
	})
	if err != nil || got != "s3cret" {
		t.Fatalf("got %q, %v; want the secret", got, err)
	}
}
