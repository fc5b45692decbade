package syspass

import (
	"context"
	"sync/atomic"
	"time"

	"tresor/shared/vault"
)

// counting counts the calls to a store. Queries of both journals run side by side.
type counting struct {
	vault.Store
	tails, secrets, access, attempts int32
}

func (c *counting) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	atomic.AddInt32(&c.tails, 1)
	return c.Store.Tail(ctx, t, after)
}

func (c *counting) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	atomic.AddInt32(&c.secrets, 1)
	return c.Store.Secrets(ctx, keys)
}

func (c *counting) PutAccess(ctx context.Context, records []vault.StoredAccess) error {
	atomic.AddInt32(&c.access, 1)
	return c.Store.PutAccess(ctx, records)
}

func (c *counting) AddAttempts(ctx context.Context, key string, delta int, now, expires time.Time) (int, error) {
	atomic.AddInt32(&c.attempts, 1)
	return c.Store.AddAttempts(ctx, key, delta, now, expires)
}

func (c *counting) Attempts(ctx context.Context, key string, now time.Time) (int, error) {
	atomic.AddInt32(&c.attempts, 1)
	return c.Store.Attempts(ctx, key, now)
}
