package vault

import "errors"

// Kind classifies an error for whoever has to answer a client. It is itself an error, so that
// errors.Is(err, vault.NotFound) works through any wrapping. The zero Kind is Internal: what nobody
// classified is internal.
type Kind uint8

const (
	// Internal is a failure of ours; its text is for the log only.
	Internal Kind = iota
	// Invalid is a request whose content is refused.
	Invalid
	// Unauthenticated is a caller whose credential is absent, wrong, expired or revoked.
	Unauthenticated
	// Disabled is a right credential of a user who is not active.
	Disabled
	// Forbidden is a known caller who may not do this.
	Forbidden
	// NotFound is a thing that does not exist, or that the caller may not know of.
	NotFound
	// Exists is a name that is taken.
	Exists
	// InUse is a thing that cannot go because others refer to it.
	InUse
	// BadReference is a request that names something unknown by id (a client, a category, a tag).
	BadReference
	// Locked is an entry that gives and takes nothing without a reason.
	Locked
	// LockedFirmly is an entry that needs another's permission to unlock: no API call does it.
	LockedFirmly
	// TooLarge is a change above the size of one transaction, or a field above its limit.
	TooLarge
	// Throttled is a caller who has failed to authenticate too often.
	Throttled
	// Conflict is a proven lost race for a journal sequence number. Update runs again; no client sees it.
	Conflict
	// Busy is a request that was not carried out because the store was overloaded or too slow. It may be sent again.
	Busy
	// Undecided is a write of which nobody can say in time whether it was carried out.
	Undecided
	// NewerFormat is data written by a newer version of tresor.
	NewerFormat
	// Corrupt is stored data that does not verify.
	Corrupt
	kindEnd
)

var kindText = [...]string{
	Internal: "internal error", Invalid: "invalid request", Unauthenticated: "not authenticated", Disabled: "user disabled",
	Forbidden: "not allowed", NotFound: "not found", Exists: "already exists", InUse: "in use",
	BadReference: "unknown reference", Locked: "locked", LockedFirmly: "locked, needs permission",
	TooLarge: "too large", Throttled: "too many attempts", Conflict: "lost race", Busy: "busy",
	Undecided: "outcome unknown", NewerFormat: "newer data format", Corrupt: "does not verify",
}

// Error returns the kind's name.
func (k Kind) Error() string { return kindText[k] }

// Kinds lists every kind, for tests that must cover all of them.
func Kinds() []Kind {
	all := make([]Kind, 0, kindEnd)
	for k := Internal; k < kindEnd; k++ {
		all = append(all, k)
	}
	return all
}

// Error is an error with a kind and a text for clients.
type Error struct {
	Kind Kind
	Msg  string // safe to show a client
	Err  error  // for the log only
}

// Error returns the text and the cause; it is meant for logs.
func (e *Error) Error() string {
	switch {
	case e.Msg == "" && e.Err == nil:
		return e.Kind.Error()
	case e.Err == nil:
		return e.Msg
	case e.Msg == "":
		return e.Kind.Error() + ": " + e.Err.Error()
	}
	return e.Msg + ": " + e.Err.Error()
}

// Unwrap returns the cause, unless it has another kind: the kind that was given last is the one that counts, for KindOf and errors.Is alike.
func (e *Error) Unwrap() error {
	if k := KindOf(e.Err); k != Internal && k != e.Kind {
		return nil
	}
	return e.Err
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool { k, ok := target.(Kind); return ok && k == e.Kind }

// KindOf returns the kind of err, looking through any wrapping; Internal if it has none.
func KindOf(err error) Kind {
	var k Kind
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.As(err, &k):
		return k
	}
	return Internal
}

// fail makes an error of kind k with a text that a client may see.
func fail(k Kind, msg string) error { return &Error{Kind: k, Msg: msg} }

// ErrNoVault is the error of what works on a whole vault, where there is none: one that is not made yet, or whose restore has not ended.
var ErrNoVault error = &Error{Kind: NotFound, Msg: "there is no vault"}
