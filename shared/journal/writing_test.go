package journal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// faulty returns a founded vault and a process on it whose store can be told to fail.
func faulty(t *testing.T, seed uint64) (*scenario.System, *vaulttest.Faulty) {
	t.Helper()
	memory := vaulttest.NewMemory()
	founded := scenario.On(t, memory)
	create(t, founded, "first", "1")
	f := vaulttest.NewFaulty(memory.Open(), seed)
	return founded.Another(t, f), f
}

// count returns how many living entries have the name.
func count(t *testing.T, s *scenario.System, name string) (n int) {
	t.Helper()
	for _, got := range names(t, s, s.Founding) {
		if got == name {
			n++
		}
	}
	return n
}

// counted creates an entry and says how often the function ran.
func counted(ctx context.Context, s *scenario.System, name string) (id vault.EntryID, runs int, err error) {
	id, err = vault.Update(ctx, s.Vault, as(s.Founding, write), func(tx *vault.Tx) (vault.EntryID, error) {
		runs++
		return tx.CreateEntry(vault.Entry{Name: name, Project: 1}, vault.Payload{Password: vault.NewSecret("x")})
	})
	return id, runs, err
}

func TestLaw5TooLargeIsRefusedBeforeAnythingIsSent(t *testing.T) {
	tests := []struct {
		name string
		do   func(*vault.Tx) error
	}{
		{"more than 98 items", func(tx *vault.Tx) error {
			for i := range 100 {
				if _, err := tx.CreateEntry(vault.Entry{Name: fmt.Sprint(i), Project: 1}, vault.Payload{Password: vault.NewSecret("x")}); err != nil {
					return err
				}
			}
			return nil
		}},
		{"an item above 350 KB", func(tx *vault.Tx) error {
			_, err := tx.CreateEntry(vault.Entry{Name: "big", Project: 1}, vault.Payload{Password: vault.NewSecret(strings.Repeat("x", 351<<10))})
			return err
		}},
		{"more than 3.5 MB", func(tx *vault.Tx) error {
			for i := range 12 {
				if _, err := tx.CreateEntry(vault.Entry{Name: fmt.Sprint(i), Project: 1}, vault.Payload{Password: vault.NewSecret(strings.Repeat("x", 340<<10))}); err != nil {
					return err
				}
			}
			return nil
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, f := faulty(t, 1)
			_, err := vault.Update(t.Context(), s.Vault, scenario.Operator(), func(tx *vault.Tx) (struct{}, error) { return struct{}{}, test.do(tx) })
			if !errors.Is(err, vault.TooLarge) {
				t.Errorf("got %v, want TooLarge", err)
			}
			if n := f.Count(vaulttest.Commit).Calls; n != 0 {
				t.Errorf("%d commits were sent", n)
			}
			if got := names(t, s, s.Founding); len(got) != 1 {
				t.Errorf("got %v, want nothing changed", got)
			}
		})
	}
}

