package journal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// withTwoSecrets makes an entry with a password and an encrypted field.
func withTwoSecrets(t *testing.T, s *scenario.System) (id vault.EntryID) {
	t.Helper()
	create(t, s, "first", "x")
	s.Do(t, func(tx *vault.Tx) (err error) {
		id, err = tx.CreateEntry(vault.Entry{Name: "e", Project: 1, Manager: 1, Fields: []vault.CustomField{{Number: 1, Type: vault.FieldPassword}}},
			vault.Payload{Password: vault.NewSecret("keep me"), Fields: map[uint8]vault.Secret{1: vault.NewSecret("pin")}})
		return err
	})
	return id
}

// TestLaw1AnUpdateNeverTakesAMissingPayloadForAnEmptyOne: it changes one secret of a payload that is not visible yet, or not there.
func TestLaw1AnUpdateNeverTakesAMissingPayloadForAnEmptyOne(t *testing.T) {
	for reads, want := range map[int]vault.Kind{1: vault.Internal, 100: vault.NotFound} {
		s := scenario.New(t)
		id := withTwoSecrets(t, s)
		view := &lens{Store: s.Store, hideSecrets: reads}
		other := s.Another(t, view)
		_, err := vault.Update(t.Context(), other.Vault, as(s.Founding, write), func(tx *vault.Tx) (int, error) {
			return 0, tx.SetSecrets(id, nil, map[uint8]vault.Secret{1: vault.NewSecret("new pin")})
		})
		if want == vault.Internal && err != nil || want != vault.Internal && !errors.Is(err, want) {
			t.Errorf("hidden for %d reads: got %v, want %v", reads, err, want)
		}
		if got, err := secretOf(t, s, s.Founding, id); got != "keep me" || err != nil {
			t.Errorf("hidden for %d reads: the password is now %q, %v", reads, got, err)
		}
	}
}

func TestAPanicIsItsCallersFailureAndStopsNobody(t *testing.T) {
	s, f := faulty(t, 1)
	f.Delay(vaulttest.Commit, 1, 100*time.Millisecond)
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = tryCreate(t.Context(), s, "holds the turn", "x") })
	time.Sleep(30 * time.Millisecond)
	var panicked, beside error
	wg.Go(func() {
		_, panicked = vault.Update(t.Context(), s.Vault, as(s.Founding, write), func(*vault.Tx) (int, error) { panic("canary") })
	})
	wg.Go(func() { _, beside = tryCreate(t.Context(), s, "beside", "x") })
	wg.Wait()
	if panicked == nil || vault.KindOf(panicked) != vault.Internal || strings.Contains(panicked.Error(), "canary") || !strings.Contains(panicked.Error(), "trouble_test.go") {
		t.Errorf("got %v, want an internal error that names the place and not the value", panicked)
	}
	if beside != nil {
		t.Errorf("in the same batch: %v", beside)
	}
	create(t, s, "afterwards", "x")
}

