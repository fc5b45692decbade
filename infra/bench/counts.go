package bench

import (
	"context"
	"fmt"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// few is the size of a small vault.
const few = 100

// counts measures requests and units by DynamoDB's published rules, at a small size and at the large one: they must not differ.
func counts(ctx context.Context, o Options) ([]Figure, error) {
	var all []Figure
	for _, n := range []int{few, o.Many} {
		store := vaulttest.NewFaulty(vaulttest.NewMemory(), 1) // with nothing asked of it, it counts
		p, err := foundInMemory(ctx, store)
		if err != nil {
			return nil, err
		}
		if err := p.fill(ctx, n); err != nil {
			return nil, err
		}
		figures, err := p.counts(ctx, store, n)
		if err != nil {
			return nil, err
		}
		all = append(all, figures...)
	}
	return all, nil
}

func (p *process) counts(ctx context.Context, store *vaulttest.Faulty, n int) ([]Figure, error) {
	at := func(name string) string { return fmt.Sprintf("%s_at_%d", name, n) }
	store.Reset()
	if err := p.reveal(ctx, vault.EntryID(n/2)); err != nil {
		return nil, err
	}
	read := store.Total()
	small, err := p.created(ctx, store, "")
	if err != nil {
		return nil, err
	}
	large, err := p.created(ctx, store, prose(7, 1000))
	if err != nil {
		return nil, err
	}
	return []Figure{
		{at("read_requests"), float64(read.Calls), "requests", atMost(4)}, // two queries, a secret, an access record
		{at("read_units"), float64(read.ReadUnits), "read units", atMost(3)},
		{at("read_access_units"), float64(read.WriteUnits), "write units", atMost(1)},
		{at("create_requests"), float64(small.Calls), "requests", atMost(3)}, // two queries, a transaction
		{at("create_units_small"), float64(small.WriteUnits), "write units", atMost(6)},
		{at("create_units_1kb"), float64(large.WriteUnits), "write units", atMost(8)},
	}, nil
}

// created makes an entry with the given notes and returns what that took.
func (p *process) created(ctx context.Context, store *vaulttest.Faulty, notes string) (vaulttest.Count, error) {
	e := vault.Entry{Project: p.project, Manager: p.admin.AdminID, Name: "mail-gateway-07", Username: "root", URL: "ssh://mail-gateway-07", Notes: notes}
	store.Reset()
	_, err := vault.Update(ctx, p.vault, operator(), func(t *vault.Tx) (vault.EntryID, error) {
		return t.CreateEntry(e, vault.Payload{Password: vault.NewSecret("correct horse battery staple")})
	})
	return store.Total(), err
}
