package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"tresor/shared/vault"
)

// Append commits an attempt, or proves that it did not and will not happen, or says that nobody can say in time (laws 5 to 7).
func (l *Log) Append(ctx context.Context, a vault.Attempt) error {
	p, err := l.propose(a)
	if err != nil {
		return err
	}
	if err := p.checkSize(); err != nil {
		return err
	}
	return l.send(ctx, p)
}

// proposal is an attempt made ready: its bytes never change, however often it is sent.
type proposal struct {
	tx      vault.Transaction
	records []opened
}

func (l *Log) propose(a vault.Attempt) (*proposal, error) {
	p := &proposal{}
	if _, err := rand.Read(p.tx.ID[:]); err != nil {
		return nil, fmt.Errorf("make an attempt id: %w", err)
	}
	for _, t := range vault.Tables {
		if err := l.proposeRecord(p, &a, t); err != nil {
			return nil, err
		}
	}
	for k, payload := range a.Payloads {
		sealed, err := l.codec.sealPayload(k, payload)
		if err != nil {
			return nil, fmt.Errorf("seal secret %d version %d: %w", k.Entry, k.Version, err)
		}
		p.tx.PutSecrets = append(p.tx.PutSecrets, vault.StoredSecret{SecretKey: k, Sealed: sealed})
	}
	p.tx.DropSecrets = a.Drop
	p.tx.PutMarks, p.tx.Now = a.Marks, l.now()
	if a.Base == (vault.Heads{}) {
		p.tx.PutKeysets = l.genesis
		p.tx.Absent = append(p.tx.Absent, vault.RestoreMark) // no vault is founded among what a restore has put (law 16)
	}
	return p, nil
}

// proposeRecord makes the record of one table; where there is nothing to write, the transaction requires that the table has not moved on
// from where the rules ran: what was decided by it must still hold when the other table's record is written.
func (l *Log) proposeRecord(p *proposal, a *vault.Attempt, t vault.Table) error {
	next := a.Base.Of(t).Seq + 1
	ops := a.Ops[t-vault.Entries]
	if len(ops) == 0 {
		p.tx.Absent = append(p.tx.Absent, vault.RecordKey{Table: t, Seq: next})
		return nil
	}
	r := &vault.Record{Format: vault.Format, Table: t, Seq: next, Prev: a.Base.Of(t).Hash, Cross: a.Base.Of(t.Other()), Txn: p.tx.ID, Ops: ops}
	if len(a.Ops[t.Other()-vault.Entries]) > 0 {
		r.Partner = a.Base.Of(t.Other()).Seq + 1
	}
	stored, hash, err := l.codec.sealRecord(r)
	if err != nil {
		return err
	}
	p.tx.Put = append(p.tx.Put, stored)
	p.records = append(p.records, opened{r, hash, len(stored.Sealed)})
	return nil
}

// checkSize refuses before anything is sent what the store would refuse (law 5).
func (p *proposal) checkSize() error {
	items := p.tx.Items()
	total, largest := 0, 0
	measure := func(n int) { total += n + 256; largest = max(largest, n) }
	for i := range p.tx.Put {
		measure(len(p.tx.Put[i].Sealed))
	}
	for i := range p.tx.PutSecrets {
		measure(len(p.tx.PutSecrets[i].Sealed))
	}
	if items > vault.MaxTransactionItems || largest > vault.MaxSealedItem || total > vault.MaxTransactionBytes {
		return &vault.Error{Kind: vault.TooLarge, Msg: "the change is too large for one transaction",
			Err: fmt.Errorf("%d items, %d bytes, the largest %d", items, total, largest)}
	}
	return nil
}

// outcome is what is known of a proposal.
type outcome uint8

const (
	pending outcome = iota // not in, and may still come in
	won
	lost
)