func TestLaw5AnImportOf10000EntriesIsAbout110Batches(t *testing.T) {
	s, f := faulty(t, 1)
	const total, batch = 10000, 92
	for from := 0; from < total; from += batch {
		_, err := vault.Update(t.Context(), s.Vault, scenario.Operator(), func(tx *vault.Tx) (struct{}, error) {
			for i := from; i < min(from+batch, total); i++ {
				if _, err := tx.CreateEntry(vault.Entry{Name: fmt.Sprintf("entry %d", i), Project: 1}, vault.Payload{Password: vault.NewSecret("x")}); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := f.Count(vaulttest.Commit).Calls; n != 109 {
		t.Errorf("got %d commits, want 109", n)
	}
	if got := names(t, s, s.Founding); len(got) != total+1 {
		t.Errorf("got %d entries, want %d", len(got), total+1)
	}
}

// TestLaw6ALostAnswerIsFoundInTheJournal: the commit happened, the caller saw an error.
func TestLaw6ALostAnswerIsFoundInTheJournal(t *testing.T) {
	s, f := faulty(t, 1)
	f.LoseAnswer(1)
	id, runs, err := counted(t.Context(), s, "two")
	if err != nil || runs != 1 || id != 2 {
		t.Errorf("got id %d after %d runs, %v; want 2 after 1", id, runs, err)
	}
	if n := count(t, s, "two"); n != 1 {
		t.Errorf("got %d entries, want 1", n)
	}
}

func TestLaw6ALostRequestIsSentAgain(t *testing.T) {
	s, f := faulty(t, 1)
	f.LoseRequest(2)
	if _, runs, err := counted(t.Context(), s, "two"); err != nil || runs != 1 {
		t.Errorf("got %d runs, %v; want 1: nothing proves that the attempt failed", runs, err)
	}
	if n := count(t, s, "two"); n != 1 {
		t.Errorf("got %d entries, want 1", n)
	}
}

// TestLaw6ASendingThatLandsLaterIsNotDoubled: the first sending is on its way while the second one is carried out.
func TestLaw6ASendingThatLandsLaterIsNotDoubled(t *testing.T) {
	s, f := faulty(t, 1)
	f.Hold(1)
	if _, runs, err := counted(t.Context(), s, "two"); err != nil || runs != 1 {
		t.Errorf("got %d runs, %v", runs, err)
	}
	f.Land(t.Context())
	if n := count(t, s, "two"); n != 1 {
		t.Errorf("got %d entries, want 1", n)
	}
}

// TestLaw6AFunctionRunsAgainOnlyAfterAProvenLoss: while an undecided attempt is out, another's record takes its number.
func TestLaw6AFunctionRunsAgainOnlyAfterAProvenLoss(t *testing.T) {
	memory := vaulttest.NewMemory()
	rival := scenario.On(t, memory)
	create(t, rival, "first", "1")
	f := vaulttest.NewFaulty(memory.Open(), 1)
	s := rival.Another(t, f)
	var once sync.Once
	f.LoseRequest(1)
	runs := 0
	id, err := vault.Update(t.Context(), s.Vault, as(s.Founding, write), func(tx *vault.Tx) (vault.EntryID, error) {
		runs++
		once.Do(func() {
			create(t, rival, "rival", "r")
		})
		return tx.CreateEntry(vault.Entry{Name: "two", Project: 1}, vault.Payload{Password: vault.NewSecret("x")})
	})
	if err != nil || runs != 2 || id != 3 {
		t.Errorf("got id %d after %d runs, %v; want 3 after 2", id, runs, err)
	}
	if a, b := count(t, s, "rival"), count(t, s, "two"); a != 1 || b != 1 {
		t.Errorf("got %d and %d entries, want 1 and 1", a, b)
	}
}

func TestLaw7AThrottledCommitIsSentAgain(t *testing.T) {
	s, f := faulty(t, 1)
	f.Throttle(vaulttest.Commit, 3)
	if _, runs, err := counted(t.Context(), s, "two"); err != nil || runs != 1 {
		t.Errorf("got %d runs, %v; want 1", runs, err)
	}
}

func TestLaw7OutOfTimeIsBusyOrUndecided(t *testing.T) {
	tests := []struct {
		name string
		set  func(*vaulttest.Faulty)
		want vault.Kind
	}{
		{"refused to the end", func(f *vaulttest.Faulty) { f.Throttle(vaulttest.Commit, 1<<30) }, vault.Busy},
		{"unanswered to the end", func(f *vaulttest.Faulty) { f.LoseRequest(1 << 30) }, vault.Undecided},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, f := faulty(t, 1)
			test.set(f)
			// A commit leaves two seconds before the deadline of the function (law 8).
			ctx, cancel := context.WithTimeout(t.Context(), 2200*time.Millisecond)
			defer cancel()
			began := time.Now()
			if _, _, err := counted(ctx, s, "two"); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("took %v, leaves too little before the deadline", took)
			}
		})
	}
}

func TestLosingByOneNeedsNoQuery(t *testing.T) {
	s, f := faulty(t, 1)
	rival := s.Another(t, s.Store)
	if _, _, err := counted(t.Context(), s, "warm"); err != nil {
		t.Fatal(err)
	}
	f.Reset()
	var once sync.Once
	_, err := vault.Update(t.Context(), s.Vault, as(s.Founding, write), func(tx *vault.Tx) (vault.EntryID, error) {
		once.Do(func() { create(t, rival, "rival", "r") })
		return tx.CreateEntry(vault.Entry{Name: "two", Project: 1}, vault.Payload{Password: vault.NewSecret("x")})
	})
	if err != nil {
		t.Fatal(err)
	}
	// "warm" and the rival's store are the same Faulty's: two queries of this Update's catch-up and two of the rival's.
	if tails, commits := f.Count(vaulttest.Tail).Calls, f.Count(vaulttest.Commit).Calls; tails != 4 || commits != 3 {
		t.Errorf("got %d queries and %d commits, want 4 and 3", tails, commits)
	}
}

// TestLaw9UpdatesThatWaitShareACommit: one record holds several, each sees those before it, and one that fails leaves nothing.
func TestLaw9UpdatesThatWaitShareACommit(t *testing.T) {
	s, f := faulty(t, 1)
	before := head(s, vault.Entries)
	f.Delay(vaulttest.Commit, 1<<30, 20*time.Millisecond)
	const n = 40
	var refused atomic.Int32
	ids := make([]vault.EntryID, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			id, err := vault.Update(t.Context(), s.Vault, as(s.Founding, write), func(tx *vault.Tx) (vault.EntryID, error) {
				id, err := tx.CreateEntry(vault.Entry{Name: fmt.Sprintf("entry %d", i), Project: 1}, vault.Payload{Password: vault.NewSecret(fmt.Sprint(i))})
				if i%4 == 0 && err == nil {
					return 0, errors.New("changed my mind")
				}
				return id, err
			})
			if err != nil {
				refused.Add(1)
			}
			ids[i] = id
		})
	}
	wg.Wait()
	if got := refused.Load(); got != n/4 {
		t.Errorf("%d failed, want %d", got, n/4)
	}
	if records := int(head(s, vault.Entries) - before); records >= n/2 {
		t.Errorf("%d updates took %d records", n, records)
	}
	if got := names(t, s, s.Founding); len(got) != n*3/4+1 {
		t.Errorf("got %d entries, want %d", len(got), n*3/4+1)
	}
	for i, id := range ids {
		if i%4 == 0 {
			continue
		}
		if got, err := secretOf(t, s, s.Founding, id); got != fmt.Sprint(i) || err != nil {
			t.Errorf("entry %d: got %q, %v", id, got, err)
		}
	}
}

