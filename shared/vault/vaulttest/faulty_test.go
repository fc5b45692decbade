package vaulttest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

func TestFaultyWithoutFaults(t *testing.T) {
	open := memories()
	vaulttest.RunStore(t, func(_ *testing.T, name string) vault.Store { return vaulttest.NewFaulty(open(name), 1) })
}

// TestFaultyInParts: what the suite asks for is what read-committed reads and throttling leave standing.
func TestFaultyInParts(t *testing.T) {
	open := memories()
	faulty := map[string]*vaulttest.Faulty{}
	vaulttest.RunStore(t, locked(func(name string) vault.Store {
		f := vaulttest.NewFaulty(open(name), 1)
		if first := faulty[name]; first != nil {
			f = first.Share(open(name), uint64(len(faulty)))
		} else {
			faulty[name] = f
			f.ShowInParts(vaulttest.Jitter(100 * time.Microsecond))
		}
		f.SetChaos(vaulttest.Chaos{Throttle: 0.05, MaxDelay: 100 * time.Microsecond})
		return f
	}))
}

func newFaulty() (*vaulttest.Memory, *vaulttest.Faulty) {
	m := vaulttest.NewMemory()
	return m, vaulttest.NewFaulty(m.Open(), 42)
}

func transaction(n vault.Seq) vault.Transaction {
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, n, 100))
	tx.PutSecrets = []vault.StoredSecret{vaulttest.NewSecret(vault.EntryID(n), 1, 50)}
	return tx
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func wantRecords(t *testing.T, s vault.Store, want ...vault.TxnID) {
	t.Helper()
	records, more, err := s.Tail(t.Context(), vault.Entries, 0)
	if err != nil || more || len(records) != len(want) {
		t.Fatalf("got %d records, more %v, %v, want %d", len(records), more, err, len(want))
	}
	for i, r := range records {
		if r.Txn != want[i] {
			t.Errorf("record %d: got transaction %s, want %s", r.Seq, r.Txn, want[i])
		}
	}
}

func TestLoseAnswer(t *testing.T) {
	m, f := newFaulty()
	a, b := transaction(1), transaction(2)
	f.LoseAnswer(1)
	wantErr(t, f.Commit(t.Context(), a), vault.Undecided)
	wantRecords(t, m, a.ID)
	wantErr(t, f.Commit(t.Context(), a), vault.Conflict) // with our own record
	wantErr(t, f.Commit(t.Context(), b), nil)
	wantRecords(t, m, a.ID, b.ID)

	late := transaction(2)
	f.LoseAnswer(1)
	wantErr(t, f.Commit(t.Context(), late), vault.Undecided) // the answer that got lost was a conflict
	wantRecords(t, m, a.ID, b.ID)
}

func TestLoseRequest(t *testing.T) {
	m, f := newFaulty()
	a := transaction(1)
	f.LoseRequest(2)
	wantErr(t, f.Commit(t.Context(), a), vault.Undecided)
	wantErr(t, f.Commit(t.Context(), a), vault.Undecided)
	wantRecords(t, m)
	wantErr(t, f.Commit(t.Context(), a), nil)
	wantRecords(t, m, a.ID)
}

func TestHold(t *testing.T) {
	m, f := newFaulty()
	a, b := transaction(1), transaction(2)
	f.Hold(2)
	wantErr(t, f.Commit(t.Context(), a), vault.Undecided)
	wantErr(t, f.Commit(t.Context(), b), vault.Undecided)
	wantRecords(t, m)
	other := transaction(2)
	wantErr(t, f.Commit(t.Context(), other), nil) // another is faster
	results := f.Land(t.Context())
	if len(results) != 2 {
		t.Fatalf("got %d results, want 2", len(results))
	}
	wantErr(t, results[0], nil)
	wantErr(t, results[1], vault.Conflict)
	wantRecords(t, m, a.ID, other.ID)
	if again := f.Land(t.Context()); len(again) != 0 {
		t.Errorf("got %d commits landed twice", len(again))
	}
}

