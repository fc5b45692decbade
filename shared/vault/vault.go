package vault

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Vault is the one way into the entries and permissions: View to read, Update to write. Every dialect and the command use it, so that
// none can go round a rule or the log.
type Vault struct {
	log      Log
	now      func() time.Time
	strength func(string) Strength
	turn     chan struct{} // held by whoever commits
	queue    queue
	pace     pace
	presence presence
	caller   func(context.Context, UserID)
}

// Options are what a Vault does not need to decide itself.
type Options struct {
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Strength rates a password when it is written; nil: none is rated.
	Strength func(password string) Strength
	// Caller is told, with the context of each View and Update, which user it was for, once that is known; it is for a log of requests and decides
	// nothing. It must be quick. nil: nobody is told.
	Caller func(context.Context, UserID)
}

// New returns a Vault over a log.
func New(log Log, o Options) *Vault {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Caller == nil {
		o.Caller = func(context.Context, UserID) {}
	}
	return &Vault{log: log, now: o.Now, strength: o.Strength, caller: o.Caller, turn: make(chan struct{}, 1)}
}

// Peek calls fn with the state as it stands, which may be stale: for guesses, never for decisions.
func (v *Vault) Peek(fn func(*State)) { v.log.Read(fn) }

// Fresh returns when the replica holds everything acknowledged before the call. Errors: Busy, NewerFormat, Corrupt, Internal.
func (v *Vault) Fresh(ctx context.Context) error { return v.log.CatchUp(ctx) }

// maxRounds bounds how often a View runs: each run either is the last or asks for secrets that the one before did not.
const maxRounds = 8

// View runs fn on a state that holds every write acknowledged before the call, and returns what fn returns. fn sees what the caller
// may see; it must be pure, because it may run several times: if the action reveals secrets, first on the replica as it stands, to
// guess which secrets it will need, so that those and the access record are under way beside the catch-up and a read stays one round
// trip (design section 4). The guess decides nothing: the caller and all rules are evaluated again on the caught-up state, what the guess did not cover is
// recorded and fetched then, and what it covered wrongly is followed by a record that says so.
//
// Errors: Unauthenticated, Disabled, Forbidden for the caller; Busy and others from the store; what fn returns.
func View[T any](ctx context.Context, v *Vault, req Request, fn func(*Reader) (T, error)) (T, error) {
	var out T
	run := func(r *Reader) (err error) { out, err = fn(r); return err }
	if err := v.view(ctx, &req, run); err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

func (v *Vault) view(ctx context.Context, req *Request, run func(*Reader) error) error {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	s := &sighting{v: v, req: req, now: v.now(), loaded: secrets{}, recorded: map[SecretKey]bool{}}
	result := s.begin(ctx, run)
	if result == nil {
		result = s.settle(ctx, run)
	}
	if result != nil {
		s.final = nil // nothing is handed out
	}
	if s.known {
		v.presence.note(&s.who)
		v.caller(ctx, s.who.User)
	}
	if err := s.withdraw(ctx); err != nil && result == nil {
		return err
	}
	return result
}

// reserve is how long before the request's own deadline the vault gives up, so that there is time to answer and nothing outlives the
// handler (laws 7 and 8).
const reserve = 2 * time.Second

// withReserve shortens a context that has a deadline by the reserve.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, max(time.Until(deadline)-reserve, time.Until(deadline)/10))
}

// sighting is one View in progress.
type sighting struct {
	v        *Vault
	req      *Request
	now      time.Time
	loaded   secrets
	recorded map[SecretKey]bool // an access record names them
	who      AccessRecord       // as of the newest record
	final    map[SecretKey]bool // what the last run used
	announce bool               // the last run wants a record in any case
	known    bool               // the newest run knew the caller
	used     []EntryID          // what that record is about
}

// begin catches up, and beside that fetches and records what a run on the stale replica asks for.
func (s *sighting) begin(ctx context.Context, run func(*Reader) error) error {
	var guess []SecretKey
	if s.req.Action.Reveals {
		guess, _ = s.round(run) // an error here means nothing: the state may be stale
	}
	if len(guess) == 0 {
		return s.v.log.CatchUp(ctx)
	}
	var catchUp, fetch error
	var wg sync.WaitGroup
	wg.Go(func() { catchUp = s.v.log.CatchUp(ctx) })
	fetch = s.obtain(ctx, guess)
	wg.Wait()
	return errors.Join(catchUp, fetch)
}

