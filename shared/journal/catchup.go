package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"tresor/shared/vault"
)

// CatchUp returns when the replica holds, as one cut, all that was acknowledged before the call.
func (l *Log) CatchUp(ctx context.Context) error {
	return asBusy(l.flight.do(ctx, l.catchUp))
}

// maxAsk is how often a catch-up asks again for records that it knows of and does not see yet.
const maxAsk = 4

// tails are the records after the replica's heads that were read so far: contiguous and opened, by table.
type tails struct {
	base    vault.Heads
	footing footing // of base
	records [2][]opened
	gap     [2]bool // a number was missing in the last read
	lost    [2]bool // base's record was missing in the last read
}

func (t *tails) of(table vault.Table) *[]opened { return &t.records[table-vault.Entries] }

// head returns the newest record that is known of a table.
func (t *tails) head(table vault.Table) vault.Head {
	if list := *t.of(table); len(list) > 0 {
		return list[len(list)-1].head()
	}
	return t.base.Of(table)
}

// catchUp catches up, from the beginning if the journals are not those any more that the replica was read from.
func (l *Log) catchUp(ctx context.Context) error {
	err := l.catchUpOnce(ctx)
	if errors.Is(err, errRewritten) {
		l.startAnew()
		err = l.catchUpOnce(ctx)
	}
	return err
}

func (l *Log) catchUpOnce(ctx context.Context) error {
	t := l.newTails()
	ask := vault.Tables[:]
	for try := 0; len(ask) > 0 && try < maxAsk; try++ {
		if try > 1 && Pause(ctx, 0) != nil {
			break
		}
		if err := l.readTails(ctx, t, ask); err != nil {
			return err
		}
		ask = t.lagging()
	}
	if t.lost != [2]bool{} {
		return errRewritten
	}
	if missing := t.missing(); missing != "" {
		return &vault.Error{Kind: vault.Busy, Msg: "the vault is busy", Err: errors.New(missing)}
	}
	return l.apply(t)
}

// missing names a record that was committed before one that was read, and that no read shows: the writer of the later one saw it. To answer without
// it would be to answer stale, for as long as it is missing. A partner is another matter: its transaction may still be becoming visible, and so was
// committed after the request came.
func (t *tails) missing() string {
	for _, table := range vault.Tables {
		seen := t.head(table).Seq
		if t.gap[table-vault.Entries] {
			return fmt.Sprintf("%s record %d does not show, and later ones do", table, seen+1)
		}
		for _, o := range *t.of(table.Other()) {
			if o.record.Cross.Seq > seen {
				return fmt.Sprintf("%s record %d does not show, and %s record %d was written after it", table, o.record.Cross.Seq, table.Other(), o.record.Seq)
			}
		}
	}
	return ""
}

// readTails reads the tails of the tables side by side.
func (l *Log) readTails(ctx context.Context, t *tails, tables []vault.Table) error {
	var failures [len(vault.Tables)]error
	var wg sync.WaitGroup
	for i, table := range tables[1:] {
		wg.Go(func() { failures[i+1] = l.readTail(ctx, t, table) })
	}
	failures[0] = l.readTail(ctx, t, tables[0])
	wg.Wait()
	return errors.Join(failures[:]...)
}

// readTail reads page after page of one table to its end, or to a gap.
func (l *Log) readTail(ctx context.Context, t *tails, table vault.Table) error {
	t.gap[table-vault.Entries] = false
	for {
		var page []vault.StoredRecord
		var more bool
		after := t.head(table)
		from, footed := t.from(table)
		err := persist(ctx, func() (err error) { page, more, err = l.store.Tail(ctx, table, from); return err })
		if err != nil {
			return fmt.Errorf("read the %s journal: %w", table, err)
		}
		if footed {
			if page, err = t.step(table, page); err != nil || t.lost[table-vault.Entries] {
				return err
			}
		}
		n := contiguous(page, after.Seq)
		if err := l.extend(t, table, page[:n]); err != nil {
			return err
		}
		if n < len(page) {
			t.gap[table-vault.Entries] = true
			return nil
		}
		if !more {
			return nil
		}
	}
}

// contiguous returns how many of a page's records follow after without a gap.
func contiguous(page []vault.StoredRecord, after vault.Seq) int {
	for i := range page {
		if page[i].Seq != after+vault.Seq(i)+1 {
			return i
		}
	}
	return len(page)
}

