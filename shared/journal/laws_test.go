package journal_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// lens is a store seen by one process: a test decides what it hides, and when calls go through.
type lens struct {
	vault.Store
	mu           sync.Mutex
	hideRecord   map[vault.RecordKey]int // for how many more reads
	hideSecrets  int                     // for how many more reads
	beforeTail   func(vault.Table)
	beforeAccess func([]vault.StoredAccess) error
	inFlight     atomic.Int32
	tails        atomic.Int32
}

func (l *lens) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	l.inFlight.Add(1)
	defer l.inFlight.Add(-1)
	l.tails.Add(1)
	if l.beforeTail != nil {
		l.beforeTail(t)
	}
	page, more, err := l.Store.Tail(ctx, t, after)
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(page), func(r vault.StoredRecord) bool {
		left, hidden := l.hideRecord[r.RecordKey]
		if hidden {
			l.hideRecord[r.RecordKey] = left - 1
		}
		return hidden && left > 0
	}), more, err
}

func (l *lens) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	l.inFlight.Add(1)
	defer l.inFlight.Add(-1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hideSecrets--; l.hideSecrets >= 0 {
		return nil, nil
	}
	return l.Store.Secrets(ctx, keys)
}

func (l *lens) PutAccess(ctx context.Context, records []vault.StoredAccess) error {
	l.inFlight.Add(1)
	defer l.inFlight.Add(-1)
	if l.beforeAccess != nil {
		if err := l.beforeAccess(records); err != nil {
			return err
		}
	}
	return l.Store.PutAccess(ctx, records)
}

func (l *lens) hide(t vault.Table, s vault.Seq, reads int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hideRecord == nil {
		l.hideRecord = map[vault.RecordKey]int{}
	}
	l.hideRecord[vault.RecordKey{Table: t, Seq: s}] = reads
}

var (
	reveal = vault.Action{Dialect: vault.SysPass, Name: "account/viewPass", Reveals: true}
	list   = vault.Action{Dialect: vault.SysPass, Name: "account/search"}
	write  = vault.Action{Dialect: vault.SysPass, Name: "account/create", Writes: true}
)

func as(f *auth.Founding, a vault.Action) vault.Request {
	return vault.Request{Auth: auth.Token(f.SysPass.AuthToken), Action: a}
}

func secretOf(t *testing.T, s *scenario.System, f *auth.Founding, id vault.EntryID) (string, error) {
	t.Helper()
	return vault.View(t.Context(), s.Vault, as(f, reveal), func(r *vault.Reader) (string, error) {
		p, err := r.Reveal(id)
		return p.Password.Reveal(), err
	})
}

