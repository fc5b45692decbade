package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"time"

	"tresor/shared/dialect"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// scale measures memory and processor time with many entries.
func scale(ctx context.Context, o Options) ([]Figure, error) {
	store := vaulttest.NewMemory()
	p, err := foundInMemory(ctx, store)
	if err != nil {
		return nil, err
	}
	if err := p.fill(ctx, o.Many); err != nil {
		return nil, err
	}
	before, start := heap(), time.Now()
	other := p.another(store)
	if err := other.vault.Fresh(ctx); err != nil {
		return nil, err
	}
	took := time.Since(start)
	index := heap() - before
	figures := []Figure{
		{fmt.Sprintf("index_at_%d", o.Many), index / (1 << 20), "MB", atMost(150)},
		{fmt.Sprintf("replay_at_%d", o.Many), float64(took.Milliseconds()), "ms", nil},
	}
	loaded, err := p.snapshot(ctx, store)
	if err != nil {
		return nil, err
	}
	figures = append(figures, loaded...)
	more, err := other.handlers(o.Many)
	runtime.KeepAlive(p)
	return append(figures, more...), err
}

// snapshot measures how large a snapshot is and how long a new process takes to use it.
func (p *process) snapshot(ctx context.Context, store vault.Store) ([]Figure, error) {
	var file bytes.Buffer
	if _, err := p.log.WriteSnapshot(&file); err != nil {
		return nil, err
	}
	size := float64(file.Len()) / (1 << 20)
	other := p.another(store)
	runtime.GC()
	start := time.Now()
	if err := other.log.Adopt(ctx, &file); err != nil {
		return nil, err
	}
	if err := other.vault.Fresh(ctx); err != nil {
		return nil, err
	}
	return []Figure{{"snapshot_size", size, "MB", nil}, {"snapshot_load", float64(time.Since(start).Milliseconds()), "ms", atMost(300)}}, nil
}

// heap returns the bytes that are in use after a collection.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one only unlinked
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// handlers measures the processor time of a page and of searches in the dialects' handlers.
func (p *process) handlers(n int) ([]Figure, error) {
	parts := dialect.Parts{Vault: p.vault, Auth: p.auth}
	projects := dialect.Functions["TpmProjectsFunction"](parts)
	tpm, syspass := dialect.Functions["TpmPasswordsFunction"](parts), dialect.Functions["SyspassFunction"](parts)
	search := func(filters map[string]any) func() *http.Request {
		filters["count"] = 20
		return func() *http.Request { return p.rpc("account/search", filters) }
	}
	get := func(path string) func() *http.Request {
		return func() *http.Request {
			r := request(http.MethodGet, "/index.php/api/v6/"+path, "")
			r.SetBasicAuth(p.admin.Username, p.admin.Password)
			return r
		}
	}
	var figures []Figure
	for _, m := range []struct {
		name    string
		handler http.Handler
		request func() *http.Request
	}{
		{"tpm_list_page", tpm, get("passwords.json")},
		{"tpm_list_last_page", tpm, get(fmt.Sprintf("passwords/page/%d.json", max(1, n/20)))},
		{"tpm_search_two_words", tpm, get("passwords/search/mail%20billing.json")},
		{"tpm_search_operator", tpm, get("passwords/search/name%3A%5Bmail%5D%20username%3A%5Bsvc%5D.json")},
		{"tpm_project_tree", projects, get("projects/0/subprojects.json")},
		{"syspass_search_word", syspass, search(map[string]any{"text": "billing"})},
		{"syspass_search_nothing", syspass, search(map[string]any{"text": "no entry has this"})}, // this and all below look at every entry
		{"syspass_search_text_and_client", syspass, search(map[string]any{"text": "billing%no such", "clientId": p.project + 3})},
		{"syspass_search_text_or_category", syspass, search(map[string]any{"text": "no entry has this", "categoryId": 99, "op": "or"})},
		{"syspass_search_client_and_category", syspass, search(map[string]any{"clientId": p.project + 3, "categoryId": 99})},
		{"syspass_search_client_or_tags", syspass, search(map[string]any{"clientId": 999, "tagsId": []int{999, 998}, "op": "or"})},
		{"syspass_search_category_and_tags", syspass, search(map[string]any{"categoryId": 3, "tagsId": []int{2, 998}})},
	} {
		cpu, err := cpuOf(m.handler, m.request)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		figures = append(figures, Figure{fmt.Sprintf("%s_at_%d", m.name, n), cpu, "ms of CPU", atMost(10)})
	}
	return figures, nil
}

// rpc is a call of the sysPass API by the admin.
func (p *process) rpc(method string, params map[string]any) *http.Request {
	params["authToken"], params["tokenPass"] = p.admin.SysPass.AuthToken, p.admin.SysPass.TokenPass
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) // maps of plain values
	return request(http.MethodPost, "/api.php", string(body))
}

// rounds is how often a request is repeated to measure its processor time.
const rounds = 20

// cpuOf returns the processor time of a request in milliseconds, garbage collection included, after a first one that warms up.
func cpuOf(h http.Handler, r func() *http.Request) (float64, error) {
	if err := answer(h, r()); err != nil {
		return 0, err
	}
	runtime.GC()
	before := cpu()
	for range rounds {
		if err := answer(h, r()); err != nil {
			return 0, err
		}
	}
	return float64((cpu() - before).Microseconds()) / 1000 / rounds, nil
}

func answer(h http.Handler, r *http.Request) error {
	w := &recorder{header: http.Header{}}
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK || strings.Contains(w.body.String(), `"error"`) {
		return fmt.Errorf("status %d: %.200s", w.status, w.body.String())
	}
	return nil
}

// cpu returns the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// request makes a request as a server receives it.
func request(method, target, body string) *http.Request {
	r, err := http.NewRequest(method, "http://127.0.0.1"+target, strings.NewReader(body)) //nolint:noctx // it goes to a handler, not over the network
	if err != nil {
		panic(err) // targets are constants
	}
	r.RequestURI, r.RemoteAddr = target, "127.0.0.1:1"
	return r
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

var _ http.ResponseWriter = (*recorder)(nil)

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}
