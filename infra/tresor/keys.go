package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"tresor/shared/rekey"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/snapshot"
	"tresor/shared/vault"
)

// keyRow is a key without its bytes.
type keyRow struct {
	ID    string        `json:"id"`
	State seal.KeyState `json:"state"` // primary, waiting, old
	Since string        `json:"since,omitempty"`
}

// keysetRow is a keyset.
type keysetRow struct {
	Purpose vault.Purpose `json:"purpose"`
	Version uint32        `json:"version"`
	Keys    []keyRow      `json:"keys"`
}

func keysList(k *call) error {
	if err := k.parse(0, 0); err != nil {
		return err
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	rows, err := s.keysets(k)
	if err != nil {
		return err
	}
	return k.print(map[string]any{"keysets": rows}, func(w io.Writer) {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "PURPOSE\tVERSION\tKEY\tSTATE\tPRIMARY SINCE")
		for _, row := range rows {
			for _, key := range row.Keys {
				fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\n", row.Purpose, row.Version, key.ID, key.State, cmp.Or(key.Since, "-"))
			}
		}
		_ = table.Flush()
	})
}

// keysets tells what keys there are. The first one of each keyset is as old as the vault.
func (s *system) keysets(k *call) ([]keysetRow, error) {
	stored, err := vault.View(k.ctx, s.vault, k.request(false), (*vault.Reader).Settings)
	if err != nil {
		return nil, err
	}
	var founded vault.Stamp
	s.vault.Peek(func(state *vault.State) { founded, _ = state.Founded() })
	rows := make([]keysetRow, 0, len(vault.Purposes))
	for _, p := range vault.Purposes {
		version, list, err := s.sealer.Keys(p)
		if err != nil {
			return nil, err
		}
		row := keysetRow{Purpose: p, Version: version}
		for i, key := range list {
			r := keyRow{ID: key.Name(), State: key.State, Since: rekey.Since(stored, p, key)}
			if i == 0 {
				r.Since = founded.Time().UTC().Format(time.RFC3339)
			}
			row.Keys = append(row.Keys, r)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// rotatedRow is what became of a keyset.
type rotatedRow struct {
	Purpose vault.Purpose `json:"purpose"`
	Primary string        `json:"primary"`
	Another bool          `json:"another,omitempty"` // a rotation that ran at the same time did it
}

func keysRotate(k *call) error {
	var names listFlag
	k.flags.Var(&names, "purpose", "`purpose` whose key is rotated: index, secrets, credentials, files or exports; repeatable; default: all. The key for the index goes along in any case")
	wait := k.flags.Duration("wait", seal.PromoteWait, "`duration` between the new keys' being there and their being used, at least the default")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	purposes, err := parsePurposes(names)
	switch {
	case err != nil:
		return err
	case *wait < seal.PromoteWait:
		return usagef("--wait must be at least %s: a process that just loaded its keys could miss the new ones", seal.PromoteWait)
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	rotated, err := rekey.Rotate(k.ctx, s.store, s.sealer, purposes, *wait)
	if err != nil {
		return err
	}
	if err := rekey.Note(k.ctx, s.vault, k.request(true), rotated); err != nil {
		return err
	}
	rows := make([]rotatedRow, len(rotated))
	for i, r := range rotated {
		rows[i] = rotatedRow{r.Purpose, r.Key.Name(), r.Another}
	}
	return k.print(map[string]any{"rotated": rows}, func(w io.Writer) {
		for _, r := range rows {
			fmt.Fprintf(w, "%s: key %s is primary\n", r.Purpose, r.Primary)
		}
		fmt.Fprintln(w, "What was sealed before stays under the older keys: tresor keys reseal puts it under these.")
	})
}

// parsePurposes reads names of purposes; none: all.
func parsePurposes(names []string) ([]vault.Purpose, error) {
	var list []vault.Purpose
	for _, name := range names {
		p, err := vault.ParsePurpose(name)
		if err != nil {
			return nil, usagef("--purpose: %v", err)
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		list = vault.Purposes[:]
	}
	return list, nil
}

// resealResult is what reseal prints.
type resealResult struct {
	*rekey.Resealed
	Snapshot string `json:"snapshot,omitempty"` // the key of a new one
	Done     bool   `json:"done"`               // nothing was left to do
}

// awsRate is how many items a second are resealed on DynamoDB unless told otherwise: a fifth of what one partition writes.
const awsRate = 200

func keysReseal(k *call) error {
	rate := k.flags.Int("rate", -1, "`items` a second that are written at most; 0: no bound; default: 200 on DynamoDB, else no bound")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	embedded, err := k.place.embedded()
	switch {
	case err != nil:
		return err
	case *rate < -1:
		return usagef("--rate is a number of items, or 0 for no bound")
	case *rate < 0 && !embedded:
		*rate = awsRate
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	objects, err := s.blobs()
	if err != nil {
		return fmt.Errorf("open the objects: %w", err)
	}
	done, err := rekey.Reseal(k.ctx, rekey.Vault{Vault: s.vault, Log: s.log, Store: s.store, Sealer: s.sealer, Blobs: objects, Request: k.request(true), Rate: *rate})
	if err != nil {
		return fmt.Errorf("what was done so far stays done; run it again: %w", err)
	}
	out := resealResult{Resealed: done, Done: done.Done()}
	if objects != nil && !out.Done {
		if out.Snapshot, _, err = snapshot.Renew(k.ctx, s.log, objects); err != nil {
			return err
		}
	}
	if err := k.print(out, out.people); err != nil {
		return err
	}
	if len(done.Damaged) > 0 {
		return fmt.Errorf("the contents of %d files are not there or do not open", len(done.Damaged))
	}
	return nil
}

func (r resealResult) people(w io.Writer) {
	for _, line := range []struct {
		what string
		n    rekey.Counts
	}{{"records", r.Records}, {"secrets", r.Secrets}, {"access records", r.Access}, {"files", r.Files}} {
		fmt.Fprintf(w, "%s: %d of %d were under an older key\n", line.what, line.n.Resealed, line.n.Seen)
	}
	fmt.Fprintf(w, "passwords: %d, private keys: %d, settings: %d\n", r.Fields.Passwords, r.Fields.Keys, r.Fields.Settings)
	if r.Done {
		fmt.Fprintln(w, "Everything in use is under the primary keys.")
	} else {
		fmt.Fprintln(w, "Run it again: what others wrote meanwhile may be under an older key.")
	}
}

// rewrapResult is what rewrap prints.
type rewrapResult struct {
	KeyFile string `json:"key_file"`
	Already bool   `json:"already,omitempty"`
	Dropped int    `json:"dropped"` // versions of keysets that the old key opened
}

func keysRewrap(k *call) error {
	path := k.flags.String("new-key-file", "", "`file` with the key to wrap the keysets under; made if there is none")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	embedded, err := k.place.embedded()
	switch {
	case err != nil:
		return err
	case !embedded:
		return usagef("this is for a vault in a folder: on AWS the key is in KMS, which rotates it by itself")
	case *path == "":
		return usagef("--new-key-file is missing")
	}
	b, err := k.place.connect(k.ctx, false)
	if err != nil {
		return err
	}
	defer b.close()
	from, err := b.keys()
	if err != nil {
		return err
	}
	to, err := keyfile.Load(*path)
	if errors.Is(err, vault.NotFound) { // a new one is made only by whoever has the old one
		if err = rekey.Opens(k.ctx, b.store, from); err == nil {
			to, err = keyfile.Create(*path)
		}
	}
	if err != nil {
		return err
	}
	out := rewrapResult{KeyFile: *path}
	if out.Already, out.Dropped, err = rekey.Rewrap(k.ctx, b.store, from, to); err != nil {
		return err
	}
	return k.print(out, func(w io.Writer) {
		if out.Already {
			fmt.Fprintf(w, "The keysets were under the key in %s already, and under no other one now.\n", out.KeyFile)
			return
		}
		fmt.Fprintf(w, "The keysets are under the key in %s; the old key opens nothing here any more.\n", out.KeyFile)
		fmt.Fprintf(w, "Start servers and commands with --key-file %s from now on, or put it in the old one's place.\n", out.KeyFile)
	})
}