func names(t *testing.T, s *scenario.System, f *auth.Founding) []string {
	t.Helper()
	got, err := tryNames(t.Context(), s, f)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func tryNames(ctx context.Context, s *scenario.System, f *auth.Founding) ([]string, error) {
	return vault.View(ctx, s.Vault, as(f, list), func(r *vault.Reader) (out []string, _ error) {
		for _, e := range r.EntriesIn(map[vault.ProjectID]bool{1: true}) {
			out = append(out, e.Name)
		}
		return out, nil
	})
}

// create makes an entry with a secret in project 1, which it makes if need be.
func create(t testing.TB, s *scenario.System, name, secret string) vault.EntryID {
	t.Helper()
	id, err := tryCreate(t.Context(), s, name, secret)
	if err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
	return id
}

func tryCreate(ctx context.Context, s *scenario.System, name, secret string) (vault.EntryID, error) {
	return vault.Update(ctx, s.Vault, as(s.Founding, write), func(tx *vault.Tx) (vault.EntryID, error) {
		if _, _, err := tx.Project(1); err != nil {
			if _, err := tx.CreateProject(vault.Project{Name: "Project"}); err != nil {
				return 0, err
			}
		}
		return tx.CreateEntry(vault.Entry{Name: name, Project: 1}, vault.Payload{Password: vault.NewSecret(secret)})
	})
}

func head(s *scenario.System, table vault.Table) (seq vault.Seq) {
	s.Log.Read(func(state *vault.State) { seq = state.Heads().Of(table).Seq })
	return seq
}

func TestLaw1AGapIsAskedForAgain(t *testing.T) {
	s := scenario.New(t)
	create(t, s, "one", "1")
	view := &lens{Store: s.Store}
	other := s.Another(t, view)
	names(t, other, s.Founding)
	create(t, s, "two", "2")
	create(t, s, "three", "3")
	view.hide(vault.Entries, head(s, vault.Entries)-1, 1) // "three" shows before "two"
	if got, want := fmt.Sprint(names(t, other, s.Founding)), "[one two three]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestLaw1ARecordThatStaysMissingIsBusyNeverStale: the writer of the record behind it saw it, so it was committed.
func TestLaw1ARecordThatStaysMissingIsBusyNeverStale(t *testing.T) {
	s := scenario.New(t)
	create(t, s, "one", "1")
	view := &lens{Store: s.Store}
	other := s.Another(t, view)
	names(t, other, s.Founding)
	create(t, s, "two", "2")
	create(t, s, "three", "3")
	before := head(other, vault.Entries)
	view.hide(vault.Entries, head(s, vault.Entries)-1, 100)
	if err := other.Log.CatchUp(t.Context()); !errors.Is(err, vault.Busy) {
		t.Errorf("got %v, want Busy", err)
	}
	if after := head(other, vault.Entries); after != before {
		t.Errorf("the replica went from record %d to %d over a gap", before, after)
	}
}

func TestLaw1ARecordThatDoesNotContinueTheChainIsRefused(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	create(t, s, "one", "1")
	fork := vaulttest.NewMemory() // another history of the same vault, under the same keys
	copyTo(t, memory, fork)
	create(t, s, "two", "2")
	forked := s.Another(t, fork)
	forked.Clock.Add(time.Hour)
	create(t, forked, "two, otherwise", "2")
	create(t, forked, "three", "3")

	mixed := s.Another(t, memory)
	names(t, mixed, s.Founding)
	page, _, err := fork.Tail(t.Context(), vault.Entries, head(s, vault.Entries))
	if err != nil || len(page) != 1 {
		t.Fatalf("got %d records, %v", len(page), err)
	}
	if err := memory.Commit(t.Context(), vault.Transaction{ID: vaulttest.NewTxnID(), Put: page}); err != nil {
		t.Fatal(err)
	}
	if err := mixed.Log.CatchUp(t.Context()); !errors.Is(err, vault.Corrupt) {
		t.Errorf("got %v, want Corrupt", err)
	}
	report, err := journal.Verify(t.Context(), memory, s.Sealer)
	if err != nil || report.OK() {
		t.Errorf("verify: got %+v, %v; want the break named", report, err)
	}
}

func copyTo(t *testing.T, from, to vault.Store) {
	t.Helper()
	for _, table := range vault.Tables {
		page, _, err := from.Tail(t.Context(), table, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			if err := to.Commit(t.Context(), vault.Transaction{ID: vaulttest.NewTxnID(), Put: []vault.StoredRecord{r}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestLaw1AMissingPayloadIsLookedForOnceMore(t *testing.T) {
	s := scenario.New(t)
	id := create(t, s, "one", "1")
	view := &lens{Store: s.Store, hideSecrets: 1}
	if got, err := secretOf(t, s.Another(t, view), s.Founding, id); got != "1" || err != nil {
		t.Errorf("got %q, %v; want the secret at the second look", got, err)
	}
	view = &lens{Store: s.Store, hideSecrets: 100}
	if _, err := secretOf(t, s.Another(t, view), s.Founding, id); !errors.Is(err, vault.NotFound) {
		t.Errorf("got %v, want NotFound", err)
	}
}

// TestLaw2ARevokedReaderDoesNotSeeWhatWasStoredAfterwards is the anomaly that law 2 is there for: a grant is revoked, then a secret stored;
// a reader whose Query of the permissions comes back without the revocation must not answer with the secret.
func TestLaw2ARevokedReaderDoesNotSeeWhatWasStoredAfterwards(t *testing.T) {
	s := scenario.New(t)
	reader := s.AddUser(t, "reader", vault.NormalUser)
	create(t, s, "one", "1")
	grant := func(l vault.ProjectLevel) {
		s.Do(t, func(tx *vault.Tx) error {
			return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: reader.AdminID, Level: l}}})
		})
	}
	grant(vault.ProjectRead)
	view := &lens{Store: s.Store}
	other := s.Another(t, view)
	if got := fmt.Sprint(names(t, other, reader)); got != "[one]" {
		t.Fatalf("before: got %s", got)
	}
	grant(vault.ProjectNone)
	create(t, s, "for others only", "2")
	for _, reads := range []int{1, 100} { // shown late; not shown while the request lasts
		view.hide(vault.Permissions, head(s, vault.Permissions), reads)
		got, err := tryNames(t.Context(), other, reader)
		if slices.Contains(got, "for others only") || err != nil && !errors.Is(err, vault.Busy) {
			t.Errorf("hidden for %d reads: the revoked reader sees %v, %v", reads, got, err)
		}
	}
}

// TestLaw2TransactionsShownInParts lets a process look at every moment at which a transaction over both journals and a secret is partly visible.
func TestLaw2TransactionsShownInParts(t *testing.T) {
	for seed := range uint64(20) {
		memory := vaulttest.NewMemory()
		writerView := vaulttest.NewFaulty(memory, seed)
		s := scenario.On(t, writerView)
		create(t, s, "one", "1")
		other := s.Another(t, writerView.Share(memory.Open(), seed+100))
		looks := 0
		writerView.ShowInParts(func(int) {
			looks++
			err := other.Log.CatchUp(t.Context())
			other.Log.Read(func(state *vault.State) {
				h := state.Heads()
				if h.Entries.Seq >= 3 != (h.Permissions.Seq >= 2) {
					t.Errorf("seed %d: one half of a transaction: %d, %d", seed, h.Entries.Seq, h.Permissions.Seq)
				}
			})
			if err != nil {
				t.Errorf("seed %d: a look during a commit: %v", seed, err)
			}
		})
		s.Do(t, func(tx *vault.Tx) error {
			if _, err := tx.CreateEntry(vault.Entry{Name: "two", Project: 1}, vault.Payload{Password: vault.NewSecret("2")}); err != nil {
				return err
			}
			return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectRead})
		})
		if looks == 0 {
			t.Fatal("the store did not show the transaction in parts")
		}
	}
}

func TestLaw3NoRecordNoSecret(t *testing.T) {
	s := scenario.New(t)
	id := create(t, s, "one", "1")
	broken := &lens{Store: s.Store, beforeAccess: func([]vault.StoredAccess) error { return errors.New("the table is gone") }}
	for _, warm := range []bool{false, true} {
		other := s.Another(t, broken)
		if warm {
			names(t, other, s.Founding)
		}
		if got, err := secretOf(t, other, s.Founding, id); err == nil || got != "" {
			t.Errorf("warm %v: got %q, %v; want no secret without its record", warm, got, err)
		}
	}
}

func TestLaw3TheRecordNamesPrincipalEntryAndVersion(t *testing.T) {
	s := scenario.New(t)
	id := create(t, s, "one", "1")
	if got, err := secretOf(t, s, s.Founding, id); got != "1" || err != nil {
		t.Fatal(got, err)
	}
	s.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(id, vault.NewSecret("2")) })
	if got, err := secretOf(t, s, s.Founding, id); got != "2" || err != nil {
		t.Fatal(got, err)
	}
	got := accesses(t, s)
	want := []string{"user 1 entry 1 version 1", "user 1 entry 1 version 2"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// accesses renders the hour's access records in the order of their numbers.
func accesses(t *testing.T, s *scenario.System) []string {
	t.Helper()
	records, err := s.Log.Accesses(t.Context(), vault.HourOf(s.Clock.Now()), "")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(records, func(a, b *vault.AccessRecord) int { return int(a.Number) - int(b.Number) })
	out := []string{}
	for _, a := range records {
		for _, k := range a.Secrets {
			text := fmt.Sprintf("user %d entry %d version %d", a.User, k.Entry, k.Version)
			if a.Withheld {
				text += " withheld"
			}
			out = append(out, text)
		}
	}
	return out
}

// TestLaw3AWrongGuessIsFollowedByARecordThatSaysSo: a warm process guesses that its caller may read the entry; meanwhile the grant was revoked.
func TestLaw3AWrongGuessIsFollowedByARecordThatSaysSo(t *testing.T) {
	s := scenario.New(t)
	reader := s.AddUser(t, "reader", vault.NormalUser)
	id := create(t, s, "one", "1")
	s.Do(t, func(tx *vault.Tx) error {
		return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectRead})
	})
	other := s.Another(t, s.Store)
	names(t, other, reader)
	s.Do(t, func(tx *vault.Tx) error {
		return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectNone})
	})
	if got, err := secretOf(t, other, reader, id); !errors.Is(err, vault.NotFound) || got != "" {
		t.Errorf("got %q, %v; want NotFound", got, err)
	}
	want := fmt.Sprintf("[user %d entry 1 version 1 user %[1]d entry 1 version 1 withheld]", reader.AdminID)
	if got := fmt.Sprint(accesses(t, s)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestLaw3WhatBecameNewIsRecordedFirst: a warm process guesses version 1; meanwhile version 2 was written.
func TestLaw3WhatBecameNewIsRecordedFirst(t *testing.T) {
	s := scenario.New(t)
	id := create(t, s, "one", "1")
	other := s.Another(t, s.Store)
	names(t, other, s.Founding)
	s.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(id, vault.NewSecret("2")) })
	if got, err := secretOf(t, other, s.Founding, id); got != "2" || err != nil {
		t.Errorf("got %q, %v; want the new secret", got, err)
	}
	want := "[user 1 entry 1 version 1 user 1 entry 1 version 2 user 1 entry 1 version 1 withheld]"
	if got := fmt.Sprint(accesses(t, s)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLaw3NothingIsGuessedForAnUnknownCaller(t *testing.T) {
	s := scenario.New(t)
	id := create(t, s, "one", "1")
	nobody := &auth.Founding{SysPass: auth.SysPassToken{AuthToken: "no such token"}}
	if _, err := secretOf(t, s, nobody, id); !errors.Is(err, vault.Unauthenticated) {
		t.Errorf("got %v, want Unauthenticated", err)
	}
	if got := accesses(t, s); len(got) > 0 {
		t.Errorf("got %v, want no record", got)
	}
}

// TestLaw4ARequestSharesOnlyALaterCatchUp: a second caller comes while a catch-up is under way; what was committed before it came must
// show, though the catch-up under way read too early to see it.
func TestLaw4ARequestSharesOnlyALaterCatchUp(t *testing.T) {
	s := scenario.New(t)
	create(t, s, "one", "1")
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	view := &lateLens{Store: s.Store, afterTail: func() { once.Do(func() { close(started); <-release }) }}
	other := s.Another(t, view)
	var first sync.WaitGroup
	first.Go(func() { _ = other.Log.CatchUp(t.Context()) })
	<-started
	create(t, s, "two", "2")
	go func() { time.Sleep(20 * time.Millisecond); close(release) }()
	if got, want := fmt.Sprint(names(t, other, s.Founding)), "[one two]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	first.Wait()
}

// lateLens calls afterTail when a read has its answer and has not returned it yet.
type lateLens struct {
	vault.Store
	afterTail func()
}

func (l *lateLens) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	page, more, err := l.Store.Tail(ctx, t, after)
	if t == vault.Entries {
		l.afterTail()
	}
	return page, more, err
}

