// Package watch keeps count of what a process does: for each request in a Ledger, from which the line of the log is made, and for all of them in a
// Meter, which CloudWatch reads as metrics. It knows no name, no text and no secret, only numbers and ids, so that nothing in it could leak.
//
// The one idea: whoever knows something adds it to the ledger that the context carries, and nobody asks for one: without a ledger all of it does nothing.
// So the store says what it billed, the journal how far it was behind, the vault who called and the dialect what it answered, and none of them knows
// that there is a log.
package watch

import (
	"context"
	"log/slog"
	"sync"

	"tresor/shared/vault"
)

// OK is the outcome of a request that was carried out.
const OK = "ok"

// Figures are what one request did.
type Figures struct {
	Actor      vault.UserID // the user; 0: nobody who is known, or an operator
	Outcome    string       // OK or the name of a vault.Kind; empty: nobody said
	Calls      int          // requests to the store
	ReadUnits  float64
	WriteUnits float64
	CatchUp    int // records that the replica was behind
	Reveals    int // secrets that were handed out
	Conflicts  int // races lost for a place in a journal
}

// Attrs are what a line of the log says of the work: who it was for, requests to the store, read and write units as DynamoDB bills them, records read first. What is 0 is
// left out.
func (f Figures) Attrs() (attrs []slog.Attr) {
	for _, a := range []struct {
		name string
		n    float64
	}{{"actor", float64(f.Actor)}, {"calls", float64(f.Calls)}, {"rru", f.ReadUnits}, {"wru", f.WriteUnits}, {"catch_up", float64(f.CatchUp)}, {"conflicts", float64(f.Conflicts)}} {
		if a.n != 0 {
			attrs = append(attrs, slog.Float64(a.name, a.n))
		}
	}
	return attrs
}

// Ledger gathers the figures of one request. It is safe for concurrent use; a nil one takes everything and keeps nothing.
type Ledger struct {
	mu sync.Mutex
	f  Figures
}

type contextKey struct{}

// With returns a context that carries a new ledger.
func With(ctx context.Context) (context.Context, *Ledger) {
	l := &Ledger{}
	return context.WithValue(ctx, contextKey{}, l), l
}

// From returns the context's ledger; nil if it has none.
func From(ctx context.Context) *Ledger {
	l, _ := ctx.Value(contextKey{}).(*Ledger)
	return l
}

func (l *Ledger) add(change func(*Figures)) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.f)
}

// Figures returns what was gathered so far.
func (l *Ledger) Figures() (f Figures) {
	l.add(func(now *Figures) { f = *now })
	return f
}

// Caller says who a request is from, for vault.Options.
func Caller(ctx context.Context, user vault.UserID) {
	From(ctx).add(func(f *Figures) { f.Actor = user })
}

// Refused says how a request that was not carried out ended. The last word counts.
func (l *Ledger) Refused(kind vault.Kind) { l.add(func(f *Figures) { f.Outcome = kind.Error() }) }

// Stored says that a request to the store was made, and what the store billed for it.
func (l *Ledger) Stored(readUnits, writeUnits float64) {
	l.add(func(f *Figures) {
		f.Calls++
		f.ReadUnits += readUnits
		f.WriteUnits += writeUnits
	})
}

// CaughtUp says that records of others were read into the replica.
func (l *Ledger) CaughtUp(records int) { l.add(func(f *Figures) { f.CatchUp += records }) }

// Revealed says that secrets are handed out, or, with a negative number, that they were not after all.
func (l *Ledger) Revealed(secrets int) { l.add(func(f *Figures) { f.Reveals += secrets }) }

// LostRace says that another was first at a place in a journal.
func (l *Ledger) LostRace() { l.add(func(f *Figures) { f.Conflicts++ }) }