// TestLaw9UniquenessHoldsWithinASharedCommit: of many that make the same name at once, one wins.
func TestLaw9UniquenessHoldsWithinASharedCommit(t *testing.T) {
	s, f := faulty(t, 1)
	f.Delay(vaulttest.Commit, 1<<30, 10*time.Millisecond)
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := vault.Update(t.Context(), s.Vault, as(s.Founding, write), func(tx *vault.Tx) (vault.EntryID, error) {
				if tx.EntryNamed("UNIQUE ") {
					return 0, vault.Exists
				}
				return tx.CreateEntry(vault.Entry{Name: "unique", Project: 1}, vault.Payload{})
			})
			switch {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, vault.Exists):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 || count(t, s, "unique") != 1 {
		t.Errorf("got %d made, %d there; want 1", made.Load(), count(t, s, "unique"))
	}
}

// TestLaw9ACallerIsResolvedBehindAChangeOfPermissionsInItsBatch: an Update that waits behind the disabling of its user must not pass.
func TestLaw9ACallerIsResolvedBehindAChangeOfPermissionsInItsBatch(t *testing.T) {
	s, f := faulty(t, 1)
	u := s.AddUser(t, "leaver", vault.Admin)
	f.Delay(vaulttest.Commit, 1<<30, 30*time.Millisecond)
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = tryCreate(t.Context(), s, "holds the turn", "x") })
	time.Sleep(10 * time.Millisecond)
	wg.Go(func() {
		s.Do(t, func(tx *vault.Tx) error { return tx.EditUser(u.AdminID, func(u *vault.User) { u.Disabled = true }) })
	})
	time.Sleep(10 * time.Millisecond)
	var err error
	wg.Go(func() {
		_, err = vault.Update(t.Context(), s.Vault, as(u, write), func(tx *vault.Tx) (vault.EntryID, error) {
			return tx.CreateEntry(vault.Entry{Name: "too late", Project: 1}, vault.Payload{})
		})
	})
	wg.Wait()
	if !errors.Is(err, vault.Disabled) {
		t.Errorf("got %v, want Disabled", err)
	}
}

