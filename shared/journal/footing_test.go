package journal_test

import (
	"errors"
	"testing"

	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// TestTheNewestRecordIsReadAgain with what follows it, by the same read: one for each journal.
func TestTheNewestRecordIsReadAgain(t *testing.T) {
	s := scenario.New(t)
	view := &lens{Store: s.Store}
	other := s.Another(t, view)
	if err := other.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	create(t, s, "later", "x")
	view.tails.Store(0)
	if err := other.Log.CatchUp(t.Context()); err != nil || other.Heads() != s.Heads() || view.tails.Load() != 2 {
		t.Errorf("got %v at %v by %d reads, want %v by 2", err, other.Heads(), view.tails.Load(), s.Heads())
	}
}

// TestANewestRecordThatDoesNotShowIsAskedForAgain before all is read anew; and what never shows is Busy, never an answer from before it.
func TestANewestRecordThatDoesNotShowIsAskedForAgain(t *testing.T) {
	for hidden, want := range map[int]error{1: nil, 3: nil, 1000: vault.Busy} {
		s := scenario.New(t)
		create(t, s, "first", "x")
		view := &lens{Store: s.Store}
		other := s.Another(t, view)
		if err := other.Log.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := s.Heads()
		create(t, s, "second", "x") // so that the hidden one is missed
		view.hide(vault.Entries, before.Entries.Seq, hidden)
		view.tails.Store(0)
		err := other.Log.CatchUp(t.Context())
		if !errors.Is(err, want) || want == nil && (err != nil || other.Heads() != s.Heads()) {
			t.Errorf("hidden for %d reads: got %v at %v, want %v", hidden, err, other.Heads(), want)
		}
		if want == nil && int(view.tails.Load()) > 2+hidden {
			t.Errorf("hidden for %d reads: it took %d", hidden, view.tails.Load())
		}
		view.hide(vault.Entries, before.Entries.Seq, 0)
		if err := other.Log.CatchUp(t.Context()); err != nil || other.Heads() != s.Heads() {
			t.Errorf("hidden for %d reads: it shows, and got %v at %v", hidden, err, other.Heads())
		}
	}
}

// TestALargeRecordIsNotReadAgain: it would make every read dearer.
func TestALargeRecordIsNotReadAgain(t *testing.T) {
	s := scenario.New(t)
	s.Do(t, func(tx *vault.Tx) error {
		for i := range 400 {
			if _, err := tx.CreateCategory(vault.Category{Name: string(rune('a'+i%26)) + scrambled(i), Description: scrambled(i + 1000)}); err != nil {
				return err
			}
		}
		return nil
	})
	view := &lens{Store: s.Store}
	other := s.Another(t, view)
	if err := other.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	view.hide(vault.Entries, s.Heads().Entries.Seq, 1000)
	view.tails.Store(0)
	if err := other.Log.CatchUp(t.Context()); err != nil || view.tails.Load() != 2 {
		t.Errorf("got %v by %d reads, want 2", err, view.tails.Load())
	}
}

// anew seals again what is sealed, as after a rotation of keys.
type anew struct{ vault.Sealer }

func (a anew) Reseal(p vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	plain, err := a.Open(p, sealed, b)
	if err != nil {
		return nil, err
	}
	return a.Seal(p, plain, b)
}

// TestAResealedNewestRecordIsStillTheOne that the replica stands on: nothing is read from the beginning.
func TestAResealedNewestRecordIsStillTheOne(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	create(t, s, "first", "x")
	view := &lens{Store: memory}
	other := s.Another(t, view)
	if err := other.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range vault.Tables {
		list, _, err := memory.Tail(t.Context(), table, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			item, old, err := journal.ResealRecord(anew{s.Sealer}, &list[i])
			if err != nil || !old {
				t.Fatal(old, err)
			}
			if n, err := memory.Reseal(t.Context(), []vault.Resealed{item}); n != 1 || err != nil {
				t.Fatalf("%d resealed, %v", n, err)
			}
		}
	}
	for _, word := range []string{"", "second"} {
		if word != "" {
			create(t, s, word, "x")
		}
		view.tails.Store(0)
		if err := other.Log.CatchUp(t.Context()); err != nil || other.Heads() != s.Heads() || view.tails.Load() != 2 {
			t.Errorf("%q: %v at %v by %d reads, want %v by 2", word, err, other.Heads(), view.tails.Load(), s.Heads())
		}
	}
}

// scrambled returns a text that hardly compresses.
func scrambled(n int) string {
	x := uint64(n)*0x9e3779b97f4a7c15 + 0xbf58476d1ce4e5b9
	var b [24]byte
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = 'a' + byte(x%26)
	}
	return string(b[:])
}
