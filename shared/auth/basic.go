package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"tresor/shared/vault"
)

// Limits of guessing passwords: this many failures of one user from one address within a window, and then a refusal until the next. Attempts that
// are not decided yet count too, up to the larger limit: many processes that start at once may all verify the same right password.
const (
	maxFailures  = 10
	maxUndecided = 100
	// maxNetworkFailures bounds the failures from one network with whatever names: each costs an argon2, and names are free.
	maxNetworkFailures = 300
	failureWindow      = 10 * time.Minute
)

// verifiedTTL is how long a password that was verified need not be verified again in this process, if nothing about it changed.
const verifiedTTL = 10 * time.Minute

// Basic verifies a username and password (TPM 1.5) and returns the authenticator for them. In a process where the same pair was verified
// before, from the same network, it needs no I/O and no argon2, until guesses at that user from there are refused: a right one among them would be told from the wrong.
// Otherwise an attempt is reserved before argon2 runs and given back on success, so that parallel guesses count too. An unknown user takes the same time and gives the same
// answer as a wrong password.
//
// Errors: Unauthenticated; Throttled (at once, never by sleeping); Busy and others from the store.
func (s *Service) Basic(ctx context.Context, username, password string, source netip.Addr) (vault.Authenticator, error) {
	a := &passwordAuth{service: s, caller: caller{vault.NameKey(username), network(source)}, username: username, password: vault.NewSecret(password)}
	if s.known(a) {
		return a, nil
	}
	return a, s.verify(ctx, a)
}

// passwordAuth authenticates by a password that was verified.
type passwordAuth struct {
	caller
	service  *Service
	username string
	password vault.Secret
	as       [32]byte    // what was verified
	was      *vault.User // whose password that was, then
}

// caller is whom a client says that it is, whatever the spelling, and the network that it calls from.
type caller struct{ name, from string }

// Authenticate finds the user and looks whether this password was verified against the hash that the user has now: a password that was
// changed meanwhile misses. One that was only put under another key does not: whoever has the right password is never refused for that.
func (a *passwordAuth) Authenticate(state *vault.State) (vault.UserID, *vault.Credential, error) {
	u := state.UserByName(a.username)
	if u == nil || len(u.Password) == 0 || a.memory(u) != a.as && !a.resealed(u) {
		return 0, nil, errUnknown
	}
	return u.ID, nil, nil
}

// resealed reports whether the hash that the user has is the one that was verified, sealed anew. The memory is of sealed bytes all the same: opening them for each request
// would cost more, and a version alone may mean another password after a vault went back to an earlier point.
func (a *passwordAuth) resealed(u *vault.User) bool {
	if a.was == nil || a.was.ID != u.ID || a.was.PasswordVersion != u.PasswordVersion {
		return false
	}
	was, err := a.service.openHash(a.was)
	if err != nil {
		return false
	}
	now, err := a.service.openHash(u)
	return err == nil && bytes.Equal(was, now)
}

func (s *Service) openHash(u *vault.User) ([]byte, error) {
	return s.sealer.Open(vault.PurposeCredentials, u.Password, passwordBinding(u.ID, u.PasswordVersion))
}

// memory is the key under which a verified password is remembered: a MAC under a key of this process over all that the verification
// depended on.
func (a *passwordAuth) memory(u *vault.User) [32]byte {
	mac := hmac.New(sha256.New, a.service.verified.key[:])
	for _, part := range [...][]byte{[]byte(a.username), []byte(a.password.Reveal()), u.Password, binary.BigEndian.AppendUint64(nil, uint64(u.ID))} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write(part)
	}
	return [32]byte(mac.Sum(nil))
}

// verify checks the password against the user's hash on a fresh state. Callers of one process with the same name and password share one check.
func (s *Service) verify(ctx context.Context, a *passwordAuth) error {
	leave := s.single.enter(ctx, a.memory(&vault.User{}))
	defer leave()
	if s.known(a) {
		return nil
	}
	keys := s.guessing(a.caller)
	if err := s.reserve(ctx, keys); err != nil {
		return err
	}
	u, hash, err := s.storedHash(a.username)
	if err != nil {
		return err
	}
	ok, err := checkPassword(ctx, hash, a.password.Reveal())
	if err != nil {
		return err
	}
	if !ok || u == nil {
		return s.failed(ctx, keys, u)
	}
	a.as, a.was = a.memory(u), u
	s.verified.add(a.caller, a.as, s.now())
	s.giveBack(ctx, keys)
	return nil
}

// known reports whether the password was verified against the hash that the replica has.
func (s *Service) known(a *passwordAuth) (known bool) {
	s.vault.Peek(func(state *vault.State) {
		if u := state.UserByName(a.username); u != nil {
			a.as, a.was = a.memory(u), u
			known = s.verified.has(a.caller, a.as, s.now())
		}
	})
	return known
}

// counters name what is counted of guesses at a user's password: from one network, decided or not; from it, failed; from it with any name; and in all.
type counters struct {
	of                                 caller
	attempts, failures, network, total string
	expires                            time.Time
}

