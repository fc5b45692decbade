package archive_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tresor/shared/archive"
	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/sqlite"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

func heads(s *system) (h vault.Heads) {
	s.Log.Read(func(state *vault.State) { h = state.Heads() })
	return h
}

func TestABackupVerifiesWithItsKeyAlone(t *testing.T) {
	s := rich(t)
	file, written := s.write(t)
	got, err := archive.Verify(t.Context(), bytes.NewReader(file), s.open(t))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(written, got); d != "" {
		t.Errorf("what was verified differs from what was written (-written +verified):\n%s", d)
	}
	want := archive.Manifest{Entries: richEntries, Secrets: richSecrets - richPurged, Hours: 2, OpenHours: 1 + 1, Accesses: 4,
		Purged: []vault.SecretKey{{Entry: 5, Version: 1}}}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(archive.Manifest{}, "Header", "Sections")); d != "" {
		t.Errorf("manifest (-want +got):\n%s", d)
	}
	h := heads(s)
	if got.Heads != h || got.VaultID != s.sealer.VaultID() || !got.Created.Equal(s.now) || len(got.Keysets) != len(vault.Purposes) {
		t.Errorf("got header %+v, want heads %v", got.Header, h)
	}
	for i, want := range []int{int(h.Entries.Seq), int(h.Permissions.Seq), 2 + 2 + 4, richSecrets - richPurged} {
		if got.Sections[i].Items != want {
			t.Errorf("section %s: got %d items, want %d", got.Sections[i].Name, got.Sections[i].Items, want)
		}
	}
}

// TestEverythingIsInItAsItIsStored puts what is in the archive, and the clear attributes that follow from it, into an empty store, which must then hold the same.
func TestEverythingIsInItAsItIsStored(t *testing.T) {
	s := rich(t)
	file, m := s.write(t)
	copied := vaulttest.NewMemory()
	tx := vault.Transaction{ID: vaulttest.NewTxnID(), PutKeysets: m.Keysets}
	var hours []vault.Hour
	for _, it := range items(t, s, file) {
		switch {
		case it.Record != nil:
			if it.Record.Clear.More != "" {
				t.Error("an archive of format 1 has attributes that its readers do not know")
			}
			if err := journal.ShowRecord(s.Sealer, it.Record); err != nil {
				t.Fatal(err)
			}
			tx.Put = append(tx.Put, *it.Record)
		case it.Hour != nil:
			hours = append(hours, it.Hour.Hour)
		case it.Access != nil:
			if err := journal.ShowAccess(s.Sealer, it.Access); err != nil {
				t.Fatal(err)
			}
			if err := copied.PutAccess(t.Context(), []vault.StoredAccess{*it.Access}); err != nil {
				t.Fatal(err)
			}
		default:
			tx.PutSecrets = append(tx.PutSecrets, *it.Secret)
		}
	}
	if err := copied.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(content(t, s.memory, hours), content(t, copied, hours)); d != "" {
		t.Errorf("the copy differs (-vault +copy):\n%s", d)
	}
	report, err := journal.Verify(t.Context(), copied, s.Sealer)
	if err != nil || !report.OK() || report.Hours != 2 || report.Accesses != 3 {
		t.Errorf("got %+v, %v; want the copy to verify", report, err)
	}
}

