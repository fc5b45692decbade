package restore

import (
	"fmt"
	"time"

	"tresor/shared/journal"
	"tresor/shared/vault"
)

// cut is an earlier point of the vault, and what there is at it.
type cut struct {
	heads    vault.Heads // closed under law 2
	versions map[vault.EntryID]uint32
	objects  map[string]bool
	people   people
}

// link is what a record says of the other journal, and when it was written.
type link struct {
	cross, partner vault.Seq
	at             time.Time
}

// findCut returns the greatest pair of heads that is closed under law 2 and not after the point that the options name; nil for the archive's own.
func (p *Plan) findCut() (*cut, error) {
	if head := p.manifest.Heads.Entries.Seq; p.options.ToSeq > head {
		return nil, invalid("the archive ends with record %d of the entries journal", head)
	}
	links, err := p.links()
	if err != nil {
		return nil, err
	}
	n := [2]int{len(links[0]), len(links[1])}
	if p.options.ToSeq > 0 {
		n[0] = int(p.options.ToSeq)
	}
	for i := range n {
		n[i] = before(links[i][:n[i]], p.options.ToTime)
	}
	n = closed(links, n)
	switch {
	case n[0] == 0 || n[1] == 0:
		return nil, invalid("the vault did not exist yet at that point")
	case n[0] == len(links[0]) && n[1] == len(links[1]):
		return nil, nil
	}
	return p.gather(n)
}

func (p *Plan) links() (links [2][]link, err error) {
	err = p.eachRecord(func(s *vault.StoredRecord) error {
		r, _, err := journal.OpenRecord(p.sealer, s)
		if err != nil {
			return err
		}
		l := link{cross: r.Cross.Seq, partner: r.Partner}
		for i := range r.Ops {
			if at := r.Ops[i].At.Time().Add(time.Duration(r.Ops[i].Millis) * time.Millisecond); at.After(l.at) {
				l.at = at
			}
		}
		links[s.Table-vault.Entries] = append(links[s.Table-vault.Entries], l)
		return nil
	})
	return links, err
}

// before returns how many records come before the first one that was written after t. Clocks differ, numbers do not: what follows that one is later.
func before(links []link, t time.Time) int {
	if t.IsZero() {
		return len(links)
	}
	for i := range links {
		if links[i].at.After(t) {
			return i
		}
	}
	return len(links)
}

// closed takes records off the ends until what is left names nothing that was taken off (law 2).
func closed(links [2][]link, n [2]int) [2]int {
	for changed := true; changed; {
		changed = false
		for i := range n {
			limit := vault.Seq(n[1-i])
			for k, l := range links[i][:n[i]] {
				if l.cross > limit || l.partner > limit {
					n[i], changed = k, true
					break
				}
			}
		}
	}
	return n
}

// gather reads what there is at a cut.
func (p *Plan) gather(n [2]int) (*cut, error) {
	c := &cut{versions: map[vault.EntryID]uint32{}, objects: map[string]bool{}, people: newPeople()}
	err := p.eachRecord(func(s *vault.StoredRecord) error {
		r, hash, err := journal.OpenRecord(p.sealer, s)
		if err != nil {
			return err
		}
		limit := vault.Seq(n[s.Table-vault.Entries])
		if s.Seq == limit {
			c.heads.Set(s.Table, vault.Head{Seq: s.Seq, Hash: hash})
		}
		for change := range changesOf(r) {
			c.take(change, s.Seq <= limit)
		}
		return nil
	})
	return c, err
}

// take notes a change, which is kept or lies after the cut.
func (c *cut) take(change *vault.Change, kept bool) {
	c.people.take(change, kept)
	switch {
	case change.Entry != nil && kept:
		c.versions[change.Entry.ID] = max(c.versions[change.Entry.ID], change.Entry.SecretVersion)
	case change.File != nil && kept:
		c.objects[change.File.Object] = true
	case change.Removed != nil && change.Removed.Kind == "entry" && kept:
		delete(c.versions, vault.EntryID(change.Removed.ID))
	}
}

// has reports whether an item of the archive is part of what is restored.
func (c *cut) has(r vault.RecordKey) bool { return c == nil || r.Seq <= c.heads.Of(r.Table).Seq }

func (c *cut) hasSecret(k vault.SecretKey) bool { return c == nil || k.Version <= c.versions[k.Entry] }

func (c *cut) hasObject(object string) bool { return c == nil || c.objects[object] }

func invalid(format string, args ...any) error {
	return &vault.Error{Kind: vault.Invalid, Msg: fmt.Sprintf(format, args...)}
}
