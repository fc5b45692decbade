package vault

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// Image is what a State adds up to, for a snapshot: after-images of all that it holds, in parts that can be read side by side, and what no change can say.
type Image struct {
	Heads Heads
	Parts [][]Change
	Rest  Rest
}

// Rest is what a state holds beside things.
type Rest struct {
	Given // members 1 to 8, 16

	LastHour Hour            `cbor:"9,keyasint,omitempty"`
	Reveals  []RevealCounter `cbor:"10,keyasint,omitempty"` // ascending by entry
	Seen     []UserSeen      `cbor:"11,keyasint,omitempty"` // ascending by user
	Former   []*User         `cbor:"12,keyasint,omitempty"` // ascending
	Lockouts []*Lockout      `cbor:"13,keyasint,omitempty"` // by service and source
	Left     int             `cbor:"14,keyasint,omitempty"`
	Groups   []GroupName     `cbor:"15,keyasint,omitempty"` // removed ones, ascending
}

// GroupName is what is left of a removed group.
type GroupName struct {
	ID   GroupID `cbor:"1,keyasint"`
	Name string  `cbor:"2,keyasint,omitempty"`
}

// partSize is how many things a part of an image holds.
const partSize = 4000

// Image returns the state as an image. It shares the state's values, which are never changed in place, so that it may be encoded after the state has moved on.
func (s *State) Image() Image {
	var all []Change
	for _, id := range sortedKeys(s.projects) {
		all = append(all, Change{Project: s.projects[id]})
	}
	for _, id := range sortedKeys(s.categories) {
		all = append(all, Change{Category: s.categories[id]})
	}
	for _, id := range sortedKeys(s.tags) {
		all = append(all, Change{Tag: s.tags[id]})
	}
	for _, id := range sortedKeys(s.favourites) {
		all = append(all, Change{Favourites: s.favourites[id]})
	}
	for _, id := range sortedKeys(s.users) {
		all = append(all, Change{User: s.users[id]})
	}
	for _, id := range sortedKeys(s.groups) {
		all = append(all, Change{Group: s.groups[id]})
	}
	for _, id := range sortedKeys(s.credentials) {
		all = append(all, Change{Credential: s.credentials[id]})
	}
	for _, id := range sortedKeys(s.grants) {
		all = append(all, Change{Grants: s.grants[id]})
	}
	for _, key := range slices.Sorted(maps.Keys(s.settings)) {
		all = append(all, Change{Setting: &Setting{key, s.settings[key]}})
	}
	for _, id := range sortedKeys(s.jobs) {
		all = append(all, Change{Job: s.jobs[id]})
	}
	for _, id := range sortedKeys(s.files) {
		all = append(all, Change{File: s.files[id]})
	}
	for _, id := range sortedKeys(s.entries) {
		all = append(all, Change{Entry: &s.entries[id].Entry})
	}
	return Image{s.heads, slices.Collect(slices.Chunk(all, partSize)), s.rest()}
}

func (s *State) rest() Rest {
	r := Rest{Given: s.last, LastHour: s.lastHour, Left: s.lockoutsLeft}
	for _, id := range sortedKeys(s.reveals) {
		r.Reveals = append(r.Reveals, RevealCounter{id, s.reveals[id]})
	}
	for _, id := range sortedKeys(s.seen) {
		r.Seen = append(r.Seen, UserSeen{id, s.seen[id]})
	}
	for _, id := range sortedKeys(s.former) {
		r.Former = append(r.Former, s.former[id])
	}
	for _, id := range sortedKeys(s.formerGroups) {
		r.Groups = append(r.Groups, GroupName{id, s.formerGroups[id]})
	}
	for key, until := range s.lockouts {
		r.Lockouts = append(r.Lockouts, &Lockout{Service: key.service, Source: key.source, Until: until})
	}
	slices.SortFunc(r.Lockouts, func(a, b *Lockout) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Source, b.Source))
	})
	return r
}

// Part is a part of an image, made ready to become part of a state.
type Part struct {
	changes []Change
	rows    []*Row // of the entries among them, in their order
}

// NewPart makes a part ready, which is most of the work: call it for all parts side by side.
func NewPart(changes []Change) Part {
	p := Part{changes: changes, rows: make([]*Row, 0, len(changes))}
	for i := range changes {
		if e := changes[i].Entry; e != nil {
			p.rows = append(p.rows, newRow(e))
		}
	}
	return p
}

// StateOf returns the state that an image was made of. It takes over what the parts hold.
func StateOf(heads Heads, parts []Part, r Rest) *State {
	s := NewState()
	s.heads = heads
	entries := 0
	for _, p := range parts {
		entries += len(p.rows)
	}
	s.entries = make(map[EntryID]*Row, entries)
	s.orders.fresh = make([]*Row, 0, entries)
	for _, p := range parts {
		rows := p.rows
		for i := range p.changes {
			if p.changes[i].Entry == nil {
				s.assign(&p.changes[i])
				continue
			}
			s.entries[rows[0].ID] = rows[0]
			s.orders.change(nil, rows[0])
			rows = rows[1:]
		}
	}
	s.setRest(r)
	s.settleAll()
	return s
}

func (s *State) setRest(r Rest) {
	s.last, s.lastHour, s.lockoutsLeft = r.Given, r.LastHour, r.Left
	for _, c := range r.Reveals {
		s.reveals[c.Entry] = c.Count
	}
	for _, u := range r.Seen {
		s.seen[u.User] = u.Seen
	}
	for _, u := range r.Former {
		s.former[u.ID] = u
	}
	for _, g := range r.Groups {
		s.formerGroups[g.ID] = g.Name
	}
	for _, l := range r.Lockouts {
		s.lockouts[l.key()] = l.Until
	}
}

// settleAll is Settle for a state that was never settled: keys and orders are made on all processors.
func (s *State) settleAll() {
	o := &s.orders
	all := o.fresh
	o.gone, o.fresh, o.rekey = nil, nil, false
	o.byUpdated = slices.Clone(all)
	half := len(all) / 2
	list, second := all[:half], slices.Clone(all[half:])
	var wg sync.WaitGroup
	wg.Go(func() { s.sortByClient(second) })
	wg.Go(func() { slices.SortFunc(o.byUpdated, compareUpdated) })
	s.sortByClient(list)
	wg.Wait()
	o.byClient = merge(list, second, compareClient)
}

// sortByClient gives rows their keys, those of the clients made once each, and sorts them.
func (s *State) sortByClient(rows []*Row) {
	clients := map[ProjectID]string{}
	var key []byte
	for _, r := range rows {
		client, ok := clients[r.Project]
		if !ok {
			client = s.clientPart(r.Project)
			clients[r.Project] = client
		}
		key = appendSortKey(append(key[:0], client...), noNUL(r.Name))
		r.order = string(key)
	}
	slices.SortFunc(rows, compareClient)
}
