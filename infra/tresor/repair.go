package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"tresor/shared/restore"
	"tresor/shared/snapshot"
	"tresor/shared/vault"
)

// repairResult is what repair prints.
type repairResult struct {
	Entries        vault.Seq `json:"entries"` // the last records of both journals that stay
	Permissions    vault.Seq `json:"permissions"`
	CutEntries     int       `json:"cut_entries"` // how many records were taken off
	CutPermissions int       `json:"cut_permissions"`
}

func repair(k *call) error {
	check := k.flags.Bool("check", false, "only say what would be taken off")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	r, err := restore.FindRepair(k.ctx, s.store, s.sealer, time.Now())
	if err != nil {
		return err
	}
	blobs, err := s.blobs()
	if err != nil {
		return fmt.Errorf("open the objects: %w", err)
	}
	if r == nil {
		heads, err := s.heads(k.ctx)
		if err == nil && !*check && blobs != nil { // the tables may have been brought back to one moment, which snapshots are ahead of
			err = snapshot.Prune(k.ctx, blobs, heads, time.Now())
		}
		if err != nil {
			return err
		}
		return k.print(repairResult{Entries: heads.Entries.Seq, Permissions: heads.Permissions.Seq}, func(w io.Writer) { fmt.Fprintln(w, "Both journals are of one moment: nothing to repair.") })
	}
	did := "would be taken off"
	if !*check {
		did = "were taken off"
		if err = clearSnapshots(k.ctx, blobs); err == nil { // first: whoever was killed after the repair would find nothing to repair, and snapshots of records that are gone
			err = r.Run(k.ctx)
		}
		if err != nil {
			return err
		}
	}
	result := repairResult{Entries: r.Heads().Entries.Seq, Permissions: r.Heads().Permissions.Seq}
	result.CutEntries, result.CutPermissions = r.Cut()
	return k.print(result, func(w io.Writer) {
		fmt.Fprintf(w, "The journals agree up to entries record %d and permissions record %d: %d and %d records behind them %s.\n",
			result.Entries, result.Permissions, result.CutEntries, result.CutPermissions, did)
	})
}

// heads catches up and returns where the journals are.
func (s *system) heads(ctx context.Context) (heads vault.Heads, err error) {
	if err := s.log.CatchUp(ctx); err != nil {
		return heads, err
	}
	s.log.Read(func(state *vault.State) { heads = state.Heads() })
	return heads, nil
}
