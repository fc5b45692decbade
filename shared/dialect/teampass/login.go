package teampass

import (
	"context"
	"errors"

	"tresor/shared/vault"
)

// login is a user's login and password as they came in a call.
type login struct{ name, password string }

// as makes the endpoint of a call that brings a login and a password as arguments (teampass 5.16, 5.19, 5.20). What it may do is what both the key and
// the user may. The password is looked at only for a key that is right and may make the call, and guesses at it are counted like those at any other
// login. parse reads the argument alone.
func as[A any](parse func(argument) (A, login, error), then func(ctx context.Context, v *vault.Vault, req vault.Request, in A) (answer, error)) endpoint {
	return endpoint{needs: true, serve: func(ctx context.Context, a *api, req vault.Request, arg argument) (answer, error) {
		in, user, malformed := parse(arg)
		_, err := vault.View(ctx, a.vault, req, func(*vault.Reader) (struct{}, error) { return struct{}{}, malformed })
		if err != nil {
			return nil, err
		}
		if req.Also, err = a.auth.Basic(ctx, user.name, user.password, req.Source); err != nil {
			return nil, asLogin(err)
		}
		out, err := then(ctx, a.vault, req, in)
		var second *vault.AlsoError // disabled, or changed a moment ago
		if errors.As(err, &second) {
			return nil, faultCredentials
		}
		return out, err
	}}
}

// asLogin is the answer to a login that failed. Too many failures are answered alike, and at once.
func asLogin(err error) error {
	if errors.Is(err, vault.Unauthenticated) || errors.Is(err, vault.Throttled) {
		return faultCredentials
	}
	return err
}

// asReader makes the endpoint of such a call that reads.
func asReader[A any](parse func(argument) (A, login, error), fn func(*vault.Reader, A) (answer, error)) endpoint {
	return as(parse, func(ctx context.Context, v *vault.Vault, req vault.Request, in A) (answer, error) {
		return vault.View(ctx, v, req, func(r *vault.Reader) (answer, error) { return fn(r, in) })
	})
}

// asWriter makes the endpoint of such a call that changes something.
func asWriter[A any](parse func(argument) (A, login, error), fn func(*vault.Tx, A) (answer, error)) endpoint {
	return as(parse, func(ctx context.Context, v *vault.Vault, req vault.Request, in A) (answer, error) {
		return vault.Update(ctx, v, req, func(t *vault.Tx) (answer, error) { return fn(t, in) })
	})
}
