package anchor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"tresor/shared/journal"
	"tresor/shared/vault"
)

// Format is the newest format of anchors that this code reads and the one that it writes.
const Format = 1

// Anchor is what is known of a vault at one moment.
type Anchor struct {
	Format      int       `json:"tresor_anchor"`
	Vault       string    `json:"vault"` // its random id
	Made        time.Time `json:"made"`  // UTC, whole seconds
	Entries     Head      `json:"entries"`
	Permissions Head      `json:"permissions"`
	Closed      []Hour    `json:"closed_hours"`   // of access records; the newest
	Open        []Writer  `json:"open_hours"`     // what each process has written in hours that are not closed
	Seal        string    `json:"seal,omitempty"` // base64
}

// Head is the newest record of a journal.
type Head struct {
	Record vault.Seq `json:"record"`
	Hash   Hash      `json:"hash"`
}

// Hour is a closed hour of access records.
type Hour struct {
	Hour    HourName `json:"hour"`
	Records int      `json:"records"`
	Hash    Hash     `json:"hash"`
}

// Writer is what a process has written in an hour: how many access records, and the last one.
type Writer struct {
	Hour    HourName `json:"hour"`
	Process string   `json:"process"` // random
	Records int      `json:"records"`
	Last    uint64   `json:"last"`
	Hash    Hash     `json:"hash"`
}

// Hash is written as 64 hexadecimal digits.
type Hash vault.Hash

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(h)) {
		return errors.New("not a hash")
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// HourName is an hour, written as 2006-01-02T15, in UTC.
type HourName vault.Hour

const hourLayout = "2006-01-02T15"

// MarshalText implements encoding.TextMarshaler.
func (h HourName) MarshalText() ([]byte, error) { return []byte(vault.Hour(h).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *HourName) UnmarshalText(b []byte) error {
	t, err := time.Parse(hourLayout, string(b))
	*h = HourName(vault.HourOf(t))
	return err
}

const (
	// back is how many permissions records are looked through for closed hours: those of a day and more, unless very much else happened.
	back = 500
	// maxClosed is how many closed hours an anchor names at most: anchors are made every hour, so that each hour is in many.
	maxClosed = 48
	// openHours is how many hours that are not closed are counted: the one that runs, the one before, and two for a compactor that is late.
	openHours = 4
	// maxWriters is how many processes an anchor names at most. Those left out are in the hour's hash, an hour later.
	maxWriters = 20_000
)

// Make returns the anchor of a vault as of now. It reads the newest records, and the access records of the last hours.
// Errors: vault.ErrNoVault, Busy, and what reading finds damaged.
func Make(ctx context.Context, log *journal.Log, sealer vault.Sealer, now time.Time) (*Anchor, error) {
	a, err := gather(ctx, log, now)
	if err == nil {
		a.Vault = sealer.VaultID()
		err = a.seal(sealer)
	}
	if err != nil {
		return nil, fmt.Errorf("make an anchor: %w", err)
	}
	return a, nil
}

func gather(ctx context.Context, log *journal.Log, now time.Time) (*Anchor, error) {
	if err := log.CatchUp(ctx); err != nil {
		return nil, err
	}
	var heads vault.Heads
	var closed vault.Hour
	exists := false
	log.Read(func(s *vault.State) {
		heads, exists = s.Heads(), s.Exists()
		closed, _ = s.NewestClosedHour()
	})
	if !exists {
		return nil, vault.ErrNoVault
	}
	a := &Anchor{Format: Format, Made: now.UTC().Truncate(time.Second), Closed: []Hour{}, Open: []Writer{},
		Entries: Head{heads.Entries.Seq, Hash(heads.Entries.Hash)}, Permissions: Head{heads.Permissions.Seq, Hash(heads.Permissions.Hash)}}
	hours, err := log.ClosedHours(ctx, heads.Permissions, back)
	if err != nil {
		return nil, err
	}
	for _, h := range hours[max(0, len(hours)-maxClosed):] {
		a.Closed = append(a.Closed, Hour{HourName(h.Hour), h.Records, Hash(h.Hash)})
	}
	return a, a.count(ctx, log, closed, vault.HourOf(now))
}

// count adds what processes have written in the hours after the newest closed one.
func (a *Anchor) count(ctx context.Context, log *journal.Log, closed, now vault.Hour) error {
	for h := max(closed+1, now-openHours+1); h <= now; h++ {
		writers, err := log.CountWriters(ctx, h)
		if err != nil {
			return err
		}
		for _, w := range writers {
			if len(a.Open) < maxWriters {
				a.Open = append(a.Open, Writer{HourName(w.Hour), w.Writer, w.Records, w.Last, Hash(w.Hash)})
			}
		}
	}
	return nil
}

// Reference returns what the anchor says, for journal.Verify.
func (a *Anchor) Reference() journal.Reference {
	r := journal.Reference{Name: "the anchor of " + a.Made.Format(time.RFC3339), At: a.Made, Heads: vault.Heads{
		Entries:     vault.Head{Seq: a.Entries.Record, Hash: vault.Hash(a.Entries.Hash)},
		Permissions: vault.Head{Seq: a.Permissions.Record, Hash: vault.Hash(a.Permissions.Hash)}}}
	for _, h := range a.Closed {
		r.Hours = append(r.Hours, journal.HourCount{Hour: vault.Hour(h.Hour), Records: h.Records, Hash: vault.Hash(h.Hash)})
	}
	for _, w := range a.Open {
		r.Writers = append(r.Writers, journal.WriterCount{Hour: vault.Hour(w.Hour), Writer: w.Process, Records: w.Records, Last: w.Last, Hash: vault.Hash(w.Hash)})
	}
	return r
}

// sortByTime sorts anchors, the oldest first.
func sortByTime(list []*Anchor) {
	slices.SortStableFunc(list, func(a, b *Anchor) int { return a.Made.Compare(b.Made) })
}