func TestLaw9ALargeUpdateDoesNotFailThoseItWaitsWith(t *testing.T) {
	s, f := faulty(t, 1)
	f.Delay(vaulttest.Commit, 1, 200*time.Millisecond)
	many := func(n, size int) func(*vault.Tx) (int, error) {
		return func(tx *vault.Tx) (int, error) {
			for range n {
				if _, err := tx.CreateEntry(vault.Entry{Name: "bulk", Project: 1, Notes: random(size)}, vault.Payload{Password: vault.NewSecret("b")}); err != nil {
					return 0, err
				}
			}
			return 0, nil
		}
	}
	var wg sync.WaitGroup
	errs := make([]error, 9)
	wg.Go(func() { _, errs[0] = tryCreate(t.Context(), s, "holds the turn", "1") })
	time.Sleep(60 * time.Millisecond)
	for i, n := range []int{1, 1, 95, 1, 90} {
		wg.Go(func() { _, errs[i+1] = vault.Update(t.Context(), s.Vault, as(s.Founding, write), many(n, 10)) })
		time.Sleep(5 * time.Millisecond)
	}
	for i := range 3 { // each fits a record by itself, and two do not
		wg.Go(func() { _, errs[i+6] = vault.Update(t.Context(), s.Vault, as(s.Founding, write), many(1, 240<<10)) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("update %d: %v", i, err)
		}
	}
}

func random(n int) string {
	b := make([]byte, n)
	seed := uint32(n) + 1
	for i := range b {
		seed = seed*1664525 + 1013904223
		b[i] = 'a' + byte(seed>>24)%26
	}
	return string(b)
}

// TestNumbersOfRecordsThatCouldNotBeWrittenAreExcused: also when the record that would have said so could not be written, either.
func TestNumbersOfRecordsThatCouldNotBeWrittenAreExcused(t *testing.T) {
	s, f := faulty(t, 1)
	for _, failures := range []int{0, 1, 3, 1100} {
		f.FailAccess(failures)
		for range failures {
			if _, err := secretOf(t, s, s.Founding, 1); err == nil {
				t.Fatal("no error")
			}
		}
		if _, err := secretOf(t, s, s.Founding, 1); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := s.Log.SummariseHour(t.Context(), vault.HourOf(s.Clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	s.Do(t, func(tx *vault.Tx) error { return tx.CloseHour(sum) })
	report, err := journal.Verify(t.Context(), s.Store, s.Sealer)
	if err != nil || !report.OK() || report.Accesses != 4 {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestLaw3WhatWasRecordedForAFailedReadIsWithdrawn(t *testing.T) {
	s := scenario.New(t)
	id := create(t, s, "one", "1")
	failing := s.Another(t, &brokenTail{Store: s.Store, works: 2})
	names(t, failing, s.Founding)
	if got, err := secretOf(t, failing, s.Founding, id); err == nil || got != "" {
		t.Errorf("got %q, %v; want an error", got, err)
	}
	want := "[user 1 entry 1 version 1 user 1 entry 1 version 1 withheld]"
	if got := fmt.Sprint(accesses(t, s)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// brokenTail fails all reads of the journals after some.
type brokenTail struct {
	vault.Store
	mu    sync.Mutex
	works int
}

func (b *brokenTail) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.works--; b.works < 0 {
		return nil, false, errors.New("the table is gone")
	}
	return b.Store.Tail(ctx, t, after)
}

// TestLaw4AShortDeadlineIsNobodyElses: those who share a catch-up with a caller that has little time do not fail with it.
func TestLaw4AShortDeadlineIsNobodyElses(t *testing.T) {
	s, f := faulty(t, 1)
	f.Delay(vaulttest.Tail, 200, 100*time.Millisecond)
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Log.CatchUp(t.Context()) }) // holds the turn
	time.Sleep(30 * time.Millisecond)
	short, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer cancel()
	wg.Go(func() { _ = s.Log.CatchUp(short) }) // waits for it, and then has too little
	time.Sleep(10 * time.Millisecond)
	for range 5 {
		wg.Go(func() {
			if err := s.Log.CatchUp(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestCorruptionIsMetByEveryRequest: a record that was written on another history is not applied, and not only refused once.
func TestCorruptionIsMetByEveryRequest(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	create(t, s, "one", "1")
	fork := vaulttest.NewMemory()
	copyTo(t, memory, fork)
	forked := s.Another(t, fork)
	s.Do(t, func(tx *vault.Tx) error { return tx.SetSetting("a", "1") })
	forked.Do(t, func(tx *vault.Tx) error { return tx.SetSetting("a", "2") })
	create(t, forked, "crossed", "1")
	page, _, err := fork.Tail(t.Context(), vault.Entries, head(s, vault.Entries))
	if err != nil {
		t.Fatal(err)
	}
	warm := s.Another(t, memory)
	names(t, warm, s.Founding)
	if err := memory.Commit(t.Context(), vault.Transaction{ID: vaulttest.NewTxnID(), Put: page}); err != nil {
		t.Fatal(err)
	}
	for name, process := range map[string]*scenario.System{"warm": warm, "cold": s.Another(t, memory)} {
		for range 3 {
			if err := process.Log.CatchUp(t.Context()); !errors.Is(err, vault.Corrupt) {
				t.Errorf("%s: got %v, want Corrupt", name, err)
			}
		}
	}
}

// gate is a store that calls before each commit.
type gate struct {
	vault.Store
	n      int // commits begun; those of one process come one after the other
	before func(n int)
}

func (g *gate) Commit(ctx context.Context, tx vault.Transaction) error {
	g.n++
	g.before(g.n)
	return g.Store.Commit(ctx, tx)
}

// TestWhatNobodyWaitsForIsNotCarriedOutLater: an update that was taken, did not fit, and was put back after its caller had left.
func TestWhatNobodyWaitsForIsNotCarriedOutLater(t *testing.T) {
	memory := vaulttest.NewMemory()
	founded := scenario.On(t, memory)
	create(t, founded, "first", "1")
	store := &gate{Store: memory.Open()}
	s := founded.Another(t, store)
	runs := 0 // of two's function, by whoever has the turn
	bulk := func(ctx context.Context, name string) error {
		_, err := vault.Update(ctx, s.Vault, as(s.Founding, write), func(tx *vault.Tx) (int, error) {
			if name == "two" {
				runs++
			}
			for range 60 {
				if _, err := tx.CreateEntry(vault.Entry{Name: name, Project: 1}, vault.Payload{Password: vault.NewSecret("b")}); err != nil {
					return 0, err
				}
			}
			return 0, nil
		})
		return err
	}
	leaving, leave := context.WithCancel(t.Context())
	defer leave()
	var others sync.WaitGroup
	left := make(chan error, 1)
	store.before = func(n int) {
		switch n {
		case 1: // of what holds the turn: the others come, in this order, and wait for it
			others.Go(func() {
				if err := bulk(t.Context(), "one"); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(100 * time.Millisecond)
			others.Go(func() { left <- bulk(leaving, "two") })
			time.Sleep(200 * time.Millisecond)
		case 2: // of the first of them, beside which the second did not fit
			leave()
			if err := <-left; err == nil {
				t.Error("no error for a caller that left")
			}
		}
	}
	create(t, s, "holds the turn", "x")
	others.Wait()
	if runs == 0 || store.n != 2 {
		t.Errorf("the second update was never taken: %d runs, %d commits", runs, store.n)
	}
	create(t, s, "much later", "x")
	if n := count(t, s, "two"); n != 0 || count(t, s, "one") != 60 {
		t.Errorf("an unrelated update carried it out: %d entries", n)
	}
}

// TestWhatPacksWellIsLimitedToo: otherwise a record could be written that no replica can take in.
func TestWhatPacksWellIsLimitedToo(t *testing.T) {
	s, _ := faulty(t, 1)
	_, err := vault.Update(t.Context(), s.Vault, scenario.Operator(), func(tx *vault.Tx) (int, error) {
		for i := range 8 {
			if _, err := tx.CreateEntry(vault.Entry{Name: fmt.Sprint(i), Project: 1, Notes: strings.Repeat("a", 9<<20)}, vault.Payload{}); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	if !errors.Is(err, vault.TooLarge) {
		t.Errorf("got %v, want TooLarge", err)
	}
	names(t, s.Another(t, s.Store), s.Founding)
}

// oneDamaged is a store with one payload that does not open.
type oneDamaged struct {
	vault.Store
	key vault.SecretKey
}

func (d *oneDamaged) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	found, err := d.Store.Secrets(ctx, keys)
	if _, ok := found[d.key]; ok {
		found[d.key] = []byte("damaged")
	}
	return found, err
}

func TestADamagedPayloadFailsOnlyThoseWhoNeedIt(t *testing.T) {
	s0 := scenario.New(t)
	id := withTwoSecrets(t, s0)
	f := vaulttest.NewFaulty(s0.Store, 1)
	s := s0.Another(t, &oneDamaged{f, vault.SecretKey{Entry: id, Version: 1}})
	f.Delay(vaulttest.Commit, 1, 150*time.Millisecond)
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = tryCreate(t.Context(), s, "holds the turn", "x") })
	time.Sleep(50 * time.Millisecond)
	for i := range 3 {
		wg.Go(func() {
			if _, err := tryCreate(t.Context(), s, fmt.Sprint("beside ", i), "x"); err != nil {
				t.Errorf("in the same batch: %v", err)
			}
		})
	}
	wg.Go(func() {
		_, err := vault.Update(t.Context(), s.Vault, as(s.Founding, write), func(tx *vault.Tx) (int, error) {
			return 0, tx.SetSecrets(id, nil, map[uint8]vault.Secret{1: vault.NewSecret("p")})
		})
		if !errors.Is(err, vault.Corrupt) {
			t.Errorf("got %v, want Corrupt", err)
		}
	})
	wg.Wait()
}

// TestChangingSomeSecretsKeepsTheOthers: whichever they are, and whether or not their field is still defined.
func TestChangingSomeSecretsKeepsTheOthers(t *testing.T) {
	s := scenario.New(t)
	id := withTwoSecrets(t, s)
	two := vault.NewSecret("two")
	for _, step := range []struct {
		name, want string
		do         func(*vault.Tx) error
	}{
		{"nothing", "keep me pin", func(tx *vault.Tx) error { return tx.SetSecrets(id, nil, nil) }},
		{"the field", "keep me three", func(tx *vault.Tx) error {
			return tx.SetSecrets(id, nil, map[uint8]vault.Secret{1: vault.NewSecret("three")})
		}},
		{"the field's definition", "keep me three", func(tx *vault.Tx) error {
			return tx.EditEntry(id, func(e *vault.Entry) error { e.Fields = nil; return nil })
		}},
		{"the password", "two three", func(tx *vault.Tx) error { return tx.SetSecrets(id, &two, nil) }},
		{"the password again", "new three", func(tx *vault.Tx) error { return tx.SetPassword(id, vault.NewSecret("new")) }},
		{"nothing again", "new three", func(tx *vault.Tx) error { return tx.SetSecrets(id, nil, nil) }},
	} {
		s.Another(t, s.Store).Do(t, step.do)
		got, err := vault.View(t.Context(), s.Vault, as(s.Founding, reveal), func(r *vault.Reader) (string, error) {
			p, err := r.Reveal(id)
			return p.Password.Reveal() + " " + p.Fields[1].Reveal(), err
		})
		if got != step.want || err != nil {
			t.Errorf("after %s: got %q, %v; want %q", step.name, got, err, step.want)
		}
	}
}
