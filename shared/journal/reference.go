package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tresor/shared/vault"
)

// Reference is what is known of an earlier moment of a vault from elsewhere. Verify requires the journals to hold it still.
type Reference struct {
	Name    string // for people, as in "the anchor of 2026-11-26T12:00:00Z"
	At      time.Time
	Heads   vault.Heads
	Hours   []HourCount   // closed hours of access records
	Writers []WriterCount // access records of hours that were not closed
}

// HourCount is how many access records an hour has, and the hash over them.
type HourCount struct {
	Hour    vault.Hour
	Records int
	Hash    vault.Hash
}

// WriterCount is how many access records one process has written in an hour, and the last of them.
type WriterCount struct {
	Hour    vault.Hour
	Writer  string
	Records int
	Last    uint64
	Hash    vault.Hash
}

// Actions of the records with which a vault goes on that went back to an earlier point. No API writes them.
const (
	restored = string(vault.Command) + " restore"
	repaired = string(vault.Command) + " repair"
)

// rewind is such a record.
type rewind struct {
	seq    vault.Seq
	action string
	at     time.Time
}

// checkReferences compares what was read with references. The hours that they name are read again, each once.
func (v *verifier) checkReferences(ctx context.Context, references []Reference) error {
	hours := map[vault.Hour][]*Reference{}
	for i := range references {
		r := &references[i]
		for _, t := range vault.Tables {
			v.checkHead(r, t)
		}
		for _, h := range r.Hours {
			hours[h.Hour] = append(hours[h.Hour], r)
		}
		for _, w := range r.Writers {
			if list := hours[w.Hour]; !slices.Contains(list, r) {
				hours[w.Hour] = append(list, r)
			}
		}
	}
	for _, h := range sortedNames(hours) {
		if err := v.checkReferredHour(ctx, h, hours[h]); err != nil {
			return err
		}
	}
	return nil
}

// checkHead compares where a journal was. One record's hash vouches for all before it.
func (v *verifier) checkHead(r *Reference, t vault.Table) {
	head, length := r.Heads.Of(t), v.length(t)
	switch {
	case head.Seq == 0:
	case head.Seq > length:
		v.report.problem("the %s journal ends with record %d, and %s names record %d: its end was cut off, from record %d on%s", t, length, r.Name, head.Seq, length+1, v.explain(r))
	case (*v.of(t))[head.Seq-1].opened && (*v.of(t))[head.Seq-1].hash != head.Hash:
		v.report.problem("%s record %d is not the one that %s names: this is another history%s", t, head.Seq, r.Name, v.explain(r))
	}
}

// explain names the record, if there is one, that says that the vault went back to an earlier point after a reference was made.
func (v *verifier) explain(r *Reference) string {
	for _, t := range v.rewinds {
		if !t.at.Before(r.At.Truncate(time.Second)) {
			return fmt.Sprintf(" (permissions record %d says that a %s took the vault back to an earlier point later, at %s: if you know of that, this is its trace)",
				t.seq, strings.TrimPrefix(t.action, string(vault.Command)+" "), t.at.Format(time.RFC3339))
		}
	}
	return ""
}

// checkReferredHour compares the access records of an hour with what references say of it.
func (v *verifier) checkReferredHour(ctx context.Context, h vault.Hour, references []*Reference) error {
	list, err := v.openHour(ctx, h, func(string, error) {}) // it is missing below
	if err != nil {
		return err
	}
	now := countHour(h, list)
	for _, r := range references {
		for _, then := range r.Hours {
			closed, is := v.closed[h]
			switch {
			case then.Hour != h:
			case now != then:
				v.report.problem("the access records of %s differ from what %s holds: %d now, %d then", h, r.Name, now.Records, then.Records)
			case is && closed != then:
				v.report.problem("the journal holds %d access records of %s, and %s %d", closed.Records, h, r.Name, then.Records)
			}
		}
		for _, then := range r.Writers {
			if then.Hour == h {
				v.checkWriter(r, then, list)
			}
		}
	}
	return nil
}

