package vault_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

var (
	export = vault.Action{Dialect: vault.SysPass, Name: "config/export", Reveals: true}
	backup = vault.Action{Dialect: vault.SysPass, Name: "config/backup"}
)

func take(ctx context.Context, s *scenario.System, a vault.Authenticator) (*vault.Export, error) {
	return vault.View(ctx, s.Vault, vault.Request{Auth: a, Action: export}, func(r *vault.Reader) (*vault.Export, error) { return r.Export() })
}

// inventory writes an export down: "client/name=password", sorted by id.
func inventory(x *vault.Export) (list []string) {
	names := map[vault.ProjectID]string{}
	for _, c := range x.Clients {
		names[c.ID] = c.Name
	}
	for _, e := range x.Entries {
		list = append(list, names[e.Client]+"/"+e.Name+"="+e.Payload.Password.Reveal())
	}
	return list
}

// TestAnExportHoldsWhatTheCallerMaySee fills a vault with entries of every standing.
func TestAnExportHoldsWhatTheCallerMaySee(t *testing.T) {
	s := scenario.New(t)
	second := s.AddUser(t, "second", vault.Admin)
	s.Do(t, func(tx *vault.Tx) error {
		root, err1 := tx.CreateProject(vault.Project{Name: "Acme"})
		below, err2 := tx.CreateProject(vault.Project{Name: "Servers", Parent: root})
		_, err3 := tx.CreateProject(vault.Project{Name: "Empty"})
		_, err4 := tx.EnsureTags([]string{"web"})
		err := errors.Join(err1, err2, err3, err4)
		for _, e := range []vault.Entry{
			{Name: "plain", Project: root}, {Name: "below", Project: below}, {Name: "locked", Project: root}, {Name: "firmly locked", Project: root}, {Name: "trashed", Project: root},
			{Name: "private to another", Project: root, Manager: second.AdminID, Private: true}, {Name: "without a password", Project: root}, {Name: "link", Project: below, Source: 1},
		} {
			p := vault.Payload{Password: vault.NewSecret("pw of " + e.Name)}
			if e.Name == "without a password" || e.Source != 0 {
				p = vault.Payload{}
			}
			_, failed := tx.CreateEntry(e, p)
			err = errors.Join(err, failed)
		}
		_, failed := tx.TrashEntries([]vault.EntryID{5}, false)
		return errors.Join(err, failed, tx.SetLock(3, vault.LockReason), tx.SetLock(4, vault.LockPermission))
	})
	mine := vault.Request{Auth: auth.Token(second.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "x", Writes: true}}
	if _, err := vault.Update(t.Context(), s.Vault, mine, func(tx *vault.Tx) (vault.EntryID, error) {
		folder, err := tx.CreatePersonalRoot(second.AdminID, "second's own")
		if err != nil {
			return 0, err
		}
		if id, err := tx.CreateEntry(vault.Entry{Name: "in a personal folder", Project: folder}, vault.Payload{Password: vault.NewSecret("mine")}); err != nil {
			return id, err
		}
		return tx.CreateEntry(vault.Entry{Name: "personal", Owner: second.AdminID}, vault.Payload{Password: vault.NewSecret("mine")})
	}); err != nil {
		t.Fatal(err)
	}
	all := []string{"Acme/plain=pw of plain", "Acme/below=pw of below", "Acme/without a password=", "Acme/link=pw of plain"}
	for name, test := range map[string]struct {
		a       vault.Authenticator
		want    []string
		leftOut []vault.EntryID
	}{
		"the admin":     {auth.Token(s.Founding.SysPass.AuthToken), all, []vault.EntryID{3, 4}},
		"the other one": {auth.Token(second.SysPass.AuthToken), append(all[:2:2], append([]string{"Acme/private to another=pw of private to another"}, all[2:]...)...), []vault.EntryID{3, 4}},
		"the operator": {vault.Operator{}, []string{"Acme/plain=pw of plain", "Acme/below=pw of below", "Acme/locked=pw of locked", "Acme/firmly locked=pw of firmly locked",
			"Acme/private to another=pw of private to another", "Acme/without a password=", "Acme/link=pw of plain"}, nil},
	} {
		x, err := take(t.Context(), s, test.a)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := inventory(x); !slices.Equal(got, test.want) || !slices.Equal(x.LeftOut, test.leftOut) {
			t.Errorf("%s: got\n%s\nleft out %v; want\n%s\nleft out %v", name, strings.Join(got, "\n"), x.LeftOut, strings.Join(test.want, "\n"), test.leftOut)
		}
		if len(x.Clients) != 2 || len(x.Tags) != 1 || len(x.Categories) != 1 {
			t.Errorf("%s: %d clients, %d tags, %d categories", name, len(x.Clients), len(x.Tags), len(x.Categories))
		}
	}
	s.Do(t, func(tx *vault.Tx) error {
		return tx.EditUser(second.AdminID, func(u *vault.User) { u.Role = vault.IT })
	})
	if _, err := take(t.Context(), s, auth.Token(second.SysPass.AuthToken)); !errors.Is(err, vault.Forbidden) {
		t.Errorf("IT: got %v, want Forbidden", err)
	}
}

