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
	purged   int                      // how many of the entries
	closed   []vault.Hour             // in the journal's order
	newest   vault.Hour               // of the closed ones
	founded  vault.Hour
	files    map[string]struct{}     // the objects that any file ever named
	named    map[vault.FileID]string // the object of each file that was not purged
}

func newContents() *contents {
	return &contents{versions: map[vault.EntryID]uint32{}, files: map[string]struct{}{}, named: map[vault.FileID]string{}}
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
				c.named[change.File.ID] = change.File.Object
			case change.Removed != nil && change.Removed.Kind == "file":
				delete(c.named, vault.FileID(change.Removed.ID))
			case change.Removed != nil && change.Removed.Kind == "entry":
				c.purged++
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

// entries returns how many entries there are, those in the trash included.
func (c *contents) entries() int { return len(c.versions) - c.purged }

// objects returns the names of the contents that any file ever named, ascending. What was purged may be there still, and an earlier point has a use for it.
func (c *contents) objects() []string { return slices.Sorted(maps.Keys(c.files)) }

// lacking returns those of some objects that are not there that a file names, ascending: of the others, nobody misses the content.
func (c *contents) lacking(absent []string) (lacking []string) {
	named := map[string]bool{}
	for _, object := range c.named {
		named[object] = true
	}
	for _, object := range absent {
		if named[object] {
			lacking = append(lacking, object)
		}
	}
	return lacking
}

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
