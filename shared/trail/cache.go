package trail

import (
	"cmp"
	"context"
	"slices"

	"tresor/shared/vault"
)

// cache keeps the rows of hours that were read. Its user guards it.
type cache struct {
	hours   map[vault.Hour]*cached
	rows    int
	uses    uint64
	reading map[vault.Hour]chan struct{} // closed when who reads the hour is done
	tickets uint64                       // in the order in which callers came and reads began
}

// cached is what was read of an hour.
type cached struct {
	rows  []Row  // ascending by id
	since uint64 // ticket of the read: whoever came before it began sees in it all that there was
	over  bool   // nothing is to come, as far as is known
	known *contexts
	used  uint64
}

func newCache() cache {
	return cache{hours: map[vault.Hour]*cached{}, reading: map[vault.Hour]chan struct{}{}}
}

func (c *cache) get(h vault.Hour) *cached {
	hour := c.hours[h]
	if hour == nil {
		return nil
	}
	c.uses++
	hour.used = c.uses
	return hour
}

// ticket returns a number that is higher than those before.
func (c *cache) ticket() uint64 {
	c.tickets++
	return c.tickets
}

// put keeps an hour and, where there are more than most rows then, forgets the hours that were used longest ago.
func (c *cache) put(h vault.Hour, hour *cached, most int) {
	c.remove(h)
	c.uses++
	hour.used = c.uses
	c.hours[h] = hour
	if c.rows += len(hour.rows); c.rows <= most {
		return
	}
	oldest := make([]vault.Hour, 0, len(c.hours))
	for h := range c.hours {
		oldest = append(oldest, h)
	}
	slices.SortFunc(oldest, func(a, b vault.Hour) int { return cmp.Compare(c.hours[a].used, c.hours[b].used) })
	for _, h := range oldest {
		if c.rows <= most-most/4 { // some room, so that not every hour sorts them all
			return
		}
		c.remove(h)
	}
}

// clear forgets every hour. Those that are being read may come back.
func (c *cache) clear() {
	c.hours, c.rows = map[vault.Hour]*cached{}, 0
}

func (c *cache) remove(h vault.Hour) {
	if old := c.hours[h]; old != nil {
		c.rows -= len(old.rows)
		delete(c.hours, h)
	}
}

// closed settles an hour that was read before it was closed: it is whole, or forgotten if its closing says that it has another number of records.
func (c *cache) closed(h vault.Hour, records int) {
	switch old := c.hours[h]; {
	case old == nil:
	case len(old.rows) != records:
		c.remove(h)
	default:
		whole := *old // readers hold the old one
		whole.over, whole.known = true, nil
		c.hours[h] = &whole
	}
}

// claim waits until nobody else reads an hour. It returns what is known of the hour and, unless that says all that the holder of the ticket must
// see, a function that ends the turn.
func (t *Trail) claim(ctx context.Context, h vault.Hour, ticket uint64) (known *cached, done func(), err error) {
	for {
		t.mu.Lock()
		busy := t.cache.reading[h]
		if known = t.cache.get(h); known != nil && (known.over || known.since > ticket) {
			t.mu.Unlock()
			return known, nil, nil
		}
		if busy == nil {
			turn := make(chan struct{})
			t.cache.reading[h] = turn
			t.mu.Unlock()
			return known, func() { t.release(h, turn) }, nil
		}
		t.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func (t *Trail) release(h vault.Hour, turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.cache.reading, h)
	close(turn)
}
