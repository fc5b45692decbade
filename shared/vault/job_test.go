package vault_test

import (
	"errors"
	"net/netip"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

func ask(t *testing.T, s *scenario.System, a vault.Authenticator, from netip.Addr) (vault.JobID, error) {
	t.Helper()
	return vault.Update(t.Context(), s.Vault, vault.Request{Auth: a, Action: export, Source: from}, func(tx *vault.Tx) (vault.JobID, error) {
		return tx.CreateJob(func(id vault.JobID) ([]byte, error) { return []byte("of " + id.String()), nil })
	})
}

func job(t *testing.T, s *scenario.System, id vault.JobID) (*vault.Job, error) {
	t.Helper()
	return vault.View(t.Context(), s.Vault, scenario.Operator(), func(r *vault.Reader) (*vault.Job, error) { return r.Job(id) })
}

func finish(t *testing.T, s *scenario.System, id vault.JobID, location, failed string) error {
	t.Helper()
	_, err := vault.Update(t.Context(), s.Vault, scenario.Operator(), func(tx *vault.Tx) (int, error) { return 0, tx.FinishJob(id, location, failed) })
	return err
}

// TestAJobGoesFromOneProcessToAnother, and ends once.
func TestAJobGoesFromOneProcessToAnother(t *testing.T) {
	s := scenario.New(t)
	admin, from := auth.Token(s.Founding.SysPass.AuthToken), netip.MustParseAddr("203.0.113.9")
	for want := vault.JobID(1); want <= 2; want++ {
		if id, err := ask(t, s, admin, from); err != nil || id != want {
			t.Fatalf("got job %d, %v; want %d", id, err, want)
		}
	}
	other := s.Another(t, s.Store)
	j, err := job(t, other, 2)
	if err != nil || string(j.Sealed) != "of 2" || j.User != s.Founding.AdminID || j.Credential == 0 || j.Dialect != vault.SysPass || j.Action != "config/export" || j.Source != from.String() || j.Requested == 0 || j.Done != 0 {
		t.Fatalf("got %+v, %v", j, err)
	}
	if err := finish(t, other, 2, "s3://there", ""); err != nil {
		t.Fatal(err)
	}
	if err := finish(t, s, 2, "", "failed"); !errors.Is(err, vault.Exists) {
		t.Errorf("ended twice: got %v", err)
	}
	if j, err := job(t, s, 2); err != nil || j.Done == 0 || j.Location != "s3://there" || j.Failed != "" || j.Sealed != nil {
		t.Errorf("after its end: %+v, %v", j, err)
	}
	if j, err := job(t, s, 1); err != nil || j.Done != 0 {
		t.Errorf("the other one: %+v, %v", j, err)
	}
	if err := finish(t, s, 3, "", ""); !errors.Is(err, vault.NotFound) {
		t.Errorf("no such job: got %v", err)
	}
}

func TestWhoHasJobs(t *testing.T) {
	s := scenario.New(t)
	normal := s.AddUser(t, "normal", vault.NormalUser)
	for name, a := range map[string]vault.Authenticator{"a normal user": auth.Token(normal.SysPass.AuthToken), "an operator": vault.Operator{}} {
		if id, err := ask(t, s, a, netip.Addr{}); !errors.Is(err, vault.Forbidden) {
			t.Errorf("%s: got job %d, %v", name, id, err)
		}
	}
	admin := auth.Token(s.Founding.SysPass.AuthToken)
	id, err := ask(t, s, admin, netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	mine := vault.Request{Auth: admin, Action: export}
	if _, err := vault.View(t.Context(), s.Vault, mine, func(r *vault.Reader) (*vault.Job, error) { return r.Job(id) }); !errors.Is(err, vault.Forbidden) {
		t.Errorf("an admin reads a job: got %v", err)
	}
	if _, err := vault.Update(t.Context(), s.Vault, mine, func(tx *vault.Tx) (int, error) { return 0, tx.FinishJob(id, "", "x") }); !errors.Is(err, vault.Forbidden) {
		t.Errorf("an admin ends a job: got %v", err)
	}
	if j, err := job(t, s, id); err != nil || j.Done != 0 || j.Source != "" {
		t.Errorf("got %+v, %v", j, err)
	}
	failed := errors.New("no key")
	_, err = vault.Update(t.Context(), s.Vault, mine, func(tx *vault.Tx) (vault.JobID, error) {
		return tx.CreateJob(func(vault.JobID) ([]byte, error) { return nil, failed })
	})
	if _, missing := job(t, s, id+1); !errors.Is(err, failed) || !errors.Is(missing, vault.NotFound) {
		t.Errorf("not sealed: got %v, %v", err, missing)
	}
}

// TestAJobsRequestIsItsCallers, as they stand when it is made.
func TestAJobsRequestIsItsCallers(t *testing.T) {
	s := scenario.New(t)
	second := s.AddUser(t, "second", vault.Admin)
	id, err := ask(t, s, auth.Token(second.SysPass.AuthToken), netip.MustParseAddr("203.0.113.9"))
	if err != nil {
		t.Fatal(err)
	}
	j, err := job(t, s, id)
	if err != nil {
		t.Fatal(err)
	}
	run := func(j vault.Job) error {
		_, err := vault.View(t.Context(), s.Vault, j.Request(), func(r *vault.Reader) (*vault.Export, error) { return r.Export() })
		return err
	}
	if err := run(*j); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*vault.Job){
		"nobody": func(j *vault.Job) { j.User, j.Credential = 0, 0 }, "an unknown credential": func(j *vault.Job) { j.Credential = 99 }, "an unknown user": func(j *vault.Job) { j.User, j.Credential = 99, 0 },
		"another dialect": func(j *vault.Job) { j.Dialect = vault.TPM },
	} {
		wrong := *j
		change(&wrong)
		if err := run(wrong); !errors.Is(err, vault.Unauthenticated) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s.Do(t, func(tx *vault.Tx) error { return tx.RevokeCredential(j.Credential) })
	if err := run(*j); !errors.Is(err, vault.Unauthenticated) {
		t.Errorf("after its credential was revoked: got %v", err)
	}
}

// TestAJobIsAsNarrowAsItsCredential: it reaches no further, and counts as coming from where its call came from.
func TestAJobIsAsNarrowAsItsCredential(t *testing.T) {
	s := scenario.New(t)
	s.Do(t, func(tx *vault.Tx) error {
		var failed error
		for _, name := range []string{"near", "far"} {
			p, err1 := tx.CreateProject(vault.Project{Name: name})
			_, err2 := tx.CreateEntry(vault.Entry{Name: "in " + name, Project: p}, vault.Payload{Password: vault.NewSecret("x")})
			failed = errors.Join(failed, err1, err2)
		}
		_, err := tx.CreateCredential(vault.Credential{User: s.Founding.AdminID, Dialect: vault.SysPass, TokenHash: auth.HashToken("narrow"), Actions: []string{"config/export"},
			Projects: []vault.ProjectID{1}, Sources: []string{"203.0.113.0/24"}}, func(vault.CredentialID) ([]byte, error) { return nil, nil })
		return errors.Join(failed, err)
	})
	id, err := ask(t, s, auth.Token("narrow"), netip.MustParseAddr("203.0.113.9"))
	if err != nil {
		t.Fatal(err)
	}
	j, err := job(t, s, id)
	if err != nil {
		t.Fatal(err)
	}
	gather := func(r *vault.Reader) (*vault.Export, error) { return r.Export() }
	if x, err := vault.View(t.Context(), s.Vault, j.Request(), gather); err != nil || len(x.Entries) != 1 || x.Entries[0].Name != "in near" {
		t.Errorf("got %+v, %v", x, err)
	}
	for _, source := range []string{"", "198.51.100.1"} {
		elsewhere := *j
		elsewhere.Source = source
		if _, err := vault.View(t.Context(), s.Vault, elsewhere.Request(), gather); !errors.Is(err, vault.ErrSource) {
			t.Errorf("from %q: got %v", source, err)
		}
	}
}

// TestSharedEntriesBoundAnExport: those of others count, personal and deleted ones do not.
func TestSharedEntriesBoundAnExport(t *testing.T) {
	s := scenario.New(t)
	s.Do(t, func(tx *vault.Tx) error {
		p, err := tx.CreateProject(vault.Project{Name: "P"})
		for range 3 {
			_, failed := tx.CreateEntry(vault.Entry{Name: "e", Project: p}, vault.Payload{})
			err = errors.Join(err, failed)
		}
		_, failed := tx.TrashEntries([]vault.EntryID{2}, false)
		return errors.Join(err, failed)
	})
	mine := vault.Request{Auth: auth.Token(s.Founding.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "x", Writes: true}}
	if _, err := vault.Update(t.Context(), s.Vault, mine, func(tx *vault.Tx) (vault.EntryID, error) {
		return tx.CreateEntry(vault.Entry{Name: "own", Owner: s.Founding.AdminID}, vault.Payload{})
	}); err != nil {
		t.Fatal(err)
	}
	n, err := vault.View(t.Context(), s.Vault, scenario.Operator(), func(r *vault.Reader) (int, error) { return r.SharedEntries(), nil })
	if err != nil || n != 2 {
		t.Errorf("got %d, %v; want 2", n, err)
	}
}
