package bench

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"tresor/shared/sqlite"
)

// creates is how many accounts one client makes, one after the other.
const creates = 1000

// embeddedCreates measures a script that makes accounts over the sysPass API, each durable before the next is sent.
func embeddedCreates(ctx context.Context, o Options) ([]Figure, error) {
	store, err := sqlite.Open(ctx, filepath.Join(o.Dir, "creates.db"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	p, err := foundInMemory(ctx, store)
	if err != nil {
		return nil, err
	}
	url, stop, err := o.listen(ctx, p)
	if err != nil {
		return nil, err
	}
	defer stop()
	client := &http.Client{Timeout: time.Minute}
	n := min(creates, o.Many)
	start := time.Now()
	for i := range n {
		e := p.entry(i)
		r := p.rpc("account/create", map[string]any{"name": e.Name, "clientId": e.Project, "categoryId": e.Category, "login": e.Username, "url": e.URL, "notes": e.Notes,
			"tagsId": e.Tags, "pass": fmt.Sprintf("secret %d of many", i)})
		again, err := http.NewRequestWithContext(ctx, http.MethodPost, url+r.URL.Path, r.Body)
		if err != nil {
			return nil, err
		}
		if err := send(client, again); err != nil {
			return nil, fmt.Errorf("create account %d: %w", i, err)
		}
	}
	return []Figure{{fmt.Sprintf("embedded_creates_of_1_client_in_%d", n), float64(n) / time.Since(start).Seconds(), "creates/s", atLeast(300)}}, nil
}
