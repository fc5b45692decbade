package journal_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// TestLaw8NobodyCommitsForOthersBeyondItsOwnTime: a caller with little time has the turn, and more patient ones wait with it, while the store gives
// no answers. It is answered in its time, and they are not undecided for its sake.
func TestLaw8NobodyCommitsForOthersBeyondItsOwnTime(t *testing.T) {
	s, f := faulty(t, 1)
	f.Delay(vaulttest.Commit, 1, 200*time.Millisecond)
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = tryCreate(t.Context(), s, "holds the turn", "x") })
	time.Sleep(50 * time.Millisecond)
	wg.Go(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := vault.Update(ctx, s.Vault, as(s.Founding, write), func(tx *vault.Tx) (vault.EntryID, error) {
			f.Hold(1 << 20) // from here on
			return tx.CreateEntry(vault.Entry{Name: "short", Project: 1}, vault.Payload{})
		})
		if took := time.Since(began); took > time.Second {
			t.Errorf("answered after %v, with 300ms: %v", took, err)
		}
	})
	time.Sleep(20 * time.Millisecond)
	for i := range 5 {
		wg.Go(func() {
			if _, err := tryCreate(t.Context(), s, fmt.Sprint("patient ", i), "x"); err != nil {
				t.Errorf("a patient caller: %v", err)
			}
		})
	}
	time.AfterFunc(3*time.Second, func() {
		f.Hold(0)
		f.Land(context.WithoutCancel(t.Context()))
	})
	wg.Wait()
}
