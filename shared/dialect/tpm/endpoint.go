package tpm

import (
	"encoding/json"
	"net/http"
	"unicode/utf8"

	"tresor/shared/vault"
)

func named(name string, writes, reveals bool) vault.Action {
	return vault.Action{Dialect: vault.TPM, Name: name, Writes: writes, Reveals: reveals}
}

// reading makes the endpoint of a read.
func reading[T any](action vault.Action, fn func(*vault.Reader, *call) (T, error)) endpoint {
	return endpoint{action, func(v *vault.Vault, c *call) (reply, error) {
		body, err := vault.View(c.r.Context(), v, c.req, func(r *vault.Reader) (T, error) { return fn(r, c) })
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusOK, body: body}, nil
	}}
}

// show is a read that hands out no secret; reveal is one that does.
func show[T any](name string, fn func(*vault.Reader, *call) (T, error)) endpoint {
	return reading(named(name, false, false), fn)
}

func reveal[T any](name string, fn func(*vault.Reader, *call) (T, error)) endpoint {
	return reading(named(name, false, true), fn)
}

// created is the answer to what makes something (tpm 1.7).
type created struct {
	ID uint64 `json:"id"`
}

// create makes the endpoint that makes something out of a body: 201 and its id.
func create[Req any](name string, decode func(fields) (Req, error), fn func(*vault.Tx, Req) (uint64, error)) endpoint {
	return making(named(name, true, false), decode, func(t *vault.Tx, _ uint64, req Req) (uint64, error) { return fn(t, req) })
}

// derive makes the endpoint that makes something out of one thing and a body: 201 and the new one's id. It copies secrets, which is on record as their
// reveal.
func derive[Req any](name string, decode func(fields) (Req, error), fn func(*vault.Tx, uint64, Req) (uint64, error)) endpoint {
	return making(named(name, true, true), decode, fn)
}

func making[Req any](action vault.Action, decode func(fields) (Req, error), fn func(*vault.Tx, uint64, Req) (uint64, error)) endpoint {
	return endpoint{action, func(v *vault.Vault, c *call) (reply, error) {
		req, err := decoded(c, decode)
		if err != nil {
			return reply{}, err
		}
		id, err := vault.Update(c.r.Context(), v, c.req, func(t *vault.Tx) (uint64, error) { return fn(t, c.id, req) })
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusCreated, body: created{id}}, nil
	}}
}

// change makes the endpoint that changes one thing by a body: 204.
func change[Req any](name string, decode func(fields) (Req, error), fn func(*vault.Tx, uint64, Req) error) endpoint {
	return changing(named(name, true, false), decode, fn)
}

// uncover is change for what may take secrets out of their seal, which is on record as their reveal.
func uncover[Req any](name string, decode func(fields) (Req, error), fn func(*vault.Tx, uint64, Req) error) endpoint {
	return changing(named(name, true, true), decode, fn)
}

func changing[Req any](action vault.Action, decode func(fields) (Req, error), fn func(*vault.Tx, uint64, Req) error) endpoint {
	return endpoint{action, func(v *vault.Vault, c *call) (reply, error) {
		req, err := decoded(c, decode)
		if err != nil {
			return reply{}, err
		}
		return done(v, c, func(t *vault.Tx) error { return fn(t, c.id, req) })
	}}
}

// act makes the endpoint that does something to one thing and takes no body, or any (tpm 1.4): 204.
func act(name string, fn func(*vault.Tx, uint64) error) endpoint {
	return endpoint{named(name, true, false), func(v *vault.Vault, c *call) (reply, error) {
		return done(v, c, func(t *vault.Tx) error { return fn(t, c.id) })
	}}
}

func done(v *vault.Vault, c *call, fn func(*vault.Tx) error) (reply, error) {
	_, err := vault.Update(c.r.Context(), v, c.req, func(t *vault.Tx) (struct{}, error) { return struct{}{}, fn(t) })
	return reply{status: http.StatusNoContent}, err
}

// decoded reads a body that must be a JSON object.
func decoded[Req any](c *call, decode func(fields) (Req, error)) (req Req, err error) {
	var f fields
	if !utf8.Valid(c.body) || json.Unmarshal(c.body, &f) != nil || f == nil {
		return req, invalid("the request body is not a JSON object")
	}
	return decode(f)
}