func TestLaw4CallersThatWaitShareACatchUp(t *testing.T) {
	s := scenario.New(t)
	view := &lens{Store: s.Store, beforeTail: func(vault.Table) { time.Sleep(10 * time.Millisecond) }}
	other := s.Another(t, view)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := other.Log.CatchUp(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := view.tails.Load(); got > 20 {
		t.Errorf("50 callers made %d queries", got)
	}
}

func TestLaw4AThrottledReadIsBusyNeverStale(t *testing.T) {
	s := scenario.New(t)
	faulty := vaulttest.NewFaulty(s.Store, 1)
	other := s.Another(t, faulty)
	names(t, other, s.Founding)
	faulty.Throttle(vaulttest.Tail, 1<<30)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := vault.View(ctx, other.Vault, as(s.Founding, list), func(*vault.Reader) (int, error) { return 1, nil })
	if !errors.Is(err, vault.Busy) {
		t.Errorf("got %v, want Busy", err)
	}
}

// working returns the goroutines that are in code of this project, by their ids. A goroutine whose function has returned may be counted by runtime.NumGoroutine a while
// longer: it is not among these, since nothing of the project is on its stack.
func working() map[string]string {
	text := make([]byte, 1<<20)
	all := map[string]string{}
	for g := range strings.SplitSeq(string(text[:runtime.Stack(text, true)]), "\n\n") {
		calls, _, _ := strings.Cut(g, "\ncreated by ")
		if id, _, _ := strings.Cut(g, " ["); strings.Contains(calls, "\ntresor/") {
			all[id] = g
		}
	}
	return all
}

func TestLaw8NothingOutlivesTheCall(t *testing.T) {
	s := scenario.New(t)
	id := create(t, s, "one", "1")
	view := &lens{Store: s.Store, beforeTail: func(vault.Table) { time.Sleep(30 * time.Millisecond) }}
	view.beforeAccess = func([]vault.StoredAccess) error { time.Sleep(30 * time.Millisecond); return nil }
	other := s.Another(t, view)
	_ = other.Log.CatchUp(t.Context())
	before := working()
	check := func() (outlive []string) {
		for id, g := range working() {
			if before[id] == "" {
				outlive = append(outlive, g)
			}
		}
		return outlive
	}
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		_, _ = vault.View(ctx, other.Vault, as(s.Founding, reveal), func(r *vault.Reader) (string, error) {
			p, err := r.Reveal(id)
			return p.Password.Reveal(), err
		})
		cancel()
		if n := view.inFlight.Load(); n != 0 {
			t.Errorf("%d store calls go on after the answer", n)
		}
		for _, g := range check() {
			t.Errorf("it goes on after the answer: %s", g)
		}
	}
	var wg sync.WaitGroup
	asked := make(chan struct{})
	wg.Go(func() { close(asked); _, _, _ = view.Tail(t.Context(), vault.Entries, 0) })
	<-asked
	if len(check()) != 1 {
		t.Error("a call that goes on would not be seen")
	}
	wg.Wait()
}

