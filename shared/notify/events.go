package notify

import (
	"time"

	"tresor/shared/bus"
	"tresor/shared/vault"
)

// silent are kinds that nobody outside has a use for: what closes an hour, counters.
var silent = map[string]bool{"accesshour": true, "given": true, "none": true}

// lockActions change an entry's lock.
var lockActions = map[string]bool{"tpm passwords/lock": true, "tpm passwords/unlock": true}

const lockRequested = "lock.requested"

// ofRecord returns the events of a journal's record: one for each kind of things that it changes.
func (n *Notifier) ofRecord(r *vault.StoredRecord, at time.Time) ([]bus.Event, error) {
	c := r.Clear
	all, err := c.Things()
	if err != nil {
		return nil, err
	}
	detail := bus.Detail{Vault: n.vault, Action: c.Action, Actor: uint64(c.Actor), Journal: r.Table.String(), Seq: uint64(r.Seq)}
	if c.IsBatch() {
		detail.Batch, detail.Action, detail.Actor = true, "", 0
		if c.More == "" { // an older tresor wrote it, and does not say what it is about
			all = []vault.Things{{Kind: "entry"}}
		}
	}
	add := adder{at: at, detail: detail, id: []any{n.vault, r.Table, uint64(r.Seq), r.Txn}}
	if r.Seq == 0 { // where a restore notes that it has begun, and that it has ended
		name := "restore.begun"
		if r.RecordKey == vault.RestoreEnd {
			name = "restore.ended"
		}
		add.event(name, "restore", nil)
		return add.events, nil
	}
	locked := false
	for _, t := range all {
		switch {
		case silent[t.Kind]:
		case t.IsLocked():
			add.event(lockRequested, "entry", &t)
			locked = true
		default:
			add.event(t.Kind+".changed", t.Kind, &t)
		}
	}
	if !locked && lockActions[detail.Action] {
		for _, t := range all {
			if t.Kind == "entry" {
				add.event(lockRequested, "entry", &t)
			}
		}
	}
	return add.events, nil
}

// ofAccess returns the events of an access record.
func (n *Notifier) ofAccess(a *vault.StoredAccess, at time.Time) ([]bus.Event, error) {
	all, err := thingsOf(a)
	if err != nil {
		return nil, err
	}
	add := adder{at: at, id: []any{n.vault, "access", a.ID},
		detail: bus.Detail{Vault: n.vault, Action: a.Clear.Action, Actor: uint64(a.Clear.Actor), Access: a.ID}}
	verb := ".revealed"
	if a.Clear.IsWithheld() {
		verb = ".withheld"
	}
	if len(all) == 0 { // a backup, which holds everything, and what else is on record without an entry or a file
		add.event("access.recorded", "access", nil)
	}
	for _, t := range all {
		if t.IsLocked() {
			add.event(lockRequested, "entry", &t)
			continue
		}
		add.event(t.Kind+verb, t.Kind, &t)
	}
	return add.events, nil
}

// thingsOf returns what an access record is about. One that an older tresor wrote does not say of which entries.
func thingsOf(a *vault.StoredAccess) ([]vault.Things, error) {
	if a.Clear == (vault.Clear{}) {
		return []vault.Things{{Kind: "entry"}}, nil
	}
	return a.Clear.Things()
}

// adder gathers the events of one record.
type adder struct {
	at     time.Time
	id     []any
	detail bus.Detail
	events []bus.Event
}

func (a *adder) event(name, kind string, t *vault.Things) {
	d := a.detail
	d.ID, d.Kind = bus.NewID(append(a.id[:len(a.id):len(a.id)], name)...), kind
	if t != nil {
		d.Unnamed = len(t.IDs) == 0
		if len(t.IDs) != 1 || t.IDs[0] != 0 { // 0 is of what has no id, such as a setting
			d.Targets = t.IDs
		}
	}
	a.events = append(a.events, bus.New(name, a.at, d))
}
