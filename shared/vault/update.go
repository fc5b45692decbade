package vault

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// commitTimeout bounds an Update (law 7). A request with an earlier deadline gets its reserve, so that an undecided commit is answered as such.
const commitTimeout = 20 * time.Second

// Update runs fn on a state that holds every write acknowledged before the call and commits what it changed as one transaction. It
// returns what fn returned in the attempt that is in the journal. fn may run several times and must have no effect beyond its Tx: it
// runs again only after an attempt of its is proven not to have happened. It may still run, for the caller that commits, after a caller whose context ended
// was answered: it must use nothing that the caller takes back, such as a buffer of the request.
//
// Updates that wait for one another in one process share a transaction (law 9); each sees the changes of those before it.
//
// Errors: as View; what fn returns (nothing is changed then); Unauthenticated also for a request that was used before (Request.Once);
// TooLarge: split the work; Busy: nothing was changed; Undecided: it may have been.
func Update[T any](ctx context.Context, v *Vault, req Request, fn func(*Tx) (T, error)) (T, error) {
	var out T
	u := &update{ctx: ctx, req: &req, loaded: secrets{}, done: make(chan struct{})}
	u.run = func(t *Tx) error {
		result, err := fn(t)
		u.deliver = func() { out = result }
		return err
	}
	if err := v.update(u); err != nil {
		var zero T
		return zero, err
	}
	u.deliver()
	return out, nil
}

// update is one Update in progress. The fields below run belong to whoever commits it, until done is closed.
type update struct {
	ctx      context.Context
	req      *Request
	run      func(*Tx) error
	deliver  func()
	err      error
	wants    []SecretKey  // of the last run, not loaded yet
	who      AccessRecord // as of the last run
	recorded []SecretKey  // an access record names them
	failed   error        // what it wants cannot be had; it runs no more
	loaded   secrets
	done     chan struct{}
}

// update waits until u is committed, by itself or by another that has the turn. No goroutine is started: the one with the turn works for all
// that wait, and whoever still waits then takes the turn.
func (v *Vault) update(u *update) error {
	v.queue.add(u)
	for {
		select {
		case <-u.done:
			return u.err
		case v.turn <- struct{}{}:
			v.work(u)
		case <-u.ctx.Done():
			if v.queue.remove(u) {
				return &Error{Kind: Busy, Msg: "the vault is busy", Err: context.Cause(u.ctx)}
			}
			return v.abandoned(u)
		}
	}
}

// work commits what waits and gives the turn back, whatever happens.
func (v *Vault) work(u *update) {
	defer func() { <-v.turn }()
	select {
	case <-u.done: // another worked for u while it waited for the turn
	default:
		v.commit(u)
	}
}

// abandoned answers a caller whose context ended while another commits for it.
func (v *Vault) abandoned(u *update) error {
	select {
	case <-u.done:
		return u.err
	default:
		return &Error{Kind: Undecided, Msg: "the outcome is unknown", Err: context.Cause(u.ctx)}
	}
}

// commit works off what waits, as one transaction. What does not fit goes back to the queue.
func (v *Vault) commit(worker *update) {
	limit := timeToCommit(worker.ctx)
	batch := v.queue.take(worker, limit < workForOthers)
	defer func() { // after a panic, nobody waits for ever
		for _, u := range batch {
			u.finish(&Error{Kind: Undecided, Msg: "the outcome is unknown", Err: errors.New("the commit panicked")})
		}
	}()
	own, cancel := context.WithTimeout(context.WithoutCancel(worker.ctx), limit)
	defer cancel()
	fresh := false
	for lost := 0; len(batch) > 0; lost++ {
		taken, rest, err := v.attempt(own, batch, fresh)
		if errors.Is(err, TooLarge) && len(taken) > 1 { // together, and perhaps not one by one
			v.queue.putBack(batch[1:])
			batch = batch[:1]
			continue
		}
		var used *UsedError
		if errors.As(err, &used) {
			if left := v.refuse(own, batch, used.Marks); len(left) < len(batch) {
				batch = left
				continue
			}
		}
		if errors.Is(err, Conflict) {
			if fresh, err = v.lostRace(own, err, lost); err == nil {
				continue
			}
		}
		batch = nil
		v.queue.putBack(rest)
		for _, u := range taken {
			v.settle(own, u, err)
		}
	}
}

