package vaulttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"tresor/shared/vault"
)

// Faulty is a vault.Store that passes every call to another one, and does on demand what networks and DynamoDB do. With nothing
// asked of it, it only counts. Its random choices come from a seeded source, but goroutines make of it what they will.
//
// It is the client's side of the network: each process that a test simulates should have its own Faulty over a handle of its own.
// ShowInParts is the exception, it hides only from readers of the same Faulty; give the Faulty to all of them (see Share).
type Faulty struct {
	inner vault.Store
	parts *parts // shared by all that look at the same store

	mu          sync.Mutex
	rng         *rand.Rand
	loseAnswer  int
	loseRequest int
	hold        int
	held        []vault.Transaction
	failAccess  int
	throttle    map[Method]int
	delay       map[Method]delays
	chaos       Chaos
	counts      map[Method]Count
}

var (
	_ vault.Store       = (*Faulty)(nil)
	_ vault.ResealStore = (*Faulty)(nil)
)

type delays struct {
	n int
	d time.Duration
}

// Chaos is how often things go wrong by themselves; each probability is between 0 and 1.
type Chaos struct {
	LoseAnswer  float64       // per Commit: carried out, Undecided
	LoseRequest float64       // per Commit: not carried out, Undecided
	Hold        float64       // per Commit: Undecided, carried out by Land
	Throttle    float64       // per call of any method: Busy
	MaxDelay    time.Duration // before each call, evenly spread
}

// NewFaulty wraps s. Closing it closes s.
func NewFaulty(s vault.Store, seed uint64) *Faulty {
	return newFaulty(s, seed, newParts(seed))
}

// Share wraps another handle on the same vault: a process of its own, with faults and counts of its own, that sees transactions of
// f in parts as f does, and f those of it.
func (f *Faulty) Share(s vault.Store, seed uint64) *Faulty { return newFaulty(s, seed, f.parts) }

func newFaulty(s vault.Store, seed uint64, p *parts) *Faulty {
	return &Faulty{
		inner: s, parts: p, rng: rand.New(rand.NewPCG(seed, 1)),
		throttle: map[Method]int{}, delay: map[Method]delays{}, counts: map[Method]Count{},
	}
}

// LoseAnswer makes the next n commits happen and return Undecided, whatever their result was.
func (f *Faulty) LoseAnswer(n int) { f.set(func() { f.loseAnswer = n }) }

// LoseRequest makes the next n commits return Undecided without having happened.
func (f *Faulty) LoseRequest(n int) { f.set(func() { f.loseRequest = n }) }

// Hold makes the next n commits return Undecided at once and keeps them until Land: requests on their way that the sender gave up.
func (f *Faulty) Hold(n int) { f.set(func() { f.hold = n }) }

// FailAccess makes the next n calls of PutAccess fail with an Internal error, nothing written.
func (f *Faulty) FailAccess(n int) { f.set(func() { f.failAccess = n }) }

// Throttle makes the next n calls of m return Busy, not carried out.
func (f *Faulty) Throttle(m Method, n int) { f.set(func() { f.throttle[m] = n }) }

// Delay makes each of the next n calls of m wait for d before it is carried out, or until its context ends.
func (f *Faulty) Delay(m Method, n int, d time.Duration) { f.set(func() { f.delay[m] = delays{n, d} }) }

// SetChaos makes things go wrong at random from now on; the zero Chaos ends it. What was asked for by number goes first.
func (f *Faulty) SetChaos(c Chaos) { f.set(func() { f.chaos = c }) }

func (f *Faulty) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// Land carries out every commit that was held, in the order of sending, and returns their results, which no sender ever sees.
func (f *Faulty) Land(ctx context.Context) []error {
	var held []vault.Transaction
	f.set(func() { held, f.held = f.held, nil })
	results := make([]error, len(held))
	for i, tx := range held {
		results[i] = f.parts.commit(ctx, f.inner, tx)
	}
	return results
}

// Count returns what calls of m have used since the beginning or the last Reset.
func (f *Faulty) Count(m Method) (c Count) {
	f.set(func() { c = f.counts[m] })
	return c
}

// Total returns what all calls have used.
func (f *Faulty) Total() (sum Count) {
	f.set(func() {
		for _, c := range f.counts {
			sum = sum.plus(c)
		}
	})
	return sum
}

// Reset sets all counts to zero.
func (f *Faulty) Reset() { f.set(func() { clear(f.counts) }) }

func (f *Faulty) count(m Method, c Count) { f.set(func() { f.counts[m] = f.counts[m].plus(c) }) }

// take uses up one of what is left in n.
func take(n *int) bool {
	if *n <= 0 {
		return false
	}
	*n--
	return true
}

// enter counts a call of m, delays it and says if it is refused.
func (f *Faulty) enter(ctx context.Context, m Method) error {
	f.mu.Lock()
	f.counts[m] = f.counts[m].plus(Count{Calls: 1})
	throttled := f.throttle[m]
	busy := take(&throttled)
	f.throttle[m] = throttled
	busy = busy || f.rng.Float64() < f.chaos.Throttle
	wait := time.Duration(f.rng.Float64() * float64(f.chaos.MaxDelay))
	if d := f.delay[m]; take(&d.n) {
		wait, f.delay[m] = d.d, d
	}
	f.mu.Unlock()
	if !pauseFor(ctx.Done(), wait) {
		return ctx.Err()
	}
	if busy {
		return fmt.Errorf("%s: %w", m, &vault.Error{Kind: vault.Busy, Err: errInjected})
	}
	return nil
}

var errInjected = errors.New("injected fault")

// fate is what becomes of one commit.
type fate uint8

const (
	passes fate = iota
	losesAnswer
	losesRequest
	isHeld
)

func (f *Faulty) fate(tx vault.Transaction) fate {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.rng.Float64()
	switch {
	case take(&f.loseAnswer):
		return losesAnswer
	case take(&f.loseRequest):
		return losesRequest
	case take(&f.hold):
		f.held = append(f.held, tx)
		return isHeld
	case p < f.chaos.LoseAnswer:
		return losesAnswer
	case p < f.chaos.LoseAnswer+f.chaos.LoseRequest:
		return losesRequest
	case p < f.chaos.LoseAnswer+f.chaos.LoseRequest+f.chaos.Hold:
		f.held = append(f.held, tx)
		return isHeld
	}
	return passes
}

// Commit implements vault.JournalStore.
func (f *Faulty) Commit(ctx context.Context, tx vault.Transaction) error {
	if err := f.enter(ctx, Commit); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	undecided := fmt.Errorf("commit: %w", &vault.Error{Kind: vault.Undecided, Err: errInjected})
	what := f.fate(tx)
	if what == losesRequest || what == isHeld {
		return undecided
	}
	f.count(Commit, commitCount(tx))
	if what == losesAnswer {
		_ = f.parts.commit(context.WithoutCancel(ctx), f.inner, tx) // its answer is what gets lost
		return undecided
	}
	return f.parts.commit(ctx, f.inner, tx)
}
