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

func fromContext(ctx context.Context) *request {
	in, _ := ctx.Value(contextKey{}).(*request)
	return in
}

// restore gives the adapter's request what the adapter lost or got wrong.
func (in *request) restore(w http.ResponseWriter, r *http.Request, maxBody int64) {
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
// inbound.SourceAddr, inbound.BaseURL and the request itself.
func forged(name string) bool {
	name = textproto.CanonicalMIMEHeaderKey(name)
	return strings.HasPrefix(name, "X-Golambdaproxy-") || strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded"
}

var errBadBody = errors.New("gateway: body is not the base64 that the event says it is")

type badBody struct{}

func (badBody) Read([]byte) (int, error) { return 0, errBadBody }
