package restore

import (
	"context"
	"fmt"
	"iter"

	"tresor/shared/journal"
	"tresor/shared/vault"
)

// chain is a journal as it is found.
type chain struct {
	chained []opened          // each continues the one before it
	loose   []vault.RecordKey // behind the note of a repair that was killed
	given   vault.Given       // by any of them
}

type opened struct {
	record *vault.Record
	hash   vault.Hash
}

// journals are both, the entries' first.
type journals [2]chain

func (c *chain) head(n int) vault.Head {
	return vault.Head{Seq: vault.Seq(n), Hash: c.chained[n-1].hash}
}

// last returns the number of the last record.
func (c *chain) last() vault.Seq { return vault.Seq(len(c.chained) + len(c.loose)) }

func (c *chain) read(ctx context.Context, s vault.Store, sealer vault.Sealer, t vault.Table) error {
	for {
		page, err := tail(ctx, s, t, c.last())
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			if err := c.add(sealer, &page[i]); err != nil {
				return err
			}
		}
	}
}

// add takes in the next record. A chain may break only where a repair has put its note and was killed before it took off what was behind.
func (c *chain) add(sealer vault.Sealer, s *vault.StoredRecord) error {
	if s.Seq != c.last()+1 {
		return broken("%s record %d is missing", s.Table, c.last()+1)
	}
	r, hash, err := journal.OpenRecord(sealer, s)
	if err != nil {
		return err
	}
	for change := range changesOf(r) {
		c.given.Take(change)
	}
	n := len(c.chained)
	switch {
	case len(c.loose) > 0, n > 0 && r.Prev != c.chained[n-1].hash && isNote(c.chained[n-1].record):
		c.loose = append(c.loose, s.RecordKey)
		return nil
	case n > 0 && r.Prev != c.chained[n-1].hash:
		return broken("%s record %d does not continue record %d", s.Table, s.Seq, s.Seq-1)
	}
	if t := s.Table; t == vault.Entries { // of these only what they say of the other journal is looked at again
		r = &vault.Record{Table: t, Seq: r.Seq, Cross: r.Cross, Partner: r.Partner, Txn: r.Txn}
	}
	c.chained = append(c.chained, opened{r, hash})
	return nil
}

func broken(format string, args ...any) error {
	return &vault.Error{Kind: vault.Corrupt, Msg: fmt.Sprintf(format, args...) + ": a repair does not mend that; see tresor audit verify"}
}

func isNote(r *vault.Record) bool { return len(r.Ops) == 1 && r.Ops[0].Action == repairAction }

// closed returns how many records of each journal make the greatest pair that is closed under law 2.
func (j *journals) closed() (n [2]int, err error) {
	n = [2]int{len(j[0].chained), len(j[1].chained)}
	for changed := true; changed; {
		changed = false
		for i := range n {
			for k, o := range j[i].chained[:n[i]] {
				in, err := j.within(o.record, 1-i, n[1-i])
				if err != nil {
					return n, err
				}
				if !in {
					n[i], changed = k, true
					break
				}
			}
		}
	}
	return n, nil
}

// within reports whether what a record names of the other journal is among its first n. In the place of what it names there may be the note of a repair.
func (j *journals) within(r *vault.Record, other, n int) (bool, error) {
	list := j[other].chained[:n]
	if r.Cross.Seq > vault.Seq(n) || r.Partner > vault.Seq(n) {
		return false, nil
	}
	if r.Partner > 0 && list[r.Partner-1].record.Txn != r.Txn {
		return false, foreign(list[r.Partner-1].record, r, r.Partner)
	}
	if r.Cross.Seq > 0 && list[r.Cross.Seq-1].hash != r.Cross.Hash {
		return false, foreign(list[r.Cross.Seq-1].record, r, r.Cross.Seq)
	}
	return true, nil
}

// foreign says why a record does not find what it names: nil where a repair has taken it off.
func foreign(there, r *vault.Record, seq vault.Seq) error {
	if isNote(there) {
		return nil
	}
	return broken("%s record %d was written on a %s record %d that differs from this one", r.Table, r.Seq, r.Table.Other(), seq)
}

func changesOf(r *vault.Record) iter.Seq[*vault.Change] {
	return func(yield func(*vault.Change) bool) {
		for i := range r.Ops {
			for j := range r.Ops[i].Changes {
				if !yield(&r.Ops[i].Changes[j]) {
					return
				}
			}
		}
	}
}