// settle runs the function on the caught-up state until it needs nothing that is not loaded and recorded.
func (s *sighting) settle(ctx context.Context, run func(*Reader) error) error {
	for range maxRounds {
		missing, err := s.round(run)
		if len(missing) == 0 && err == nil && s.announce && len(s.recorded) == 0 {
			who := s.who
			who.Used = s.used
			return s.v.log.RecordAccess(ctx, who)
		}
		if len(missing) == 0 {
			return err
		}
		if err := s.obtain(ctx, missing); err != nil {
			return err
		}
	}
	return &Error{Kind: Busy, Err: errors.New("the secrets that the function asks for change with each run")}
}

// round resolves the caller and runs the function once on the replica. It returns the secrets that are still to be obtained.
func (s *sighting) round(run func(*Reader) error) (missing []SecretKey, err error) {
	s.v.log.Read(func(state *State) {
		var p *Principal
		p, err = resolve(state, s.req, s.now)
		if s.known = err == nil; err != nil {
			return
		}
		r := newReader(state, state, p, s.req, s.now, s.loaded)
		r.presence = &s.v.presence
		err = run(r)
		if !s.req.Action.Reveals && len(r.wanted) > 0 {
			err = &Error{Kind: Internal, Err: errors.New(s.req.Action.String() + " reveals and is not declared to")}
			return
		}
		missing = r.missing()
		s.final, s.announce, s.used = r.wanted, r.announced, slices.Compact(slices.Sorted(slices.Values(r.used)))
		s.who = r.accessRecord()
	})
	return missing, err
}

// accessRecord returns the record of what the call sees, without the secrets.
func (r *Reader) accessRecord() AccessRecord {
	a := AccessRecord{Files: r.taken, Format: firstFormat, At: StampOf(r.now), User: r.principal.id, Action: r.req.Action.String(), Source: addrText(r.req)}
	if r.principal.credential != nil {
		a.Credential = r.principal.credential.ID
	}
	if r.reasons {
		a.Reason = r.req.Reason
	}
	return a
}

func addrText(req *Request) string {
	if !req.Source.IsValid() {
		return ""
	}
	return req.Source.String()
}

// obtain fetches payloads and records the access to them, at once.
func (s *sighting) obtain(ctx context.Context, keys []SecretKey) error {
	a := s.who
	a.Secrets = keys
	var recorded error
	var wg sync.WaitGroup
	wg.Go(func() { recorded = s.v.log.RecordAccess(ctx, a) })
	fetched := s.v.fetch(ctx, keys, s.loaded)
	wg.Wait()
	if recorded == nil {
		for _, k := range keys {
			s.recorded[k] = true
		}
	}
	return errors.Join(recorded, fetched)
}

// secrets are payloads that were fetched; nil for one that is not there.
type secrets map[SecretKey]*Payload

// fetch adds payloads to those loaded. One that is not there yet (a transaction may become visible one item at a time) is asked for once more
// after another catch-up; after that it counts as not there (law 1).
func (v *Vault) fetch(ctx context.Context, keys []SecretKey, loaded secrets) error {
	got, err := v.log.Payloads(ctx, keys)
	if err == nil && len(got) < len(keys) {
		if err = v.log.CatchUp(ctx); err == nil {
			got, err = v.log.Payloads(ctx, keys)
		}
	}
	if err != nil {
		return err
	}
	for _, k := range keys {
		loaded[k] = nil
		if p, ok := got[k]; ok {
			loaded[k] = &p
		}
	}
	return nil
}

// withdraw records which secrets, recorded on a guess, were not handed out after all.
func (s *sighting) withdraw(ctx context.Context) error {
	a := s.who
	a.Withheld = true
	for k := range s.recorded {
		if !s.final[k] {
			a.Secrets = append(a.Secrets, k)
		}
	}
	if len(a.Secrets) == 0 {
		return nil
	}
	slices.SortFunc(a.Secrets, compareSecretKeys)
	// The request's own time may be over: that is one of the reasons for being here.
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), reserve/2)
	defer cancel()
	return s.v.log.RecordAccess(own, a)
}
