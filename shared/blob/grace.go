package blob

import (
	"context"
	"time"
)

// grace is how long before a call's deadline it is given up: a store takes up to 2 s to take back what it had begun, and there must be time to
// answer (law 8).
const grace = 4 * time.Second

// WithGrace shortens a context that has a deadline, for whoever has to answer a client after a Store's method.
func WithGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-grace))
	}
	return context.WithCancel(ctx)
}
