package vault

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pause waits a random time below a limit (full jitter, so that callers who were refused together do not come back together), or until the context ends: then it
// returns its error.
func Pause(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(rand.N(limit)) //nolint:gosec // jitter needs no secret randomness
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Patience is how long to try again, under a context without a deadline, while nothing gets through: longer than any throttling or write of another lasts. Whoever holds
// the store for longer stands still, and who waits for that should say so.
const Patience = 2 * time.Minute
