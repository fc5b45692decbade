package compact_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"tresor/shared/compact"
	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

func run(t *testing.T, s *scenario.System) int {
	t.Helper()
	n, err := compact.Close(t.Context(), s.Vault, s.Log, s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func newest(s *scenario.System) (h vault.Hour, ok bool) {
	s.Vault.Peek(func(state *vault.State) { h, ok = state.NewestClosedHour() })
	return h, ok
}

func reveals(t *testing.T, s *scenario.System, id vault.EntryID) int {
	t.Helper()
	n, err := vault.View(t.Context(), s.Vault, scenario.Operator(), func(r *vault.Reader) (int, error) { return r.Reveals(id), nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnHourIsClosedOnceItsGraceIsOver(t *testing.T) {
	s := scenario.New(t) // at twelve
	id, reveal := s.Revealing(t)
	first := vault.HourOf(s.Clock.Now())
	reveal()
	reveal()
	s.Clock.Add(time.Hour + compact.Grace - time.Second)
	if n := run(t, s); n != 0 {
		t.Fatalf("closed %d hours before the grace was over, want 0", n)
	}
	s.Clock.Add(time.Second)
	if n := run(t, s); n != 1 {
		t.Fatalf("closed %d hours, want 1", n)
	}
	if h, ok := newest(s); !ok || h != first {
		t.Errorf("newest closed hour %v %v, want %v", h, ok, first)
	}
	if n := reveals(t, s, id); n != 2 {
		t.Errorf("got %d reveals, want 2", n)
	}
	if n := run(t, s); n != 0 {
		t.Errorf("a second run closed %d hours, want 0", n)
	}
	report, err := journal.Verify(t.Context(), s.Store, s.Sealer)
	if err != nil || !report.OK() || report.Hours != 1 || report.Accesses != 2 {
		t.Errorf("got %+v, %v; want one hour of two records and no problem", report, err)
	}
}

func TestEmptyHoursArePassedOverAndProgressIsKept(t *testing.T) {
	s := scenario.New(t)
	_, reveal := s.Revealing(t)
	first := vault.HourOf(s.Clock.Now())
	s.Clock.Add(5 * time.Hour)
	reveal()
	s.Clock.Add(100 * time.Hour)
	// The hour with a record, and one mark for each 24 of the 99 empty hours behind it.
	if n := run(t, s); n != 5 {
		t.Errorf("closed %d hours, want 5", n)
	}
	if h, _ := newest(s); h != first+5+4*24 {
		t.Errorf("newest closed hour is %d hours after the first, want %d", h-first, 5+4*24)
	}
	if n := run(t, s); n != 0 {
		t.Errorf("a second run closed %d hours, want 0", n)
	}
}

// counting notes which hours were read.
type counting struct {
	compact.Summariser
	mu    sync.Mutex
	hours []vault.Hour
}

func (c *counting) SummariseHour(ctx context.Context, h vault.Hour) (vault.AccessHour, error) {
	c.mu.Lock()
	c.hours = append(c.hours, h)
	c.mu.Unlock()
	return c.Summariser.SummariseHour(ctx, h)
}

func TestARunIsBounded(t *testing.T) {
	s := scenario.New(t)
	s.Clock.Add(5000 * time.Hour)
	c := &counting{Summariser: s.Log}
	for range 2 {
		before := len(c.hours)
		if _, err := compact.Close(t.Context(), s.Vault, c, s.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if n := len(c.hours) - before; n != 1000 {
			t.Errorf("a run read %d hours, want 1000", n)
		}
	}
	if c.hours[1000] <= c.hours[0]+900 {
		t.Errorf("the second run began at hour %d, the first at %d", c.hours[1000], c.hours[0])
	}
}

// Two processes come at the same time; each hour must be folded into the counters once.
func TestTwoProcessesCloseAnHourOnce(t *testing.T) {
	s := scenario.New(t)
	id, reveal := s.Revealing(t)
	for range 3 {
		reveal()
		s.Clock.Add(time.Hour)
	}
	s.Clock.Add(compact.Grace)
	other := s.Another(t, s.Store)
	var closed [2]int
	var wg sync.WaitGroup
	for i, p := range []*scenario.System{s, other} {
		wg.Go(func() {
			n, err := compact.Close(t.Context(), p.Vault, p.Log, s.Clock.Now())
			if err != nil {
				t.Error(err)
			}
			closed[i] = n
		})
	}
	wg.Wait()
	if closed[0]+closed[1] != 3 {
		t.Errorf("closed %v hours, want 3 together", closed)
	}
	if n := reveals(t, s, id); n != 3 {
		t.Errorf("got %d reveals, want 3", n)
	}
}

func TestNoVault(t *testing.T) {
	s := scenario.New(t)
	log := journal.Open(emptyStore{s.Store}, s.Sealer)
	n, err := compact.Close(t.Context(), vault.New(log, vault.Options{}), log, s.Clock.Now())
	if n != 0 || err != nil {
		t.Errorf("got %d, %v; want nothing to do", n, err)
	}
}

// emptyStore is a store before init.
type emptyStore struct{ vault.Store }

func (emptyStore) Tail(context.Context, vault.Table, vault.Seq) ([]vault.StoredRecord, bool, error) {
	return nil, false, nil
}
