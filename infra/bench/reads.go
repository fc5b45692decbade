package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"tresor/shared/dialect"
	"tresor/shared/sqlite"
	"tresor/shared/trail"
	"tresor/shared/vault"
)

// clients is how many read at once.
const clients = 64

// embeddedReads measures reads of one entry with its secret, each on record on the disk before it is answered.
func embeddedReads(ctx context.Context, o Options) ([]Figure, error) {
	store, err := sqlite.Open(ctx, filepath.Join(o.Dir, "reads.db"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	p, err := foundInMemory(ctx, store)
	if err != nil {
		return nil, err
	}
	if err := p.fill(ctx, few); err != nil {
		return nil, err
	}
	inProcess, err := perSecond(o.For, func() error { return p.reveal(ctx, few/2) })
	if err != nil {
		return nil, err
	}
	overHTTP, err := p.httpReads(ctx, o)
	if err != nil {
		return nil, err
	}
	return []Figure{
		{"embedded_reads", inProcess, "reads/s", atLeast(5000)},
		{"embedded_reads_http", overHTTP, "reads/s", nil}, // the clients take their part of the same processors
	}, nil
}

// perSecond calls do from many goroutines and returns how often it succeeded in a second.
func perSecond(d time.Duration, do func() error) (float64, error) {
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	start := time.Now()
	for range clients {
		wg.Go(func() {
			for time.Since(start) < d && failed.Load() == nil {
				if err := do(); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(start).Seconds(), nil
}

// httpReads measures the same through the whole server, over loopback.
func (p *process) httpReads(ctx context.Context, o Options) (float64, error) {
	url, stop, err := o.listen(ctx, p)
	if err != nil {
		return 0, err
	}
	defer stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: time.Minute}
	url = fmt.Sprintf("%s/api/index.php/read/items/%d?apikey=%s", url, vault.EntryID(few/2), p.admin.APIKey)
	return perSecond(o.For, func() error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		return send(client, r)
	})
}

// listen serves a vault on a port of its own, until stop is called.
func (o *Options) listen(ctx context.Context, p *process) (url string, stop func(), err error) {
	handler, err := o.Serve(dialect.Parts{Vault: p.vault, Auth: p.auth, Trail: trail.New(p.log)})
	if err != nil {
		return "", nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // until Close, below
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// send sends a request and wants success, in the words of any dialect.
func send(client *http.Client, r *http.Request) error {
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || bytes.Contains(body, []byte(`"error"`)) {
		return fmt.Errorf("status %d: %.200s", res.StatusCode, body)
	}
	return nil
}
