package archive_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tresor/shared/archive"
	"tresor/shared/auth"
	"tresor/shared/compact"
	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// system is a vault whose key the test has, as whoever restores has it.
type system struct {
	*scenario.System
	memory *vaulttest.Memory
	key    seal.Wrapper
	sealer *seal.Sealer
	now    time.Time
}

func newSystem(t testing.TB) *system {
	t.Helper()
	return under(t, keyfile.Generate())
}

// under founds a vault under a key.
func under(t testing.TB, key seal.Wrapper) *system {
	t.Helper()
	s := &system{memory: vaulttest.NewMemory(), key: key, now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	keysets, sealer, err := seal.Create(t.Context(), s.key, seal.NewVaultID())
	if err != nil {
		t.Fatal(err)
	}
	s.sealer = sealer
	log := journal.Open(s.memory, sealer, journal.WithGenesis(keysets), journal.WithClock(s.clock))
	s.System = &scenario.System{Vault: vault.New(log, vault.Options{Now: s.clock}), Log: log, Store: s.memory, Sealer: sealer}
	if s.Founding, err = auth.Found(t.Context(), s.Vault, sealer); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *system) clock() time.Time { return s.now }

func (s *system) source() archive.Source {
	return archive.Source{Store: s.Store, Log: s.Log, Sealer: s.Sealer, Now: s.clock}
}

// open unwraps an archive's keysets with the vault's key, as a restore does: nothing of the vault itself is asked.
func (s *system) open(t testing.TB) func(archive.Header) (vault.Sealer, error) {
	return func(h archive.Header) (vault.Sealer, error) {
		sealer, err := seal.Open(t.Context(), s.key, h.Keysets)
		if err != nil {
			return nil, err
		}
		return sealer, nil
	}
}

// known returns the vault's own sealer for any header, which is much faster.
func (s *system) known(archive.Header) (vault.Sealer, error) { return s.Sealer, nil }

func (s *system) write(t testing.TB) ([]byte, archive.Manifest) {
	t.Helper()
	var b bytes.Buffer
	m, err := archive.Write(t.Context(), &b, s.source())
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m
}

func (s *system) verify(t testing.TB, file []byte) (archive.Manifest, error) {
	t.Helper()
	return archive.Verify(t.Context(), bytes.NewReader(file), s.known)
}

// create makes n entries with secrets of size bytes, as many in a transaction as go into one: a record, the place of another, and 96 secrets.
func (s *system) create(t testing.TB, n, size int) {
	t.Helper()
	for first := 0; first < n; first += vault.MaxTransactionItems - 2 {
		s.Do(t, func(tx *vault.Tx) error {
			for i := first; i < min(n, first+vault.MaxTransactionItems-2); i++ {
				e := vault.Entry{Name: fmt.Sprintf("host-%05d", i), Username: "root", Project: 1, URL: "https://initech.example/" + random(8)}
				if _, err := tx.CreateEntry(e, vault.Payload{Password: vault.NewSecret(random(size))}); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func random(size int) string {
	b := make([]byte, size*3/4)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

func (s *system) reveal(t testing.TB, id vault.EntryID) {
	t.Helper()
	req := vault.Request{Auth: auth.Token(s.Founding.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "read/items", Reveals: true}}
	if _, err := vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(id) }); err != nil {
		t.Fatal(err)
	}
}

func project(t testing.TB, s *system) {
	t.Helper()
	s.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateProject(vault.Project{Name: "Initech"}); return err })
}

// What rich leaves behind.
const (
	richEntries = 6
	richSecrets = 8 // versions: 1 3 0 1 2 1
	richPurged  = 1 // of entry 5
)

// rich returns a vault with some of everything: users, groups, grants, tags, settings; entries with several versions of their secrets, without any, personal,
// in the trash; a purged secret; access records in closed hours and since.
func rich(t testing.TB) *system {
	t.Helper()
	return richUnder(t, keyfile.Generate())
}

func richUnder(t testing.TB, key seal.Wrapper) *system {
	t.Helper()
	s := under(t, key)
	bob := s.AddUser(t, "bob", vault.NormalUser)
	project(t, s)
	s.Do(t, func(tx *vault.Tx) error { return fill(tx, bob.AdminID) })
	for i := range 2 {
		s.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(2, vault.NewSecret(fmt.Sprint("password ", i))) })
	}
	s.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(5, vault.NewSecret("newer")) })
	s.Do(t, func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{4}, false); return err })
	s.reveal(t, 1)
	s.now = s.now.Add(3 * time.Hour)
	s.reveal(t, 2)
	s.reveal(t, 2)
	s.now = s.now.Add(2*time.Hour + compact.Grace)
	if n, err := compact.Close(t.Context(), s.Vault, s.Log, s.now); err != nil || n != 2 {
		t.Fatalf("closed %d hours, %v; want 2", n, err)
	}
	s.reveal(t, 1)
	purge := vault.Transaction{ID: vaulttest.NewTxnID(), DropSecrets: []vault.SecretKey{{Entry: 5, Version: 1}}}
	if err := s.memory.Commit(t.Context(), purge); err != nil {
		t.Fatal(err)
	}
	return s
}

