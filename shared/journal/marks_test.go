package journal_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// once returns a create's request with a mark of the given name.
func once(s *scenario.System, mark string) vault.Request {
	req := as(s.Founding, write)
	req.Once = &vault.Mark{Hash: auth.HashToken(mark), Expires: s.Clock.Now().Add(time.Hour)}
	return req
}

// createOnce creates an entry by a marked request.
func createOnce(ctx context.Context, s *scenario.System, mark, name string) error {
	_, err := vault.Update(ctx, s.Vault, once(s, mark), func(tx *vault.Tx) (vault.EntryID, error) {
		return tx.CreateEntry(vault.Entry{Name: name, Project: 1}, vault.Payload{Password: vault.NewSecret("x")})
	})
	return err
}

func TestAMarkedUpdateHappensOnce(t *testing.T) {
	s, f := faulty(t, 1)
	other := s.Another(t, s.Store)
	if err := createOnce(t.Context(), s, "a", "once"); err != nil {
		t.Fatal(err)
	}
	f.Reset()
	for _, process := range []*scenario.System{s, other} {
		if err := createOnce(t.Context(), process, "a", "once"); !errors.Is(err, vault.Unauthenticated) || vault.KindOf(err) != vault.Unauthenticated {
			t.Errorf("again: got %v, want Unauthenticated", err)
		}
	}
	if n := f.Count(vaulttest.Commit).Calls; n != 2 {
		t.Errorf("%d commits, want 2: a used request is not tried again", n)
	}
	if n := count(t, s, "once"); n != 1 {
		t.Errorf("got %d entries, want 1", n)
	}
	s.Clock.Add(time.Hour) // the mark has expired
	if err := createOnce(t.Context(), s, "a", "once"); err != nil || count(t, s, "once") != 2 {
		t.Errorf("after the expiry: %v, %d entries", err, count(t, s, "once"))
	}
}

// TestAMarkedAttemptIsNotItsOwnReplay: whatever is lost, late or refused on the way, the first one to send a request is told that it was carried out.
func TestAMarkedAttemptIsNotItsOwnReplay(t *testing.T) {
	for name, set := range map[string]func(*vaulttest.Faulty){
		"lost answer":                    func(f *vaulttest.Faulty) { f.LoseAnswer(1) },
		"lost answer, looking is slow":   func(f *vaulttest.Faulty) { f.LoseAnswer(1); f.Throttle(vaulttest.Tail, 2) },
		"lost answers":                   func(f *vaulttest.Faulty) { f.LoseAnswer(3) },
		"lost request":                   func(f *vaulttest.Faulty) { f.LoseRequest(2) },
		"lost request, then lost answer": func(f *vaulttest.Faulty) { f.LoseRequest(1); f.LoseAnswer(1) },
		"one that lands later":           func(f *vaulttest.Faulty) { f.Hold(1) },
		"throttled":                      func(f *vaulttest.Faulty) { f.Throttle(vaulttest.Commit, 3) },
	} {
		t.Run(name, func(t *testing.T) {
			s, f := faulty(t, 1)
			set(f)
			if err := createOnce(t.Context(), s, "a", "once"); err != nil {
				t.Errorf("got %v", err)
			}
			f.Land(t.Context())
			if err := createOnce(t.Context(), s, "a", "once"); !errors.Is(err, vault.Unauthenticated) {
				t.Errorf("again: got %v, want Unauthenticated", err)
			}
			if n := count(t, s, "once"); n != 1 {
				t.Errorf("got %d entries, want 1", n)
			}
		})
	}
}

// blind is a store whose journals cannot be read on demand: what became of a commit shows only when it is sent again.
type blind struct {
	vault.Store
	mu   sync.Mutex
	hide bool
	lose int
}

func (b *blind) Commit(ctx context.Context, tx vault.Transaction) error {
	err := b.Store.Commit(ctx, tx)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lose > 0 {
		b.lose, b.hide = b.lose-1, true
		return vault.Undecided
	}
	b.hide = false
	return err
}

func (b *blind) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	b.mu.Lock()
	hidden := b.hide
	b.mu.Unlock()
	if hidden {
		return nil, false, nil
	}
	return b.Store.Tail(ctx, t, after)
}

// TestALandedAttemptIsSettledBySendingItAgain: the record does not show when it is looked for, and the same bytes meet it.
func TestALandedAttemptIsSettledBySendingItAgain(t *testing.T) {
	founded := scenario.New(t)
	create(t, founded, "first", "1")
	b := &blind{Store: founded.Store, lose: 2}
	if err := createOnce(t.Context(), founded.Another(t, b), "a", "once"); err != nil {
		t.Errorf("got %v", err)
	}
	if n := count(t, founded, "once"); n != 1 {
		t.Errorf("got %d entries, want 1", n)
	}
}

// failing is a store whose commits fail, one after the other.
type failing struct {
	vault.Store
	errs []error
}