// checkWriter looks for what a process had written in an hour. It may have written more since.
func (v *verifier) checkWriter(r *Reference, then WriterCount, list []openedAccess) {
	var n int
	var last *vault.Hash
	for i := range list {
		if list[i].Writer != then.Writer {
			continue
		}
		if list[i].Number <= then.Last {
			n++
		}
		if list[i].Number == then.Last {
			last = &list[i].hash
		}
	}
	switch {
	case last == nil:
		v.report.problem("access record %d of process %s, which %s names, is missing from %s", then.Last, then.Writer, r.Name, then.Hour)
	case *last != then.Hash:
		v.report.problem("access record %d of process %s is not the one that %s names", then.Last, then.Writer, r.Name)
	case n < then.Records:
		v.report.problem("process %s has %d access records up to number %d in %s, and had %d by %s", then.Writer, n, then.Last, then.Hour, then.Records, r.Name)
	}
}

// countHour is what of an hour's sums vouches for its access records.
func countHour(h vault.Hour, list []openedAccess) HourCount {
	sum := summarise(h, list)
	return HourCount{h, sum.Records, sum.Hash}
}

// CountWriters returns how many access records each process has written in an hour, ordered by process.
func (l *Log) CountWriters(ctx context.Context, h vault.Hour) ([]WriterCount, error) {
	list, err := l.readHour(ctx, h, "")
	if err != nil {
		return nil, err
	}
	counts := map[string]WriterCount{}
	for _, a := range list {
		c := counts[a.Writer]
		c.Hour, c.Writer, c.Records = h, a.Writer, c.Records+1
		if a.Number > c.Last {
			c.Last, c.Hash = a.Number, a.hash
		}
		counts[a.Writer] = c
	}
	out := make([]WriterCount, 0, len(counts))
	for _, name := range sortedNames(counts) {
		out = append(out, counts[name])
	}
	return out, nil
}

// ClosedHours returns the hours of access records that the newest n records of the permissions journal, up to a head, have closed.
func (l *Log) ClosedHours(ctx context.Context, head vault.Head, n vault.Seq) (hours []HourCount, err error) {
	for after := head.Seq - min(n, head.Seq); after < head.Seq; {
		var page []vault.StoredRecord
		err := persist(ctx, func() (err error) { page, _, err = l.store.Tail(ctx, vault.Permissions, after); return err })
		if err != nil {
			return nil, fmt.Errorf("read the permissions journal: %w", err)
		}
		if len(page) == 0 {
			return nil, corrupt("permissions record %d is missing", after+1)
		}
		for i := range page {
			if after = page[i].Seq; after > head.Seq {
				break
			}
			o, err := l.codec.openRecord(&page[i])
			if err != nil {
				return nil, err
			}
			for _, op := range o.record.Ops {
				for _, c := range op.Changes {
					if h := c.AccessHour; h != nil {
						hours = append(hours, HourCount{h.Hour, h.Records, h.Hash})
					}
				}
			}
		}
	}
	return hours, nil
}

// SnapshotHeads returns where a snapshot is of. It reads the beginning, and believes it no more than that this vault's keys have sealed it: the journals must hold those heads.
// Errors: Corrupt, NewerFormat, those of r.
func (l *Log) SnapshotHeads(r io.Reader) (heads vault.Heads, err error) {
	id, err := l.readSnapshotHeader(r)
	if err != nil {
		return heads, err
	}
	item, err := nextItem(snapshots.NewReader(r, l.codec.sealer, id))
	if errors.Is(err, io.EOF) {
		err = unfit(err)
	}
	if err != nil {
		return heads, err
	}
	var head snapshotHead
	if err := readItem(item, &head, new(bytes.Buffer)); err != nil {
		return heads, err
	}
	return vault.Heads{Entries: head.Entries, Permissions: head.Permissions}, nil
}
