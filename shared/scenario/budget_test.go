package scenario

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// batch is how many entries one Update makes when a test fills a vault.
const batch = 90

// fill makes n entries in a few projects, with the texts that people have.
func fill(t testing.TB, s *System, n int) {
	t.Helper()
	var project vault.ProjectID
	for from := 0; from < n; from += batch {
		s.Do(t, func(tx *vault.Tx) (err error) {
			if from%(50*batch) == 0 {
				if project, err = tx.CreateProject(vault.Project{Name: fmt.Sprintf("Client %d", from)}); err != nil {
					return err
				}
			}
			for i := from; i < min(from+batch, n); i++ {
				if _, err = tx.CreateEntry(sample(i, project), vault.Payload{Password: vault.NewSecret("correct horse battery staple")}); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func sample(i int, p vault.ProjectID) vault.Entry {
	return vault.Entry{Name: fmt.Sprintf("Server %d root", i), Username: fmt.Sprintf("admin%d", i%100), Email: fmt.Sprintf("ops%d@example.com", i%50),
		URL: fmt.Sprintf("https://host-%d.example.com/login", i), Notes: fmt.Sprintf("rack %d, row %d", i%500, i%7), Project: p}
}

var (
	viewPass = vault.Action{Dialect: vault.SysPass, Name: "account/viewPass", Reveals: true}
	create   = vault.Action{Dialect: vault.SysPass, Name: "account/create", Writes: true}
	search   = vault.Action{Dialect: vault.SysPass, Name: "account/search"}
)

func (s *System) request(a vault.Action) vault.Request {
	return vault.Request{Auth: auth.Token(s.Founding.SysPass.AuthToken), Action: a}
}

// TestAWarmReadIsTwoQueriesAndOneSecretRead holds the budget of a read: the same requests at 100 entries and at 10,000. (100,000 take as
// many; `tresor bench` shows it.)
func TestAWarmReadIsTwoQueriesAndOneSecretRead(t *testing.T) {
	for _, n := range []int{100, 10000} {
		memory := vaulttest.NewMemory()
		s := On(t, memory)
		fill(t, s, n)
		f := vaulttest.NewFaulty(memory.Open(), 1)
		warm := s.Another(t, f)
		if err := warm.Log.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.Reset()
		got, err := vault.View(t.Context(), warm.Vault, s.request(viewPass), func(r *vault.Reader) (string, error) {
			p, err := r.Reveal(vault.EntryID(n / 2))
			return p.Password.Reveal(), err
		})
		if err != nil || got != "correct horse battery staple" {
			t.Fatalf("got %q, %v", got, err)
		}
		tail, secrets, access := f.Count(vaulttest.Tail), f.Count(vaulttest.Secrets), f.Count(vaulttest.PutAccess)
		if tail.Calls != 2 || secrets.Calls != 1 || access.Calls != 1 || f.Total().Calls != 4 {
			t.Errorf("%d entries: %d queries, %d secret reads, %d access records, %d calls in all; want 2, 1, 1, 4", n, tail.Calls, secrets.Calls, access.Calls, f.Total().Calls)
		}
		if units := tail.ReadUnits + secrets.ReadUnits; units > 3 {
			t.Errorf("%d entries: %d read units, want at most 3", n, units)
		}
		if access.WriteUnits != 1 {
			t.Errorf("%d entries: the access record costs %d write units, want 1", n, access.WriteUnits)
		}
	}
}

func TestAWarmListReadsNothingButTheTails(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := On(t, memory)
	fill(t, s, 100)
	f := vaulttest.NewFaulty(memory.Open(), 1)
	warm := s.Another(t, f)
	if err := warm.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.Reset()
	_, err := vault.View(t.Context(), warm.Vault, s.request(search), func(r *vault.Reader) (int, error) {
		_, total := r.Entries(vault.ByClient, func(*vault.Row) bool { return true }, 0, 20)
		return total, nil
	})
	if err != nil || f.Count(vaulttest.Tail).Calls != 2 || f.Total().Calls != 2 {
		t.Errorf("%d calls, %v; want 2 queries", f.Total().Calls, err)
	}
}

// TestACreateIsACatchUpAndOneTransaction holds the budget of a write, by DynamoDB's published rules.
func TestACreateIsACatchUpAndOneTransaction(t *testing.T) {
	incompressible := strings.Repeat(auth.NewHexToken(), 16) // 1 KB, of which half a byte each is random
	for _, test := range []struct {
		name  string
		entry vault.Entry
		want  int
	}{
		{"an entry of 1 KB", vault.Entry{Name: "Server", Notes: incompressible[:900], URL: "https://host.example.com/login", Username: "root"}, 8},
		{"an entry of 1 KB of random text", vault.Entry{Name: "Server", Notes: random(900), URL: "https://host.example.com/login", Username: "root"}, 8},
		{"an entry whose sealed record fits 1,024 bytes", vault.Entry{Name: "Server", Notes: "rack 4, row B", URL: "https://host.example.com/login", Username: "root"}, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			memory := vaulttest.NewMemory()
			s := On(t, memory)
			fill(t, s, 1)
			f := vaulttest.NewFaulty(memory.Open(), 1)
			warm := s.Another(t, f)
			if err := warm.Log.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.Reset()
			_, err := vault.Update(t.Context(), warm.Vault, s.request(create), func(tx *vault.Tx) (vault.EntryID, error) {
				e := test.entry
				e.Project = 1
				return tx.CreateEntry(e, vault.Payload{Password: vault.NewSecret("s3cret")})
			})
			if err != nil {
				t.Fatal(err)
			}
			commit := f.Count(vaulttest.Commit)
			if f.Count(vaulttest.Tail).Calls != 2 || commit.Calls != 1 || f.Total().Calls != 3 {
				t.Errorf("got %d calls, want 2 queries and 1 transaction", f.Total().Calls)
			}
			if commit.WriteUnits > test.want {
				t.Errorf("got %d write units, want at most %d", commit.WriteUnits, test.want)
			}
		})
	}
}

func random(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(auth.NewAPIKey())
	}
	return b.String()[:n]
}

// TestTheIndexOf100000EntriesFitsItsBudget measures what a replica of 100,000 entries holds on the heap.
func TestTheIndexOf100000EntriesFitsItsBudget(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := On(t, memory)
	fill(t, s, 100000)
	before := heap()
	replica := s.Another(t, memory.Open())
	if err := replica.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	used := heap() - before
	t.Logf("%d MB", used>>20)
	if used > 150<<20 {
		t.Errorf("the index takes %d MB, want at most 150", used>>20)
	}
	runtime.KeepAlive([]*System{s, replica})
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkOf100000(b *testing.B) {
	s := New(b)
	fill(b, s, 100000)
	user := s.AddUser(b, "user", vault.NormalUser)
	s.Do(b, func(tx *vault.Tx) error {
		for id := vault.ProjectID(1); id <= 20; id++ {
			if err := tx.SetGrants(vault.ProjectGrants{Project: id, All: vault.ProjectRead}); err != nil {
				return err
			}
		}
		return nil
	})
	everything := func(*vault.Row) bool { return true }
	rack, admin := vault.NewTerm("rack 4"), vault.NewTerm("admin7")
	two := func(r *vault.Row) bool {
		return r.Has(vault.FieldAny, rack) && r.Has(vault.FieldAny, admin)
	}
	for _, c := range []struct {
		name  string
		who   *auth.Founding
		match func(*vault.Row) bool
	}{{"page/admin", s.Founding, everything}, {"page/user", user, everything}, {"search/admin", s.Founding, two}, {"search/user", user, two}} {
		b.Run(c.name, func(b *testing.B) {
			req := vault.Request{Auth: auth.Token(c.who.SysPass.AuthToken), Action: search}
			for b.Loop() {
				_, err := vault.View(b.Context(), s.Vault, req, func(r *vault.Reader) (int, error) {
					_, total := r.Entries(vault.ByUpdated, c.match, 0, 20)
					return total, nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			s.Do(b, func(tx *vault.Tx) error {
				_, err := tx.CreateEntry(sample(1, 1), vault.Payload{Password: vault.NewSecret("x")})
				return err
			})
		}
	})
}