func fill(tx *vault.Tx, bob vault.UserID) error {
	password := func(s string) vault.Payload { return vault.Payload{Password: vault.NewSecret(s)} }
	_, failed := tx.CreateGroup(vault.Group{Name: "ops", Members: []vault.UserID{bob}})
	tags, err := tx.EnsureTags([]string{"linux", "größer \xff"})
	err = errors.Join(err, failed, tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectRead}), tx.SetSetting("x", "y"))
	fields := vault.Entry{Name: "fields", Project: 1, Fields: []vault.CustomField{{Number: 1, Type: vault.FieldPassword, Label: "pin"}}}
	for _, e := range []struct {
		vault.Entry
		vault.Payload
	}{
		{vault.Entry{Name: "tagged", Project: 1, Tags: tags}, password("one")},
		{vault.Entry{Name: "versions", Project: 1}, password("two")},
		{vault.Entry{Name: "no secret", Project: 1}, vault.Payload{}},
		{vault.Entry{Name: "to the trash", Project: 1}, password("four")},
		{vault.Entry{Name: "purged", Project: 1}, password("five")},
		{fields, vault.Payload{Password: vault.NewSecret("six"), Fields: map[uint8]vault.Secret{1: vault.NewSecret("1234")}}},
	} {
		_, failed := tx.CreateEntry(e.Entry, e.Payload)
		err = errors.Join(err, failed)
	}
	return err
}

// large returns a vault whose archive has several chunks, and little in each.
func large(t testing.TB) *system {
	t.Helper()
	s := newSystem(t)
	project(t, s)
	for range 11 {
		s.create(t, 1, 300_000)
	}
	return s
}

// borders returns where the parts of a file begin, from its first byte to behind its last: magic line, header length, header, and each chunk's length and
// bytes.
func borders(t testing.TB, file []byte) []int {
	t.Helper()
	line := bytes.IndexByte(file, '\n') + 1
	at := []int{0, line, line + 4, line + 4 + length(file[line:])}
	for end := at[3]; end < len(file); {
		next := end + 4 + length(file[end:])
		at = append(at, end+4, next)
		end = next
	}
	if at[len(at)-1] != len(file) {
		t.Fatalf("the chunks end at %d of %d bytes", at[len(at)-1], len(file))
	}
	return at
}

func length(b []byte) int {
	return int(b[0])&0x7f<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
}

// wantCorrupt checks that a file is refused, as corrupt, and by a text that tells why.
func wantCorrupt(t testing.TB, what string, err error, reasons ...string) {
	t.Helper()
	var e *vault.Error
	if !errors.Is(err, vault.Corrupt) || !errors.As(err, &e) || e.Msg == "" {
		t.Errorf("%s: got %v, want kind Corrupt with a text", what, err)
		return
	}
	for _, r := range reasons {
		if strings.Contains(e.Msg, r) {
			return
		}
	}
	if len(reasons) > 0 {
		t.Errorf("%s: got the text %q, want one of %q", what, e.Msg, reasons)
	}
}

// items reads all that is in an archive.
func items(t testing.TB, s *system, file []byte) (list []archive.Item) {
	t.Helper()
	r, err := archive.Open(bytes.NewReader(file), s.open(t))
	if err != nil {
		t.Fatal(err)
	}
	for {
		it, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, it)
	}
}