// errUsed is the failure of a request whose mark another one has put.
var errUsed = fail(Unauthenticated, "the request was used before")

// refuse fails the Updates whose requests were used before. It returns the others, which are tried again without them.
func (v *Vault) refuse(ctx context.Context, batch []*update, used []Hash) (left []*update) {
	for _, u := range batch {
		if once := u.req.Once; once != nil && slices.Contains(used, once.Hash) {
			v.settle(ctx, u, errUsed)
		} else {
			left = append(left, u)
		}
	}
	return left
}

// lostRace says whether the next attempt may go without a catch-up. The first loss by one is tried again at once, on the record that won; after that a pause
// makes room for others, and the state is stale.
func (v *Vault) lostRace(ctx context.Context, err error, lost int) (fresh bool, _ error) {
	var race *LostError
	if errors.As(err, &race) && race.Fresh && lost == 0 {
		return true, nil
	}
	if v.pace.pause(ctx, lost) != nil { // out of time, and proven not to have happened
		return false, &Error{Kind: Busy, Msg: "the vault is busy", Err: err}
	}
	return false, nil
}

// finish tells the waiting caller. A commit's failure wins over what the function returned, which may rest on changes that did not come to be.
func (u *update) finish(err error) {
	if err != nil {
		u.err = err
	}
	close(u.done)
}

// workForOthers is how much time a caller must have for its commit to work for others too: nobody fails for another's short deadline, and nobody
// works for others beyond its own.
const workForOthers = 2 * reserve

// timeToCommit is how long a commit by this caller may take: it leaves the reserve before the caller's deadline.
func timeToCommit(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return commitTimeout
	}
	return min(commitTimeout, max(time.Until(deadline)-reserve, 100*time.Millisecond))
}

// pace is how long a commit takes here and now, as a running mean. Writers that lost wait in that measure: with many of them, on a store of whatever
// speed, they must not all come back while one commits.
type pace struct{ mean atomic.Int64 } // nanoseconds

// The first pause is at most four means, and at least minPause; the limit doubles with each race lost in a row, up to maxPause.
const (
	minPause = 15 * time.Millisecond
	maxPause = time.Second
)

func (p *pace) observe(took time.Duration) {
	p.mean.Store((7*p.mean.Load() + int64(took)) / 8)
}

// pause waits a random time that grows with the number of races lost in a row.
func (p *pace) pause(ctx context.Context, lost int) error {
	return Pause(ctx, min(max(4*time.Duration(p.mean.Load()), minPause)<<min(lost, 6), maxPause))
}

// attempt runs the waiting functions on the caught-up state, one on top of the other, and tries to commit what they changed. It returns
// those that took part and those that must wait for the next turn.
func (v *Vault) attempt(ctx context.Context, batch []*update, fresh bool) (taken, rest []*update, err error) {
	if !fresh {
		if err := v.log.CatchUp(ctx); err != nil {
			return batch, nil, err
		}
	}
	for _, u := range batch { // what was not there in an earlier attempt may be there now
		u.failed = nil
		maps.DeleteFunc(u.loaded, func(_ SecretKey, p *Payload) bool { return p == nil })
	}
	for range maxRounds {
		var a Attempt
		var missing []SecretKey
		v.log.Read(func(s *State) { a, taken, missing = v.prepare(s, batch) })
		rest = batch[len(taken):]
		switch {
		case len(missing) > 0:
			if err := v.load(ctx, taken, missing); err != nil {
				return taken, rest, err
			}
		case len(a.Ops[0]) == 0 && len(a.Ops[1]) == 0:
			return taken, rest, nil
		default:
			began := time.Now()
			err := v.log.Append(ctx, a)
			v.pace.observe(time.Since(began))
			return taken, rest, err
		}
	}
	return batch, nil, &Error{Kind: Busy, Err: errors.New("the secrets that an update asks for change with each run")}
}