func TestThrottle(t *testing.T) {
	m, f := newFaulty()
	now := time.Now()
	call := map[vaulttest.Method]func() error{
		vaulttest.Tail:        func() error { _, _, err := f.Tail(t.Context(), vault.Entries, 0); return err },
		vaulttest.Commit:      func() error { return f.Commit(t.Context(), transaction(1)) },
		vaulttest.Secrets:     func() error { _, err := f.Secrets(t.Context(), nil); return err },
		vaulttest.PutAccess:   func() error { return f.PutAccess(t.Context(), make([]vault.StoredAccess, 1)) },
		vaulttest.AccessHour:  func() error { _, err := f.AccessHour(t.Context(), 0, ""); return err },
		vaulttest.AddAttempts: func() error { _, err := f.AddAttempts(t.Context(), "k", 1, now, now.Add(time.Hour)); return err },
		vaulttest.Attempts:    func() error { _, err := f.Attempts(t.Context(), "k", now); return err },
		vaulttest.Marked:      func() error { _, err := f.Marked(t.Context(), vault.Hash{1}, now); return err },
		vaulttest.Keysets:     func() error { _, err := f.Keysets(t.Context()); return err },
	}
	for m := range call {
		f.Throttle(m, 2)
	}
	for method, c := range call {
		wantErr(t, c(), vault.Busy)
		wantErr(t, c(), vault.Busy)
		if got, want := f.Count(method), (vaulttest.Count{Calls: 2}); got != want {
			t.Errorf("%s: got %+v, want %+v", method, got, want)
		}
	}
	wantRecords(t, m)
	if n, err := m.Attempts(t.Context(), "k", now); n != 0 || err != nil {
		t.Errorf("got %d attempts, %v, want none", n, err)
	}
	for method, c := range call {
		if err := c(); err != nil {
			t.Errorf("%s: got %v after the throttling", method, err)
		}
	}
}

func TestFailAccess(t *testing.T) {
	m, f := newFaulty()
	record := vault.StoredAccess{Hour: 1, Shard: 1, ID: "01", Sealed: []byte("x")}
	f.FailAccess(1)
	err := f.PutAccess(t.Context(), []vault.StoredAccess{record})
	if err == nil || vault.KindOf(err) != vault.Internal {
		t.Errorf("got %v, want an internal error", err)
	}
	if all, err := m.AccessHour(t.Context(), 1, ""); len(all) != 0 || err != nil {
		t.Errorf("got %d access records, %v, want none", len(all), err)
	}
	if err := f.PutAccess(t.Context(), []vault.StoredAccess{record}); err != nil {
		t.Errorf("the next: got %v", err)
	}
}

func TestDelayEndsWithContext(t *testing.T) {
	m, f := newFaulty()
	f.Delay(vaulttest.Commit, 1, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	wantErr(t, f.Commit(ctx, transaction(1)), context.DeadlineExceeded)
	wantRecords(t, m)

	f.Delay(vaulttest.Commit, 1, 20*time.Millisecond)
	start, a := time.Now(), transaction(1)
	wantErr(t, f.Commit(t.Context(), a), nil)
	if d := time.Since(start); d < 20*time.Millisecond {
		t.Errorf("got a commit after %v, want a delay of 20ms", d)
	}
	wantRecords(t, m, a.ID)
}

func TestChaos(t *testing.T) {
	m, f := newFaulty()
	f.SetChaos(vaulttest.Chaos{LoseAnswer: 0.2, LoseRequest: 0.2, Hold: 0.2, Throttle: 0.2})
	got := map[vault.Kind]int{}
	ok := 0
	for n := vault.Seq(1); n <= 400; n++ {
		if err := f.Commit(t.Context(), transaction(n)); err != nil {
			got[vault.KindOf(err)]++
		} else {
			ok++
		}
	}
	if got[vault.Busy] < 40 || got[vault.Undecided] < 100 || ok < 50 || ok+got[vault.Busy]+got[vault.Undecided] != 400 {
		t.Errorf("got %d successes and %v", ok, got)
	}
	landed := len(f.Land(t.Context()))
	records, _, err := m.Tail(t.Context(), vault.Entries, 0)
	if err != nil || landed < 20 || len(records) <= ok+landed || len(records) >= ok+got[vault.Undecided] {
		t.Errorf("got %d records of %d successes, %d landed, %d undecided, %v", len(records), ok, landed, got[vault.Undecided], err)
	}
}
