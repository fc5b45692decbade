// Package scenario assembles the whole vault in one process for tests: store, seal, journal, vault, auth. It is what the dialects' and
// the functions' tests run on; nothing but tests imports it.
package scenario

import (
	"sync"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/journal"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/strength"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
	"tresor/shared/watch"
)

// System is a founded vault and one process that uses it.
type System struct {
	Vault    *vault.Vault
	Auth     *auth.Service
	Log      *journal.Log
	Store    vault.Store
	Sealer   vault.Sealer
	Founding *auth.Founding
	Clock    *Clock
}

// New founds a vault in memory.
func New(t testing.TB) *System { return On(t, vaulttest.NewMemory()) }

// On founds a vault on an empty store.
func On(t testing.TB, store vault.Store) *System {
	t.Helper()
	keysets, sealer, err := seal.Create(t.Context(), keyfile.Generate(), seal.NewVaultID())
	if err != nil {
		t.Fatalf("create keysets: %v", err)
	}
	s := open(store, sealer, journal.WithGenesis(keysets))
	if s.Founding, err = auth.Found(t.Context(), s.Vault, sealer); err != nil {
		t.Fatalf("found a vault: %v", err)
	}
	return s
}

// Another returns another process on the same vault, with an empty replica, over a store that may be another handle to it.
func (s *System) Another(t testing.TB, store vault.Store) *System {
	t.Helper()
	other := open(store, s.Sealer)
	other.Founding = s.Founding
	return other
}

func open(store vault.Store, sealer vault.Sealer, options ...journal.Option) *System {
	clock := &Clock{now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	log := journal.Open(store, sealer, append(options, journal.WithClock(clock.Now))...)
	v := vault.New(log, vault.Options{Now: clock.Now, Strength: strength.Rate, Caller: watch.Caller})
	return &System{Vault: v, Auth: auth.New(v, sealer, store, auth.Options{Now: clock.Now}), Log: log, Store: store, Sealer: sealer, Clock: clock}
}

// Heads returns where the process's replica is.
func (s *System) Heads() (h vault.Heads) {
	s.Vault.Peek(func(state *vault.State) { h = state.Heads() })
	return h
}

// Operator returns the request of an operator.
func Operator() vault.Request {
	return vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test", Writes: true}}
}

// AddUser makes a user with a sysPass token, an API key and a TPM key pair, through the operator. The password is "password of NAME".
func (s *System) AddUser(t testing.TB, name string, role vault.Role, change ...func(*vault.User)) *auth.Founding {
	t.Helper()
	f := &auth.Founding{Username: name, Password: "password of " + name, APIKey: auth.NewAPIKey(),
		TPM: auth.KeyPair{Public: auth.NewHexToken(), Private: auth.NewHexToken()}, SysPass: auth.SysPassToken{AuthToken: auth.NewHexToken(), TokenPass: auth.NewHexToken()}}
	hash, err := auth.HashPassword(t.Context(), f.Password)
	if err != nil {
		t.Fatal(err)
	}
	u := vault.User{Username: name, Name: name, Email: name + "@example.com", Role: role}
	for _, c := range change {
		c(&u)
	}
	none := func(vault.CredentialID) ([]byte, error) { return nil, nil }
	s.Do(t, func(tx *vault.Tx) error {
		id, err := tx.CreateUser(u, auth.SealHash(s.Sealer, hash))
		if err != nil {
			return err
		}
		f.AdminID = id
		if _, err := tx.CreateCredential(vault.Credential{User: id, Dialect: vault.TPM, TokenHash: auth.HashToken(f.TPM.Public)}, auth.SealKey(s.Sealer, f.TPM.Private)); err != nil {
			return err
		}
		if _, err := tx.CreateCredential(vault.Credential{User: id, Dialect: vault.SysPass, TokenHash: auth.HashToken(f.SysPass.AuthToken), PassHash: auth.HashToken(f.SysPass.TokenPass)}, none); err != nil {
			return err
		}
		_, err = tx.CreateCredential(vault.Credential{User: id, Dialect: vault.TeamPass, TokenHash: auth.HashToken(f.APIKey)}, none)
		return err
	})
	return f
}

// Do runs an Update as the operator.
func (s *System) Do(t testing.TB, fn func(*vault.Tx) error) {
	t.Helper()
	_, err := vault.Update(t.Context(), s.Vault, Operator(), func(tx *vault.Tx) (struct{}, error) { return struct{}{}, fn(tx) })
	if err != nil {
		t.Fatal(err)
	}
}

// Revealing makes an entry, and returns it with a function that reads its secret through TeamPass's API key of the first admin.
func (s *System) Revealing(t testing.TB) (id vault.EntryID, reveal func()) {
	t.Helper()
	s.Do(t, func(tx *vault.Tx) error {
		p, err := tx.CreateProject(vault.Project{Name: "Initech"})
		if err != nil {
			return err
		}
		id, err = tx.CreateEntry(vault.Entry{Name: "backup-01", Project: p}, vault.Payload{Password: vault.NewSecret("s3cret")})
		return err
	})
	req := vault.Request{Auth: auth.Token(s.Founding.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "read/items", Reveals: true}}
	return id, func() {
		t.Helper()
		_, err := vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(id) })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
