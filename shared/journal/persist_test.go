package journal_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tresor/shared/journal"
	"tresor/shared/vault"
)

// TestPersist tries again while the store is busy, and gives up when that does not end: a command has no deadline of its own.
func TestPersist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.WithoutCancel(t.Context())
		began, tries := time.Now(), 0
		until := func(d time.Duration) func() error {
			return func() error {
				if tries++; time.Since(began) < d {
					return vault.Busy
				}
				return nil
			}
		}
		if err := journal.Persist(ctx, until(vault.Patience/2)); err != nil || tries < 10 {
			t.Errorf("%d tries: %v", tries, err)
		}
		began = time.Now()
		err := journal.Persist(ctx, until(time.Hour))
		if took := time.Since(began); !errors.Is(err, vault.Busy) || took < vault.Patience || took > vault.Patience+time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
