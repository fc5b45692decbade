package vault

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// commitTimeout bounds an Update; commitReserve is how long before the request's own deadline a commit gives up, so that an
// undecided one is answered as such and nothing outlives the handler (laws 7 and 8).
const (
	commitTimeout = 20 * time.Second
	commitReserve = 2 * time.Second
)

// Update runs fn on a state that holds every write acknowledged before the call and commits what it changed as one transaction. It
// returns what fn returned in the attempt that is in the journal. fn may run several times and must have no effect beyond its Tx: it
// runs again only after an attempt of its is proven not to have happened.
//
// Updates that wait for one another in one process share a transaction (law 9); each sees the changes of those before it.
//
// Errors: as View; what fn returns (nothing is changed then); TooLarge: split the work; Busy: nothing was changed; Undecided: it may have been.
func Update[T any](ctx context.Context, v *Vault, req Request, fn func(*Tx) (T, error)) (T, error) {
	var out T
	u := &update{ctx: ctx, req: &req, done: make(chan struct{})}
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
	ctx     context.Context
	req     *Request
	run     func(*Tx) error
	deliver func()
	err     error
	loaded  map[SecretKey]Payload
	done    chan struct{}
}

// queue holds the Updates that wait for a turn to commit.
type queue struct {
	mu   sync.Mutex
	list []*update
}

func (q *queue) add(u *update) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, u)
}

func (q *queue) takeAll() []*update {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = nil
	return list
}

func (q *queue) remove(u *update) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.list, u)
	if i < 0 {
		return false
	}
	q.list = slices.Delete(q.list, i, i+1)
	return true
}

// putBack returns Updates that did not fit to the head of the queue.
func (q *queue) putBack(list []*update) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(slices.Clone(list), q.list...)
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
			select {
			case <-u.done: // another worked for us while we waited for the turn
			default:
				v.commit(u.ctx)
			}
			<-v.turn
		case <-u.ctx.Done():
			if v.queue.remove(u) {
				return &Error{Kind: Busy, Msg: "the vault is busy", Err: context.Cause(u.ctx)}
			}
			return v.abandoned(u)
		}
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

// commit works off what waits, as one transaction.
func (v *Vault) commit(ctx context.Context) {
	batch := v.queue.takeAll()
	ctx, cancel := batchContext(ctx)
	defer cancel()
	fresh := false
	for lost := 0; len(batch) > 0; lost++ {
		taken, rest, err := v.attempt(ctx, batch, fresh)
		var race *LostError
		if errors.As(err, &race) && pause(ctx, lost) == nil {
			fresh = race.Fresh
			continue
		}
		if errors.As(err, &race) { // out of time, and proven not to have happened
			err = &Error{Kind: Busy, Msg: "the vault is busy", Err: err}
		}
		for _, u := range taken {
			u.finish(err)
		}
		v.queue.putBack(rest)
		return
	}
}

// finish tells the waiting caller. A commit's failure wins over what the function returned, which may rest on changes that did not come to be.
func (u *update) finish(err error) {
	if err != nil {
		u.err = err
	}
	close(u.done)
}

// batchContext is a commit's own: it does not end with the request that happens to do the work, but leaves time before that
// request's deadline.
func batchContext(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := commitTimeout
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, max(time.Until(deadline)-commitReserve, 100*time.Millisecond))
	}
	return context.WithTimeout(context.WithoutCancel(ctx), limit)
}

// pause waits a random time that grows with the number of races lost: with many writers, those that lost most often must not all come
// back at once.
func pause(ctx context.Context, lost int) error {
	limit := time.Duration(min(lost+1, 16)) * 4 * time.Millisecond
	timer := time.NewTimer(rand.N(limit)) //nolint:gosec // jitter needs no secret randomness
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt runs the waiting functions on the caught-up state, one on top of the other, and tries to commit what they changed. It returns
// those that took part and those that must wait for the next turn.
func (v *Vault) attempt(ctx context.Context, batch []*update, fresh bool) (taken, rest []*update, err error) {
	if !fresh {
		if err := v.log.CatchUp(ctx); err != nil {
			return batch, nil, err
		}
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
			return taken, rest, v.log.Append(ctx, a)
		}
	}
	return batch, nil, &Error{Kind: Busy, Err: errors.New("the secrets that an update asks for change with each run")}
}

// load fetches payloads that functions need to change them.
func (v *Vault) load(ctx context.Context, batch []*update, keys []SecretKey) error {
	got, err := v.log.Payloads(ctx, keys)
	if err != nil {
		return err
	}
	for _, u := range batch {
		if u.loaded == nil {
			u.loaded = map[SecretKey]Payload{}
		}
		for _, k := range keys {
			u.loaded[k] = got[k] // a payload that is gone counts as empty
		}
	}
	return nil
}

// Limits of a shared transaction, below those of a transaction: a batch stops growing at them.
const (
	batchPayloads = 80
	batchBytes    = 200 << 10
)

// prepare runs the functions and gathers their changes. A batch ends early when it is large, and behind a change of permissions: the
// callers after it must be resolved on a state that holds it.
func (v *Vault) prepare(s *State, batch []*update) (a Attempt, taken []*update, missing []SecretKey) {
	a.Base = s.heads
	o := newOverlay(s)
	size := 0
	for i, u := range batch {
		if i > 0 && (len(o.payloads) >= batchPayloads || size >= batchBytes || len(a.Ops[1]) > 0) {
			break
		}
		taken = append(taken, u)
		fork := o.fork()
		t, err := v.runOne(s, fork, u)
		u.err = err
		if t == nil {
			continue
		}
		missing = append(missing, t.missing()...)
		if err != nil {
			continue
		}
		o = fork
		size += a.add(t)
	}
	a.Payloads, a.Drop = o.payloads, o.drop
	return a, taken, missing
}

func (v *Vault) runOne(s *State, o *overlay, u *update) (*Tx, error) {
	now := v.now()
	p, err := resolve(s, u.req, now)
	if err != nil {
		return nil, err
	}
	t := &Tx{Reader: newReader(s, o, p, u.req, now, u.loaded), o: o, strength: v.strength}
	return t, u.run(t)
}

// add makes a function's changes part of the attempt and returns their rough size in bytes.
func (a *Attempt) add(t *Tx) (size int) {
	op := Op{At: t.stamp(), Actor: t.principal.id, Action: t.req.Action.String(), Source: addrText(t.req)}
	if t.principal.credential != nil {
		op.Credential = t.principal.credential.ID
	}
	if t.reasons {
		op.Reason = t.req.Reason
	}
	for _, table := range Tables {
		part := op
		for _, c := range t.changes {
			if c.table() == table {
				part.Changes = append(part.Changes, c)
				size += c.size()
			}
		}
		if len(part.Changes) > 0 {
			list := a.ops(table)
			*list = append(*list, part)
		}
	}
	return size
}

// size estimates a change's encoded bytes; only for deciding when a batch is full.
func (c Change) size() int {
	switch {
	case c.Entry != nil:
		return 200 + len(c.Entry.Name) + len(c.Entry.Notes) + len(c.Entry.URL) + len(c.Entry.Username) + len(c.Entry.Email)
	case c.TrashBulk != nil:
		return 64 + 3*len(c.TrashBulk.Deltas)
	case c.AccessHour != nil:
		return 64 + 6*len(c.AccessHour.Reveals)
	}
	return 300
}
