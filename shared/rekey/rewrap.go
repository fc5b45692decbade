package rekey

import (
	"context"
	"errors"
	"fmt"

	"tresor/shared/journal"
	"tresor/shared/seal"
	"tresor/shared/vault"
)

// dropBatch is how many keysets go by one transaction.
const dropBatch = 90

// Rewrap wraps the newest keyset of every purpose under another wrapper, as its next version, in one transaction, and then takes the earlier versions away: under the old
// wrapper they hold the same keys. already: the keysets were under the new wrapper before. dropped is how many versions it took away.
func Rewrap(ctx context.Context, store vault.Store, from, to seal.Wrapper) (already bool, dropped int, err error) {
	already = true
	for {
		stored, err := keysets(ctx, store)
		if err != nil {
			return false, 0, err
		}
		if _, err := seal.Open(ctx, to, stored); err == nil {
			dropped, err := dropOld(ctx, store, stored)
			return already, dropped, err
		} else if errors.Is(err, vault.NotFound) {
			return false, 0, err
		}
		already = false
		next, err := seal.Rewrap(ctx, stored, from, to)
		if err != nil {
			return false, 0, fmt.Errorf("wrap the keysets anew: %w", err)
		}
		if err := commit(ctx, store, vault.Transaction{PutKeysets: next}); err != nil && !errors.Is(err, vault.Conflict) {
			return false, 0, fmt.Errorf("put the keysets: %w", err)
		}
	}
}

// Opens looks whether a wrapper opens the vault's keysets. Errors: NotFound (there is no vault), Corrupt (they are under another one), those of the wrapper.
func Opens(ctx context.Context, store vault.Store, w seal.Wrapper) error {
	stored, err := keysets(ctx, store)
	if err == nil {
		_, err = seal.Open(ctx, w, stored)
	}
	return err
}

func keysets(ctx context.Context, store vault.Store) (stored []vault.StoredKeyset, err error) {
	if err := journal.Persist(ctx, func() (err error) { stored, err = store.Keysets(ctx); return err }); err != nil {
		return nil, fmt.Errorf("load keysets: %w", err)
	}
	return stored, nil
}

// dropOld takes away every version but the newest of each purpose.
func dropOld(ctx context.Context, store vault.Store, stored []vault.StoredKeyset) (dropped int, err error) {
	newest := map[vault.Purpose]uint32{}
	for _, k := range stored {
		newest[k.Purpose] = max(newest[k.Purpose], k.Version)
	}
	var old []vault.KeysetKey
	for _, k := range stored {
		if k.Version < newest[k.Purpose] {
			old = append(old, vault.KeysetKey{Purpose: k.Purpose, Version: k.Version})
		}
	}
	for at := 0; at < len(old); at += dropBatch {
		batch := old[at:min(len(old), at+dropBatch)]
		if err := commit(ctx, store, vault.Transaction{DropKeysets: batch}); err != nil {
			return dropped, fmt.Errorf("take away keysets under the old key: %w", err)
		}
		dropped += len(batch)
	}
	return dropped, nil
}
