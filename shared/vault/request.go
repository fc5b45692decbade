package vault

import (
	"errors"
	"net/netip"
	"slices"
	"time"
)

// Action is one call of a dialect. Its properties belong to it, not to the HTTP method that carries it: TeamPass writes by GET.
type Action struct {
	Dialect Dialect
	Name    string // unique in the dialect, e.g. "account/create"; `tresor token add --action` takes it
	Writes  bool   // closed to read-only credentials
	Reveals bool   // may hand out secrets
}

// String returns "dialect name".
func (a Action) String() string { return string(a.Dialect) + " " + a.Name }

// Request is what the vault needs to know of a call, whatever the dialect.
type Request struct {
	Auth   Authenticator
	Action Action
	Source netip.Addr // where the call came from, as the gateway saw it
	Reason string     // TPM's X-Unlock-Reason; blank is none
	// Also is a second caller, whose login and password came as arguments of the call (TeamPass auth): what is allowed is what both may do. The
	// call stays the first one's: it is recorded as theirs. nil: there is none. A refusal of the second is an *AlsoError.
	Also Authenticator
	// Admit says whether callers who are known may call at all, by the state as it stands; as pure and quick as an Authenticator. It is not asked of an
	// operator. nil: they may.
	Admit func(*State) error
	// Once makes an Update that changes something happen at most once for all requests with this mark, in all processes, until the mark expires: a
	// later one is Unauthenticated. One that changes nothing leaves no mark. nil: the request may be repeated.
	Once *Mark
}

// AlsoError is the refusal of a request's second caller.
type AlsoError struct{ Err error }

// Error says what was refused.
func (e *AlsoError) Error() string { return "the second caller: " + e.Err.Error() }

// Unwrap returns the refusal itself.
func (e *AlsoError) Unwrap() error { return e.Err }

// Authenticator says who a call is from, by the state as it stands. It is asked again on the caught-up state, so it must be pure and
// quick: whatever is slow (argon2) or needs I/O (counting attempts) was done before. Its errors are of kind Unauthenticated, or Throttled.
type Authenticator interface {
	// Authenticate returns the user, and the credential where one was used.
	Authenticate(s *State) (UserID, *Credential, error)
}

// Operator authenticates the command line: whoever holds the data folder or the account's roles. Its acts are recorded as user 0.
type Operator struct{}

// Authenticate returns user 0, which only an operator is.
func (Operator) Authenticate(*State) (UserID, *Credential, error) { return 0, nil, nil }

// Principal is a caller, resolved on one state.
type Principal struct {
	subject
	user           *User // nil: an operator
	credential     *Credential
	operator       bool
	mayCreateRoots bool
	named          bool       // the credential's list of actions names this very action
	also           *Principal // the request's second caller
}

// Also returns the second caller; nil if there is none.
func (p *Principal) Also() *Principal { return p.also }

// User returns the caller's user; nil for an operator.
func (p *Principal) User() *User { return p.user }

// ID returns the caller's user id; 0 for an operator.
func (p *Principal) ID() UserID { return p.id }

// Role returns the caller's role; Admin for an operator.
func (p *Principal) Role() Role { return p.role }

// Credential returns the credential used; nil for a password or an operator.
func (p *Principal) Credential() *Credential { return p.credential }

// MayCall reports whether the caller's credential is for an action of its dialect; a password is for all of them.
func (p *Principal) MayCall(action string) bool {
	return p.credential == nil || len(p.credential.Actions) == 0 || slices.Contains(p.credential.Actions, action)
}

// narrowed reports whether the credential may do less than its user.
// When and from where it may be used says nothing of what it may do.
func (p *Principal) narrowed() bool {
	c := p.credential
	return c != nil && (len(c.Actions) > 0 || len(c.Projects) > 0 || c.ReadOnly)
}

// resolve finds out who calls, and who else, and whether the call as such is allowed: user active, credential alive, of this dialect, from this
// address, for this action. What it may do to which entry is decided later, by effective.
func resolve(s *State, req *Request, now time.Time) (*Principal, error) {
	p, err := resolveOne(s, req, now)
	if err != nil || req.Also == nil {
		return p, err
	}
	second := *req
	second.Auth = req.Also
	if p.also, err = resolveOne(s, &second, now); err != nil {
		return nil, &AlsoError{err}
	}
	return p, nil
}

func resolveOne(s *State, req *Request, now time.Time) (*Principal, error) {
	id, cred, err := req.Auth.Authenticate(s)
	if err != nil {
		return nil, err
	}
	if _, ok := req.Auth.(Operator); ok {
		return &Principal{subject: subject{role: Admin}, operator: true}, nil
	}
	u := s.users[id]
	if u == nil {
		return nil, fail(Unauthenticated, "unknown user")
	}
	if err := checkCredential(cred, req, now); err != nil {
		return nil, err
	}
	if u.Disabled {
		return nil, fail(Disabled, "user disabled")
	}
	if req.Admit != nil {
		if err := req.Admit(s); err != nil {
			return nil, err
		}
	}
	p := &Principal{subject: s.subject(u), user: u, credential: cred, mayCreateRoots: u.MayCreateRoots}
	if cred == nil {
		return p, nil
	}
	p.named = slices.Contains(cred.Actions, req.Action.Name)
	if !p.MayCall(req.Action.Name) {
		return nil, fail(Forbidden, "the credential is not for this action")
	}
	if cred.ReadOnly && req.Action.Writes {
		return nil, fail(Forbidden, "the credential is read-only")
	}
	return p, nil
}

// checkCredential tells a dead credential, or one used where it may not be, from a living one. All answer alike: who holds a revoked
// token learns nothing from how it fails.
func checkCredential(c *Credential, req *Request, now time.Time) error {
	switch {
	case c == nil:
		return nil
	case c.Revoked != 0, c.Expires != 0 && StampOf(now) >= c.Expires, c.Dialect != req.Action.Dialect:
		return fail(Unauthenticated, "unknown credential")
	case !c.MayComeFrom(req.Source):
		return &Error{Kind: Unauthenticated, Msg: "unknown credential", Err: ErrSource}
	}
	return nil
}

// ErrSource is why a credential that is right otherwise was refused: it is for other addresses. TeamPass says so (TeamPass 3); others do not.
var ErrSource = errors.New("the credential is for other addresses")

// MayComeFrom reports whether the credential may be used from an address.
func (c *Credential) MayComeFrom(from netip.Addr) bool {
	if len(c.Sources) == 0 {
		return true
	}
	for _, s := range c.Sources {
		if prefix, err := netip.ParsePrefix(s); err == nil && prefix.Contains(from.Unmap()) {
			return true
		}
	}
	return false
}

// subject returns u as the rules see it.
func (s *State) subject(u *User) subject {
	groups, main := s.memberships[u.ID], u.MainGroup
	if s.groups[main] == nil {
		main = 0 // removed since
	}
	if main != 0 {
		if i, found := slices.BinarySearch(groups, main); !found {
			groups = slices.Insert(slices.Clone(groups), i, main)
		}
	}
	return subject{id: u.ID, role: u.Role, main: main, groups: groups}
}

// UserByName returns the user with a username, ignoring case; nil if there is none.
func (s *State) UserByName(username string) *User { return s.users[s.byUsername[NameKey(username)]] }

// CredentialByToken returns the credential whose token has the hash, alive or not; nil if there is none.
func (s *State) CredentialByToken(h Hash) *Credential { return s.credentials[s.byToken[h]] }
