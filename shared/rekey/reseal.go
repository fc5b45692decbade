package rekey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tresor/shared/attach"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/journal"
	"tresor/shared/seal"
	"tresor/shared/vault"
)

// Vault is what is put under the primary keys.
type Vault struct {
	Vault   *vault.Vault
	Log     *journal.Log
	Store   vault.Store
	Sealer  *seal.Sealer
	Blobs   blob.Store    // nil: there is no place for files
	Request vault.Request // of an operator, for what becomes a record
	Rate    int           // items a second that are written at most; 0: no bound
}

// Counts are how many things there are, and how many of them were put under the primary key.
type Counts struct {
	Seen     int `json:"seen"`
	Resealed int `json:"resealed"`
}

// Resealed is what a run did.
type Resealed struct {
	Fields  auth.Fields `json:"fields"`
	Records Counts      `json:"records"`
	Secrets Counts      `json:"secrets"`
	Access  Counts      `json:"access"`
	Files   Counts      `json:"files"`
	// Damaged are the names of contents that are not there or do not open. They stay as they are.
	Damaged []string `json:"damaged,omitempty"`
}

// Done reports whether there was nothing left to do.
func (r *Resealed) Done() bool {
	return r.Fields == (auth.Fields{}) && r.Records.Resealed+r.Secrets.Resealed+r.Access.Resealed+r.Files.Resealed == 0
}

// Reseal puts everything that is in use under the primary keys, page by page, while others read and write: fields of users and credentials by new records; records, payloads
// and access records in place, with the plaintext that they have, so that every hash holds (law 12); contents of files by a new content for each. What is under the primary
// key already is passed over, so whoever is killed begins again. What others write meanwhile they seal with the key that they know; run it once more to find that.
//
// Damage to a record, payload or access record ends it. The result also tells, with an error, what was done.
func Reseal(ctx context.Context, v Vault) (*Resealed, error) {
	j := &job{Vault: v, done: new(Resealed)}
	var is bool
	if j.store, is = v.Store.(vault.ResealStore); !is {
		return j.done, errors.New("reseal: the store cannot")
	}
	if err := journal.Persist(ctx, func() error { return v.Sealer.Refresh(ctx) }); err != nil {
		return j.done, err
	}
	if err := v.Vault.Fresh(ctx); err != nil {
		return j.done, err
	}
	for _, step := range []func(context.Context) error{j.fields, j.entries, j.permissions, j.secrets, j.access, j.files} {
		if err := step(ctx); err != nil {
			return j.done, err
		}
	}
	return j.done, nil
}

// job is a Reseal in progress.
type job struct {
	Vault
	store vault.ResealStore
	done  *Resealed
	hours []vault.Hour // of access records that a record vouches for
}

func (j *job) fields(ctx context.Context) (err error) {
	j.done.Fields, err = auth.Reseal(ctx, j.Vault.Vault, j.Request, j.Sealer)
	return err
}

// batch is how many items are read or written at once.
const batch = 100

// write replaces items, again while the store is busy, and no faster than the rate.
func (j *job) write(ctx context.Context, items []vault.Resealed, count *Counts) error {
	for part := range slices.Chunk(items, batch) {
		begun := time.Now()
		err := journal.Persist(ctx, func() error {
			changed, err := j.store.Reseal(ctx, part)
			count.Resealed += changed
			return err
		})
		if err != nil {
			return err
		}
		if err := j.slow(ctx, begun, len(part)); err != nil {
			return err
		}
	}
	return nil
}

// slow waits until n items since begun are no more than the rate.
func (j *job) slow(ctx context.Context, begun time.Time, n int) error {
	if j.Rate <= 0 {
		return ctx.Err()
	}
	return sleep(ctx, time.Duration(n)*time.Second/time.Duration(j.Rate)-time.Since(begun))
}

func (j *job) entries(ctx context.Context) error {
	return j.records(ctx, vault.Entries, func(*vault.StoredRecord) error { return nil })
}

