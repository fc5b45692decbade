package syspass

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/inbound"
	"tresor/shared/vault"
)

// api is the handler: what all calls share.
type api struct {
	vault    *vault.Vault
	lockout  *auth.Lockout
	depot    Depot
	counters counters
}

// NewHandler returns the handler for POSTs to any path containing /api.php. It is safe for concurrent use.
func NewHandler(v *vault.Vault, a *auth.Service, d Depot) http.Handler {
	return &api{vault: v, lockout: a.Lockout(vault.SysPass), depot: d}
}

// notHere answers what is no API call (syspass 1.1), and what names no method (1.2, step 4).
const notHere = "Oops, it looks like this content does not exist..."

// ServeHTTP is syspass 1.1: which HTTP requests are calls. The request's Content-Type is never looked at.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	here := strings.Contains(inbound.RawPath(r), "/api.php")
	switch {
	case !here, r.Method == http.MethodGet, r.Method == http.MethodHead:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		if r.Method != http.MethodHead {
			_, _ = io.WriteString(w, notHere)
		}
	case r.Method == http.MethodPost:
		a.post(w, r)
	case r.Method == http.MethodOptions: // without CORS headers, so that a browser's preflight fails, as with the original
		w.Header().Set("Allow", "POST, GET")
		w.WriteHeader(http.StatusOK)
	default:
		w.Header().Set("Allow", "POST, GET")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// post answers one call.
func (a *api) post(w http.ResponseWriter, r *http.Request) {
	c, err := readCall(r)
	if err != nil {
		replyError(w, r, c, err)
		return
	}
	allowOrigin(w.Header(), inbound.BaseURL(r))
	c.ctx, c.source = r.Context(), inbound.SourceAddr(r)
	out, err := a.run(c)
	if err != nil {
		replyError(w, r, c, err)
		return
	}
	replyResult(w, c, out)
}

// readCall reads a request. A body that does not come through is one that does not decode (syspass 1.2, step 2).
func readCall(r *http.Request) (*call, error) {
	body, err := io.ReadAll(r.Body)
	switch {
	case inbound.TooLarge(err): // Lambda takes no more
		return &call{}, undecoded("The body is larger than 6 MB")
	case err != nil:
		return &call{}, undecoded("The body is not what its encoding says")
	}
	return parseCall(body)
}

// allowOrigin sets the CORS headers, on calls whose envelope and method were valid only (syspass 1.1).
func allowOrigin(h http.Header, base string) {
	if u, err := url.Parse(base); err == nil {
		h.Set("Access-Control-Allow-Origin", u.Scheme+"://"+u.Host)
	}
	h.Set("Access-Control-Allow-Headers", "X-Requested-With, Content-Type, Accept, Origin, Authorization")
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
}
