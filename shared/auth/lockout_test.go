package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"tresor/shared/vault"
)

// attemptMap is a vault.AttemptStore: a map.
type attemptMap struct {
	counts map[string]int
	calls  int
	err    error
}

func (m *attemptMap) AddAttempts(_ context.Context, key string, delta int, _, _ time.Time) (int, error) {
	m.calls++
	if m.err == nil {
		m.counts[key] += delta
	}
	return m.counts[key], m.err
}

func (m *attemptMap) Attempts(_ context.Context, key string, _ time.Time) (int, error) {
	return m.counts[key], nil
}

type lockouts struct {
	*Lockout
	store *attemptMap
	now   time.Time
}

func newLockout(store *attemptMap) *lockouts {
	l := &lockouts{store: store, now: time.Unix(1_800_000_000, 0)} // the start of a window of the store's
	l.Lockout = (&Service{attempts: store, now: func() time.Time { return l.now }}).Lockout("test")
	return l
}

var here, there = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")

func TestLockout(t *testing.T) {
	l := newLockout(&attemptMap{counts: map[string]int{}})
	for i := range 10 {
		if l.Locked(here) {
			t.Fatalf("locked after %d failures", i)
		}
		if err := l.Failed(t.Context(), here); err != nil {
			t.Fatal(err)
		}
		l.now = l.now.Add(time.Second)
	}
	calls := l.store.calls
	if !l.Locked(here) || l.Locked(there) {
		t.Fatal("ten failures do not lock their address alone")
	}
	if l.store.calls != calls {
		t.Error("a refused call asked the store")
	}
	l.now = l.now.Add(592 * time.Second) // the first three of the eleven are over
	if l.Locked(here) {
		t.Error("locked although fewer than ten failures are recent")
	}
}

func TestHammeringExtendsALockout(t *testing.T) {
	l := newLockout(&attemptMap{counts: map[string]int{}})
	for range 10 {
		_ = l.Failed(t.Context(), here)
	}
	for range 30 {
		if !l.Locked(here) {
			t.Fatal("not locked any more")
		}
		l.now = l.now.Add(50 * time.Second)
	}
}

func TestSparseFailuresDoNotLock(t *testing.T) {
	l := newLockout(&attemptMap{counts: map[string]int{}})
	for range 100 {
		if err := l.Failed(t.Context(), here); err != nil || l.Locked(here) {
			t.Fatalf("locked: %v", err)
		}
		l.now = l.now.Add(70 * time.Second)
	}
}

func TestLockoutAcrossProcesses(t *testing.T) {
	store := &attemptMap{counts: map[string]int{}}
	first, second := newLockout(store), newLockout(store)
	for range 10 {
		if err := first.Failed(t.Context(), here); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.Failed(t.Context(), here); !errors.Is(err, vault.Throttled) {
		t.Errorf("got %v, want throttled", err)
	}
	if !second.Locked(here) {
		t.Error("the other process does not lock")
	}
	store.err = vault.Busy
	if err := second.Failed(t.Context(), there); !errors.Is(err, vault.Busy) {
		t.Errorf("got %v, want busy", err)
	}
}

func TestLockoutMemoryIsBounded(t *testing.T) {
	l := newLockout(&attemptMap{counts: map[string]int{}})
	for i := range maxSources + 10 {
		_ = l.Failed(t.Context(), netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i)))
	}
	if len(l.sources) > maxSources {
		t.Errorf("%d sources are remembered", len(l.sources))
	}
}
