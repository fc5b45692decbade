package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"time"

	"golang.org/x/sync/errgroup"

	"tresor/shared/depot"
	"tresor/shared/importer"
	"tresor/shared/seal/keyfile"
	"tresor/shared/sqlite"
	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// exchanged is how many accounts the files of exchange hold.
const exchanged = 10_000

// Time for exchanged accounts.
const (
	exportSeconds = 120
	importSeconds = 60
)

// exchange measures an export of the embedded vault, encrypted, and the import of that file into another; and how many accounts a second come out of a file of sysPass's
// own, where each has a key that costs a PBKDF2: all that a larger one would take is more of the same.
func exchange(ctx context.Context, o Options) ([]Figure, error) {
	n := min(exchanged, o.Many)
	path := filepath.Join(o.Dir, "exchange.xml")
	from, closeFrom, err := embedded(ctx, o, "exchange-from.db")
	if err != nil {
		return nil, err
	}
	defer closeFrom()
	to, closeTo, err := embedded(ctx, o, "exchange-to.db")
	if err != nil {
		return nil, err
	}
	defer closeTo()
	if err := from.fill(ctx, n); err != nil {
		return nil, err
	}
	out, err := measured(func() error { return from.exportTo(ctx, path) })
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	in, err := measured(func() error { return to.importFrom(ctx, path, from.admin.SysPass.MasterPassword, n) })
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	foreign, err := to.importForeign(ctx, min(n, foreignAccounts))
	if err != nil {
		return nil, fmt.Errorf("import of sysPass's own: %w", err)
	}
	return []Figure{
		{fmt.Sprintf("export_of_%d", n), out.seconds, "s", atMost(exportSeconds)},
		{fmt.Sprintf("export_of_%d_peak", n), out.megabytes, "MB more", nil},
		{fmt.Sprintf("import_of_%d", n), in.seconds, "s", atMost(importSeconds)},
		{fmt.Sprintf("import_of_%d_peak", n), in.megabytes, "MB more", nil},
		{"import_of_syspass_own", foreign, "accounts/s", atLeast(exchanged / importSeconds)},
	}, nil
}

func embedded(ctx context.Context, o Options, file string) (*process, func(), error) {
	store, err := sqlite.Open(ctx, filepath.Join(o.Dir, file))
	if err != nil {
		return nil, nil, err
	}
	p, err := found(ctx, store, keyfile.Generate())
	if err != nil {
		_ = store.Close()
		return nil, nil, err
	}
	return p, func() { _ = store.Close() }, nil
}

const exchangePassword = "of the file"

func (p *process) exportTo(ctx context.Context, path string) error {
	req := operator()
	req.Action.Reveals = true
	x, err := vault.View(ctx, p.vault, req, func(r *vault.Reader) (*vault.Export, error) { return r.Export() })
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = depot.New(depot.Parts{Vault: p.vault, Sealer: p.sealer}).ExportTo(ctx, f, x, exchangePassword)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

func (p *process) importFrom(ctx context.Context, path, master string, n int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	d, _, err := syspassxml.Read(f, syspassxml.ReadOptions{Password: vault.NewSecret(exchangePassword)})
	if err != nil {
		return err
	}
	return p.take(ctx, d, master, n)
}

func (p *process) take(ctx context.Context, d *syspassxml.Document, master string, n int) error {
	r, err := importer.Import(ctx, p.vault, operator(), d, importer.Options{Master: vault.NewSecret(master)})
	if err == nil && r.Accounts != n {
		err = fmt.Errorf("%d of %d accounts were taken", r.Accounts, n)
	}
	return err
}

// foreignAccounts is how many accounts with keys of their own are measured.
const foreignAccounts = 400

// importForeign returns how many accounts a second are taken that have a key each.
func (p *process) importForeign(ctx context.Context, n int) (float64, error) {
	const master = "of the origin"
	d := &syspassxml.Document{Categories: []syspassxml.Item{{ID: 1, Name: "Foreign"}}, Clients: []syspassxml.Item{{ID: 1, Name: "Foreign"}}, Accounts: make([]syspassxml.Account, n)}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error {
			s, err := syspassxml.NewSealer(master)
			if err != nil {
				return err
			}
			pass, key, err := s.Seal(fmt.Sprintf("secret %d", i))
			d.Accounts[i] = syspassxml.Account{ID: uint64(i + 1), Name: fmt.Sprintf("foreign %d", i), ClientID: 1, CategoryID: 1, Pass: pass, Key: key}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	if err := syspassxml.Write(io.Discard, d, syspassxml.Options{}); err != nil { // it is such a file
		return 0, err
	}
	start := time.Now()
	err := p.take(ctx, d, master, n)
	return float64(n) / time.Since(start).Seconds(), err
}

// cost is what something took.
type cost struct{ seconds, megabytes float64 }

// measured runs something and watches how much the heap holds beyond what it held before.
func measured(run func() error) (cost, error) {
	runtime.GC()
	before, peak := heapObjects(), uint64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				peak = max(peak, heapObjects())
			}
		}
	}()
	start := time.Now()
	err := run()
	took := time.Since(start).Seconds()
	close(stop)
	<-stopped
	return cost{took, float64(max(peak, before)-before) / (1 << 20)}, err
}

// heapObjects returns the bytes of objects on the heap, garbage that is not collected yet included.
func heapObjects() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
