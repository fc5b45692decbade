package vault

import "time"

// Lockout refuses all calls to a service from a source for a time: too many had failed (sysPass 1.8). It is journalled so that every process
// knows of it by the catch-up that its request makes anyway, without a read of its own, and so that the log shows it.
type Lockout struct {
	Service string `cbor:"1,keyasint"`
	Source  string `cbor:"2,keyasint"` // as the service tells sources apart: an address, or a network
	From    Stamp  `cbor:"3,keyasint"`
	Until   Stamp  `cbor:"4,keyasint"`
}

// lockoutKey tells lockouts apart.
type lockoutKey struct{ service, source string }

func (l *Lockout) key() lockoutKey { return lockoutKey{l.Service, l.Source} }

// LockedOut reports whether calls to a service from a source are refused at a time.
func (s *State) LockedOut(service, source string, now time.Time) bool {
	return StampOf(now) < s.lockouts[lockoutKey{service, source}]
}

// Lockouts returns how many the state holds, in force or over.
func (s *State) Lockouts() int { return len(s.lockouts) }

// setLockout also forgets those that are over, each time that there are twice as many as were left the time before: a state does not grow with
// them, and a replay of many goes through each a few times.
func (s *State) setLockout(l *Lockout) {
	s.lockouts[l.key()] = l.Until
	if len(s.lockouts) <= 2*s.lockoutsLeft+maxLockouts {
		return
	}
	for k, until := range s.lockouts {
		if until <= l.From {
			delete(s.lockouts, k)
		}
	}
	s.lockoutsLeft = len(s.lockouts)
}

// Limits of lockouts.
const (
	maxLockout = 24 * 60 * 60 // seconds that one may last
	// maxLockouts is how many may be in force at once. Who has a token and very many addresses must not be able to fill the journal; what is not
	// journalled is still counted, and refused by the process that it failed in.
	maxLockouts = 100
)

// LockOut journals a lockout from now on, which lasts a day at most, unless there is one, or too many. Only for the operator. Errors: Forbidden, Invalid.
func (t *Tx) LockOut(service, source string, until Stamp) error {
	now := t.stamp()
	switch {
	case !t.principal.operator:
		return fail(Forbidden, "not allowed to lock out")
	case until <= now || until > now+maxLockout:
		return fail(Invalid, "a lockout lasts a second to a day")
	}
	l := &Lockout{service, source, now, until}
	if t.o.lockedUntil(l.key()) > now || t.o.lockoutsInForce(now) >= maxLockouts {
		return nil
	}
	t.put(Change{Lockout: l})
	return nil
}

func (o *overlay) lockedUntil(k lockoutKey) Stamp { return max(o.State.lockouts[k], o.lockoutsNow[k]) }

// lockoutsInForce counts those of the state and of the changes.
func (o *overlay) lockoutsInForce(now Stamp) (n int) {
	for _, list := range []map[lockoutKey]Stamp{o.State.lockouts, o.lockoutsNow} {
		for _, until := range list {
			if until > now {
				n++
			}
		}
	}
	return n
}
