package rekey

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"tresor/shared/journal"
	"tresor/shared/seal"
	"tresor/shared/vault"
)

// Rotated is a keyset with its new primary key.
type Rotated struct {
	Purpose vault.Purpose
	Key     seal.Key
	// Another says that a rotation beside this one made the key primary.
	Another bool
}

// Rotate adds a key to the keyset of each purpose, or takes the one that an earlier rotation has added and not promoted; waits; and makes those keys primary. wait is
// seal.PromoteWait or longer. The keyset for the index goes along in any case and last, because its new key is what running processes notice: each reads records, and loads
// all keysets anew when it meets the key. TooLarge, and nothing is changed, if a keyset is full.
func Rotate(ctx context.Context, store vault.Store, sealer *seal.Sealer, purposes []vault.Purpose, wait time.Duration) ([]Rotated, error) {
	purposes = slices.DeleteFunc(slices.Clone(purposes), func(p vault.Purpose) bool { return p == vault.PurposeIndex })
	purposes = append(purposes, vault.PurposeIndex)
	r := rotation{store, sealer}
	if err := r.room(ctx, purposes); err != nil {
		return nil, err
	}
	rotated := make([]Rotated, len(purposes))
	for i, p := range purposes {
		var err error
		if rotated[i], err = r.add(ctx, p); err != nil {
			return nil, fmt.Errorf("add a key for %s: %w", p, err)
		}
	}
	if slices.ContainsFunc(rotated, func(r Rotated) bool { return !r.Another }) {
		if err := sleep(ctx, wait); err != nil {
			return nil, fmt.Errorf("the new keys wait; run the rotation again to make them primary: %w", err)
		}
	}
	for i := range rotated {
		if err := r.promote(ctx, &rotated[i]); err != nil {
			return nil, fmt.Errorf("make the new key for %s primary: %w", rotated[i].Purpose, err)
		}
	}
	return rotated, nil
}

// room looks whether each keyset takes another key, before any gets one that would then wait for ever.
func (r rotation) room(ctx context.Context, purposes []vault.Purpose) error {
	for _, p := range purposes {
		list, _, err := r.keys(ctx, p)
		if err != nil {
			return err
		}
		if len(list) >= seal.MaxKeys && list[len(list)-1].State != seal.Waiting {
			return &vault.Error{Kind: vault.TooLarge, Msg: fmt.Sprintf("the keyset for %s holds %d keys and takes no more", p, len(list))}
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type rotation struct {
	store  vault.Store
	sealer *seal.Sealer
}

// keys returns p's keys as they are stored now, and which of them is primary.
func (r rotation) keys(ctx context.Context, p vault.Purpose) (list []seal.Key, primary seal.Key, err error) {
	if err := journal.Persist(ctx, func() error { return r.sealer.Refresh(ctx) }); err != nil {
		return nil, primary, err
	}
	_, list, err = r.sealer.Keys(p)
	for _, k := range list {
		if k.State == seal.Primary {
			primary = k
		}
	}
	return list, primary, err
}

// add returns the key that waits, which it adds if none does.
func (r rotation) add(ctx context.Context, p vault.Purpose) (Rotated, error) {
	_, before, err := r.keys(ctx, p)
	if err != nil {
		return Rotated{}, err
	}
	for {
		list, primary, err := r.keys(ctx, p)
		if err != nil {
			return Rotated{}, err
		}
		last := list[len(list)-1]
		switch {
		case last.State == seal.Waiting:
			return Rotated{Purpose: p, Key: last}, nil
		case primary.ID != before.ID: // another rotation came to its end meanwhile
			return Rotated{Purpose: p, Key: primary, Another: true}, nil
		}
		row, err := r.sealer.AddKey(ctx, p)
		if err == nil {
			err = r.put(ctx, row)
		}
		if err != nil && !errors.Is(err, vault.Conflict) {
			return Rotated{}, err
		}
	}
}

// promote makes the key that was waited for primary, unless that has happened.
func (r rotation) promote(ctx context.Context, to *Rotated) error {
	for mine := false; ; {
		list, _, err := r.keys(ctx, to.Purpose)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(list, func(k seal.Key) bool { return k.ID == to.Key.ID })
		if at < 0 {
			return &vault.Error{Kind: vault.Corrupt, Err: fmt.Errorf("key %s is gone", to.Key.Name())}
		}
		if to.Key = list[at]; to.Key.State != seal.Waiting {
			to.Another = !mine
			return nil
		}
		row, err := r.sealer.Promote(ctx, to.Purpose, to.Key.ID)
		if err == nil {
			err = r.put(ctx, row)
		}
		if err != nil && !errors.Is(err, vault.Conflict) {
			return err
		}
		mine = err == nil
	}
}

// put puts a keyset. Conflict: there is another with its version.
func (r rotation) put(ctx context.Context, row vault.StoredKeyset) error {
	err := commit(ctx, r.store, vault.Transaction{PutKeysets: []vault.StoredKeyset{row}})
	if !errors.Is(err, vault.Conflict) {
		return err
	}
	var stored []vault.StoredKeyset
	if err := journal.Persist(ctx, func() (err error) { stored, err = r.store.Keysets(ctx); return err }); err != nil {
		return err
	}
	if slices.ContainsFunc(stored, func(k vault.StoredKeyset) bool {
		return k.Purpose == row.Purpose && k.Version == row.Version && bytes.Equal(k.Wrapped, row.Wrapped)
	}) {
		return nil // it met itself: an answer was lost
	}
	return err
}

// commit sends a transaction until the store has decided. It may then meet itself.
func commit(ctx context.Context, store vault.Store, tx vault.Transaction) error {
	_, _ = rand.Read(tx.ID[:]) // never fails (crypto/rand)
	return journal.Persist(ctx, func() error {
		err := store.Commit(ctx, tx)
		if errors.Is(err, vault.Undecided) {
			return &vault.Error{Kind: vault.Busy, Err: err}
		}
		return err
	})
}

// Since returns when a key came into use (RFC 3339), by the settings that Note keeps; empty for one that it knows nothing of.
func Since(settings map[string]string, p vault.Purpose, k seal.Key) string {
	return settings[settingOf(p, k)]
}

func settingOf(p vault.Purpose, k seal.Key) string { return "keys." + string(p) + "." + k.Name() }

// Note puts on record which keys are primary, and since when, as a change of settings: sealed under the new key for the index, it is also the first that running processes
// see of that. What is on record already is not put again.
func Note(ctx context.Context, v *vault.Vault, req vault.Request, rotated []Rotated) error {
	_, err := vault.Update(ctx, v, req, func(t *vault.Tx) (struct{}, error) {
		stored, err := t.Settings()
		if err != nil {
			return struct{}{}, err
		}
		for _, r := range rotated {
			if Since(stored, r.Purpose, r.Key) != "" {
				continue
			}
			if err := t.SetSetting(settingOf(r.Purpose, r.Key), t.Now().UTC().Format(time.RFC3339)); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	if err != nil {
		return fmt.Errorf("put the rotation on record: %w", err)
	}
	return nil
}
