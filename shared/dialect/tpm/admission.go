package tpm

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"

	"tresor/shared/vault"
)

// errSwitchedOff marks refusals by a setting: they are told as they are, and to anyone, since it is the operator's setting and no secret.
var errSwitchedOff = errors.New("switched off by a setting")

var (
	errNoBasic = &vault.Error{Kind: vault.Unauthenticated, Msg: "HTTP Basic authentication is disabled.", Err: errSwitchedOff}
	errNoHMAC  = &vault.Error{Kind: vault.Unauthenticated, Msg: "HMAC authentication is disabled.", Err: errSwitchedOff}
	errNoAPI   = &vault.Error{Kind: vault.Forbidden, Msg: "The API is disabled.", Err: errSwitchedOff}
)

// scheme is a way to authenticate, and what is said where it is switched off.
type scheme struct {
	taken   func(settingSource) bool
	refusal error
}

var (
	byBasic = scheme{takesBasic, errNoBasic}
	byHMAC  = scheme{takesHMAC, errNoHMAC}
)

// admitted is an authenticator held to the settings, as of the state that it is asked on.
type admitted struct {
	vault.Authenticator
	scheme scheme
}

// Authenticate refuses a scheme that is not taken, and shortens the life of a key to what SettingKeyDays allows; whoever decides whether it is over has the clock.
func (a admitted) Authenticate(s *vault.State) (vault.UserID, *vault.Credential, error) {
	if !a.scheme.taken(s) {
		return 0, nil, a.scheme.refusal
	}
	id, c, err := a.Authenticator.Authenticate(s)
	if days := keyDays(s); err == nil && c != nil && days > 0 {
		c = shortened(c, vault.Stamp(days)*secondsPerDay)
	}
	return id, c, err
}

// shortened returns a credential that ends so long after it was made, or when it would anyway.
func shortened(c *vault.Credential, life vault.Stamp) *vault.Credential {
	if end := c.Created + life; c.Expires == 0 || end < c.Expires {
		short := *c
		short.Expires = end
		return &short
	}
	return c
}

// entrance lets callers who are known in while the API is on. It remembers that the vault asked: what failed later is not about the API.
type entrance struct{ asked atomic.Bool }

func (e *entrance) admit(s *vault.State) error {
	e.asked.Store(true)
	if !apiOn(s) {
		return errNoAPI
	}
	return nil
}

// check refuses a scheme before anything is verified by it: where it is switched off, no password is hashed. The replica may say so; only the
// caught-up state decides.
func (m scheme) check(ctx context.Context, v *vault.Vault) error {
	if m.known(v) == nil {
		return nil
	}
	if err := v.Fresh(ctx); err != nil {
		return err
	}
	return m.known(v)
}

// known is what the replica says, as it stands.
func (m scheme) known(v *vault.Vault) (err error) {
	v.Peek(func(s *vault.State) {
		if !m.taken(s) {
			err = m.refusal
		}
	})
	return err
}

// failed is what a failed verification is told as. It may have caught up, and then the replica knows better what is taken than it did before.
func (m scheme) failed(v *vault.Vault, err error) error {
	if vault.KindOf(err) != vault.Unauthenticated {
		return err
	}
	return cmp.Or(m.known(v), err)
}

// refusedFirst returns what a caller is told whose call failed before the vault was asked, since it does not exist or is malformed: while the API is switched
// off, that. It takes a round trip that good calls do not.
func (a *api) refusedFirst(ctx context.Context, req vault.Request, err error) error {
	if req.Action.Name == "" { // nothing was found to be called
		req.Action = named("none", false, false)
	}
	_, refused := vault.View(ctx, a.Vault, req, func(*vault.Reader) (struct{}, error) { return struct{}{}, nil })
	if errors.Is(refused, errSwitchedOff) {
		return refused
	}
	return err
}
