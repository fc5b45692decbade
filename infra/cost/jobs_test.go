package cost_test

import (
	"context"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"tresor/infra/cost"
	"tresor/infra/template"
	"tresor/shared/anchor"
	"tresor/shared/attach"
	"tresor/shared/audit"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/bus"
	"tresor/shared/compact"
	"tresor/shared/depot"
	"tresor/shared/expiry"
	"tresor/shared/journal"
	"tresor/shared/snapshot"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// bucket counts what S3 bills, and weighs what is put, by kind of object.
type bucket struct {
	blob.Store
	puts, gets float64 // LIST is billed as PUT
	bytes      map[string]float64
}

// part is how large an object in one request is at most, and what larger ones are put in (package blob/s3).
const part = 8 << 20

func (b *bucket) Put(ctx context.Context, key string, r io.Reader) (string, error) {
	var n counter
	at, err := b.Store.Put(ctx, key, io.TeeReader(r, &n))
	if b.puts++; n > part {
		b.puts += math.Ceil(float64(n)/part) + 1
	}
	kind, _, _ := strings.Cut(key, "/")
	b.bytes[kind] = max(b.bytes[kind], float64(n)) // of one
	return at, err
}

func (b *bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	b.gets++
	return b.Store.Open(ctx, key, offset, length)
}

func (b *bucket) List(ctx context.Context, prefix, after string, limit int) ([]blob.Object, error) {
	b.puts++
	return b.Store.List(ctx, prefix, after, limit)
}

// Location implements blob.Locator.
func (b *bucket) Location(key string) string { return b.Store.(blob.Locator).Location(key) }

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// jobRun is a run of a job: a process of its own, which begins with a snapshot, as package wire has it.
type jobRun struct {
	*counted
	vault *vault.Vault
	log   *journal.Log
	to    *bucket
}

func (c *counted) start(ctx context.Context, t *testing.T, to *bucket) jobRun {
	t.Helper()
	if _, err := c.store.Keysets(ctx); err != nil {
		t.Fatal(err)
	}
	log := journal.Open(c.store, c.Sealer, journal.WithClock(c.Clock.Now))
	if used, err := snapshot.Use(ctx, log, to); err != nil || !used {
		t.Fatalf("begin with a snapshot: %v, %v", used, err)
	}
	v := vault.New(log, vault.Options{Now: c.Clock.Now})
	if err := v.Fresh(ctx); err != nil {
		t.Fatal(err)
	}
	return jobRun{c, v, log, to}
}

// jobs are what the scheduled functions do, as their mains do it.
var jobs = map[string]func(context.Context, jobRun) error{
	"CompactorFunction": func(ctx context.Context, p jobRun) error {
		if _, err := compact.Close(ctx, p.vault, p.log, p.Clock.Now()); err != nil {
			return err
		}
		if _, err := compact.Purge(ctx, p.vault); err != nil {
			return err
		}
		if _, err := attach.New(p.to, p.Sealer).Sweep(ctx, p.vault, p.Clock.Now()); err != nil {
			return err
		}
		heads := func() (h vault.Heads) {
			p.vault.Peek(func(s *vault.State) { h = s.Heads() })
			return h
		}
		_, err := snapshot.Refresh(ctx, p.log, heads, p.to)
		return err
	},
	"AnchorFunction": func(ctx context.Context, p jobRun) error {
		_, err := anchor.Write(ctx, p.log, p.Sealer, p.to, p.Clock.Now())
		return err
	},
	"BackupFunction": func(ctx context.Context, p jobRun) error {
		_, err := depot.New(depot.Parts{Vault: p.vault, Log: p.log, Store: p.store, Sealer: p.Sealer, Blobs: p.to, Now: p.Clock.Now}).Nightly(ctx)
		return err
	},
	"VerifierFunction": func(ctx context.Context, p jobRun) error {
		return audit.Run(ctx, audit.Parts{Log: p.log, Store: p.store, Sealer: p.Sealer, Objects: p.to, Anchors: p.to, Now: p.Clock.Now()})
	},
	"ExpiryFunction": func(ctx context.Context, p jobRun) error {
		_, err := expiry.Events{Vault: p.vault, Name: "tresor", Marks: p.store, Bus: noBus{}}.Send(ctx, p.Clock.Now())
		return err
	},
}

// noBus takes no event: of the entries that are counted, none expires.
type noBus struct{}

func (noBus) Put(context.Context, []bus.Event) (int, error) { panic("an event") }

// day lets a day without a call pass, with every job at its hours, and returns what a run of each takes, and how many records were put in all.
func (c *counted) day(t *testing.T, scheduled []cost.Job, to *bucket) (used map[string]cost.Units, records float64) {
	t.Helper()
	ctx := t.Context()
	used = map[string]cost.Units{}
	for hour := range 24 {
		c.Clock.Add(time.Hour)
		for _, j := range scheduled {
			do := jobs[j.Name]
			if do == nil {
				t.Fatalf("%s: nothing is counted of it: add it to jobs", j.Name)
			}
			perDay := int(j.Runs / 30)
			if hour%(24/perDay) != 0 {
				continue
			}
			c.store.count.Reset()
			to.puts, to.gets = 0, 0
			if err := do(ctx, c.start(ctx, t, to)); err != nil {
				t.Errorf("%s: %v", j.Name, err)
			}
			total, u, n := c.store.count.Total(), used[j.Name], float64(perDay)
			used[j.Name] = cost.Units{Read: u.Read + float64(total.ReadUnits)/n, Write: u.Write + float64(total.WriteUnits)/n, Puts: u.Puts + to.puts/n, Gets: u.Gets + to.gets/n}
			records += float64(c.store.count.Count(vaulttest.Commit).Calls + c.store.count.Count(vaulttest.PutAccess).Calls)
		}
	}
	for name, u := range used {
		if u.Read = math.Ceil(u.Read); u.Read > 100 {
			u.Read = rounded(u.Read)
		}
		u.Write, u.Puts, u.Gets = math.Ceil(u.Write*10)/10, math.Ceil(u.Puts*10)/10, math.Ceil(u.Gets*10)/10
		used[name] = u
	}
	return used, records
}

// idle counts an idle month: what its jobs use, and what they keep.
func (c *counted) idle(t *testing.T, tmpl *template.Template) (cost.Store, []cost.Job) {
	t.Helper()
	to := &bucket{Store: blobtest.Folder(t), bytes: map[string]float64{}}
	if _, _, err := snapshot.Write(t.Context(), c.Log, to); err != nil {
		t.Fatal(err)
	}
	scheduled, err := cost.Jobs(tmpl)
	if err != nil || len(scheduled) == 0 {
		t.Fatalf("%d jobs, %v", len(scheduled), err)
	}
	slices.SortFunc(scheduled, func(a, b cost.Job) int { return strings.Compare(a.Name, b.Name) })
	c.day(t, scheduled, to) // what is idle from the second day on is
	used, records := c.day(t, scheduled, to)
	t.Logf("%+v", used)
	for i := range scheduled {
		scheduled[i].Units = used[scheduled[i].Name]
	}
	t.Logf("%.0f bytes in the tables; of one object: %v; %.0f records a day", c.store.bytes, to.bytes, records)
	events := math.Ceil(records * 30)
	scheduled = append(scheduled, cost.Job{Name: "NotifierFunction", Runs: events, MemoryMB: cost.Memory(tmpl, "NotifierFunction")}) // at most one for each record
	return cost.Store{TableBytes: rounded(c.store.bytes), SnapshotBytes: rounded(to.bytes["snapshots"]), Backups: cost.Days(tmpl, "BackupDays") + 90, BackupBytes: rounded(to.bytes["backups"]),
		Anchors: 24 * (cost.Days(tmpl, "AnchorLockDays") + 7), AnchorBytes: math.Ceil(to.bytes["anchors"]/1000) * 1000, Events: events, AlarmMetrics: cost.AlarmMetrics(tmpl), Dashboards: cost.Dashboards(tmpl)}, scheduled
}
