package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"tresor/shared/vault"
)

// Lockout refuses the networks from which too many calls to a service failed: ten in 600 seconds, until there were fewer in the last 600
// seconds (sysPass 1.8). It is for credentials that need no slow check, where asking the store before each call would cost more than the
// call: failures are counted in the store, and the tenth journals the lockout, of which every process learns by the catch-up that its
// request makes anyway. A process that took part refuses from memory, and each call that it refuses counts as a failure.
type Lockout struct {
	service *Service
	name    string

	mu      sync.Mutex
	sources map[string][]time.Time // by network: the newest failures, at most maxFailures of each
}

// Lockout returns a lockout of a dialect's calls, with its own memory.
func (s *Service) Lockout(d vault.Dialect) *Lockout {
	return &Lockout{service: s, name: string(d), sources: map[string][]time.Time{}}
}

// maxSources bounds the memory of a Lockout.
const maxSources = 10000

// Locked reports whether calls from source are refused from this process's memory, and counts this one if they are.
func (l *Lockout) Locked(source netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.recent(network(source))) < maxFailures {
		return false
	}
	l.note(network(source))
	return true
}

// Guard returns an authenticator that answers Throttled while source is locked out, before the token is looked up, and otherwise what
// inner does.
func (l *Lockout) Guard(inner vault.Authenticator, source netip.Addr) vault.Authenticator {
	return guarded{inner, l.name, network(source), l.service.now()}
}

type guarded struct {
	vault.Authenticator
	service, source string
	now             time.Time
}

// Authenticate asks the state, which is caught up, and then inner.
func (g guarded) Authenticate(s *vault.State) (vault.UserID, *vault.Credential, error) {
	if s.LockedOut(g.service, g.source, g.now) {
		return 0, nil, errThrottled
	}
	return g.Authenticator.Authenticate(s)
}

var errThrottled = &vault.Error{Kind: vault.Throttled, Msg: "too many failed attempts"}

// Refused counts a call that was refused by its Guard: it is a failure like those that Locked refuses.
func (l *Lockout) Refused(source netip.Addr) { l.count(network(source)) }

// Failed counts a failure, and journals a lockout if it is one too many. Errors: Throttled, if there were too many before it; those of the
// store.
func (l *Lockout) Failed(ctx context.Context, source netip.Addr) error {
	from, now := network(source), l.service.now()
	window := now.Unix() / int64(failureWindow/time.Second)
	n, err := l.service.attempts.AddAttempts(ctx, attemptKey("lockout", l.name, from, strconv.FormatInt(window, 10)), 1, now, now.Add(failureWindow))
	n = max(n, l.count(from))
	if n >= maxFailures {
		err = errors.Join(err, l.journal(ctx, source, now))
	}
	if n <= maxFailures {
		return err
	}
	if err != nil { // the call is refused all the same
		slog.WarnContext(ctx, "a lockout may be known to this process alone", "err", err)
	}
	return errThrottled
}

// journal tells the other processes. It is recorded as tresor's own doing, from where the calls came.
func (l *Lockout) journal(ctx context.Context, source netip.Addr, now time.Time) error {
	req := vault.Request{Auth: vault.Operator{}, Source: source, Action: vault.Action{Dialect: vault.Dialect(l.name), Name: "lockout", Writes: true}}
	_, err := vault.Update(ctx, l.service.vault, req, func(t *vault.Tx) (struct{}, error) {
		return struct{}{}, t.LockOut(l.name, network(source), vault.StampOf(now.Add(failureWindow)))
	})
	return err
}

// count notes a failure and returns how many there were in the last failureWindow in this process, this one included; maxFailures + 1
// stands for any more.
func (l *Lockout) count(from string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.recent(from)) + 1
	l.note(from)
	return n
}

// recent returns the failures of the last failureWindow. The caller holds the mutex.
func (l *Lockout) recent(from string) []time.Time {
	list := l.sources[from]
	oldest := l.service.now().Add(-failureWindow)
	for len(list) > 0 && list[0].Before(oldest) {
		list = list[1:]
	}
	return list
}

// note adds a failure that happens now. The caller holds the mutex.
func (l *Lockout) note(from string) {
	list := append(l.recent(from), l.service.now())
	if l.sources[from] == nil && len(l.sources) >= maxSources {
		l.forget()
	}
	l.sources[from] = append([]time.Time(nil), list[max(0, len(list)-maxFailures):]...)
}

// forget makes room: what is over goes, and everything if nothing is.
func (l *Lockout) forget() {
	for from := range l.sources {
		if len(l.recent(from)) == 0 {
			delete(l.sources, from)
		}
	}
	if len(l.sources) >= maxSources {
		clear(l.sources)
	}
}
