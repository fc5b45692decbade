package trail_test

import (
	"crypto/rand"
	"math"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tresor/infra/dynamodblocal"
	"tresor/shared/auth"
	"tresor/shared/compact"
	"tresor/shared/dynamo"
	"tresor/shared/scenario"
	"tresor/shared/sqlite"
	"tresor/shared/trail"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

func heads(s *scenario.System) (h vault.Heads) {
	s.Log.Read(func(state *vault.State) { h = state.Heads() })
	return h
}

// as runs an Update as the founder, by its password's stand-in.
func as(t testing.TB, s *scenario.System, action vault.Action, fn func(*vault.Tx) error) {
	t.Helper()
	req := vault.Request{Auth: founder{}, Action: action}
	if _, err := vault.Update(t.Context(), s.Vault, req, func(tx *vault.Tx) (struct{}, error) { return struct{}{}, fn(tx) }); err != nil {
		t.Fatal(err)
	}
}

type founder struct{}

func (founder) Authenticate(*vault.State) (vault.UserID, *vault.Credential, error) {
	return 1, nil, nil
}

// stores are the stores that the log can lie in.
func stores(t *testing.T) map[string]vault.Store {
	t.Helper()
	embedded, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = embedded.Close() })
	server, tables := dynamodblocal.Start(t)
	deployed, err := dynamo.New(dynamo.NewClient(server.Config()), dynamo.Config{Entries: tables.Entries, Permissions: tables.Permissions, Vault: "trail-" + rand.Text()})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]vault.Store{"memory": vaulttest.NewMemory(), "embedded": embedded, "dynamodb": deployed}
}

