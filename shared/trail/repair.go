package trail

import "tresor/shared/vault"

// A journal can be cut and written on, when a vault is repaired or put back to an earlier point. What was read of it is then not what is in it any more, and the
// trail starts anew: rows of records that are gone would otherwise stay for as long as the process does.

// strays reports whether a journal has another record where the trail has read up to. The turn is held.
func (t *Trail) strays(heads vault.Heads) bool {
	for _, table := range vault.Tables {
		have, want := t.fold.heads.Of(table), heads.Of(table)
		if have.Seq > 0 && have.Seq == want.Seq && have.Hash != want.Hash {
			return true
		}
	}
	return false
}

// repaired reports whether a journal that does not go on after what was read of it should be read from its beginning: once. One that then ends in the same place
// is damaged. The turn is held.
func (t *Trail) repaired(table vault.Table) bool {
	after := t.fold.heads.Of(table)
	if after.Seq == 0 || after == t.stuck.Of(table) {
		return false
	}
	t.stuck.Set(table, after)
	return true
}

// startAnew forgets everything. The turn is held.
func (t *Trail) startAnew() {
	t.fold = newFold()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heads, t.journal, t.closed, t.newest, t.first = vault.Heads{}, nil, map[vault.Hour]int{}, 0, 0
	t.cache.clear()
}
