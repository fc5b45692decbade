package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// add makes n entries.
func add(t *testing.T, s *scenario.System, n int) {
	t.Helper()
	s.Do(t, func(tx *vault.Tx) error {
		if _, _, err := tx.Project(1); err != nil {
			if _, err := tx.CreateProject(vault.Project{Name: "p"}); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range n {
		s.Do(t, func(tx *vault.Tx) error {
			_, err := tx.CreateEntry(vault.Entry{Name: fmt.Sprint("entry ", i), Project: 1}, vault.Payload{Password: vault.NewSecret("x")})
			return err
		})
	}
}

func snapshotOf(t *testing.T, s *scenario.System) []byte {
	t.Helper()
	file, err := s.Log.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// seenBy returns the entries that a process sees after catching up, and its heads.
func seenBy(t *testing.T, s *scenario.System) (list []string, heads vault.Heads) {
	t.Helper()
	_, err := vault.View(t.Context(), s.Vault, scenario.Operator(), func(r *vault.Reader) (int, error) {
		list = nil
		all, _ := r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, -1)
		for _, e := range all {
			list = append(list, e.Name)
		}
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Vault.Peek(func(state *vault.State) { heads = state.Heads() })
	return list, heads
}

func TestASnapshotIsWhereAProcessBegins(t *testing.T) {
	s := scenario.New(t)
	add(t, s, 20)
	file := snapshotOf(t, s)
	add(t, s, 3) // the tail
	other := s.Another(t, s.Store)
	if err := other.Log.Adopt(t.Context(), bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	got, gotHeads := seenBy(t, other)
	want, wantHeads := seenBy(t, s)
	if fmt.Sprint(got) != fmt.Sprint(want) || gotHeads != wantHeads {
		t.Errorf("got %v at %v, want %v at %v", got, gotHeads, want, wantHeads)
	}
	add(t, other, 2) // and writes on
	if got, _ := seenBy(t, s); len(got) != 25 {
		t.Errorf("the first process sees %d entries", len(got))
	}
	report, err := journal.Verify(t.Context(), s.Store, s.Sealer)
	if err != nil || !report.OK() {
		t.Errorf("%v %v", report, err)
	}
	if err := other.Log.Adopt(t.Context(), bytes.NewReader(file)); !errors.Is(err, vault.Conflict) {
		t.Errorf("a snapshot behind the replica: got %v", err)
	}
}

// unchanged reports that a snapshot was refused as wanted, and that the process replays as if there were none.
func unchanged(t *testing.T, what string, s *scenario.System, file []byte, kinds ...vault.Kind) {
	t.Helper()
	other := s.Another(t, s.Store)
	err := other.Log.Adopt(t.Context(), bytes.NewReader(file))
	found := false
	for _, k := range kinds {
		found = found || errors.Is(err, k)
	}
	if !found {
		t.Errorf("%s: got %v, want one of %v", what, err, kinds)
	}
	var heads vault.Heads
	other.Vault.Peek(func(state *vault.State) { heads = state.Heads() })
	if heads != (vault.Heads{}) {
		t.Errorf("%s: the replica is at %v", what, heads)
	}
}

func TestADamagedSnapshotIsRefused(t *testing.T) {
	s := scenario.New(t)
	add(t, s, 2)
	file := snapshotOf(t, s)
	for at := range file {
		changed := bytes.Clone(file)
		changed[at] ^= 1 << (at % 8)
		unchanged(t, fmt.Sprint("byte ", at, " changed"), s, changed, vault.Corrupt, vault.NewerFormat)
	}
	for at := 0; at < len(file); at += 7 {
		unchanged(t, fmt.Sprint("cut at ", at), s, file[:at], vault.Corrupt)
	}
	unchanged(t, "lengthened", s, append(bytes.Clone(file), 0), vault.Corrupt)
	unchanged(t, "twice", s, append(bytes.Clone(file), file...), vault.Corrupt)
}

func TestASnapshotOfOtherJournalsIsRefused(t *testing.T) {
	s := scenario.New(t)
	add(t, s, 5)

	// Of another vault.
	unchanged(t, "another vault's", s, snapshotOf(t, scenario.New(t)), vault.Corrupt)

	// Of a future that the journals do not hold, as after they were cut.
	store := vaulttest.NewMemory()
	future := scenario.On(t, store)
	add(t, future, 5)
	past := store.Clone()
	add(t, future, 5)
	file := snapshotOf(t, future)
	behind := future.Another(t, past)
	if err := behind.Log.Adopt(t.Context(), bytes.NewReader(file)); !errors.Is(err, vault.Corrupt) {
		t.Errorf("of the future: got %v", err)
	}
	if got, _ := seenBy(t, behind); len(got) != 5 {
		t.Errorf("got %v", got)
	}

	// Of a history that went another way.
	add(t, behind, 6)
	if err := future.Another(t, past).Log.Adopt(t.Context(), bytes.NewReader(file)); !errors.Is(err, vault.Corrupt) {
		t.Errorf("of another history: got %v", err)
	}
}

func TestThereIsNoSnapshotOfNothing(t *testing.T) {
	s := scenario.New(t)
	empty := s.Another(t, vaulttest.NewMemory())
	if file, err := empty.Log.Snapshot(); !errors.Is(err, vault.NotFound) {
		t.Errorf("got %d bytes, %v", len(file), err)
	}
}