// reveal shows secrets as the founder.
func reveal(t testing.TB, s *scenario.System, name string, ids ...vault.EntryID) {
	t.Helper()
	req := vault.Request{Auth: auth.Token(s.Founding.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: name, Reveals: true}}
	_, err := vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (struct{}, error) {
		for _, id := range ids {
			if _, err := r.Reveal(id); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOnEveryStore: what is written and shown through the vault is in the log at once, in order, before and after its hours are closed, and another process
// reads the same.
func TestOnEveryStore(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s := scenario.On(t, store)
			var ids []vault.EntryID
			as(t, s, vault.Action{Dialect: vault.TPM, Name: "make", Writes: true}, func(tx *vault.Tx) error {
				p, err := tx.CreateProject(vault.Project{Name: "P"})
				for range 3 {
					id, err1 := tx.CreateEntry(vault.Entry{Name: "E", Project: p}, vault.Payload{Password: vault.NewSecret("s")})
					ids, err = append(ids, id), firstOf(err, err1)
				}
				return err
			})
			want := []string{}
			for range 3 {
				for _, id := range ids {
					s.Clock.Add(20 * time.Minute)
					reveal(t, s, "one", id)
					want = append(want, s.Clock.Now().Format("02T15:04:05")+" 1 1 "+string('0'+rune(id)))
				}
			}
			s.Clock.Add(time.Second)
			reveal(t, s, "all", ids...)
			tr := trail.New(s.Log)
			check := func(tr *trail.Trail) {
				t.Helper()
				if err := tr.CatchUp(t.Context(), heads(s)); err != nil {
					t.Fatal(err)
				}
				rows, total, err := tr.Page(t.Context(), s.Clock.Now(), 0, 10)
				if err != nil || total != 2+1+10 || len(rows) != 10 {
					t.Fatalf("%d rows of %d, %v", len(rows), total, err)
				}
				if r := &rows[0]; r.Entries() != 3 || r.Entry != 0 || !r.About(ids[1]) || r.About(99) || r.Context.Action != "teampass all" || r.Context.Credential == 0 {
					t.Errorf("three secrets at once: %+v", r)
				}
				for i, text := range want {
					if got := told(&rows[len(rows)-1-i]); got != text {
						t.Errorf("row %d: got %s, want %s", i, got, text)
					}
				}
			}
			check(tr)
			s.Clock.Add(time.Hour)
			if n, err := compact.Close(t.Context(), s.Vault, s.Log, s.Clock.Now()); err != nil || n < 3 {
				t.Fatalf("closed %d hours, %v", n, err)
			}
			check(tr)
			check(trail.New(s.Another(t, store).Log))
		})
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestWithheldAndViewed: what was not handed out after all is told from what was, and the use of a locked entry names the entry.
func TestWithheldAndViewed(t *testing.T) {
	s := scenario.New(t)
	var id vault.EntryID
	as(t, s, vault.Action{Dialect: vault.TPM, Name: "make", Writes: true}, func(tx *vault.Tx) error {
		p, err := tx.CreateProject(vault.Project{Name: "P"})
		if err != nil {
			return err
		}
		id, err = tx.CreateEntry(vault.Entry{Name: "E", Project: p, Lock: vault.LockReason}, vault.Payload{Password: vault.NewSecret("s")})
		return err
	})
	s.Clock.Add(time.Second)
	view := func(action vault.Action, fn func(*vault.Reader) error) error {
		req := vault.Request{Auth: founder{}, Action: action, Reason: "why not"}
		_, err := vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (struct{}, error) { return struct{}{}, fn(r) })
		return err
	}
	files := func(r *vault.Reader) error { _, _, err := r.Use(id); return err }
	if err := view(vault.Action{Dialect: vault.TPM, Name: "files"}, files); err != nil {
		t.Fatal(err)
	}
	s.Clock.Add(time.Second)
	refused := func(r *vault.Reader) error {
		_, err := r.Reveal(id)
		return firstOf(err, vault.Forbidden)
	}
	if err := view(vault.Action{Dialect: vault.TPM, Name: "show", Reveals: true}, refused); err == nil {
		t.Fatal("shown")
	}
	tr := trail.New(s.Log)
	if err := tr.CatchUp(t.Context(), heads(s)); err != nil {
		t.Fatal(err)
	}
	rows, _, err := tr.Page(t.Context(), s.Clock.Now(), 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	events := map[trail.Event]bool{}
	for _, r := range rows {
		events[r.Event] = true
		if r.Entry != id || r.Reason() != "why not" {
			t.Errorf("got %+v of %+v", r, r.Context)
		}
	}
	if len(events) != 3 || !events[trail.Viewed] || !events[trail.Revealed] || !events[trail.Withheld] {
		t.Errorf("got events %v", events)
	}
}

// TestWhileOthersWrite reads pages and searches from several goroutines while the log grows and its hours are closed: each sees at least what was
// there when it began, without doubles.
func TestWhileOthersWrite(t *testing.T) {
	s := scenario.New(t)
	tr := trail.New(s.Log)
	var entry vault.EntryID
	var project vault.ProjectID
	as(t, s, vault.Action{Dialect: vault.TPM, Name: "make", Writes: true}, func(tx *vault.Tx) (err error) {
		if project, err = tx.CreateProject(vault.Project{Name: "P"}); err != nil {
			return err
		}
		entry, err = tx.CreateEntry(vault.Entry{Name: "E", Project: project}, vault.Payload{Password: vault.NewSecret("s")})
		return err
	})
	const rounds = 60
	done := make(chan struct{})
	var readers sync.WaitGroup
	for reader := range 4 {
		readers.Go(func() {
			least := 0
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := tr.CatchUp(t.Context(), heads(s)); err != nil {
					t.Error(err)
					return
				}
				n := 0
				if reader%2 == 0 {
					_, total, err := tr.Page(t.Context(), s.Clock.Now(), 5, 5)
					n = total
					if err != nil {
						t.Error(err)
					}
				} else {
					r, err := tr.Between(t.Context(), s.Clock.Now(), 0, math.MaxInt64)
					if err != nil {
						t.Error(err)
						return
					}
					last := uint64(math.MaxUint64)
					for row := range r.All {
						if row.ID >= last {
							t.Errorf("row %d after row %d", row.ID, last)
						}
						last = row.ID
						n++
					}
				}
				if n < least {
					t.Errorf("%d rows after %d", n, least)
				}
				least = n
			}
		})
	}
	for i := range rounds {
		s.Clock.Add(10 * time.Minute)
		reveal(t, s, "one", entry)
		as(t, s, vault.Action{Dialect: vault.TPM, Name: "more", Writes: true}, func(tx *vault.Tx) error {
			_, err := tx.CreateEntry(vault.Entry{Name: "E", Project: project}, vault.Payload{})
			return err
		})
		if i%12 == 11 {
			if _, err := compact.Close(t.Context(), s.Vault, s.Log, s.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(done)
	readers.Wait()
	if err := tr.CatchUp(t.Context(), heads(s)); err != nil {
		t.Fatal(err)
	}
	if _, total, err := tr.Page(t.Context(), s.Clock.Now(), 0, 0); err != nil || total != 2+1+2*rounds {
		t.Errorf("%d rows in the end, %v", total, err)
	}
}
