package auth

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"tresor/shared/vault"
)

// Service verifies what needs more than a look-up: passwords and signatures. It is safe for concurrent use.
type Service struct {
	vault    *vault.Vault
	sealer   vault.Sealer
	attempts vault.AttemptStore
	now      func() time.Time
	bodyless time.Duration
	verified verified
	single   flights
}

// Options of a Service.
type Options struct {
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// BodylessWindow bounds the window of signatures (WindowSetting) for writes without a body: the signature does not cover the method, so that a
	// captured read could be sent again as a delete, and such writes may be repeated; 0: 60 s.
	BodylessWindow time.Duration
}

// New returns a Service.
func New(v *vault.Vault, sealer vault.Sealer, attempts vault.AttemptStore, o Options) *Service {
	s := &Service{vault: v, sealer: sealer, attempts: attempts, now: o.Now, bodyless: o.BodylessWindow}
	if s.now == nil {
		s.now = time.Now
	}
	if s.bodyless == 0 {
		s.bodyless = 60 * time.Second
	}
	_, _ = rand.Read(s.verified.key[:]) // never fails (crypto/rand)
	return s
}

// Sealer returns the sealer of credentials, for those who make users and keys.
func (s *Service) Sealer() vault.Sealer { return s.sealer }

// warnRepeated raises the alarm when one user is tried very often, from wherever. It never refuses: nobody may lock a user out.
func warnRepeated(ctx context.Context, id vault.UserID, count int) {
	if count == 50 || count%500 == 0 {
		slog.WarnContext(ctx, "many failed logins of one user", "user_id", uint64(id), "count", count)
	}
}
