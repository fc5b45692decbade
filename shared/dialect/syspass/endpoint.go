package syspass

import (
	"errors"
	"log/slog"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// endpoint carries out a call whose method is known.
type endpoint func(*api, *call) (result, error)

// result is what a method answers (syspass 1.4).
type result struct {
	itemID  int64 // 0 where there is none
	payload any
	message string // empty: null
	count   int    // noCount: null
	counted func(*counters)

	location string // where config/backup and config/export put something
	leftOut  int    // how many accounts an export lacks because they are locked
	missing  int    // of how many it has no password, because that is not there
	changed  int    // of how many things it has a text that had to be changed
}

const noCount = -1

// run is step 6 of syspass 1.2, up to the method's own work.
func (a *api) run(c *call) (result, error) {
	if a.lockout.Locked(c.source) {
		return result{}, vault.Throttled
	}
	out, err := c.method.serve(a, c)
	switch {
	case errors.Is(err, errTokenPass), errors.Is(err, vault.Disabled): // these are tracked, and calls while locked (syspass 1.8)
		return result{}, a.track(c, err)
	case errors.Is(err, vault.Throttled):
		a.lockout.Refused(c.source)
	case errors.Is(err, vault.Unauthenticated) && !a.installed():
		return result{}, errNotInstalled
	case err == nil && out.counted != nil:
		out.counted(&a.counters)
	}
	return out, err
}

// track counts a failed call, and answers it as one too many if it is.
func (a *api) track(c *call, failure error) error {
	switch err := a.lockout.Failed(c.ctx, c.source); {
	case errors.Is(err, vault.Throttled):
		return err
	case err != nil: // the call is refused all the same
		slog.WarnContext(c.ctx, "a failed call could not be counted", "err", err)
	}
	return failure
}

// installed reports whether there is a vault at all. It is asked only when a token is unknown.
func (a *api) installed() (is bool) {
	a.vault.Peek(func(s *vault.State) { is = s.Exists() })
	return is
}

// decoder turns parameters into what a method wants. It looks at the call alone.
type decoder[Req any] func(params) (Req, error)

// read makes an endpoint of work that changes nothing. work may run several times.
func read[Req any](decode decoder[Req], work func(*reading, Req) (result, error)) endpoint {
	return gather(decode, work)
}

// gather is read for what a method needs of the vault before it goes on outside.
func gather[Req, T any](decode decoder[Req], work func(*reading, Req) (T, error)) func(*api, *call) (T, error) {
	return func(a *api, c *call) (T, error) {
		req, wrong := decode(c.params)
		return vault.View(c.ctx, a.vault, c.request(a.lockout), func(r *vault.Reader) (none T, err error) {
			if err := c.admit(r, wrong); err != nil {
				return none, err
			}
			return work(&reading{r, &a.counters}, req)
		})
	}
}

// write makes an endpoint of work that changes something. work may run several times.
func write[Req any](decode decoder[Req], work func(*writing, Req) (result, error)) endpoint {
	return func(a *api, c *call) (result, error) {
		req, wrong := decode(c.params)
		return vault.Update(c.ctx, a.vault, c.request(a.lockout), func(t *vault.Tx) (result, error) {
			if err := c.admit(t.Reader, wrong); err != nil {
				return result{}, err
			}
			return work(&writing{t, &reading{t.Reader, &a.counters}}, req)
		})
	}
}

// reading is what a method sees of the vault.
type reading struct {
	*vault.Reader
	counters *counters
}

// writing is what a method sees of the vault that it changes.
type writing struct {
	*vault.Tx
	view *reading
}

// admit takes the checks that follow token and user, in the contract's order (syspass 1.2, step 6): tokenPass, parameters. wrong is what
// was found when they were decoded. A tokenPass that other methods get is not looked at. A role that the method is not for is answered
// before all of them, as a token that is not for it.
func (c *call) admit(r *vault.Reader, wrong error) error {
	switch {
	case c.method.may != nil && !c.method.may(r):
		return vault.Forbidden
	case c.method.secured && !c.params.has("tokenPass"):
		return c.wrongParameters()
	case c.method.secured && !auth.MatchPass(r.Principal().Credential(), phpString(c.params["tokenPass"])):
		return errTokenPass
	}
	required := c.method.help.required()
	if !c.params.flag("partial") {
		required = append(required, c.method.needs...)
	}
	for _, name := range required {
		if !c.params.has(name) {
			return c.wrongParameters()
		}
	}
	return wrong
}

func (c *call) wrongParameters() *failure {
	return &failure{Message: "Wrong parameters", Code: -32602, Data: struct {
		Help help `json:"help"`
	}{c.method.help}}
}

func decodeID[ID ~uint64](p params) (ID, error) { return ref[ID](p.integer("id")), nil } //nolint:unparam // it is a decoder

// ref turns an integer into an id. A negative one becomes an id that nothing has.
func ref[ID ~uint64](n int64) ID {
	if n < 0 {
		return ^ID(0)
	}
	return ID(n)
}