// content reads what a store holds.
func content(t *testing.T, s vault.Store, hours []vault.Hour) (all struct {
	Records [2][]vault.StoredRecord
	Secrets map[vault.SecretKey][]byte
	Access  [][]vault.StoredAccess
	Keysets []vault.StoredKeyset
}) {
	t.Helper()
	var errs [5]error
	for i, table := range vault.Tables {
		all.Records[i], _, errs[i] = s.Tail(t.Context(), table, 0)
	}
	var keys []vault.SecretKey
	for e := range vault.EntryID(20) {
		for v := range uint32(5) {
			keys = append(keys, vault.SecretKey{Entry: e, Version: v})
		}
	}
	all.Secrets, errs[2] = s.Secrets(t.Context(), keys)
	all.Keysets, errs[3] = s.Keysets(t.Context())
	for _, h := range hours {
		list, err := s.AccessHour(t.Context(), h, "")
		errs[4] = errors.Join(errs[4], err)
		all.Access = append(all.Access, list)
	}
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestThereIsNoVault(t *testing.T) {
	keysets, sealer, err := seal.Create(t.Context(), keyfile.Generate(), seal.NewVaultID())
	if err != nil || len(keysets) == 0 {
		t.Fatal(err)
	}
	store := vaulttest.NewMemory()
	var b bytes.Buffer
	_, err = archive.Write(t.Context(), &b, archive.Source{Store: store, Log: journal.Open(store, sealer), Sealer: sealer})
	if !errors.Is(err, vault.NotFound) || b.Len() > 0 {
		t.Errorf("got %v and %d bytes, want NotFound and nothing", err, b.Len())
	}
}

// A vault of which only the founding is known: no hour was closed, no secret written, no entries but the category's record.
func TestANewVault(t *testing.T) {
	s := newSystem(t)
	file, _ := s.write(t)
	m, err := s.verify(t, file)
	if err != nil || m.Entries != 0 || m.Secrets != 0 || m.Hours != 0 || m.OpenHours != 1 {
		t.Errorf("got %+v, %v", m, err)
	}
}

// The clock of the one who makes the backup is behind the newest closed hour: nothing comes after the journals.
func TestNoHourIsOpen(t *testing.T) {
	s := newSystem(t)
	src := s.source()
	s.now = s.now.Add(-48 * 3600e9)
	var b bytes.Buffer
	if _, err := archive.Write(t.Context(), &b, src); err != nil {
		t.Fatal(err)
	}
	if m, err := s.verify(t, b.Bytes()); err != nil || m.OpenHours != 0 {
		t.Errorf("got %+v, %v", m, err)
	}
}

// TestBatches: secrets are asked for in hundreds, also at the borders.
func TestBatches(t *testing.T) {
	for _, n := range []int{1, 96, 99, 100, 101, 200, 250} {
		s := newSystem(t)
		project(t, s)
		s.create(t, n, 20)
		f := vaulttest.NewFaulty(s.memory, 1)
		src := s.source()
		src.Store = f
		var b bytes.Buffer
		if _, err := archive.Write(t.Context(), &b, src); err != nil {
			t.Fatal(err)
		}
		if calls := f.Count(vaulttest.Secrets).Calls; calls != (n+99)/100 {
			t.Errorf("%d secrets: %d reads, want %d", n, calls, (n+99)/100)
		}
		if m, err := s.verify(t, b.Bytes()); err != nil || m.Secrets != n || m.Entries != n {
			t.Errorf("%d secrets: got %d of %d entries, %v", n, m.Secrets, m.Entries, err)
		}
	}
}

// TestFromAFile backs up a vault that lies on a disk, as the command does.
func TestFromAFile(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	on := scenario.On(t, store)
	s := &system{System: on, now: on.Clock.Now()}
	project(t, s)
	s.create(t, 150, 3000)
	for id := range vault.EntryID(40) {
		s.reveal(t, id+1)
	}
	file, _ := s.write(t)
	if m, err := s.verify(t, file); err != nil || m.Secrets != 150 || m.Accesses != 40 {
		t.Errorf("got %d secrets, %d access records, %v", m.Secrets, m.Accesses, err)
	}
}

func TestSeveralChunks(t *testing.T) {
	s := large(t)
	file, _ := s.write(t)
	if chunks := (len(borders(t, file)) - 4) / 2; chunks != 4 {
		t.Fatalf("got %d chunks, want 4", chunks)
	}
	if m, err := s.verify(t, file); err != nil || m.Secrets != 11 {
		t.Errorf("got %+v, %v", m, err)
	}
}

// Nothing of the vault can be seen in the file, and two archives of the same vault share nothing that is sealed.
func TestNothingShows(t *testing.T) {
	s := rich(t)
	one, a := s.write(t)
	two, b := s.write(t)
	for _, word := range []string{"versions", "Initech", "password 1", "syspass", "tagged"} {
		if bytes.Contains(one, []byte(word)) {
			t.Errorf("the file shows %q", word)
		}
	}
	if a.ID == b.ID {
		t.Error("two archives have one id")
	}
	from := borders(t, one)
	if sealed := one[from[4] : from[4]+64]; bytes.Contains(two, sealed) {
		t.Error("two archives share sealed bytes")
	}
}
