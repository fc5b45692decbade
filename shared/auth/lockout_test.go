package auth_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// failed counts a failure of here, and checks the answer.
func failed(t *testing.T, l *auth.Lockout, want vault.Kind) {
	t.Helper()
	err := l.Failed(t.Context(), here)
	if want == vault.Internal && err != nil || want != vault.Internal && !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// startOfWindow puts the clock to where the store begins to count anew.
func startOfWindow(s *scenario.System) {
	const window = 10 * time.Minute
	s.Clock.Add(s.Clock.Now().Truncate(window).Add(window).Sub(s.Clock.Now()))
}

func TestLockout(t *testing.T) {
	f := vaulttest.NewFaulty(vaulttest.NewMemory().Open(), 1)
	s := scenario.On(t, f)
	l := s.Auth.Lockout("test")
	for i := range 10 {
		if l.Locked(here) {
			t.Fatalf("locked after %d failures", i)
		}
		failed(t, l, vault.Internal)
		s.Clock.Add(time.Second)
	}
	f.Reset()
	if !l.Locked(here) || l.Locked(there) {
		t.Fatal("ten failures do not lock their address alone")
	}
	if f.Total().Calls != 0 {
		t.Error("a refused call asked the store")
	}
	s.Clock.Add(592 * time.Second) // the first three of the eleven are over
	if l.Locked(here) {
		t.Error("locked although fewer than ten failures are recent")
	}
}

func TestHammeringExtendsALockout(t *testing.T) {
	s := scenario.New(t)
	l := s.Auth.Lockout("test")
	for range 10 {
		failed(t, l, vault.Internal)
	}
	for range 30 {
		if !l.Locked(here) {
			t.Fatal("not locked any more")
		}
		s.Clock.Add(50 * time.Second)
	}
}

func TestSparseFailuresDoNotLock(t *testing.T) {
	s := scenario.New(t)
	l := s.Auth.Lockout("test")
	token := l.Guard(auth.Token(s.Founding.SysPass.AuthToken), here)
	for range 100 {
		failed(t, l, vault.Internal)
		if _, err := who(t, s, token, sysRead); err != nil || l.Locked(here) {
			t.Fatalf("locked: %v", err)
		}
		s.Clock.Add(70 * time.Second)
	}
}

// TestALockoutHoldsInEveryProcess has another process, which saw no failure, refuse the address, and only that one, and only that service.
func TestALockoutHoldsInEveryProcess(t *testing.T) {
	s := scenario.New(t)
	startOfWindow(s)
	first, token := s.Auth.Lockout("test"), auth.Token(s.Founding.SysPass.AuthToken)
	for range 10 {
		failed(t, first, vault.Internal)
	}
	other := s.Another(t, s.Store)
	other.Clock.Add(s.Clock.Now().Sub(other.Clock.Now()))
	second := other.Auth.Lockout("test")
	for name, test := range map[string]struct {
		a    vault.Authenticator
		want error
	}{
		"the address":         {second.Guard(token, here), vault.Throttled},
		"an unknown token":    {second.Guard(auth.Token("x"), here), vault.Throttled},
		"mapped into IPv6":    {second.Guard(token, netip.AddrFrom16(here.As16())), vault.Throttled},
		"another address":     {second.Guard(token, there), nil},
		"another service":     {other.Auth.Lockout("other").Guard(token, here), nil},
		"without a guard":     {token, nil},
		"an unknown stranger": {second.Guard(auth.Token("x"), there), vault.Unauthenticated},
	} {
		if _, err := who(t, other, test.a, sysRead); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
	failed(t, second, vault.Throttled) // it is the eleventh in the store
	other.Clock.Add(601 * time.Second)
	if _, err := who(t, other, second.Guard(token, here), sysRead); err != nil || second.Locked(here) {
		t.Errorf("ten minutes later: got %v", err)
	}
}

// TestALockoutIsJournalledOnce has two processes find out, and both go on failing for a while.
func TestALockoutIsJournalledOnce(t *testing.T) {
	s := scenario.New(t)
	startOfWindow(s)
	other := s.Another(t, s.Store)
	other.Clock.Add(s.Clock.Now().Sub(other.Clock.Now()))
	first, second := s.Auth.Lockout("test"), other.Auth.Lockout("test")
	for range 10 {
		failed(t, first, vault.Internal)
	}
	before := heads(s)
	for range 20 {
		failed(t, first, vault.Throttled)
		failed(t, second, vault.Throttled)
		s.Clock.Add(time.Second)
		other.Clock.Add(time.Second)
	}
	if err := s.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := heads(s); after != before {
		t.Errorf("the journal went on from %v to %v", before, after)
	}
}

// TestLockoutsAreFewAndForgotten has very many networks fail: the journal and the state hold a bounded number of them.
func TestLockoutsAreFewAndForgotten(t *testing.T) {
	s := scenario.New(t)
	lockOut := func(i int) {
		s.Do(t, func(tx *vault.Tx) error {
			return tx.LockOut("test", fmt.Sprint("network ", i), vault.StampOf(s.Clock.Now().Add(10*time.Minute)))
		})
	}
	locked := func(i int) (is bool) {
		s.Vault.Peek(func(state *vault.State) { is = state.LockedOut("test", fmt.Sprint("network ", i), s.Clock.Now()) })
		return is
	}
	for i := range 120 {
		lockOut(i)
	}
	if !locked(0) || !locked(99) || locked(100) || locked(119) {
		t.Error("not the first hundred are locked out")
	}
	for i := range 500 {
		s.Clock.Add(7 * time.Second)
		lockOut(1000 + i)
	}
	if !locked(1499) || locked(1000) || locked(0) {
		t.Error("not the latest are locked out")
	}
	replica := s.Another(t, s.Store)
	if err := replica.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	replica.Vault.Peek(func(state *vault.State) {
		if n := state.Lockouts(); n > 400 {
			t.Errorf("a replica holds %d lockouts", n)
		}
	})
}

func heads(s *scenario.System) (h vault.Heads) {
	s.Log.Read(func(state *vault.State) { h = state.Heads() })
	return h
}

func TestAnIPv6NetworkIsLockedOutWhole(t *testing.T) {
	s := scenario.New(t)
	startOfWindow(s)
	l := s.Auth.Lockout("test")
	for i := range 10 {
		if err := l.Failed(t.Context(), netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1))); err != nil {
			t.Fatal(err)
		}
	}
	if !l.Locked(netip.MustParseAddr("2001:db8::ffff")) || l.Locked(netip.MustParseAddr("2001:db8:0:1::1")) {
		t.Error("not the /64 alone is locked")
	}
}

