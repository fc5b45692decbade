package main

import (
	"strings"
	"testing"

	"tresor/shared/vault"
)

// drop removes a secret behind the vault's back.
func drop(t *testing.T, dir string, key vault.SecretKey) {
	t.Helper()
	s, err := (&place{data: dir}).open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.store.Commit(t.Context(), vault.Transaction{ID: vault.TxnID{1}, DropSecrets: []vault.SecretKey{key}}); err != nil {
		t.Fatal(err)
	}
}

// TestVersionsRevertAndUndelete goes through an entry's life from the command line.
func TestVersionsRevertAndUndelete(t *testing.T) {
	dir, _ := newVault(t)
	change := func(fn func(*vault.Tx) error) {
		t.Helper()
		s, err := (&place{data: dir}).open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test", Writes: true}}
		if _, err := vault.Update(t.Context(), s.vault, req, func(tx *vault.Tx) (int, error) { return 0, fn(tx) }); err != nil {
			t.Fatal(err)
		}
	}
	secret := func() (password string) {
		t.Helper()
		s, err := (&place{data: dir}).open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test", Reveals: true}}
		p, err := vault.View(t.Context(), s.vault, req, func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(1) })
		if err != nil {
			return err.Error()
		}
		return p.Password.Reveal()
	}
	change(func(tx *vault.Tx) error {
		p, err := tx.CreateProject(vault.Project{Name: "p", Manager: 1})
		if err != nil {
			return err
		}
		_, err = tx.CreateEntry(vault.Entry{Name: "e", Project: p, Manager: 1}, vault.Payload{Password: vault.NewSecret("first")})
		return err
	})
	change(func(tx *vault.Tx) error { return tx.SetPassword(1, vault.NewSecret("second")) })
	change(func(tx *vault.Tx) error {
		return tx.EditEntry(1, func(e *vault.Entry) error { e.Notes = "n"; return nil })
	})

	got := object[versionsResult](t, ok(t, "versions", "--data", dir, "--json", "1"))
	if len(got.Versions) != 2 || got.Versions[0].State != "kept" || got.Versions[1].State != "newest" || got.Versions[1].Action != "tresor test" || got.Versions[0].At == "" {
		t.Errorf("got %+v", got)
	}
	if text := ok(t, "versions", "--data", dir, "1"); strings.Contains(text, "first") || !strings.Contains(text, "kept") {
		t.Errorf("got %s", text)
	}
	if text := ok(t, "revert", "--data", dir, "--json", "1", "1"); text != `{"entry":1,"version":3}`+"\n" || secret() != "first" {
		t.Errorf("got %s and %s", text, secret())
	}
	drop(t, dir, vault.SecretKey{Entry: 1, Version: 2})
	if got := object[versionsResult](t, ok(t, "versions", "--data", dir, "--json", "1")); got.Versions[0].State != "kept" || got.Versions[1].State != "missing" || got.Versions[2].State != "newest" {
		t.Errorf("got %+v; want that the second one is missing", got)
	}
	change(func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{1}, false); return err })
	if got := secret(); got == "first" {
		t.Error("the trash gives secrets")
	}
	if text := ok(t, "undelete", "--data", dir, "--json", "1"); text != `{"entry":1}`+"\n" || secret() != "first" {
		t.Errorf("got %s and %s", text, secret())
	}
	for _, wrong := range [][]string{{"versions", "9"}, {"revert", "1", "9"}, {"revert", "9", "1"}, {"undelete", "1"}} {
		args := append([]string{wrong[0], "--data", dir}, wrong[1:]...)
		if o := runCommand(t, "", args...); o.status != statusError || o.stderr == "" {
			t.Errorf("%v: got %+v", wrong, o)
		}
	}
	for _, wrong := range [][]string{{"versions"}, {"versions", "x"}, {"revert", "1"}, {"revert", "1", "x"}, {"undelete", "0"}} {
		args := append([]string{wrong[0], "--data", dir}, wrong[1:]...)
		if o := runCommand(t, "", args...); o.status != statusUsage {
			t.Errorf("%v: got %+v", wrong, o)
		}
	}
}
