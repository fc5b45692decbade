package archive

import (
	"iter"
	"maps"
	"slices"

	"tresor/shared/vault"
)

// contents is what the journals say that there must be beside them. The writer reads it off the records that it copies, the verifier off those it finds,
// so that an archive cannot leave anything out unnoticed.
type contents struct {
	versions map[vault.EntryID]uint32 // the newest payload's of every entry; 0: none was ever written
	closed   []vault.Hour             // in the journal's order
	newest   vault.Hour               // of the closed ones
	founded  vault.Hour
	files    map[string]struct{} // the objects that any file ever named
}

func newContents() *contents {
	return &contents{versions: map[vault.EntryID]uint32{}, files: map[string]struct{}{}}
}

// add takes in a record.
func (c *contents) add(r *vault.Record) {
	if r.Table == vault.Permissions && r.Seq == 1 && len(r.Ops) > 0 {
		c.founded = vault.HourOf(r.Ops[0].At.Time())
	}
	for i := range r.Ops {
		for _, change := range r.Ops[i].Changes {
			switch {
			case change.Entry != nil:
				e := change.Entry
				c.versions[e.ID] = max(c.versions[e.ID], e.SecretVersion)
			case change.File != nil && change.File.Object != "":
				c.files[change.File.Object] = struct{}{}
			case change.AccessHour != nil:
				c.closed = append(c.closed, change.AccessHour.Hour)
				c.newest = max(c.newest, change.AccessHour.Hour)
			}
		}
	}
}

// secrets yields the key of every payload that was ever written, ascending.
func (c *contents) secrets() iter.Seq[vault.SecretKey] {
	return func(yield func(vault.SecretKey) bool) {
		for _, id := range slices.Sorted(maps.Keys(c.versions)) {
			for v := uint32(1); v <= c.versions[id]; v++ {
				if !yield(vault.SecretKey{Entry: id, Version: v}) {
					return
				}
			}
		}
	}
}

// objects returns the names of the contents of files, ascending.
func (c *contents) objects() []string { return slices.Sorted(maps.Keys(c.files)) }

// openHours yields the hours after the newest closed one, or from the vault's first, up to now's.
func (c *contents) openHours(now vault.Hour) iter.Seq[vault.Hour] {
	from := c.newest + 1
	if len(c.closed) == 0 {
		from = c.founded
	}
	return func(yield func(vault.Hour) bool) {
		for h := from; h <= now && yield(h); h++ {
		}
	}
}
