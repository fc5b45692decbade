package journal_test

import (
	"context"
	"errors"
	"testing"

	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// history reads a journal after a head and returns the numbers that it showed.
func history(t *testing.T, l *journal.Log, table vault.Table, after vault.Head) (seqs []vault.Seq, head vault.Head, err error) {
	t.Helper()
	head, err = l.History(t.Context(), table, after, func(r *vault.Record) error {
		seqs = append(seqs, r.Seq)
		return nil
	})
	return seqs, head, err
}

// TestHistory reads all of both journals, whatever the replica holds, and then what is new.
func TestHistory(t *testing.T) {
	store := vaulttest.NewMemory()
	s := scenario.On(t, store)
	for _, name := range []string{"a", "b", "c"} {
		s.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(name, "x") })
	}
	s.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateTag("tag"); return err })
	empty := s.Another(t, store).Log // its replica has caught up with nothing
	var heads vault.Heads
	s.Log.Read(func(state *vault.State) { heads = state.Heads() })
	for _, table := range vault.Tables {
		seqs, head, err := history(t, empty, table, vault.Head{})
		if err != nil || head != heads.Of(table) || len(seqs) != int(head.Seq) || seqs[0] != 1 {
			t.Errorf("%s: records %v up to %v, %v; want all up to %v", table, seqs, head, err, heads.Of(table))
		}
		if seqs, again, err := history(t, empty, table, head); err != nil || len(seqs) != 0 || again != head {
			t.Errorf("%s: records %v after the last, %v", table, seqs, err)
		}
	}
	s.Do(t, func(tx *vault.Tx) error { return tx.SetSetting("d", "x") })
	if seqs, _, err := history(t, empty, vault.Permissions, heads.Permissions); err != nil || len(seqs) != 1 {
		t.Errorf("records %v after a new one, %v", seqs, err)
	}
	wrong := heads.Permissions
	wrong.Hash[0] ^= 1
	if seqs, head, err := history(t, empty, vault.Permissions, wrong); !errors.Is(err, vault.Corrupt) || len(seqs) != 0 || head != wrong {
		t.Errorf("after a head that is not in the journal: records %v, %v", seqs, err)
	}
}

// holey is a store in which one record does not show.
type holey struct {
	vault.Store
	hole vault.RecordKey
}

func (h *holey) Tail(ctx context.Context, t vault.Table, after vault.Seq) (shown []vault.StoredRecord, more bool, err error) {
	all, more, err := h.Store.Tail(ctx, t, after)
	for _, r := range all {
		if r.RecordKey != h.hole {
			shown = append(shown, r)
		}
	}
	return shown, more, err
}

// TestHistoryStops at a gap, and where its reader wants it to; both times it can go on from there.
func TestHistoryStops(t *testing.T) {
	store := &holey{Store: vaulttest.NewMemory()}
	s := scenario.On(t, store)
	for _, name := range []string{"a", "b", "c", "d"} {
		s.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(name, "x") })
	}
	store.hole = vault.RecordKey{Table: vault.Permissions, Seq: 4}
	seqs, head, err := history(t, s.Log, vault.Permissions, vault.Head{})
	if err != nil || len(seqs) != 3 || head.Seq != 3 {
		t.Fatalf("records %v before a gap at 4, head %d, %v", seqs, head.Seq, err)
	}
	store.hole = vault.RecordKey{}
	stop := errors.New("enough")
	n := 0
	head, err = s.Log.History(t.Context(), vault.Permissions, head, func(*vault.Record) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || head.Seq != 4 {
		t.Fatalf("stopped after one: head %d, %v", head.Seq, err)
	}
	if seqs, _, err := history(t, s.Log, vault.Permissions, head); err != nil || len(seqs) != 1 || seqs[0] != 5 {
		t.Errorf("records %v then, %v", seqs, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := s.Log.History(ended, vault.Permissions, head, nil); !errors.Is(err, vault.Busy) || got != head {
		t.Errorf("out of time: head %v, %v", got, err)
	}
}
