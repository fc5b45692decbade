package vault

import (
	"strings"
	"sync"
)

// Seen is when a user was last there, as far as is known. It costs no write of its own: each process knows its own requests exactly, and of others' it learns
// what they wrote and, once an hour, which secrets they read (design section 4).
type Seen struct {
	Login   Stamp `cbor:"1,keyasint,omitempty"` // with a password; 0: never
	Request Stamp `cbor:"2,keyasint,omitempty"` // in any API; 0: never
}

// UserSeen is an hour's Seen of a user.
type UserSeen struct {
	User UserID `cbor:"1,keyasint"`
	Seen Seen   `cbor:"2,keyasint"`
}

// Newest returns the later of two sightings, each part by itself.
func (s Seen) Newest(other Seen) Seen {
	return Seen{max(s.Login, other.Login), max(s.Request, other.Request)}
}

func presenceOf(at Stamp, c CredentialID, action string) Seen {
	switch {
	case strings.HasPrefix(action, string(Command)+" "):
		return Seen{}
	case c == 0:
		return Seen{at, at}
	}
	return Seen{Request: at}
}

func (op *Op) presence() Seen { return presenceOf(op.At, op.Credential, op.Action) }

// Presence returns what an access record says of its user's presence.
func (a *AccessRecord) Presence() Seen { return presenceOf(a.At, a.Credential, a.Action) }

func (s *State) see(id UserID, seen Seen) {
	if id != 0 && seen != (Seen{}) {
		s.seen[id] = s.seen[id].Newest(seen)
	}
}

// presence is what one process knows of the users it has served.
type presence struct {
	mu   sync.Mutex
	seen map[UserID]Seen
}

func (p *presence) note(who *AccessRecord) {
	seen := who.Presence()
	if who.User == 0 || seen == (Seen{}) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil {
		p.seen = map[UserID]Seen{}
	}
	p.seen[who.User] = p.seen[who.User].Newest(seen)
}

func (p *presence) of(id UserID) Seen {
	if p == nil {
		return Seen{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[id]
}

// LastSeen returns when a user was last there, before this request.
func (r *Reader) LastSeen(id UserID) Seen { return r.state.seen[id].Newest(r.presence.of(id)) }