func TestLaw10IdsAreNeverGivenAgain(t *testing.T) {
	s := scenario.New(t)
	first := create(t, s, "one", "1")
	s.Do(t, func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{first}, false); return err })
	if second := create(t, s.Another(t, s.Store), "two", "2"); second != first+1 {
		t.Errorf("got %d after %d", second, first)
	}
}

func TestLaw18ClosedHoursVerifyAndATamperedOneIsNamed(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	id := create(t, s, "one", "1")
	for range 3 {
		if _, err := secretOf(t, s, s.Founding, id); err != nil {
			t.Fatal(err)
		}
	}
	hour := vault.HourOf(s.Clock.Now())
	s.Clock.Add(2 * time.Hour)
	sum, err := s.Log.SummariseHour(t.Context(), hour)
	if err != nil || sum.Records != 3 || len(sum.Reveals) != 1 || sum.Reveals[0].Count != 3 {
		t.Fatalf("got %+v, %v", sum, err)
	}
	s.Do(t, func(tx *vault.Tx) error { return tx.CloseHour(sum) })
	report, err := journal.Verify(t.Context(), memory, s.Sealer)
	if err != nil || !report.OK() || report.Hours != 1 || report.Accesses != 3 {
		t.Fatalf("got %+v, %v", report, err)
	}
	for _, missing := range []int{0, 1, 2} {
		cut := &cutAccess{Store: memory, missing: missing}
		if report, err = journal.Verify(t.Context(), cut, s.Sealer); err != nil || report.OK() {
			t.Errorf("without record %d: got %+v, %v; want a problem", missing, report, err)
		}
	}
}

// cutAccess leaves out one access record of each hour.
type cutAccess struct {
	vault.Store
	missing int
}

func (c *cutAccess) AccessHour(ctx context.Context, h vault.Hour, after string) ([]vault.StoredAccess, error) {
	list, err := c.Store.AccessHour(ctx, h, after)
	return slices.Delete(list, c.missing, c.missing+1), err
}
