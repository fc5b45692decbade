// Package audit verifies a vault with all that is known of it from elsewhere (law 18): the newest snapshot, the newest nightly backup, and the anchors of the last days. The
// verification itself is package journal's; nothing is written here.
//
// The one idea: what is compared with is read before the journals are, so that on a vault in use the journals hold at least as much. And all anchors since the last
// verification but two are compared, not the newest alone: the newest is made of what is there, after a cut too.
package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"tresor/shared/anchor"
	"tresor/shared/archive"
	"tresor/shared/blob"
	"tresor/shared/journal"
	"tresor/shared/snapshot"
	"tresor/shared/vault"
)

// Window is how far back anchors are compared: a daily verification may fail twice and misses none.
const Window = 72 * time.Hour

// Parts are what is verified.
type Parts struct {
	Log     *journal.Log
	Store   vault.Store
	Sealer  vault.Sealer
	Objects blob.ReadOnly // where snapshots and backups lie; nil: nowhere
	Anchors blob.ReadOnly // nil: there are none
	Now     time.Time
}

// Compared is what journals were compared with.
type Compared struct {
	References []journal.Reference
	Problems   []string // of what could not be a reference
	Anchors    int
	Snapshot   string // its key; "" for none
	Backup     string
}

// Verify verifies a vault. A vault that does not exist has no record and no problem. An error means that the verification could not be done.
func Verify(ctx context.Context, p Parts) (*journal.Report, *Compared, error) {
	c, err := Gather(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	report, err := journal.Verify(ctx, p.Store, p.Sealer, c.References...)
	if err != nil {
		return nil, nil, err
	}
	report.Problems = append(report.Problems, c.Problems...)
	return report, c, nil
}

// Gather reads what there is to compare with.
func Gather(ctx context.Context, p Parts) (*Compared, error) {
	c := &Compared{}
	if p.Anchors != nil {
		anchors, problems, err := anchor.Load(ctx, p.Anchors, p.Sealer, p.Now.Add(-Window))
		if err != nil {
			return nil, err
		}
		for _, a := range anchors {
			c.References = append(c.References, a.Reference())
		}
		c.Anchors, c.Problems = len(anchors), append(problems, gaps(anchors, founded(p.Log), p.Now)...)
	}
	if p.Objects != nil {
		if err := c.snapshot(ctx, p); err != nil {
			return nil, fmt.Errorf("read the newest snapshot: %w", err)
		}
		if err := c.backup(ctx, p); err != nil {
			return nil, fmt.Errorf("read the newest backup: %w", err)
		}
	}
	return c, nil
}

// maxGap is how long there may be no anchor: they are made every hour, and who removes some leaves a gap.
const maxGap = 6 * time.Hour

// gaps names the times without an anchor. Before the first one there may be none: it may have been the first of all.
func gaps(anchors []*anchor.Anchor, founded, now time.Time) (problems []string) {
	last := founded
	if len(anchors) > 0 {
		last = anchors[0].Made
	}
	for _, a := range anchors {
		if a.Made.Sub(last) > maxGap {
			problems = append(problems, fmt.Sprintf("there is no anchor between %s and %s", last.Format(time.RFC3339), a.Made.Format(time.RFC3339)))
		}
		last = a.Made
	}
	if !last.IsZero() && now.Sub(last) > maxGap {
		problems = append(problems, fmt.Sprintf("there is no anchor since %s", last.Format(time.RFC3339)))
	}
	return problems
}

// founded returns when the vault was made; zero if it was not, as far as this process knows.
func founded(log *journal.Log) (at time.Time) {
	log.Read(func(s *vault.State) {
		if stamp, ok := s.Founded(); ok {
			at = stamp.Time()
		}
	})
	return at
}

// snapshot adds the newest snapshot.
func (c *Compared) snapshot(ctx context.Context, p Parts) error {
	newest, err := snapshot.Newest(ctx, p.Objects)
	if errors.Is(err, vault.NotFound) {
		return nil
	} else if err != nil {
		return err
	}
	heads, err := read(ctx, p.Objects, newest.Key, p.Log.SnapshotHeads)
	return c.add("the snapshot", &c.Snapshot, newest, heads, err)
}

// backup adds the newest nightly backup of the last days.
func (c *Compared) backup(ctx context.Context, p Parts) error {
	var newest blob.Object
	for after := archive.NightlySince(p.Now.Add(-Window)); ; after = newest.Key {
		list, err := p.Objects.List(ctx, archive.Folder+"/", after, blob.MaxList) // a role may list this prefix, and no longer one
		if err != nil {
			return err
		}
		for _, o := range list {
			if archive.IsNightly(o.Key) {
				newest = o
			}
		}
		if len(list) < blob.MaxList || newest != list[len(list)-1] { // nothing but nightly ones lies between them
			break
		}
	}
	if newest.Key == "" {
		return nil
	}
	heads, err := read(ctx, p.Objects, newest.Key, func(r io.Reader) (vault.Heads, error) {
		h, err := archive.ReadHeader(r)
		if err == nil && h.VaultID != p.Sealer.VaultID() {
			err = &vault.Error{Kind: vault.Corrupt, Msg: "the archive is another vault's"}
		}
		return h.Heads, err
	})
	return c.add("the backup", &c.Backup, newest, heads, err)
}

// add makes a reference of an object, or a problem of one that is damaged. One that went away since it was listed is neither.
func (c *Compared) add(what string, key *string, o blob.Object, heads vault.Heads, err error) error {
	switch {
	case errors.Is(err, vault.NotFound):
		return nil
	case errors.Is(err, vault.Corrupt):
		c.Problems = append(c.Problems, fmt.Sprintf("%s %s cannot be compared with: %v", what, o.Key, err))
		return nil
	case err != nil:
		return err
	}
	*key = o.Key
	c.References = append(c.References, journal.Reference{Name: what + " " + o.Key, At: o.Modified, Heads: heads})
	return nil
}

// read reads the beginning of an object.
func read(ctx context.Context, from blob.ReadOnly, key string, heads func(io.Reader) (vault.Heads, error)) (h vault.Heads, err error) {
	err = journal.Persist(ctx, func() error {
		r, _, err := from.Open(ctx, key, 0, -1)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }() // nothing was written
		h, err = heads(r)
		return err
	})
	return h, err
}

// maxLogged is how many problems are logged one by one. A vault that lost its key has one for each record.
const maxLogged = 100

// Run is Verify for a job: it logs what was found, and an error says that something was. Problems name records by number, and no secret.
func Run(ctx context.Context, p Parts) error {
	report, c, err := Verify(ctx, p)
	if err != nil {
		return fmt.Errorf("verify the vault: %w", err)
	}
	for _, text := range report.Problems[:min(maxLogged, len(report.Problems))] {
		slog.ErrorContext(ctx, "the vault does not verify", "problem", text)
	}
	slog.InfoContext(ctx, "vault verified", "ok", report.OK(), "entries", report.Entries, "permissions", report.Permissions, "hours", report.Hours, "accesses", report.Accesses,
		"anchors", c.Anchors, "snapshot", c.Snapshot, "backup", c.Backup, "problems", len(report.Problems))
	if !report.OK() {
		return &vault.Error{Kind: vault.Corrupt, Err: fmt.Errorf("the vault does not verify: %d problems, the first: %s", len(report.Problems), report.Problems[0])}
	}
	return nil
}