// send sends the proposal until it is known to be in or out. The same bytes under the same id are carried out at most once, so sending again
// is safe as long as no record is at its number.
func (l *Log) send(ctx context.Context, p *proposal) error {
	undecided := false
	for try := 0; ; try++ {
		err := l.store.Commit(ctx, p.tx)
		var conflict *vault.ConflictError
		switch {
		case err == nil:
			return l.adopt(p.records)
		case errors.As(err, &conflict):
			return l.conflicted(ctx, p, conflict, undecided)
		case errors.Is(err, vault.Undecided):
			undecided = true
			if done, err := l.inquire(ctx, p); done {
				return err
			}
		case ctx.Err() != nil, errors.Is(err, vault.Busy):
		default:
			if undecided {
				return undecidedError(err)
			}
			return fmt.Errorf("commit: %w", err)
		}
		if Pause(ctx, try) != nil {
			return outOfTime(undecided, err)
		}
	}
}

func outOfTime(undecided bool, err error) error {
	if undecided {
		return undecidedError(err)
	}
	return &vault.Error{Kind: vault.Busy, Msg: "the vault is busy", Err: err}
}

func undecidedError(err error) error {
	return &vault.Error{Kind: vault.Undecided, Msg: "the outcome is unknown", Err: err}
}

// conflicted handles a refusal because a record or a mark exists: our own record means that an earlier sending was carried out. Marks are never
// our own, but what decides is the record: it alone is the write.
func (l *Log) conflicted(ctx context.Context, p *proposal, c *vault.ConflictError, undecided bool) error {
	result := p.judge(c.Existing)
	if result == pending && undecided { // the store did not say which record, and an earlier sending may be in: look
		var err error
		if result, err = l.look(ctx, p); err != nil {
			return undecidedError(err)
		}
	}
	if result == won {
		return l.adopt(p.records)
	}
	if len(c.Marks) > 0 { // they outlive every sending that may still be on its way: it can never come in
		return &vault.UsedError{Marks: c.Marks}
	}
	// Not in, and a condition failed on a record that will never go away: it can never come in.
	return &vault.LostError{Fresh: l.adoptWinner(c.Existing)}
}

// inquire finds out what became of a sending whose answer was lost.
func (l *Log) inquire(ctx context.Context, p *proposal) (done bool, err error) {
	result, err := l.look(ctx, p)
	switch {
	case err != nil || result == pending:
		return false, nil // ask again, by sending again
	case result == won:
		return true, l.adopt(p.records)
	}
	return true, &vault.LostError{}
}

// look reads the records at the proposal's numbers.
func (l *Log) look(ctx context.Context, p *proposal) (outcome, error) {
	for i := range p.tx.Put {
		put := &p.tx.Put[i]
		var page []vault.StoredRecord
		err := persist(ctx, func() (err error) { page, _, err = l.store.Tail(ctx, put.Table, put.Seq-1); return err })
		if err != nil {
			return pending, fmt.Errorf("look for %s record %d: %w", put.Table, put.Seq, err)
		}
		if result := p.judge(page); result != pending {
			return result, nil
		}
	}
	return pending, nil
}

// judge decides by the records found: one at a number of ours is ours, or proves that ours is out.
func (p *proposal) judge(found []vault.StoredRecord) outcome {
	for i := range found {
		for j := range p.tx.Put {
			if found[i].RecordKey != p.tx.Put[j].RecordKey {
				continue
			}
			if found[i].Txn == p.tx.ID {
				return won
			}
			return lost
		}
	}
	return pending
}

// adopt applies records that are known to be committed, without reading them back.
func (l *Log) adopt(records []opened) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.state.Settle()
	for _, o := range records {
		if err := l.applyOne(o); err != nil {
			return err
		}
	}
	return nil
}

// adoptWinner applies the record that a race was lost to, if that alone brings the replica up to date. So losing by one needs no Query.
func (l *Log) adoptWinner(found []vault.StoredRecord) bool {
	if len(found) != 1 {
		return false
	}
	o, err := l.codec.openRecord(&found[0])
	if err != nil || o.record.Partner != 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	heads := l.state.Heads()
	table := o.record.Table
	if heads.Of(table).Seq+1 != o.record.Seq || heads.Of(table).Hash != o.record.Prev || heads.Of(table.Other()) != o.record.Cross {
		return false
	}
	defer l.state.Settle()
	return l.applyOne(o) == nil
}
