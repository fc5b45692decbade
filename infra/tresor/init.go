package main

import (
	"context"
	"errors"
	"fmt"

	"tresor/infra/welcome"
	"tresor/shared/auth"
	"tresor/shared/journal"
	"tresor/shared/restore"
	"tresor/shared/seal"
	"tresor/shared/vault"
)

// founding is what init prints, once.
type founding = welcome.Credentials

func initVault(k *call) error {
	if err := k.parse(0, 0); err != nil {
		return err
	}
	s, f, err := k.place.found(k.ctx)
	if err != nil {
		return err
	}
	s.close()
	out := welcome.Of(f)
	return k.print(out, out.People)
}

// errVaultExists refuses init.
var errVaultExists = errors.New("there is a vault here already; nothing was changed")

// found makes a vault. The system it returns must be closed. Errors: errVaultExists, errRestoring.
func (p *place) found(ctx context.Context) (*system, *auth.Founding, error) {
	b, err := p.connect(ctx, true)
	if err != nil {
		return nil, nil, err
	}
	s, f, err := b.found(ctx)
	if err != nil {
		_ = b.store.Close()
		return nil, nil, err
	}
	return s, f, nil
}

func (b *backend) found(ctx context.Context) (*system, *auth.Founding, error) {
	if err := b.vacant(ctx); err != nil {
		return nil, nil, err
	}
	keys, err := b.keys()
	if err != nil {
		return nil, nil, err
	}
	keysets, sealer, err := seal.Create(ctx, keys, seal.NewVaultID())
	if err != nil {
		return nil, nil, err
	}
	sealer.ReloadWith(b.store.Keysets)
	s := b.assemble(sealer, journal.WithGenesis(keysets))
	f, err := auth.Found(ctx, s.vault, sealer)
	if err != nil {
		taken := b.vacant(ctx)
		if taken != nil && errors.Is(err, vault.Corrupt) { // another init came first, and our keys do not open its records
			return nil, nil, taken
		}
		return nil, nil, errors.Join(taken, err)
	}
	return s, f, nil
}

// vacant returns errVaultExists where there is a vault, and errRestoring where there is one to be.
func (b *backend) vacant(ctx context.Context) error {
	stored, err := b.store.Keysets(ctx)
	if err != nil {
		return fmt.Errorf("look for a vault: %w", err)
	}
	if len(stored) > 0 {
		return errVaultExists
	}
	begun, err := restore.Begun(ctx, b.store)
	switch {
	case err != nil:
		return fmt.Errorf("look for a vault: %w", err)
	case begun:
		return errRestoring
	}
	records, _, err := b.store.Tail(ctx, vault.Entries, 0)
	if err != nil {
		return fmt.Errorf("look for a vault: %w", err)
	}
	if len(records) > 0 {
		return errVaultExists
	}
	return nil
}
