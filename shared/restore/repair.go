package restore

import (
	"context"
	"fmt"
	"time"

	"tresor/shared/journal"
	"tresor/shared/vault"
)

// RepairSetting is the setting that says where the journals were cut.
const RepairSetting = "vault.repaired"

// repairAction marks the record with which a repaired vault goes on.
const repairAction = string(vault.Command) + " repair"

// Repair is what is to be done to a vault whose two tables were brought back to different moments (law 17): both journals end at the greatest pair of heads
// that is closed under law 2. Until then no replica answers from more than that pair, and none writes.
type Repair struct {
	store vault.Store
	heads vault.Heads         // that both journals are cut to
	note  *vault.StoredRecord // the record that says so, and keeps out whom the lost records had shut out; nil: it is there, from an earlier run
	over  bool                // the note takes the place of a record
	drop  []vault.RecordKey   // in the order in which they go
}

// FindRepair looks at a vault. nil: there is nothing to repair. It writes nothing.
//
// Errors: NotFound (no vault), Busy (it is in use), Corrupt (its chains are broken: that is no matter of different moments, and nothing that a repair mends), those of
// the store.
func FindRepair(ctx context.Context, s vault.Store, sealer vault.Sealer, now time.Time) (*Repair, error) {
	r, err := findRepair(ctx, s, sealer, now)
	if err != nil {
		return nil, fmt.Errorf("look for what to repair: %w", err)
	}
	return r, nil
}

func findRepair(ctx context.Context, s vault.Store, sealer vault.Sealer, now time.Time) (*Repair, error) {
	var j journals
	for i, t := range vault.Tables {
		if err := j[i].read(ctx, s, sealer, t); err != nil {
			return nil, err
		}
	}
	for i, t := range vault.Tables { // whoever writes meanwhile would lose what the other journal's reading missed
		if later, err := tail(ctx, s, t, j[i].last()); err != nil || len(later) > 0 {
			return nil, orBusy(err)
		}
	}
	n, err := j.closed()
	if err != nil {
		return nil, err
	}
	if n[0] == 0 || n[1] == 0 {
		return nil, &vault.Error{Kind: vault.NotFound, Msg: "the journals have no moment in common: there is no vault to repair"}
	}
	return j.plan(s, sealer, n, now)
}

func orBusy(err error) error {
	if err != nil {
		return err
	}
	return &vault.Error{Kind: vault.Busy, Msg: "the vault is in use: repair it while nothing writes"}
}

// plan works out what to do for a cut after n records of each journal; nil for nothing.
func (j *journals) plan(s vault.Store, sealer vault.Sealer, n [2]int, now time.Time) (*Repair, error) {
	entries, permissions := &j[0], &j[1]
	r := &Repair{store: s, heads: vault.Heads{Entries: entries.head(n[0]), Permissions: permissions.head(n[1])}}
	beyond := len(permissions.chained) > n[1]
	if !beyond && len(permissions.loose) == 0 && len(entries.chained) == n[0] {
		return nil, nil
	}
	if end := permissions.chained[n[1]-1]; beyond || !isNote(end.record) || end.record.Cross != r.heads.Entries {
		note, err := j.note(sealer, r.heads, now)
		if err != nil {
			return nil, err
		}
		r.note, r.over = &note, beyond
	}
	first := vault.Seq(n[1] + 1)
	if r.note != nil {
		first++
	}
	for seq := permissions.last(); seq >= first; seq-- {
		r.drop = append(r.drop, vault.RecordKey{Table: vault.Permissions, Seq: seq})
	}
	for seq := entries.last(); seq > vault.Seq(n[0]); seq-- {
		r.drop = append(r.drop, vault.RecordKey{Table: vault.Entries, Seq: seq})
	}
	return r, nil
}

// note makes the record that follows the cut.
func (j *journals) note(sealer vault.Sealer, heads vault.Heads, now time.Time) (vault.StoredRecord, error) {
	who := newPeople()
	for i, o := range j[1].chained {
		for c := range changesOf(o.record) {
			who.take(c, vault.Seq(i) < heads.Permissions.Seq)
		}
	}
	who.given.Take(&vault.Change{Given: &j[0].given})
	op := vault.Op{At: vault.StampOf(now), Millis: uint16(now.Nanosecond() / 1e6), Action: repairAction, Reason: "what was revoked, disabled or lessened in the records taken off stays so",
		Changes: []vault.Change{{Setting: &vault.Setting{Key: RepairSetting, Value: fmt.Sprintf("entries record %d of %d, permissions record %d of %d",
			heads.Entries.Seq, j[0].last(), heads.Permissions.Seq, j[1].last())}}, {Given: &who.given}}}
	op.Changes = append(op.Changes, who.since(op.At)...)
	return goOn(sealer, heads, newTransaction().ID, op)
}

// Heads returns the newest records that stay.
func (r *Repair) Heads() vault.Heads { return r.heads }

// Cut returns how many records of each journal are taken off.
func (r *Repair) Cut() (entries, permissions int) {
	for _, k := range r.drop {
		if k.Table == vault.Entries {
			entries++
		} else {
			permissions++
		}
	}
	if r.over {
		permissions++
	}
	return entries, permissions
}

// dropBatch is how many records are taken off by one transaction.
const dropBatch = 90

// Run repairs. The note comes first, in the place of the first record that goes, since it is made of those that go; then they go, newest first, so that whoever is
// killed leaves journals without gaps, and another FindRepair finds the rest.
func (r *Repair) Run(ctx context.Context) error {
	if r.note != nil {
		tx := newTransaction()
		if r.over {
			tx.Replace = []vault.StoredRecord{*r.note}
		} else {
			tx.Put = []vault.StoredRecord{*r.note}
		}
		if err := commit(ctx, r.store, tx); err != nil {
			return fmt.Errorf("repair the vault: %w", err)
		}
	}
	for at := 0; at < len(r.drop); at += dropBatch {
		tx := newTransaction()
		tx.DropRecords = r.drop[at:min(len(r.drop), at+dropBatch)]
		if err := commit(ctx, r.store, tx); err != nil {
			return fmt.Errorf("repair the vault: %w", err)
		}
	}
	return nil
}

// goOn makes the permissions record that follows a cut.
func goOn(sealer vault.Sealer, heads vault.Heads, txn vault.TxnID, op vault.Op) (vault.StoredRecord, error) {
	ops := []vault.Op{op}
	r := &vault.Record{Format: vault.FormatOf(ops), Table: vault.Permissions, Seq: heads.Permissions.Seq + 1, Prev: heads.Permissions.Hash, Cross: heads.Entries,
		Txn: txn, Ops: ops}
	stored, _, err := journal.SealRecord(sealer, r)
	if err == nil && len(stored.Sealed) > vault.MaxSealedItem {
		err = &vault.Error{Kind: vault.TooLarge, Msg: "too many users and credentials have changed since that point for one record"}
	}
	return stored, err
}
