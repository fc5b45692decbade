package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"tresor/shared/vault"
)

// versionRow is one version of an entry's secrets.
type versionRow struct {
	Version uint32 `json:"version"`
	At      string `json:"at"` // RFC 3339, UTC
	By      string `json:"by"` // a username; "" for an operator
	Action  string `json:"action"`
	State   string `json:"state"` // newest, kept, purged, or missing: not purged and not there, as after going back to before a purge
}

// versionsResult is what versions prints.
type versionsResult struct {
	Entry    vault.EntryID `json:"entry"`
	Versions []versionRow  `json:"versions"`
}

// entryVersions lists the versions of an entry's secrets, living or in the trash, as the journal tells of them. It shows no secret and leaves no record.
func entryVersions(k *call) error {
	if err := k.parse(1, 1); err != nil {
		return err
	}
	id, err := k.entryID()
	if err != nil {
		return err
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	out := versionsResult{Entry: id, Versions: []versionRow{}}
	newest, err := s.versions(k.ctx, &out)
	switch {
	case err != nil:
		return err
	case newest == nil:
		return fmt.Errorf("there is no entry %d", id)
	}
	if err := s.states(k.ctx, &out, newest); err != nil {
		return err
	}
	return k.print(out, func(w io.Writer) {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "VERSION\tAT\tBY\tACTION\tSTATE")
		for _, r := range out.Versions {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", r.Version, r.At, r.By, r.Action, r.State)
		}
		_ = table.Flush()
	})
}

// states says of every version what became of it.
func (s *system) states(ctx context.Context, out *versionsResult, newest *vault.Entry) error {
	there := make(map[vault.SecretKey][]byte, len(out.Versions))
	for rows := range slices.Chunk(out.Versions, readAtOnce) {
		var keys []vault.SecretKey
		for _, row := range rows {
			keys = append(keys, vault.SecretKey{Entry: out.Entry, Version: row.Version})
		}
		some, err := s.store.Secrets(ctx, keys)
		if err != nil {
			return err
		}
		maps.Copy(there, some)
	}
	for i := range out.Versions {
		row := &out.Versions[i]
		switch _, found := there[vault.SecretKey{Entry: out.Entry, Version: row.Version}]; {
		case row.Version <= newest.PurgedTo:
			row.State = "purged"
		case !found:
			row.State = "missing"
		case row.Version == newest.SecretVersion:
			row.State = "newest"
		default:
			row.State = "kept"
		}
	}
	return nil
}

// readAtOnce is how many sealed secrets are read at once only to see that they are there.
const readAtOnce = 1000

// versions reads the journal for the versions of an entry, and returns the entry as it is now; nil if there never was one, or it was purged.
func (s *system) versions(ctx context.Context, out *versionsResult) (newest *vault.Entry, err error) {
	type author struct {
		row int
		id  vault.UserID
	}
	var authors []author
	_, err = s.log.History(ctx, vault.Entries, vault.Head{}, func(r *vault.Record) error {
		for i := range r.Ops {
			for _, c := range r.Ops[i].Changes {
				switch {
				case c.Removed != nil && c.Removed.Kind == "entry" && vault.EntryID(c.Removed.ID) == out.Entry:
					newest = nil
				case c.Entry == nil || c.Entry.ID != out.Entry:
				default:
					if known := len(out.Versions); int(c.Entry.SecretVersion) > known {
						op := &r.Ops[i]
						authors = append(authors, author{known, op.Actor})
						out.Versions = append(out.Versions, versionRow{Version: c.Entry.SecretVersion, At: op.At.Time().Format(time.RFC3339), Action: op.Action})
					}
					newest = c.Entry
				}
			}
		}
		return nil
	})
	if err != nil || newest == nil {
		return newest, err
	}
	_, err = vault.View(ctx, s.vault, operator("versions"), func(r *vault.Reader) (int, error) {
		for _, a := range authors {
			if u := r.User(a.id); u != nil {
				out.Versions[a.row].By = u.Username
			} else if u := r.FormerUser(a.id); u != nil {
				out.Versions[a.row].By = u.Username
			}
		}
		return 0, nil
	})
	return newest, err
}

func operator(name string) vault.Request {
	return vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: name}}
}

// revertEntry makes an earlier version of an entry's secrets the newest.
func revertEntry(k *call) error {
	if err := k.parse(2, 2); err != nil {
		return err
	}
	id, err := k.entryID()
	if err != nil {
		return err
	}
	version, err := strconv.ParseUint(k.args[1], 10, 32)
	if err != nil {
		return usagef("%q is not a version", k.args[1])
	}
	type result struct {
		Entry   vault.EntryID `json:"entry"`
		Version uint32        `json:"version"` // the new one
	}
	out, err := update(k, func(_ *system, t *vault.Tx) (result, error) {
		if err := t.Revert(id, uint32(version)); err != nil {
			return result{}, err
		}
		e, _, err := t.Entry(id)
		if err != nil {
			return result{}, err
		}
		return result{id, e.SecretVersion}, nil
	})
	if err != nil {
		return err
	}
	return k.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "entry %d has the secrets of version %d again, as version %d\n", id, version, out.Version)
	})
}

// undeleteEntry takes an entry out of the trash.
func undeleteEntry(k *call) error {
	project := k.flags.Uint64("project", 0, "`id` of the project that it goes into; default: the one it was in")
	if err := k.parse(1, 1); err != nil {
		return err
	}
	id, err := k.entryID()
	if err != nil {
		return err
	}
	_, err = update(k, func(_ *system, t *vault.Tx) (struct{}, error) {
		return struct{}{}, t.Undelete(id, vault.ProjectID(*project))
	})
	if err != nil {
		return err
	}
	return k.print(map[string]any{"entry": id}, func(w io.Writer) { fmt.Fprintf(w, "entry %d is back\n", id) })
}

func (k *call) entryID() (vault.EntryID, error) {
	id, err := strconv.ParseUint(k.args[0], 10, 63)
	if err != nil || id == 0 {
		return 0, usagef("%q is not the id of an entry", k.args[0])
	}
	return vault.EntryID(id), nil
}
