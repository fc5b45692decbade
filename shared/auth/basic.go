package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"tresor/shared/vault"
)

// Limits of guessing passwords: this many failures of one user from one address, and then a refusal until that address has been quiet
// for so long.
const (
	maxFailures   = 10
	failureWindow = 10 * time.Minute
)

// verifiedTTL is how long a password that was verified need not be verified again in this process, if nothing about it changed.
const verifiedTTL = 10 * time.Minute

// Basic verifies a username and password (TPM 1.5) and returns the authenticator for them. In a process where the same pair was verified
// before it needs no I/O and no argon2. Otherwise an attempt is reserved before argon2 runs and given back on success, so that parallel
// guesses count too. An unknown user takes the same time and gives the same answer as a wrong password.
//
// Errors: Unauthenticated; Throttled (at once, never by sleeping); Busy and others from the store.
func (s *Service) Basic(ctx context.Context, username, password string, source netip.Addr) (vault.Authenticator, error) {
	a := &passwordAuth{service: s, username: username, password: vault.NewSecret(password)}
	known := false
	s.vault.Peek(func(state *vault.State) {
		u := state.UserByName(username)
		if u != nil {
			a.as = a.memory(u)
			known = s.verified.has(a.as, s.now())
		}
	})
	if known {
		return a, nil
	}
	return a, s.verify(ctx, a, source)
}

// passwordAuth authenticates by a password that was verified.
type passwordAuth struct {
	service  *Service
	username string
	password vault.Secret
	as       [32]byte // what was verified
}

// Authenticate finds the user and looks whether this password was verified against the hash that the user has now: a password that was
// changed meanwhile misses.
func (a *passwordAuth) Authenticate(state *vault.State) (vault.UserID, *vault.Credential, error) {
	u := state.UserByName(a.username)
	if u == nil || len(u.Password) == 0 || a.memory(u) != a.as {
		return 0, nil, errUnknown
	}
	return u.ID, nil, nil
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

// verify checks the password against the user's hash on a fresh state.
func (s *Service) verify(ctx context.Context, a *passwordAuth, source netip.Addr) error {
	pair, total := attemptKey("login", a.username, source.String()), attemptKey("login", a.username, "")
	if err := s.reserve(ctx, pair); err != nil {
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
		n, err := s.attempts.AddAttempts(ctx, total, 1, s.now(), s.now().Add(24*time.Hour))
		if err == nil {
			warnRepeated(n)
		}
		return errUnknown
	}
	a.as = a.memory(u)
	s.verified.add(a.as, s.now())
	if _, err := s.attempts.AddAttempts(ctx, pair, -1, s.now(), s.now().Add(failureWindow)); err != nil {
		slog.WarnContext(ctx, "a right password counts as an attempt", "err", err) // too high by one until the counter expires
	}
	return nil
}

// reserve counts an attempt beside the catch-up, and refuses when there were too many.
func (s *Service) reserve(ctx context.Context, key string) error {
	var n int
	var counted, fresh error
	var wg sync.WaitGroup
	wg.Go(func() { fresh = s.vault.Fresh(ctx) })
	n, counted = s.attempts.AddAttempts(ctx, key, 1, s.now(), s.now().Add(failureWindow))
	wg.Wait()
	if counted != nil { // whether it was counted or not: nobody is let in uncounted
		return &vault.Error{Kind: vault.Busy, Msg: "busy", Err: counted}
	}
	if fresh != nil {
		return fresh
	}
	if n > maxFailures {
		return &vault.Error{Kind: vault.Throttled, Msg: "too many failed attempts"}
	}
	return nil
}

// storedHash returns the user and its hash; for an unknown user, nil and a hash that no password has.
func (s *Service) storedHash(username string) (*vault.User, string, error) {
	var u *vault.User
	s.vault.Peek(func(state *vault.State) { u = state.UserByName(username) })
	if u == nil || len(u.Password) == 0 {
		return nil, s.dummy(), nil
	}
	hash, err := s.sealer.Open(vault.PurposeCredentials, u.Password, passwordBinding(u.ID, u.PasswordVersion))
	return u, string(hash), err
}

func dummyHash() string {
	hash, err := HashPassword(context.Background(), NewPassword())
	if err != nil {
		panic(err) // only an ended context fails it
	}
	return hash
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

// verified remembers passwords that were verified.
type verified struct {
	key [32]byte

	mu   sync.Mutex
	seen map[[32]byte]time.Time
}

// maxVerified bounds the memory; it is emptied when it is full.
const maxVerified = 10000

func (v *verified) has(k [32]byte, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	at, ok := v.seen[k]
	return ok && now.Sub(at) < verifiedTTL
}

func (v *verified) add(k [32]byte, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen == nil || len(v.seen) >= maxVerified {
		v.seen = map[[32]byte]time.Time{}
	}
	v.seen[k] = now
}
