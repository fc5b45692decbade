package vaulttest

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"tresor/shared/vault"
)

// pageBytes is how much a Tail reads at once, as DynamoDB's Query does.
const pageBytes = 1 << 20

// Memory is a vault.Store in memory: a mutex and maps. Everything in it is lost with it. Use Open for a second handle on the same
// vault, as a second process would have.
type Memory struct{ v *memoryVault }

var (
	_ vault.Store       = (*Memory)(nil)
	_ vault.ResealStore = (*Memory)(nil)
)

type memoryVault struct {
	mu       sync.Mutex
	records  map[vault.RecordKey]vault.StoredRecord
	order    map[vault.Table][]vault.Seq // ascending
	secrets  map[vault.SecretKey][]byte
	keysets  map[vault.KeysetKey]vault.StoredKeyset
	access   map[vault.AccessKey]vault.StoredAccess
	attempts map[string]attemptCount
	marks    map[vault.Hash]putMark
}

type attemptCount struct {
	n       int
	expires time.Time
}

// putMark is a mark and the transaction that put it.
type putMark struct {
	txn     vault.TxnID
	expires time.Time
}

// NewMemory returns a store with an empty vault.
func NewMemory() *Memory {
	return &Memory{&memoryVault{
		records:  map[vault.RecordKey]vault.StoredRecord{},
		order:    map[vault.Table][]vault.Seq{},
		secrets:  map[vault.SecretKey][]byte{},
		keysets:  map[vault.KeysetKey]vault.StoredKeyset{},
		access:   map[vault.AccessKey]vault.StoredAccess{},
		attempts: map[string]attemptCount{},
		marks:    map[vault.Hash]putMark{},
	}}
}

// Open returns another handle on the same vault.
func (m *Memory) Open() *Memory { return &Memory{m.v} }

// Clone returns another vault that holds what this one holds now: what a restored table holds, or another history begins with.
func (m *Memory) Clone() *Memory {
	m.v.mu.Lock()
	defer m.v.mu.Unlock()
	order := map[vault.Table][]vault.Seq{}
	for t, list := range m.v.order {
		order[t] = slices.Clone(list)
	}
	return &Memory{&memoryVault{
		records: maps.Clone(m.v.records), order: order, secrets: maps.Clone(m.v.secrets), keysets: maps.Clone(m.v.keysets), access: maps.Clone(m.v.access),
		attempts: maps.Clone(m.v.attempts), marks: maps.Clone(m.v.marks),
	}}
}

// Close releases nothing.
func (*Memory) Close() error { return nil }

// lock takes the vault's mutex unless the context has ended.
func (m *Memory) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.v.mu.Lock()
	return nil
}

// Tail implements vault.JournalStore.
func (m *Memory) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	if err := m.lock(ctx); err != nil {
		return nil, false, err
	}
	defer m.v.mu.Unlock()
	order := m.v.order[t]
	from, taken := slices.BinarySearch(order, after)
	if taken {
		from++
	}
	var page []vault.StoredRecord
	size := 0
	for _, n := range order[from:] {
		r := m.v.records[vault.RecordKey{Table: t, Seq: n}]
		if size += recordSize(r); size > pageBytes && len(page) > 0 {
			return page, true, nil
		}
		page = append(page, cloneRecord(r))
	}
	return page, false, nil
}

// Commit implements vault.JournalStore. It never returns Busy or Undecided.
func (m *Memory) Commit(ctx context.Context, tx vault.Transaction) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.v.mu.Unlock()
	if conflict := m.v.check(tx); conflict != nil {
		return conflict
	}
	for _, r := range tx.Put {
		m.v.put(r)
	}
	for _, k := range tx.DropRecords {
		m.v.drop(k)
	}
	for _, r := range tx.Replace {
		m.v.drop(r.RecordKey)
		m.v.put(r)
	}
	for _, s := range tx.PutSecrets {
		m.v.secrets[s.SecretKey] = bytes.Clone(s.Sealed)
	}
	for _, k := range tx.DropSecrets {
		delete(m.v.secrets, k)
	}
	for _, k := range tx.PutKeysets {
		k.Wrapped = bytes.Clone(k.Wrapped)
		m.v.keysets[vault.KeysetKey{Purpose: k.Purpose, Version: k.Version}] = k
	}
	for _, k := range tx.DropKeysets {
		delete(m.v.keysets, k)
	}
	for _, mark := range tx.PutMarks {
		m.v.marks[mark.Hash] = putMark{tx.ID, mark.Expires}
	}
	return nil
}

func (v *memoryVault) put(r vault.StoredRecord) {
	v.records[r.RecordKey] = cloneRecord(r)
	i, _ := slices.BinarySearch(v.order[r.Table], r.Seq)
	v.order[r.Table] = slices.Insert(v.order[r.Table], i, r.Seq)
}

func (v *memoryVault) drop(k vault.RecordKey) {
	delete(v.records, k)
	if i, found := slices.BinarySearch(v.order[k.Table], k.Seq); found {
		v.order[k.Table] = slices.Delete(v.order[k.Table], i, i+1)
	}
}

