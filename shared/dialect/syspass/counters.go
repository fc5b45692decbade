package syspass

import (
	"sync"

	"tresor/shared/vault"
)

// counters count what this process showed. The original adds to a row at each view; here a read never writes, so views are counted in
// memory, and reveals are those of the closed hours (vault.Reader.Reveals) and of this process since.
type counters struct {
	mu      sync.Mutex
	views   map[vault.EntryID]int
	reveals map[vault.Hour]map[vault.EntryID]int
}

// maxCounted bounds the memory; the counts start again when it is full.
const maxCounted = 200000

func (c *counters) viewed(id vault.EntryID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.views == nil || len(c.views) >= maxCounted {
		c.views = map[vault.EntryID]int{}
	}
	c.views[id]++
}

// revealed counts a reveal in hour, and forgets the hours up to closed, which the vault counts.
func (c *counters) revealed(id vault.EntryID, hour, closed vault.Hour) {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	for h, counts := range c.reveals {
		if h <= closed {
			delete(c.reveals, h)
		}
		total += len(counts)
	}
	if c.reveals == nil || total >= maxCounted {
		c.reveals = map[vault.Hour]map[vault.EntryID]int{}
	}
	if c.reveals[hour] == nil {
		c.reveals[hour] = map[vault.EntryID]int{}
	}
	c.reveals[hour][id]++
}

// countReveal is what counts a reveal that the call makes now.
func (r *reading) countReveal(id vault.EntryID) func(*counters) {
	hour, closed := vault.HourOf(r.Now()), r.ClosedHour()
	return func(c *counters) { c.revealed(id, hour, closed) }
}

func (c *counters) viewsOf(id vault.EntryID) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.views[id]
}

// revealsOf returns the reveals after the hour closed.
func (c *counters) revealsOf(id vault.EntryID, closed vault.Hour) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for h, counts := range c.reveals {
		if h > closed {
			n += counts[id]
		}
	}
	return n
}
