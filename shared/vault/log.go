package vault

import "context"

// Log is what View and Update need of the journals: a replica of the state, kept up to date, and a compare-and-append. shared/journal
// implements it over a Store and a Sealer.
type Log interface {
	// Read calls fn with the replica. fn must be quick, do no I/O, and keep no part of the State itself (entities it may keep).
	Read(fn func(*State))
	// CatchUp returns when the replica holds, as one cut, everything that was acknowledged before the call. It may share the reading
	// with other callers, but only a reading that began after the call. Errors: Busy, NewerFormat, Corrupt, Internal.
	CatchUp(ctx context.Context) error
	// Payloads fetches and opens secret payloads. Missing ones are absent from the result.
	Payloads(ctx context.Context, keys []SecretKey) (map[SecretKey]Payload, error)
	// RecordAccess makes access records durable. It sets their id and the writer's chain, and splits what is too large. It returns
	// only when they are safe, or with an error when they may not be.
	RecordAccess(ctx context.Context, a AccessRecord) error
	// Append commits an attempt whose functions ran at a.Base. On success the replica holds it. Errors: a *LostError (kind Conflict) when it
	// is proven that the attempt did not and will not happen; a *UsedError when that is proven by marks that others have put; TooLarge before
	// anything was sent; Busy when nothing was sent or all was refused until the context ended; Undecided when nobody can say in time.
	Append(ctx context.Context, a Attempt) error
}

// Attempt is one try of one or more Updates to commit.
type Attempt struct {
	Base     Heads
	Ops      [2][]Op // by table: Entries first
	Payloads map[SecretKey]Payload
	Drop     []SecretKey
	Marks    []Mark // put with the records, each only if no other attempt has put it
}

// ops returns the attempt's operations on a table.
func (a *Attempt) ops(t Table) *[]Op { return &a.Ops[t-Entries] }

// LostError is a proven lost race.
type LostError struct {
	// Fresh says that the replica already holds the record that won, so that the functions can run again without a catch-up.
	Fresh bool
}

// Error says that the race was lost.
func (*LostError) Error() string { return "another write came first" }

// Is reports whether target is Conflict.
func (*LostError) Is(target error) bool { return target == error(Conflict) }

// UsedError is the proof that an attempt did not and will not happen because of its marks: the requests that they stand for were carried out before.
type UsedError struct {
	// Marks are the hashes of the marks that were there.
	Marks []Hash
}

// Error says that a request came again.
func (*UsedError) Error() string { return "a request was used before" }

// Is reports whether target is Unauthenticated.
func (*UsedError) Is(target error) bool { return target == error(Unauthenticated) }
