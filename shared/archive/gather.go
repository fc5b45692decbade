package archive

import (
	"context"
	"fmt"
	"slices"

	"tresor/shared/journal"
	"tresor/shared/vault"
)

const (
	secretBatch = 100 // as many as a store reads at once
	maxAsk      = 4   // how often what must be there, and does not show, is asked for
)

// journals copies both journals up to the heads, and checks on the way that they are the chains that the heads are of.
func (b *backup) journals(ctx context.Context) error {
	for _, t := range vault.Tables {
		head := b.header.Heads.Of(t)
		var last vault.Head
		for last.Seq < head.Seq {
			page, err := b.page(ctx, t, last.Seq)
			if err != nil {
				return err
			}
			if last, err = b.records(page, last, head.Seq); err != nil {
				return err
			}
		}
		if last.Hash != head.Hash {
			return corrupt(fmt.Sprintf("%s record %d is not the one that was read before", t, head.Seq), nil)
		}
	}
	return nil
}

// page reads records of t from the one after after on: at least that one, which is known to exist.
func (b *backup) page(ctx context.Context, t vault.Table, after vault.Seq) (page []vault.StoredRecord, err error) {
	for try := range maxAsk {
		err = journal.Persist(ctx, func() (err error) { page, _, err = b.src.Store.Tail(ctx, t, after); return err })
		if err != nil {
			return nil, fmt.Errorf("read the %s journal: %w", t, err)
		}
		if len(page) > 0 && page[0].Seq == after+1 {
			return page, nil
		}
		if err := journal.Pause(ctx, try); err != nil {
			return nil, fmt.Errorf("read the %s journal: %w", t, err)
		}
	}
	return nil, corrupt(fmt.Sprintf("%s record %d is missing", t, after+1), nil)
}

// records writes those of a page that follow last without a gap and are not above limit. It returns the newest one's head.
func (b *backup) records(page []vault.StoredRecord, last vault.Head, limit vault.Seq) (vault.Head, error) {
	for i := range page {
		if page[i].Seq != last.Seq+1 || page[i].Seq > limit {
			break
		}
		r, hash, err := journal.OpenRecord(b.src.Sealer, &page[i])
		if err != nil {
			return last, explain(err, "%s record %d does not open", page[i].Table, page[i].Seq)
		}
		if r.Prev != last.Hash {
			return last, corrupt(fmt.Sprintf("%s record %d does not continue record %d", r.Table, r.Seq, last.Seq), nil)
		}
		if err := b.put(Item{Record: &page[i]}); err != nil {
			return last, err
		}
		b.contents.add(r)
		last = vault.Head{Seq: r.Seq, Hash: hash}
	}
	return last, nil
}

// hours copies the access records of the closed hours, and of those since.
func (b *backup) hours(ctx context.Context) error {
	for _, h := range b.contents.closed {
		if err := b.hour(ctx, Hour{h, true}); err != nil {
			return err
		}
	}
	for h := range b.contents.openHours(vault.HourOf(b.header.Created)) {
		if err := b.hour(ctx, Hour{h, false}); err != nil {
			return err
		}
	}
	return nil
}

func (b *backup) hour(ctx context.Context, h Hour) error {
	var list []vault.StoredAccess
	err := journal.Persist(ctx, func() (err error) { list, err = b.src.Store.AccessHour(ctx, h.Hour, ""); return err })
	if err != nil {
		return fmt.Errorf("read the access records of %s: %w", h.Hour, err)
	}
	if err := b.put(Item{Hour: &h}); err != nil {
		return err
	}
	for i := range list {
		if err := b.put(Item{Access: &list[i]}); err != nil {
			return err
		}
	}
	return nil
}

// secrets copies every payload that the entries journal names.
func (b *backup) secrets(ctx context.Context) error {
	batch := make([]vault.SecretKey, 0, secretBatch)
	for k := range b.contents.secrets() {
		if batch = append(batch, k); len(batch) < secretBatch {
			continue
		}
		if err := b.batch(ctx, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	return b.batch(ctx, batch)
}

func (b *backup) batch(ctx context.Context, keys []vault.SecretKey) error {
	found, err := b.fetch(ctx, keys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		sealed, ok := found[k]
		if !ok {
			b.purged = append(b.purged, k)
			continue
		}
		if err := b.put(Item{Secret: &vault.StoredSecret{SecretKey: k, Sealed: sealed}}); err != nil {
			return err
		}
	}
	return nil
}

// fetch returns the payloads of keys. One that is not there may belong to a transaction whose record is visible and whose payload is not yet: it is asked for
// again before it counts as purged (law 1).
func (b *backup) fetch(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	found := make(map[vault.SecretKey][]byte, len(keys))
	for try, missing := 0, keys; len(missing) > 0 && try < maxAsk; try++ {
		if try > 0 {
			if err := journal.Pause(ctx, try); err != nil {
				return nil, fmt.Errorf("fetch secrets: %w", err)
			}
		}
		var got map[vault.SecretKey][]byte
		err := journal.Persist(ctx, func() (err error) { got, err = b.src.Store.Secrets(ctx, missing); return err })
		if err != nil {
			return nil, fmt.Errorf("fetch secrets: %w", err)
		}
		for k, sealed := range got {
			found[k] = sealed
		}
		missing = slices.DeleteFunc(slices.Clone(missing), func(k vault.SecretKey) bool { _, ok := found[k]; return ok })
	}
	return found, nil
}
