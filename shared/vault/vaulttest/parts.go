package vaulttest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"tresor/shared/vault"
)

// ShowInParts makes the items of every transaction (records, secrets, keysets) become visible one at a time, in a random order, to
// the readers of f and of what shares with it, while Commit has not returned yet. pause runs before each item with the number of
// items still hidden, and once more with 0 when all are visible; Commit returns after that. nil ends it.
//
// DynamoDB's reads are only read-committed against a transaction (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html,
// isolation levels), so a reader may see:
//
//   - a record and not yet its secret, or one journal's record and not yet its partner in the other;
//   - record N+2 and not N+1: a query passes the place of N+1 before it is there and the place of N+2 when that is. So a read here
//     misses at random what was in flight when it started, even if it has become visible on the way.
//
// A transaction that touches an item of one in flight is refused with Busy, as DynamoDB does (TransactionConflict, in progress).
// After Commit has returned success everything is visible to every read that starts.
func (f *Faulty) ShowInParts(pause func(hidden int)) {
	f.parts.mu.Lock()
	defer f.parts.mu.Unlock()
	f.parts.pause = pause
}

// Jitter returns a pause for ShowInParts: a random time up to limit.
func Jitter(limit time.Duration) func(int) {
	return func(int) { time.Sleep(time.Duration(rand.Int64N(int64(limit) + 1))) }
}

// item names what can be hidden or locked: a vault.RecordKey, a vault.SecretKey, a keysetKey, or a vault.Hash: a mark, which nobody reads and which is
// only locked.
type item any

// parts knows what is in flight. It is one for all Faultys that look at the same store.
type parts struct {
	mu     sync.Mutex
	rng    *rand.Rand
	pause  func(hidden int)
	hidden map[item][]byte   // written, not visible; the value is what a secret was before
	locked map[item]struct{} // part of a transaction in flight, checked ones included
}

func newParts(seed uint64) *parts {
	return &parts{rng: rand.New(rand.NewPCG(seed, 2)), hidden: map[item][]byte{}, locked: map[item]struct{}{}}
}

// commit carries out tx on s, in parts if that was asked for.
func (p *parts) commit(ctx context.Context, s vault.Store, tx vault.Transaction) error {
	p.mu.Lock()
	pause := p.pause
	p.mu.Unlock()
	if pause == nil {
		return s.Commit(ctx, tx)
	}
	written, checked := itemsOf(tx)
	before, err := s.Secrets(ctx, secretKeys(tx))
	if err != nil {
		return fmt.Errorf("read what the transaction replaces: %w", err)
	}
	if !p.begin(written, checked, before) {
		return fmt.Errorf("commit: %w", &vault.Error{Kind: vault.Busy, Err: errInjected})
	}
	defer p.end(written, checked)
	if err := s.Commit(ctx, tx); err != nil {
		return err
	}
	p.reveal(written, pause)
	if err := ctx.Err(); err != nil { // the sender gave up while it was in flight
		return fmt.Errorf("commit: %w", &vault.Error{Kind: vault.Undecided, Err: err})
	}
	return nil
}

func itemsOf(tx vault.Transaction) (written, checked []item) {
	for _, r := range tx.Put {
		written = append(written, r.RecordKey)
	}
	for _, k := range secretKeys(tx) {
		written = append(written, k)
	}
	for _, k := range tx.PutKeysets {
		written = append(written, vault.KeysetKey{Purpose: k.Purpose, Version: k.Version})
	}
	for _, k := range tx.DropKeysets {
		checked = append(checked, k)
	}
	for _, k := range tx.DropRecords {
		checked = append(checked, k) // nobody reads what a repair takes away, nor what it replaces
	}
	for _, r := range tx.Replace {
		checked = append(checked, r.RecordKey)
	}
	for _, k := range tx.Absent {
		checked = append(checked, k)
	}
	for _, m := range tx.PutMarks {
		checked = append(checked, m.Hash)
	}
	return written, checked
}

func secretKeys(tx vault.Transaction) []vault.SecretKey {
	keys, _ := keysOf(tx.PutSecrets)
	return append(keys, tx.DropSecrets...)
}

// begin hides what is about to be written, or returns false if another transaction in flight touches any of it.
func (p *parts) begin(written, checked []item, before map[vault.SecretKey][]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Concat(written, checked)
	for _, it := range all {
		if _, taken := p.locked[it]; taken {
			return false
		}
	}
	for _, it := range all {
		p.locked[it] = struct{}{}
	}
	for _, it := range written {
		p.hidden[it] = nil
		if k, ok := it.(vault.SecretKey); ok {
			p.hidden[it] = before[k]
		}
	}
	return true
}

// reveal shows the items one by one.
func (p *parts) reveal(written []item, pause func(int)) {
	p.mu.Lock()
	order := p.rng.Perm(len(written))
	p.mu.Unlock()
	for i, n := range order {
		pause(len(order) - i)
		p.mu.Lock()
		delete(p.hidden, written[n])
		p.mu.Unlock()
	}
	pause(0)
}

func (p *parts) end(written, checked []item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range slices.Concat(written, checked) {
		delete(p.hidden, it)
		delete(p.locked, it)
	}
}

// startRead returns what a read that starts now will miss even if it becomes visible on the way: each item in flight with even odds.
func (p *parts) startRead() map[item][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	inFlight := slices.SortedFunc(maps.Keys(p.hidden), func(a, b item) int { // in an order that the seed can decide over
		return strings.Compare(fmt.Sprintf("%T%v", a, a), fmt.Sprintf("%T%v", b, b))
	})
	missed := map[item][]byte{}
	for _, it := range inFlight {
		if p.rng.IntN(2) == 0 {
			missed[it] = p.hidden[it]
		}
	}
	return missed
}

// before returns whether it is hidden from a read that misses what missed names, and what was there before.
func (p *parts) before(it item, missed map[item][]byte) (old []byte, hidden bool) {
	if old, hidden = missed[it]; hidden {
		return old, true
	}
	old, hidden = p.hidden[it]
	return old, hidden
}

func (p *parts) filter(records []vault.StoredRecord, missed map[item][]byte) []vault.StoredRecord {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(records), func(r vault.StoredRecord) bool {
		_, hidden := p.before(r.RecordKey, missed)
		return hidden
	})
}

func (p *parts) filterSecrets(keys []vault.SecretKey, found map[vault.SecretKey][]byte, missed map[item][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range keys {
		old, hidden := p.before(k, missed)
		switch {
		case hidden && old != nil:
			found[k] = old
		case hidden:
			delete(found, k)
		}
	}
}

func (p *parts) filterKeysets(keysets []vault.StoredKeyset, missed map[item][]byte) []vault.StoredKeyset {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(keysets), func(k vault.StoredKeyset) bool {
		_, hidden := p.before(vault.KeysetKey{Purpose: k.Purpose, Version: k.Version}, missed)
		return hidden
	})
}
