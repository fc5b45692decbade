package vaulttest

import (
	"context"
	"fmt"
	"time"

	"tresor/shared/vault"
)

// Tail implements vault.JournalStore.
func (f *Faulty) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	if err := f.enter(ctx, Tail); err != nil {
		return nil, false, err
	}
	missed := f.parts.startRead()
	for {
		records, more, err := f.inner.Tail(ctx, t, after)
		if err != nil {
			return nil, false, err
		}
		f.count(Tail, tailCount(records))
		shown := f.parts.filter(records, missed)
		if len(shown) > 0 || !more {
			return shown, more, nil
		}
		after = records[len(records)-1].Seq // all hidden: the caller could not go on from nothing
	}
}

// Secrets implements vault.SecretStore.
func (f *Faulty) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	if err := f.enter(ctx, Secrets); err != nil {
		return nil, err
	}
	missed := f.parts.startRead()
	found, err := f.inner.Secrets(ctx, keys)
	if err != nil {
		return nil, err
	}
	f.count(Secrets, secretsCount(keys, found))
	f.parts.filterSecrets(keys, found, missed)
	return found, nil
}

// Keysets implements vault.KeysetStore.
func (f *Faulty) Keysets(ctx context.Context) ([]vault.StoredKeyset, error) {
	if err := f.enter(ctx, Keysets); err != nil {
		return nil, err
	}
	missed := f.parts.startRead()
	keysets, err := f.inner.Keysets(ctx)
	if err != nil {
		return nil, err
	}
	f.count(Keysets, keysetsCount(keysets))
	return f.parts.filterKeysets(keysets, missed), nil
}

// PutAccess implements vault.AccessStore.
func (f *Faulty) PutAccess(ctx context.Context, records []vault.StoredAccess) error {
	if err := f.enter(ctx, PutAccess); err != nil {
		return err
	}
	fails := false
	f.set(func() { fails = take(&f.failAccess) })
	if fails {
		return fmt.Errorf("put access: %w", errInjected)
	}
	f.count(PutAccess, putAccessCount(records))
	return f.inner.PutAccess(ctx, records)
}

// AccessHour implements vault.AccessStore.
func (f *Faulty) AccessHour(ctx context.Context, h vault.Hour, after string) ([]vault.StoredAccess, error) {
	if err := f.enter(ctx, AccessHour); err != nil {
		return nil, err
	}
	records, err := f.inner.AccessHour(ctx, h, after)
	if err == nil {
		f.count(AccessHour, accessHourCount(records))
	}
	return records, err
}

// Reseal implements vault.ResealStore.
func (f *Faulty) Reseal(ctx context.Context, items []vault.Resealed) (int, error) {
	if err := f.enter(ctx, Reseal); err != nil {
		return 0, err
	}
	f.count(Reseal, resealCount(items))
	return f.inner.(vault.ResealStore).Reseal(ctx, items) // as every store is
}

// AddAttempts implements vault.AttemptStore.
func (f *Faulty) AddAttempts(ctx context.Context, key string, delta int, now, expires time.Time) (int, error) {
	if err := f.enter(ctx, AddAttempts); err != nil {
		return 0, err
	}
	f.count(AddAttempts, attemptsCount(true))
	return f.inner.AddAttempts(ctx, key, delta, now, expires)
}

// Attempts implements vault.AttemptStore.
func (f *Faulty) Attempts(ctx context.Context, key string, now time.Time) (int, error) {
	if err := f.enter(ctx, Attempts); err != nil {
		return 0, err
	}
	f.count(Attempts, attemptsCount(false))
	return f.inner.Attempts(ctx, key, now)
}

// Marked implements vault.MarkStore.
func (f *Faulty) Marked(ctx context.Context, mark vault.Hash, now time.Time) (bool, error) {
	if err := f.enter(ctx, Marked); err != nil {
		return false, err
	}
	f.count(Marked, attemptsCount(false)) // as small
	return f.inner.Marked(ctx, mark, now)
}

// Close implements vault.Store. What is held never lands.
func (f *Faulty) Close() error { return f.inner.Close() }