// TestAFailureThatCannotBeCountedIsAnError breaks the store: the memory of the process counts all the same.
func TestAFailureThatCannotBeCountedIsAnError(t *testing.T) {
	f := vaulttest.NewFaulty(vaulttest.NewMemory().Open(), 1)
	s := scenario.On(t, f)
	l := s.Auth.Lockout("test")
	f.Throttle(vaulttest.AddAttempts, 9)
	for range 9 {
		failed(t, l, vault.Busy)
	}
	failed(t, l, vault.Internal)
	if !l.Locked(here) {
		t.Error("the memory does not lock")
	}
	if _, err := who(t, s, l.Guard(auth.Token(s.Founding.SysPass.AuthToken), here), sysRead); !errors.Is(err, vault.Throttled) {
		t.Errorf("it is not journalled: %v", err)
	}
}

func TestOnlyTheOperatorLocksOut(t *testing.T) {
	s := scenario.New(t)
	req := vault.Request{Auth: auth.Token(s.Founding.SysPass.AuthToken), Action: sysWrite}
	lockOut := func(until time.Duration) error {
		_, err := vault.Update(t.Context(), s.Vault, req, func(tx *vault.Tx) (int, error) {
			return 0, tx.LockOut("test", here.String(), vault.StampOf(s.Clock.Now().Add(until)))
		})
		return err
	}
	if err := lockOut(time.Hour); !errors.Is(err, vault.Forbidden) {
		t.Errorf("got %v, want Forbidden", err)
	}
	req.Auth = vault.Operator{}
	for _, until := range []time.Duration{0, -time.Second, 25 * time.Hour} {
		if err := lockOut(until); !errors.Is(err, vault.Invalid) {
			t.Errorf("until %s from now: got %v, want Invalid", until, err)
		}
	}
}