// permissions also collects the hours that were closed.
func (j *job) permissions(ctx context.Context) error {
	return j.records(ctx, vault.Permissions, func(s *vault.StoredRecord) error {
		r, _, err := journal.OpenRecord(j.Sealer, s)
		if err != nil {
			return err
		}
		for i := range r.Ops {
			for _, c := range r.Ops[i].Changes {
				if c.AccessHour != nil {
					j.hours = append(j.hours, c.AccessHour.Hour)
				}
			}
		}
		return nil
	})
}

// records reseals a journal as it is now.
func (j *job) records(ctx context.Context, t vault.Table, look func(*vault.StoredRecord) error) error {
	for after, more := vault.Seq(0), true; more; {
		var page []vault.StoredRecord
		err := journal.Persist(ctx, func() (err error) { page, more, err = j.Store.Tail(ctx, t, after); return err })
		if err != nil {
			return fmt.Errorf("read the %s journal: %w", t, err)
		}
		var items []vault.Resealed
		for i := range page {
			item, old, err := journal.ResealRecord(j.Sealer, &page[i])
			if err == nil {
				err = look(&page[i])
			}
			if err != nil {
				return fmt.Errorf("reseal %s record %d: %w", t, page[i].Seq, err)
			}
			if old {
				items = append(items, item)
			}
			after = page[i].Seq
		}
		j.done.Records.Seen += len(page)
		if err := j.write(ctx, items, &j.done.Records); err != nil {
			return fmt.Errorf("reseal records of %s: %w", t, err)
		}
	}
	return nil
}

func (j *job) secrets(ctx context.Context) error {
	var all []vault.SecretKey
	j.Log.Read(func(s *vault.State) { all = slices.Collect(s.SecretKeys()) })
	for keys := range slices.Chunk(all, batch) {
		var found map[vault.SecretKey][]byte
		err := journal.Persist(ctx, func() (err error) { found, err = j.Store.Secrets(ctx, keys); return err })
		if err != nil {
			return fmt.Errorf("fetch secrets: %w", err)
		}
		var items []vault.Resealed
		for k, sealed := range found {
			item, old, err := journal.ResealPayload(j.Sealer, k, sealed)
			if err != nil {
				return fmt.Errorf("reseal version %d of the secrets of entry %d: %w", k.Version, k.Entry, err)
			}
			if old {
				items = append(items, item)
			}
		}
		j.done.Secrets.Seen += len(found)
		if err := j.write(ctx, items, &j.done.Secrets); err != nil {
			return fmt.Errorf("reseal secrets: %w", err)
		}
	}
	return nil
}

// clockSkew is how far ahead the clock of a writer may be.
const clockSkew = 15 * time.Minute

// access reseals the hours that were closed, which are all that have records up to the newest of them, and every hour since.
func (j *job) access(ctx context.Context) error {
	var founded vault.Stamp
	j.Log.Read(func(s *vault.State) { founded, _ = s.Founded() })
	next := vault.HourOf(founded.Time())
	for _, h := range j.hours {
		if err := j.hour(ctx, h); err != nil {
			return err
		}
		next = max(next, h+1)
	}
	for last := vault.HourOf(time.Now().Add(clockSkew)); next <= last; next++ {
		if err := j.hour(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) hour(ctx context.Context, h vault.Hour) error {
	var list []vault.StoredAccess
	err := journal.Persist(ctx, func() (err error) { list, err = j.Store.AccessHour(ctx, h, ""); return err })
	if err != nil {
		return fmt.Errorf("read the access records of %s: %w", h, err)
	}
	var items []vault.Resealed
	for i := range list {
		item, old, err := journal.ResealAccess(j.Sealer, &list[i])
		if err != nil {
			return fmt.Errorf("reseal access record %s: %w", list[i].ID, err)
		}
		if old {
			items = append(items, item)
		}
	}
	j.done.Access.Seen += len(list)
	if err := j.write(ctx, items, &j.done.Access); err != nil {
		return fmt.Errorf("reseal the access records of %s: %w", h, err)
	}
	return nil
}

// contents returns what keeps the contents of files.
func (j *job) contents() *attach.Store { return attach.New(j.Blobs, j.Sealer) }