// guessing names the counters of the current window.
func (s *Service) guessing(of caller) counters {
	window := strconv.FormatInt(s.now().Unix()/int64(failureWindow/time.Second), 10)
	return counters{
		of: of, attempts: attemptKey("attempt", of.name, of.from, window), failures: attemptKey("failure", of.name, of.from, window),
		network: attemptKey("network", of.from, window),
		total:   attemptKey("total", of.name, s.now().UTC().Format(time.DateOnly)), expires: s.now().Add(failureWindow),
	}
}

// network returns what counts as one source: an IPv4 address, or the /64 that an IPv6 host can choose from.
func network(source netip.Addr) string {
	if source.Is6() && !source.Is4In6() {
		if p, err := source.Prefix(64); err == nil {
			return p.String()
		}
	}
	return source.Unmap().String()
}

// reserve counts an attempt beside the catch-up, and refuses when there were too many.
func (s *Service) reserve(ctx context.Context, keys counters) error {
	var n, ofNetwork int
	var counted, fresh, looked error
	var wg sync.WaitGroup
	wg.Go(func() { fresh = s.vault.Fresh(ctx) })
	wg.Go(func() { ofNetwork, looked = s.attempts.Attempts(ctx, keys.network, s.now()) })
	n, counted = s.attempts.AddAttempts(ctx, keys.attempts, 1, s.now(), keys.expires)
	wg.Wait()
	if counted != nil { // whether it was counted or not: nobody is let in uncounted
		return &vault.Error{Kind: vault.Busy, Msg: "busy", Err: counted}
	}
	if err := errors.Join(fresh, looked); err != nil {
		return err
	}
	failures := 0
	if n > maxFailures {
		var err error
		if failures, err = s.attempts.Attempts(ctx, keys.failures, s.now()); err != nil {
			return err
		}
	}
	if failures >= maxFailures || n > maxUndecided || ofNetwork >= maxNetworkFailures {
		if failures >= maxFailures {
			s.verified.forget(keys.of)
		}
		s.giveBack(ctx, keys)
		return &vault.Error{Kind: vault.Throttled, Msg: "too many failed attempts"}
	}
	return nil
}

// failed counts a wrong password.
func (s *Service) failed(ctx context.Context, keys counters, u *vault.User) error {
	var n int
	var failure, ofNetwork, ofTotal error
	var wg sync.WaitGroup
	wg.Go(func() { _, failure = s.attempts.AddAttempts(ctx, keys.failures, 1, s.now(), keys.expires) })
	wg.Go(func() { _, ofNetwork = s.attempts.AddAttempts(ctx, keys.network, 1, s.now(), keys.expires) })
	n, ofTotal = s.attempts.AddAttempts(ctx, keys.total, 1, s.now(), s.now().Add(24*time.Hour))
	wg.Wait()
	if err := errors.Join(failure, ofNetwork); err != nil {
		return &vault.Error{Kind: vault.Busy, Msg: "busy", Err: err}
	}
	if ofTotal == nil && u != nil {
		warnRepeated(ctx, u.ID, n)
	}
	return errUnknown
}

// giveBack takes back the reservation of an attempt that was no failure.
func (s *Service) giveBack(ctx context.Context, keys counters) {
	if _, err := s.attempts.AddAttempts(ctx, keys.attempts, -1, s.now(), keys.expires); err != nil {
		slog.WarnContext(ctx, "an attempt could not be taken back", "err", err) // it counts until the window ends
	}
}

// noHash is a hash that no password has. Checking it takes the time of checking any other.
const noHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// storedHash returns the user and its hash; for an unknown user, nil and a hash that no password has.
func (s *Service) storedHash(username string) (*vault.User, string, error) {
	var u *vault.User
	s.vault.Peek(func(state *vault.State) { u = state.UserByName(username) })
	if u == nil || len(u.Password) == 0 {
		return nil, noHash, nil
	}
	hash, err := s.openHash(u)
	return u, string(hash), err
}

// flights lets one caller at a time be busy with a key.
type flights struct {
	mu   sync.Mutex
	busy map[[32]byte]chan struct{}
}

// enter waits until nobody is busy with the key, or the context ends. leave must be called in any case.
func (f *flights) enter(ctx context.Context, key [32]byte) (leave func()) {
	for {
		f.mu.Lock()
		other, taken := f.busy[key]
		if !taken {
			mine := make(chan struct{})
			if f.busy == nil {
				f.busy = map[[32]byte]chan struct{}{}
			}
			f.busy[key] = mine
			f.mu.Unlock()
			return func() { f.leave(key, mine) }
		}
		f.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return func() {}
		}
	}
}

func (f *flights) leave(key [32]byte, mine chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.busy, key)
	close(mine)
}

// attemptKey names a counter without showing whom it is about.
func attemptKey(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// verified remembers passwords that were verified, one of each caller.
type verified struct {
	key [32]byte

	mu   sync.Mutex
	seen map[caller]sighting
}

type sighting struct {
	as [32]byte
	at time.Time
}

// maxVerified bounds the memory; it is emptied when it is full.
const maxVerified = 10000

func (v *verified) has(c caller, as [32]byte, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, ok := v.seen[c]
	return ok && s.as == as && now.Sub(s.at) < verifiedTTL
}

func (v *verified) add(c caller, as [32]byte, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen == nil || len(v.seen) >= maxVerified {
		v.seen = map[caller]sighting{}
	}
	v.seen[c] = sighting{as, now}
}

func (v *verified) forget(c caller) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.seen, c)
}