// TestAWriteDecidedByPermissionsFailsWhenTheyChange: the record goes to one journal, and still the other must not have moved.
func TestAWriteDecidedByPermissionsFailsWhenTheyChange(t *testing.T) {
	s, _ := faulty(t, 1)
	u := s.AddUser(t, "leaver", vault.Admin)
	rival := s.Another(t, s.Store)
	var once sync.Once
	runs := 0
	_, err := vault.Update(t.Context(), s.Vault, as(u, write), func(tx *vault.Tx) (vault.EntryID, error) {
		runs++
		once.Do(func() {
			rival.Do(t, func(tx *vault.Tx) error { return tx.EditUser(u.AdminID, func(u *vault.User) { u.Disabled = true }) })
		})
		return tx.CreateEntry(vault.Entry{Name: "too late", Project: 1}, vault.Payload{})
	})
	if !errors.Is(err, vault.Disabled) || count(t, s, "too late") != 0 {
		t.Errorf("got %v after %d runs, want Disabled and nothing written", err, runs)
	}
}

// TestTwentyProcessesUnderFaults: every acknowledged write is there once, whatever is lost, held back, throttled or shown in parts.
func TestTwentyProcessesUnderFaults(t *testing.T) {
	memory := vaulttest.NewMemory()
	founded := scenario.On(t, memory)
	create(t, founded, "first", "1")
	shared := vaulttest.NewFaulty(memory.Open(), 42)
	shared.ShowInParts(vaulttest.Jitter(200 * time.Microsecond))
	var wg sync.WaitGroup
	var mu sync.Mutex
	outcome := map[string]error{}
	for p := range 20 {
		f := shared.Share(memory.Open(), uint64(p))
		f.SetChaos(vaulttest.Chaos{LoseAnswer: 0.1, LoseRequest: 0.1, Hold: 0.05, Throttle: 0.05, MaxDelay: time.Millisecond})
		process := founded.Another(t, f)
		wg.Go(func() {
			for i := range 8 {
				name := fmt.Sprintf("process %d entry %d", p, i)
				_, err := tryCreate(t.Context(), process, name, name)
				mu.Lock()
				outcome[name] = err
				mu.Unlock()
			}
			f.Land(t.Context())
		})
	}
	wg.Wait()
	for name, err := range outcome {
		n := count(t, founded, name)
		switch {
		case err == nil && n != 1:
			t.Errorf("%s was acknowledged and is there %d times", name, n)
		case err != nil && !errors.Is(err, vault.Undecided) && n != 0:
			t.Errorf("%s failed (%v) and is there %d times", name, err, n)
		case n > 1:
			t.Errorf("%s is there %d times", name, n)
		}
	}
	report, err := journal.Verify(t.Context(), memory, founded.Sealer)
	if err != nil || !report.OK() {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

// TestAnyBytesComeBack: names and secrets that are no valid UTF-8 are read back in another process as they were written.
func TestAnyBytesComeBack(t *testing.T) {
	s, _ := faulty(t, 1)
	for _, text := range []string{"bad \xff name", "\x00", "\xed\xa0\x80", "ﬀ Ä ß 😀", strings.Repeat("é", 70000)} {
		id := create(t, s, text, text)
		other := s.Another(t, s.Store)
		if got, err := secretOf(t, other, s.Founding, id); got != text || err != nil {
			t.Errorf("%.10q: got secret %.10q, %v", text, got, err)
		}
		if n := count(t, other, text); n != 1 {
			t.Errorf("%.10q: got %d entries of the name, want 1", text, n)
		}
	}
}
