package journal

import (
	"errors"
	"log/slog"

	"tresor/shared/vault"
)

// A repair, and a table that is brought back to an earlier moment in its place, take records away under processes that have read them (law 17). A catch-up therefore
// begins with the replica's newest record, which must still be there and of the same transaction; if it is not, everything is read anew. That is the epoch that a
// replica carries. A record of up to largestFooting bytes makes no read of it dearer: DynamoDB counts by 4 KB. Behind a larger one, the next record tells.

// footing is what the replica stands on: the transaction of each journal's newest record.
type footing [2]struct {
	txn   vault.TxnID
	known bool
}

// largestFooting is how many bytes a record may have that every catch-up reads again.
const largestFooting = 3 << 10

func (f *footing) set(o opened) {
	at := &f[o.record.Table-vault.Entries]
	at.txn, at.known = o.record.Txn, o.size <= largestFooting
}

// errRewritten says that a journal is not the one any more that the replica was read from.
var errRewritten = errors.New("journal: a record that was read is not there any more")

func (l *Log) newTails() *tails {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return &tails{base: l.state.Heads(), footing: l.footing}
}

// from returns the number after which to read a table on, and whether the replica's newest record comes first then.
func (t *tails) from(table vault.Table) (after vault.Seq, footed bool) {
	head, f := t.head(table).Seq, &t.footing[table-vault.Entries]
	if !f.known || head != t.base.Of(table).Seq {
		return head, false
	}
	return head - 1, true
}

// step checks that a page begins with the replica's newest record, and returns what comes after it. A record that is only missing may show yet.
func (t *tails) step(table vault.Table, page []vault.StoredRecord) ([]vault.StoredRecord, error) {
	i := table - vault.Entries
	t.lost[i] = len(page) == 0 || page[0].Seq != t.base.Of(table).Seq
	switch {
	case t.lost[i]:
		return nil, nil
	case page[0].Txn != t.footing[i].txn:
		return nil, errRewritten
	}
	t.footing[i].known = false // it need not be read again
	return page[1:], nil
}

// startAnew forgets the replica.
func (l *Log) startAnew() {
	slog.Warn("the journals were put back to an earlier point: they are read from the beginning")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, l.hashes, l.footing = vault.NewState(), [2]ring{}, footing{}
}
