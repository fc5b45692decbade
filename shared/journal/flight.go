package journal

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// flight lets callers share a piece of work that began after each of them came (law 4). Unlike singleflight, a caller that comes while
// the work is under way does not join it: it waits for the next one, with all others that came meanwhile. Nobody starts a goroutine: one of the
// waiting callers does the work.
type flight struct {
	mu   sync.Mutex
	next *call         // gathers callers; not begun
	turn chan struct{} // held by whoever works
}

type call struct {
	done    chan struct{}
	err     error
	expired bool // the run ended by the deadline of whoever did it, before a run's own
}

func newFlight() *flight { return &flight{turn: make(chan struct{}, 1)} }

// do returns the result of a run of work that began after do was called. The run has a context of its own: it does not end with the
// caller that happens to do it, except that it keeps that caller's deadline. Callers with more time then join another run.
func (f *flight) do(ctx context.Context, work func(context.Context) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, mine, err := f.share(ctx, work)
		if err != nil || mine || !c.expired {
			return cmp.Or(err, c.err)
		}
	}
}

// share waits for the next run, or does it.
func (f *flight) share(ctx context.Context, work func(context.Context) error) (c *call, mine bool, _ error) {
	c = f.join()
	select {
	case <-c.done:
		return c, false, nil
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return c, false, ctx.Err()
	}
	defer func() { <-f.turn }()
	if f.begin(c) {
		c.run(ctx, work)
		return c, true, nil
	}
	<-c.done // whoever began it held the turn until it was done
	return c, false, nil
}

// run does the work. Those who wait are released even if it panics.
func (c *call) run(ctx context.Context, work func(context.Context) error) {
	c.err = errors.New("journal: shared work panicked")
	defer close(c.done)
	deadline, limited := ctx.Deadline()
	short := limited && time.Until(deadline) < workTimeout
	own, cancel := detached(ctx)
	defer cancel()
	c.err = work(own)
	c.expired = short && c.err != nil && own.Err() != nil
}

func (f *flight) join() *call {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next == nil {
		f.next = &call{done: make(chan struct{})}
	}
	return f.next
}

// begin closes c to further callers, and reports whether the caller is the one to do it.
func (f *flight) begin(c *call) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next != c {
		return false
	}
	f.next = nil
	return true
}

// workTimeout bounds shared work.
const workTimeout = 20 * time.Second

func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	own := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < workTimeout {
		return context.WithDeadline(own, deadline)
	}
	return context.WithTimeout(own, workTimeout)
}
