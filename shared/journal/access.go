package journal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"

	"github.com/oklog/ulid/v2"

	"tresor/shared/vault"
	"tresor/shared/watch"
)

// accessWriter chains this process's access records: each carries the writer's random id, its own number and the hash of the one before, so
// that a record that was removed leaves a hole. Numbers of records that could not be written are named by a later one.
type accessWriter struct {
	id string

	mu     sync.Mutex
	number uint64
	prev   vault.Hash
	lost   []uint64
}

func newAccessWriter() *accessWriter { return &accessWriter{id: newWriterID()} }

func newWriterID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// maxLost is how many lost numbers a record may have to name. All of them are behind the writer's last record: a writer simply ends there, and
// another one begins.
const maxLost = 1000

// accessKeys is how many secrets one access record names: each takes at most 12 bytes, and a record stays below 300 KB.
const accessKeys = 20000

// RecordAccess makes the access durable: one record, or several where it names very many secrets.
func (l *Log) RecordAccess(ctx context.Context, a vault.AccessRecord) error {
	var records []vault.StoredAccess
	var numbers []uint64 // of these records, and what they say was lost before
	parts := slices.Collect(slices.Chunk(a.Secrets, accessKeys))
	if len(parts) == 0 { // a call that names no secret
		parts = append(parts, nil)
	}
	for _, keys := range parts {
		part := a
		part.Secrets = keys
		stored, err := l.chain(&part)
		if err != nil {
			l.writer.lose(numbers)
			return err
		}
		records, numbers = append(records, stored), append(append(numbers, part.Number), part.Lost...)
	}
	if err := persist(ctx, func() error { return l.store.PutAccess(ctx, records) }); err != nil {
		l.writer.lose(numbers)
		return fmt.Errorf("write an access record: %w", err)
	}
	if handed := len(a.Secrets); a.Withheld {
		watch.From(ctx).Revealed(-handed)
	} else {
		watch.From(ctx).Revealed(handed)
	}
	return nil
}

// chain gives the record its id, place and links, and seals it.
func (l *Log) chain(a *vault.AccessRecord) (vault.StoredAccess, error) {
	w := l.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	now := l.now()
	id, err := ulid.New(ulid.Timestamp(now), rand.Reader)
	if err != nil {
		return vault.StoredAccess{}, fmt.Errorf("make an access record's id: %w", err)
	}
	a.ID, a.Writer, a.Number, a.Prev, a.Lost = id.String(), w.id, w.number+1, w.prev, w.lost
	// The hour is that of writing, not of the request: a late record must not fall into an hour that is closed (law 18).
	place := vault.StoredAccess{Hour: vault.HourOf(now), Shard: id[len(id)-1] % vault.AccessShards, ID: a.ID}
	stored, hash, err := l.codec.sealAccess(a, place)
	if err != nil {
		return stored, fmt.Errorf("seal an access record: %w", err)
	}
	w.number, w.prev, w.lost = a.Number, hash, nil
	return stored, nil
}

func (w *accessWriter) lose(numbers []uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost = append(w.lost, numbers...); len(w.lost) > maxLost {
		w.id, w.number, w.prev, w.lost = newWriterID(), 0, vault.Hash{}, nil
	}
}

// SummariseHour reads an hour's access records and returns what the journal is to hold of them.
func (l *Log) SummariseHour(ctx context.Context, h vault.Hour) (vault.AccessHour, error) {
	list, err := l.readHour(ctx, h, "")
	if err != nil {
		return vault.AccessHour{}, err
	}
	return summarise(h, list), nil
}

// openedAccess is an access record with the hash of its plaintext.
type openedAccess struct {
	*vault.AccessRecord
	hash vault.Hash
}

func (l *Log) readHour(ctx context.Context, h vault.Hour, after string) ([]openedAccess, error) {
	var stored []vault.StoredAccess
	err := persist(ctx, func() (err error) { stored, err = l.store.AccessHour(ctx, h, after); return err })
	if err != nil {
		return nil, fmt.Errorf("read the access records of %s: %w", h, err)
	}
	out := make([]openedAccess, len(stored))
	for i := range stored {
		a, hash, err := l.codec.openAccess(&stored[i])
		if err != nil {
			return nil, err
		}
		out[i] = openedAccess{a, hash}
	}
	return out, nil
}

// Accesses returns the access records of an hour whose ids come after one, "" for all, for an auditor: Withheld ones say what was recorded on a guess and
// not handed out.
func (l *Log) Accesses(ctx context.Context, h vault.Hour, after string) ([]*vault.AccessRecord, error) {
	list, err := l.readHour(ctx, h, after)
	if err != nil {
		return nil, err
	}
	out := make([]*vault.AccessRecord, len(list))
	for i, a := range list {
		out[i] = a.AccessRecord
	}
	return out, nil
}
