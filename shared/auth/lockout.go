package auth

import (
	"context"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"tresor/shared/vault"
)

// Lockout refuses addresses from which too many calls failed: ten in 600 seconds, until there were fewer in the last 600 seconds (sysPass
// 1.8). It is for credentials that need no slow check, where asking the store before each call would cost more than the call: the
// store is asked only when one fails. So an address that failed in other processes is found out at its first failure in this one. An
// address that is refused is refused from memory, and each refused call counts as a failure.
type Lockout struct {
	service *Service
	name    string

	mu      sync.Mutex
	sources map[netip.Addr][]time.Time // the newest failures, at most maxFailures of each
}

// Lockout returns a lockout with its own memory; name tells the services apart in the store.
func (s *Service) Lockout(name string) *Lockout {
	return &Lockout{service: s, name: name, sources: map[netip.Addr][]time.Time{}}
}

// maxSources bounds the memory of a Lockout.
const maxSources = 10000

// Locked reports whether calls from source are refused, and counts this one if they are.
func (l *Lockout) Locked(source netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.recent(source)) < maxFailures {
		return false
	}
	l.note(source, 1)
	return true
}

// Failed counts a failure. Errors: Throttled, if there were too many before it; those of the store.
func (l *Lockout) Failed(ctx context.Context, source netip.Addr) error {
	now := l.service.now()
	window := now.Unix() / int64(failureWindow/time.Second)
	key := attemptKey("lockout", l.name, source.String(), strconv.FormatInt(window, 10))
	n, err := l.service.attempts.AddAttempts(ctx, key, 1, now, now.Add(failureWindow))
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.recent(source))
	l.note(source, 1)
	if n >= maxFailures && before+1 < maxFailures { // the others were counted elsewhere
		l.note(source, maxFailures)
	}
	if n > maxFailures || before >= maxFailures {
		return &vault.Error{Kind: vault.Throttled, Msg: "too many failed attempts"}
	}
	return nil
}

// recent returns the failures of the last failureWindow. The caller holds the mutex.
func (l *Lockout) recent(source netip.Addr) []time.Time {
	list := l.sources[source]
	oldest := l.service.now().Add(-failureWindow)
	for len(list) > 0 && list[0].Before(oldest) {
		list = list[1:]
	}
	return list
}

// note adds failures that happen now. The caller holds the mutex.
func (l *Lockout) note(source netip.Addr, times int) {
	list := l.recent(source)
	for range times {
		list = append(list, l.service.now())
	}
	if l.sources[source] == nil && len(l.sources) >= maxSources {
		l.forget()
	}
	l.sources[source] = append([]time.Time(nil), list[max(0, len(list)-maxFailures):]...)
}

// forget makes room: what is over goes, and everything if nothing is.
func (l *Lockout) forget() {
	for source := range l.sources {
		if len(l.recent(source)) == 0 {
			delete(l.sources, source)
		}
	}
	if len(l.sources) >= maxSources {
		clear(l.sources)
	}
}
