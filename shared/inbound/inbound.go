// Package inbound tells a dialect what the gateway knows of a request that net/http has no place for: the path as it came, the address that
// nobody can forge, the URL that the client sees. It knows no events and no AWS: the gateway puts these facts in, dialects take them out.
//
// The one idea: both sides meet in a package of the standard library alone, so that a dialect stays a plain http.Handler. Without a
// gateway the functions say what the request itself says.
package inbound

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
)

// Facts are what is known of a request beside the net/http form of it.
type Facts struct {
	RawPath   string // the path as it came
	Refused   bool   // it was no valid path
	Source    netip.Addr
	RequestID string
	Resource  string // the template's path that was matched
	BaseURL   string // what the installation lies under, without a slash at the end
	Overlong  bool   // it was answered, with more than can be sent
}

type contextKey struct{}

// With returns a context that carries the facts.
func With(ctx context.Context, f *Facts) context.Context {
	return context.WithValue(ctx, contextKey{}, f)
}

func factsOf(r *http.Request) *Facts {
	f, _ := r.Context().Value(contextKey{}).(*Facts)
	return f
}

// RawPath returns the path exactly as it came, still percent-encoded, with a base path mapping and without stage and query. It is what
// TPM's HMAC covers and what TeamPass parses. It may be any bytes: see Refused. It must not be logged.
func RawPath(r *http.Request) string {
	if f := factsOf(r); f != nil {
		return f.RawPath
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
	f := factsOf(r)
	return f != nil && f.Refused
}

// SourceAddr returns the address that the gateway saw the request come from, or the zero Addr. No header can change it.
func SourceAddr(r *http.Request) netip.Addr {
	if f := factsOf(r); f != nil {
		return f.Source
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// RequestID returns the gateway's id of the request, or "". It may be shown to clients.
func RequestID(r *http.Request) string {
	if f := factsOf(r); f != nil {
		return f.RequestID
	}
	return ""
}

// Resource returns the template's path that the gateway matched, such as /api/index.php/{proxy+}. It is safe to log.
func Resource(r *http.Request) string {
	if f := factsOf(r); f != nil {
		return f.Resource
	}
	return ""
}

// BaseURL returns the absolute URL that this installation lies under as the client sees it, without a trailing slash:
// https://vault.example.org, https://vault.example.org/tpm behind a base path mapping, or
// https://a1b2.execute-api.eu-west-1.amazonaws.com/prod on the gateway's own name.
func BaseURL(r *http.Request) string {
	if f := factsOf(r); f != nil {
		return f.BaseURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// Overlong reports whether the request was answered with more than can be sent, and is now to be answered as one that failed.
func Overlong(r *http.Request) bool {
	f := factsOf(r)
	return f != nil && f.Overlong
}

// TooLarge reports whether err came from reading a request body past the limit.
func TooLarge(err error) bool {
	var limit *http.MaxBytesError
	return errors.As(err, &limit)
}