// TestAnExportIsOnRecordBeforeItLeaves counts what the access records name, and has none written.
func TestAnExportIsOnRecordBeforeItLeaves(t *testing.T) {
	f := vaulttest.NewFaulty(vaulttest.NewMemory().Open(), 1)
	s := scenario.On(t, f)
	s.Do(t, func(tx *vault.Tx) error {
		p, err := tx.CreateProject(vault.Project{Name: "Acme"})
		for i := range 90 {
			_, failed := tx.CreateEntry(vault.Entry{Name: fmt.Sprint(i), Project: p}, vault.Payload{Password: vault.NewSecret("x")})
			err = errors.Join(err, failed)
		}
		return err
	})
	admin := auth.Token(s.Founding.SysPass.AuthToken)
	f.Reset()
	if x, err := take(t.Context(), s, admin); err != nil || len(x.Entries) != 90 {
		t.Fatal(err)
	}
	list, err := s.Log.Accesses(t.Context(), vault.HourOf(s.Clock.Now()), "")
	if err != nil || len(list) != 1 || len(list[0].Secrets) != 90 || list[0].User != s.Founding.AdminID || list[0].Action != "syspass config/export" {
		t.Errorf("on record: %+v, %v", list, err)
	}
	if got := f.Count(vaulttest.Secrets).Calls + f.Count(vaulttest.PutAccess).Calls; got != 2 {
		t.Errorf("%d calls for the secrets and the record, want 2", got)
	}
	f.FailAccess(100)
	if x, err := take(t.Context(), s, admin); err == nil {
		t.Errorf("without a record, %d entries left", len(x.Entries))
	}
}

// TestAnExportWithoutSecretsIsOnRecord: names and notes are a reveal, too.
func TestAnExportWithoutSecretsIsOnRecord(t *testing.T) {
	s := scenario.New(t)
	s.Do(t, func(tx *vault.Tx) error {
		p, err := tx.CreateProject(vault.Project{Name: "Acme"})
		_, failed := tx.CreateEntry(vault.Entry{Name: "a", Notes: "the door code is 1234", Project: p}, vault.Payload{})
		return errors.Join(err, failed)
	})
	if x, err := take(t.Context(), s, auth.Token(s.Founding.SysPass.AuthToken)); err != nil || len(x.Entries) != 1 {
		t.Fatal(err)
	}
	if list, err := s.Log.Accesses(t.Context(), vault.HourOf(s.Clock.Now()), ""); err != nil || len(list) != 1 {
		t.Errorf("%d records, %v", len(list), err)
	}
}

// TestAMissingSecretIsListed loses a payload: the entry is exported, and named.
func TestAMissingSecretIsListed(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	s.Do(t, func(tx *vault.Tx) error {
		p, err := tx.CreateProject(vault.Project{Name: "Acme"})
		_, failed := tx.CreateEntry(vault.Entry{Name: "a", Project: p}, vault.Payload{Password: vault.NewSecret("x")})
		return errors.Join(err, failed)
	})
	other := s.Another(t, without{memory})
	if x, err := take(t.Context(), other, auth.Token(s.Founding.SysPass.AuthToken)); err != nil || len(x.Entries) != 1 || !slices.Equal(x.Missing, []vault.EntryID{1}) {
		t.Errorf("got %+v, %v", x, err)
	}
}

// without is a store that has no secrets.
type without struct{ vault.Store }

func (without) Secrets(context.Context, []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	return nil, nil
}

// TestABackupIsOnRecord although it names no secret.
func TestABackupIsOnRecord(t *testing.T) {
	f := vaulttest.NewFaulty(vaulttest.NewMemory().Open(), 1)
	s := scenario.On(t, f)
	normal := s.AddUser(t, "normal", vault.NormalUser)
	ask := func(token string) error {
		_, err := vault.View(t.Context(), s.Vault, vault.Request{Auth: auth.Token(token), Action: backup}, func(r *vault.Reader) (int, error) { return 0, r.Backup() })
		return err
	}
	records := func() int {
		list, err := s.Log.Accesses(t.Context(), vault.HourOf(s.Clock.Now()), "")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if err := ask(normal.SysPass.AuthToken); !errors.Is(err, vault.Forbidden) || records() != 0 {
		t.Errorf("a normal user: got %v, %d records", err, records())
	}
	if err := ask(s.Founding.SysPass.AuthToken); err != nil || records() != 1 {
		t.Errorf("the admin: got %v, %d records", err, records())
	}
	f.FailAccess(100)
	if err := ask(s.Founding.SysPass.AuthToken); err == nil {
		t.Error("it went on without a record")
	}
}
