package vault

import (
	"context"
	"sync"
)

// load fetches payloads that functions need to change them. One that cannot be had fails the functions that want it, and no others.
func (v *Vault) load(ctx context.Context, batch []*update, keys []SecretKey) error {
	loaded := secrets{}
	err := v.fetch(ctx, keys, loaded)
	if err != nil && KindOf(err) == Busy {
		return err
	}
	var wg sync.WaitGroup
	for _, u := range batch {
		if err != nil && len(u.wants) > 0 {
			u.failed = v.fetch(ctx, u.wants, loaded)
		}
		if u.failed == nil && u.copies() {
			wg.Go(func() { u.failed = v.recordCopies(ctx, u) })
		}
	}
	wg.Wait()
	for _, u := range batch {
		if u.failed != nil {
			continue // what no record names is not there for a later attempt, either
		}
		for _, k := range u.wants {
			u.loaded[k] = loaded[k]
		}
	}
	return nil
}

// copies reports whether the update wants secrets in order to put them elsewhere. Those that it only changes where they are leave for nobody.
func (u *update) copies() bool { return u.req.Action.Reveals && len(u.wants) > 0 }

func (v *Vault) recordCopies(ctx context.Context, u *update) error {
	a := u.who
	a.Secrets = u.wants
	err := v.log.RecordAccess(ctx, a)
	if err == nil {
		u.recorded = append(u.recorded, a.Secrets...)
	}
	return err
}

// settle finishes an update. Secrets that were recorded for copies that were not made are withdrawn first, as a View does; where nobody knows, the record stays.
func (v *Vault) settle(ctx context.Context, u *update, err error) {
	outcome := err
	if outcome == nil {
		outcome = u.err
	}
	if outcome != nil && KindOf(outcome) != Undecided && len(u.recorded) > 0 {
		a := u.who
		a.Secrets, a.Withheld = u.recorded, true
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), reserve/2)
		defer cancel()
		_ = v.log.RecordAccess(own, a) // without it the log says more than was done, never less
	}
	if kind := KindOf(outcome); kind != Unauthenticated && kind != Disabled {
		v.presence.note(&u.who)
		v.caller(u.ctx, u.who.User)
	}
	u.finish(err)
}
