package vault

import "time"

// Lockout refuses all calls to a service from a source until a time: too many had failed (sysPass 1.8). It is journalled so that every process
// knows of it by the catch-up that its request makes anyway, without a read of its own, and so that the log shows it.
type Lockout struct {
	Service string `cbor:"1,keyasint"`
	Source  string `cbor:"2,keyasint"` // as the service tells sources apart: an address, or a network
	Until   Stamp  `cbor:"3,keyasint"`
}

// lockoutKey tells lockouts apart.
type lockoutKey struct{ service, source string }

// LockedOut reports whether calls to a service from a source are refused at a time.
func (s *State) LockedOut(service, source string, now time.Time) bool {
	return StampOf(now) < s.lockouts[lockoutKey{service, source}]
}

// setLockout also forgets those that were over when this one was made, so that a state does not grow with them.
func (s *State) setLockout(l *Lockout) {
	for k, until := range s.lockouts {
		if until < l.Until-maxLockout {
			delete(s.lockouts, k)
		}
	}
	s.lockouts[lockoutKey{l.Service, l.Source}] = l.Until
}

const maxLockout = 24 * 60 * 60 // seconds

// LockOut journals a lockout, which lasts a day at most. Only for the operator. Errors: Forbidden, Invalid.
func (t *Tx) LockOut(l Lockout) error {
	switch {
	case !t.principal.operator:
		return fail(Forbidden, "not allowed to lock out")
	case l.Until <= t.stamp() || l.Until > t.stamp()+maxLockout:
		return fail(Invalid, "a lockout lasts a second to a day")
	}
	if t.state.LockedOut(l.Service, l.Source, (l.Until - 1).Time()) {
		return nil // another process has seen to it
	}
	t.put(Change{Lockout: &l})
	return nil
}