func (f *failing) Commit(context.Context, vault.Transaction) error {
	err := f.errs[0]
	f.errs = f.errs[1:]
	return err
}

func TestAMarkedAttemptOfUnknownOutcomeStaysUndecided(t *testing.T) {
	founded := scenario.New(t)
	create(t, founded, "first", "1")
	f := &failing{founded.Store, []error{vault.Undecided, errors.New("broken")}}
	if err := createOnce(t.Context(), founded.Another(t, f), "a", "once"); vault.KindOf(err) != vault.Undecided {
		t.Errorf("got %v, want Undecided", err)
	}
}

// TestOneReplayDoesNotSpoilABatch: Updates that share a commit with a used request are carried out, and it is not.
func TestOneReplayDoesNotSpoilABatch(t *testing.T) {
	s, f := faulty(t, 1)
	if err := createOnce(t.Context(), s.Another(t, s.Store), "used", "used"); err != nil {
		t.Fatal(err)
	}
	f.Delay(vaulttest.Commit, 1<<30, 10*time.Millisecond)
	results := make([]error, 12)
	var wg sync.WaitGroup
	for i := range results {
		mark, name := fmt.Sprint("fresh ", i), fmt.Sprint("entry ", i)
		if i%4 == 1 {
			mark, name = "used", "used"
		}
		wg.Go(func() { results[i] = createOnce(t.Context(), s, mark, name) })
	}
	wg.Wait()
	for i, err := range results {
		if replay := i%4 == 1; replay != errors.Is(err, vault.Unauthenticated) || !replay && err != nil {
			t.Errorf("update %d: got %v", i, err)
		}
	}
	if got := names(t, s, s.Founding); len(got) != 1+1+9 || count(t, s, "used") != 1 {
		t.Errorf("got %v, want the first, the used one once and nine fresh ones", got)
	}
}

// TestTheSameRequestTwiceInABatch: of many at once in one process, one is carried out.
func TestTheSameRequestTwiceInABatch(t *testing.T) {
	s, f := faulty(t, 1)
	f.Delay(vaulttest.Commit, 1<<30, 10*time.Millisecond)
	results := make([]error, 20)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = createOnce(t.Context(), s, "a", "once") })
	}
	wg.Wait()
	won := 0
	for i, err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, vault.Unauthenticated) {
			t.Errorf("update %d: got %v", i, err)
		}
	}
	if n := count(t, s, "once"); won != 1 || n != 1 {
		t.Errorf("%d were told that it happened and %d entries are there, want 1 and 1", won, n)
	}
}

// TestWhatChangesNothingLeavesNoMark: a failure, and an Update without a change.
func TestWhatChangesNothingLeavesNoMark(t *testing.T) {
	s, _ := faulty(t, 1)
	for name, fn := range map[string]func(*vault.Tx) (int, error){
		"failure": func(tx *vault.Tx) (int, error) {
			_, err := tx.CreateEntry(vault.Entry{Name: "x", Project: 1}, vault.Payload{})
			return 0, errors.Join(err, vault.Exists)
		},
		"no change": func(*vault.Tx) (int, error) { return 0, nil },
	} {
		for range 2 {
			if _, err := vault.Update(t.Context(), s.Vault, once(s, "a"), fn); errors.Is(err, vault.Unauthenticated) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	if err := createOnce(t.Context(), s, "a", "once"); err != nil {
		t.Errorf("after these: got %v", err)
	}
}

// TestMarkedRequestsInManyProcessesUnderFaults: each request is sent by three processes at once; it happens once, and at most one is told that it did.
func TestMarkedRequestsInManyProcessesUnderFaults(t *testing.T) {
	const processes, requests = 6, 8
	memory := vaulttest.NewMemory()
	founded := scenario.On(t, memory)
	create(t, founded, "first", "1")
	shared := vaulttest.NewFaulty(memory.Open(), 7)
	shared.ShowInParts(vaulttest.Jitter(100 * time.Microsecond))
	var mu sync.Mutex
	told := map[string]int{}
	var wg sync.WaitGroup
	for p := range processes {
		f := shared.Share(memory.Open(), uint64(p))
		f.SetChaos(vaulttest.Chaos{LoseAnswer: 0.1, LoseRequest: 0.1, Hold: 0.05, Throttle: 0.05, MaxDelay: time.Millisecond})
		process := founded.Another(t, f)
		wg.Go(func() {
			for i := range requests {
				name := fmt.Sprintf("request %d of %d", i, p%2)
				err := createOnce(t.Context(), process, name, name)
				mu.Lock()
				if err == nil {
					told[name]++
				} else if !errors.Is(err, vault.Unauthenticated) {
					t.Errorf("%s: %v", name, err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for p := range 2 {
		for i := range requests {
			name := fmt.Sprintf("request %d of %d", i, p)
			if told[name] != 1 || count(t, founded, name) != 1 {
				t.Errorf("%s: %d were told that it happened and %d entries are there, want 1 and 1", name, told[name], count(t, founded, name))
			}
		}
	}
}
