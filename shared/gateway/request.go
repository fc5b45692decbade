package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/textproto"
	"strings"
)

type contextKey struct{}

func fromContext(ctx context.Context) *inbound {
	in, _ := ctx.Value(contextKey{}).(*inbound)
	return in
}

// restore gives the adapter's request what the adapter lost or got wrong.
func (in *inbound) restore(w http.ResponseWriter, r *http.Request, maxBody int64) {
	r.URL.Scheme, r.URL.Host = "", "" // as in a request that net/http received
	r.URL.RawPath = r.URL.EscapedPath()
	r.URL.RawQuery = in.query
	r.RequestURI = r.URL.RequestURI()
	r.Host = in.host
	r.RemoteAddr = ""
	if in.source.IsValid() {
		r.RemoteAddr = netip.AddrPortFrom(in.source, 0).String()
	}
	for name := range r.Header {
		if forged(name) {
			delete(r.Header, name)
		}
	}
	if in.badBody {
		r.Body, r.ContentLength = io.NopCloser(badBody{}), -1
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
}

// forged names the headers that a client could use to pass for the gateway or for another address. What they say truly is in
// SourceAddr, BaseURL and the request itself.
func forged(name string) bool {
	name = textproto.CanonicalMIMEHeaderKey(name)
	return strings.HasPrefix(name, "X-Golambdaproxy-") || strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded"
}

var errBadBody = errors.New("gateway: body is not the base64 that the event says it is")

type badBody struct{}

func (badBody) Read([]byte) (int, error) { return 0, errBadBody }

// RawPath returns the path exactly as it came, still percent-encoded, with a base path mapping and without stage and query. It is what
// TPM's HMAC covers and what TeamPass parses. It may be any bytes: see Refused. It must not be logged.
func RawPath(r *http.Request) string {
	if in := fromContext(r.Context()); in != nil {
		return in.rawPath
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") {
		return r.URL.EscapedPath()
	}
	return path
}

// Refused reports whether the path was no valid one (a bad escape, a control byte). The request's URL is then "/", and the dialect
// answers with what it says to malformed input.
func Refused(r *http.Request) bool {
	in := fromContext(r.Context())
	return in != nil && in.refused
}

// SourceAddr returns the address that the gateway saw the request come from, or the zero Addr. No header can change it.
func SourceAddr(r *http.Request) netip.Addr {
	if in := fromContext(r.Context()); in != nil {
		return in.source
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// RequestID returns the gateway's id of the request, or "". It may be shown to clients.
func RequestID(r *http.Request) string {
	if in := fromContext(r.Context()); in != nil {
		return in.requestID
	}
	return ""
}

// Resource returns the template's path that the gateway matched, such as /api/index.php/{proxy+}. It is safe to log.
func Resource(r *http.Request) string {
	if in := fromContext(r.Context()); in != nil {
		return in.resource
	}
	return ""
}

// BaseURL returns the absolute URL that this installation lies under as the client sees it, without a trailing slash:
// https://vault.example.org, https://vault.example.org/tpm behind a base path mapping, or
// https://a1b2.execute-api.eu-west-1.amazonaws.com/prod on the gateway's own name.
func BaseURL(r *http.Request) string {
	if in := fromContext(r.Context()); in != nil {
		return in.scheme + "://" + in.host + in.stage + in.base
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