// extend opens records and appends them, checking that each continues the chain.
func (l *Log) extend(t *tails, table vault.Table, page []vault.StoredRecord) error {
	list, err := l.openAll(page)
	if err != nil {
		return err
	}
	for _, o := range list {
		if head := t.head(table); o.record.Prev != head.Hash {
			return corrupt("%s record %d does not continue record %d: previous hash differs", table, o.record.Seq, head.Seq)
		}
		*t.of(table) = append(*t.of(table), o)
	}
	return nil
}

// openMany is how many records are worth opening on all processors.
const openMany = 64

// openAll opens a page: a long one, as in a cold start, on all processors.
func (l *Log) openAll(page []vault.StoredRecord) ([]opened, error) {
	out := make([]opened, len(page))
	workers := 1
	if len(page) >= openMany {
		workers = runtime.GOMAXPROCS(0)
	}
	failures := make([]error, workers)
	work := func(w int) {
		for i := w; i < len(page) && failures[w] == nil; i += workers {
			out[i], failures[w] = l.codec.openRecord(&page[i])
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { work(w) })
	}
	work(0)
	wg.Wait()
	return out, errors.Join(failures...)
}

// closed returns how many of the records of each table make a cut that is closed: each record's view of the other journal, and its
// partner, is in it (law 2).
func (t *tails) closed() (n [2]int) {
	n = [2]int{len(t.records[0]), len(t.records[1])}
	for changed := true; changed; {
		changed = false
		for _, table := range vault.Tables {
			i := table - vault.Entries
			limit := t.seqAt(table.Other(), n[1-i])
			for k, o := range (*t.of(table))[:n[i]] {
				if o.record.Cross.Seq > limit || o.record.Partner > limit {
					n[i], changed = k, true
					break
				}
			}
		}
	}
	return n
}

// seqAt returns the number of a table's head when its first n records are taken.
func (t *tails) seqAt(table vault.Table, n int) vault.Seq { return t.base.Of(table).Seq + vault.Seq(n) }

// lagging returns the tables to ask again: those with a gap, and those that a record of the other names more of than was seen.
func (t *tails) lagging() (ask []vault.Table) {
	for _, table := range vault.Tables {
		seen := t.head(table).Seq
		behind := t.gap[table-vault.Entries] || t.lost[table-vault.Entries]
		for _, o := range *t.of(table.Other()) {
			behind = behind || o.record.Cross.Seq > seen || o.record.Partner > seen
		}
		if behind {
			ask = append(ask, table)
		}
	}
	return ask
}

// apply moves the replica to the greatest closed cut of what was read. The replica may have moved on meanwhile, by an append of this
// process; the greater of two closed cuts, journal by journal, is closed too.
func (l *Log) apply(t *tails) error {
	n := t.closed()
	if n == [2]int{} {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.checkCross(t, n); err != nil { // before anything of it is applied: the next request must meet it again
		return err
	}
	defer l.state.Settle()
	for _, table := range vault.Tables {
		for _, o := range (*t.of(table))[:n[table-vault.Entries]] {
			if err := l.applyOne(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyOne applies a record unless the replica holds it. The lock is held.
func (l *Log) applyOne(o opened) error {
	if o.record.Seq <= l.state.Heads().Of(o.record.Table).Seq {
		return nil
	}
	if err := l.state.Apply(o.record, o.hash); err != nil {
		return err
	}
	l.hashes[o.record.Table-vault.Entries].set(o.head())
	l.footing.set(o)
	return nil
}

// checkCross compares what the records to apply say about the other journal with that journal: with the records read beside them, or with
// those that the replica remembers.
func (l *Log) checkCross(t *tails, n [2]int) error {
	for _, table := range vault.Tables {
		other := table.Other()
		for _, o := range (*t.of(table))[:n[table-vault.Entries]] {
			if !l.agrees(t, other, o.record.Cross) {
				return corrupt("%s record %d was written on a %s record %d that differs from this one", table, o.record.Seq, other, o.record.Cross.Seq)
			}
		}
	}
	return nil
}

// agrees reports whether the head of a table, as a record of the other names it, may be right.
func (l *Log) agrees(t *tails, table vault.Table, h vault.Head) bool {
	if base := t.base.Of(table).Seq; h.Seq > base {
		return (*t.of(table))[h.Seq-base-1].hash == h.Hash // within the cut, which is closed
	}
	return l.hashes[table-vault.Entries].matches(h, l.state.Heads().Of(table).Seq)
}