// used returns the marks of tx that another transaction has put.
func (v *memoryVault) used(tx vault.Transaction) (found []vault.Hash) {
	for _, m := range tx.PutMarks {
		if old, ok := v.marks[m.Hash]; ok && old.expires.After(tx.Now) && old.txn != tx.ID {
			found = append(found, m.Hash)
		}
	}
	return found
}

// check returns a *vault.ConflictError if a condition of tx does not hold.
func (v *memoryVault) check(tx vault.Transaction) error {
	var existing []vault.StoredRecord
	failed := false
	for _, r := range tx.Put {
		if old, ok := v.records[r.RecordKey]; ok {
			existing, failed = append(existing, cloneRecord(old)), true
		}
	}
	for _, k := range tx.Absent {
		_, ok := v.records[k]
		failed = failed || ok
	}
	for _, k := range tx.PutKeysets {
		_, ok := v.keysets[vault.KeysetKey{Purpose: k.Purpose, Version: k.Version}]
		failed = failed || ok
	}
	used := v.used(tx)
	if failed || len(used) > 0 {
		return &vault.ConflictError{Existing: existing, Marks: used}
	}
	return nil
}

// Secrets implements vault.SecretStore.
func (m *Memory) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.v.mu.Unlock()
	found := make(map[vault.SecretKey][]byte, len(keys))
	for _, k := range keys {
		if sealed, ok := m.v.secrets[k]; ok {
			found[k] = bytes.Clone(sealed)
		}
	}
	return found, nil
}

// PutAccess implements vault.AccessStore.
func (m *Memory) PutAccess(ctx context.Context, records []vault.StoredAccess) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.v.mu.Unlock()
	for _, r := range records {
		r.Sealed = bytes.Clone(r.Sealed)
		m.v.access[r.Key()] = r
	}
	return nil
}

// AccessHour implements vault.AccessStore.
func (m *Memory) AccessHour(ctx context.Context, h vault.Hour, after string) ([]vault.StoredAccess, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.v.mu.Unlock()
	var all []vault.StoredAccess
	for k, r := range m.v.access {
		if k.Hour == h && k.ID > after {
			r.Sealed = bytes.Clone(r.Sealed)
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b vault.StoredAccess) int {
		return cmp.Or(cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// AddAttempts implements vault.AttemptStore.
func (m *Memory) AddAttempts(ctx context.Context, key string, delta int, now, expires time.Time) (int, error) {
	if err := m.lock(ctx); err != nil {
		return 0, err
	}
	defer m.v.mu.Unlock()
	n := max(0, m.v.count(key, now)+delta)
	m.v.attempts[key] = attemptCount{n, expires}
	return n, nil
}

// Marked implements vault.MarkStore.
func (m *Memory) Marked(ctx context.Context, mark vault.Hash, now time.Time) (bool, error) {
	if err := m.lock(ctx); err != nil {
		return false, err
	}
	defer m.v.mu.Unlock()
	p, ok := m.v.marks[mark]
	return ok && p.expires.After(now), nil
}

// Attempts implements vault.AttemptStore.
func (m *Memory) Attempts(ctx context.Context, key string, now time.Time) (int, error) {
	if err := m.lock(ctx); err != nil {
		return 0, err
	}
	defer m.v.mu.Unlock()
	return m.v.count(key, now), nil
}

func (v *memoryVault) count(key string, now time.Time) int {
	if a := v.attempts[key]; a.expires.After(now) {
		return a.n
	}
	return 0
}

// Keysets implements vault.KeysetStore.
func (m *Memory) Keysets(ctx context.Context) ([]vault.StoredKeyset, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.v.mu.Unlock()
	all := slices.SortedFunc(maps.Values(m.v.keysets), func(a, b vault.StoredKeyset) int {
		return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Version, b.Version))
	})
	for i := range all {
		all[i].Wrapped = bytes.Clone(all[i].Wrapped)
	}
	return all, nil
}

// Reseal implements vault.ResealStore.
func (m *Memory) Reseal(ctx context.Context, items []vault.Resealed) (changed int, err error) {
	if err := vault.CheckResealed(items); err != nil {
		return 0, err
	}
	if err := m.lock(ctx); err != nil {
		return 0, err
	}
	defer m.v.mu.Unlock()
	for _, i := range items {
		if m.v.reseal(i) {
			changed++
		}
	}
	return changed, nil
}

func (v *memoryVault) reseal(i vault.Resealed) bool {
	sealed := bytes.Clone(i.Sealed)
	switch {
	case i.Record != nil:
		if r, ok := v.records[*i.Record]; ok && bytes.Equal(r.Sealed, i.Was) {
			r.Sealed = sealed
			v.records[*i.Record] = r
			return true
		}
	case i.Secret != nil:
		if was, ok := v.secrets[*i.Secret]; ok && bytes.Equal(was, i.Was) {
			v.secrets[*i.Secret] = sealed
			return true
		}
	case i.Access != nil:
		if r, ok := v.access[*i.Access]; ok && bytes.Equal(r.Sealed, i.Was) {
			r.Sealed = sealed
			v.access[*i.Access] = r
			return true
		}
	}
	return false
}

func cloneRecord(r vault.StoredRecord) vault.StoredRecord {
	r.Sealed = bytes.Clone(r.Sealed)
	return r
}
