package vault

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Limits of a shared transaction, below those of a transaction: a batch of several stops growing at them.
const (
	batchItems = 80 // payloads and marks
	batchBytes = 200 << 10
)

// prepare runs the functions and gathers their changes. A batch ends early where it would become too large, and behind a change of
// permissions: the callers after it must be resolved on a state that holds it. It ends before a function that copies a secret of the same batch, too.
func (v *Vault) prepare(s *State, batch []*update) (a Attempt, taken []*update, missing []SecretKey) {
	a.Base = s.heads
	o := newOverlay(s)
	size := 0
	for i, u := range batch {
		if i > 0 && len(a.Ops[1]) > 0 {
			break
		}
		if err := a.barred(u); err != nil {
			taken, u.err, u.wants = append(taken, u), err, nil
			continue
		}
		fork := o.fork()
		t, err := v.runOne(s, fork, u)
		if t != nil && u.req.Action.Reveals && t.borrows(o) {
			break
		}
		if i > 0 && err == nil && (len(fork.payloads)+len(fork.drop)+len(a.Marks) > batchItems || size+t.size() > batchBytes) {
			break
		}
		taken, u.err, u.wants = append(taken, u), err, nil
		if t == nil {
			continue
		}
		u.wants, u.who = t.missing(), t.accessRecord()
		missing = append(missing, u.wants...)
		if err != nil {
			continue
		}
		o = fork
		size += t.size()
		a.add(t)
	}
	a.Payloads, a.Drop = o.payloads, o.drop
	return a, taken, missing
}

// barred says why an Update does not run: what it wants cannot be had, or an earlier one of the attempt is the same request.
func (a *Attempt) barred(u *update) error {
	once := u.req.Once
	if once != nil && slices.ContainsFunc(a.Marks, func(m Mark) bool { return m.Hash == once.Hash }) {
		return errUsed
	}
	return u.failed
}

// runOne runs a function. A panic in it is that caller's failure and nobody else's.
func (v *Vault) runOne(s *State, o *overlay, u *update) (t *Tx, err error) {
	now := v.now()
	p, err := resolve(s, u.req, now)
	if err != nil {
		return nil, err
	}
	t = &Tx{Reader: newReader(s, o, p, u.req, now, u.loaded), o: o, strength: v.strength}
	t.presence = &v.presence
	defer func() {
		if recover() != nil { // what it says could hold a secret
			t, err = nil, &Error{Kind: Internal, Err: fmt.Errorf("the function of %s panicked at %s", u.req.Action, panicSite())}
		}
	}()
	if err := u.run(t); err != nil {
		return t, err
	}
	return t, t.checkFormat()
}

// borrows reports whether the function took a secret that another one writes in this transaction. Where it must be on record who has it, that waits for the next one:
// this secret has no place yet that a record could name.
func (t *Tx) borrows(others *overlay) bool {
	return slices.ContainsFunc(t.passedOn, func(k SecretKey) bool { _, ok := others.payloads[k]; return ok })
}

// panicSite returns the file and line that a recovered panic came from.
func panicSite() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for panicking := false; ; {
		f, more := frames.Next()
		runtimes := strings.HasPrefix(f.Function, "runtime.")
		if panicking && !runtimes {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		panicking = panicking || f.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}

// add makes a function's changes part of the attempt, and with them the request's mark.
func (a *Attempt) add(t *Tx) {
	if t.req.Once != nil && len(t.changes) > 0 {
		a.Marks = append(a.Marks, *t.req.Once)
	}
	op := Op{At: t.stamp(), Millis: uint16(t.now.Nanosecond() / 1e6), Actor: t.principal.id, Action: t.req.Action.String(), Source: addrText(t.req)}
	if t.principal.credential != nil {
		op.Credential = t.principal.credential.ID
	}
	if t.reasons {
		op.Reason = t.req.Reason
	}
	for _, table := range Tables {
		part := op
		for _, c := range t.changes {
			if c.table() == table {
				part.Changes = append(part.Changes, c)
			}
		}
		if len(part.Changes) > 0 {
			list := a.ops(table)
			*list = append(*list, part)
		}
	}
}

// size estimates the encoded bytes of a function's changes and payloads; only for deciding when a batch is full.
func (t *Tx) size() (n int) {
	for _, c := range t.changes {
		n += c.size()
		if c.Entry != nil {
			if p, ok := t.o.payloads[SecretKey{c.Entry.ID, c.Entry.SecretVersion}]; ok {
				n += p.size()
			}
		}
	}
	return n
}

func (c Change) size() int {
	switch {
	case c.Entry != nil:
		e := c.Entry
		n := 200 + len(e.Name) + len(e.Notes) + len(e.URL) + len(e.Username) + len(e.Email) + 4*len(e.Tags) + 8*len(e.Users) + 8*len(e.Groups)
		for _, f := range e.Fields {
			n += 8 + len(f.Label) + len(f.Data)
		}
		return n
	case c.Project != nil:
		return 200 + len(c.Project.Notes)
	case c.TrashBulk != nil:
		return 64 + 3*len(c.TrashBulk.Deltas)
	case c.AccessHour != nil:
		return 64 + 8*len(c.AccessHour.Reveals) + 16*len(c.AccessHour.Seen)
	case c.Job != nil:
		return 200 + len(c.Job.Sealed) + len(c.Job.Location)
	}
	return 300
}

func (p Payload) size() int {
	n := len(p.Password.Reveal())
	for _, s := range p.Fields {
		n += len(s.Reveal())
	}
	return n
}
