package gateway

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"tresor/shared/inbound"
)

// request is what is known of a request beside the net/http form of it, and the event in the form that the adapter cannot fail on:
// on an event it cannot convert, the adapter prints the whole URL, keys and passwords included, three times.
type request struct {
	event     events.APIGatewayProxyRequest // cleaned: no query, no domain name, no base64, a path that parses
	rawPath   string                        // as it came
	base      string                        // base path mapping of a custom domain, "" or "/tpm"
	stage     string                        // "" or "/prod"
	scheme    string
	host      string
	query     string
	source    netip.Addr
	requestID string
	resource  string
	method    string // as it is logged
	refused   bool
	badBody   bool
	overlong  bool   // the answer does not fit
	fault     string // what went wrong, for the log; never anything that a client sent
}

func admit(ev events.APIGatewayProxyRequest) *request {
	in := &request{
		event:     ev,
		rawPath:   ev.Path,
		scheme:    scheme(ev),
		host:      host(ev),
		query:     query(ev),
		source:    address(ev.RequestContext.Identity.SourceIP),
		requestID: ev.RequestContext.RequestID,
		resource:  resource(ev),
		method:    knownMethod(ev.HTTPMethod),
	}
	in.base = basePath(in.rawPath, in.resource)
	in.stage = stagePath(ev.RequestContext.DomainName, ev.RequestContext.Stage)
	in.clean()
	return in
}

// facts are what a dialect may ask for.
func (in *request) facts() *inbound.Facts {
	return &inbound.Facts{
		RawPath: in.rawPath, Refused: in.refused, Source: in.source, RequestID: in.requestID, Resource: in.resource,
		BaseURL: in.scheme + "://" + in.host + in.stage + in.base, Overlong: in.overlong,
	}
}

// clean makes the event one that the adapter takes.
func (in *request) clean() {
	ev := &in.event
	ev.Path = strings.TrimPrefix(in.rawPath, in.base)
	if !parses(ev.Path) {
		in.refused, ev.Path = true, "/"
	}
	if in.method == otherMethod {
		ev.HTTPMethod = otherMethod
	}
	ev.RequestContext.DomainName = "gateway.invalid" // the adapter parses it; restore sets the real host
	ev.QueryStringParameters, ev.MultiValueQueryStringParameters = nil, nil
	if ev.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(ev.Body)
		in.badBody = err != nil
		ev.Body, ev.IsBase64Encoded = string(body), false
	}
}

// parses reports whether the path is one that net/url takes whole. The gateway never sends a raw # or ?, which would cut it.
func parses(path string) bool {
	if path == "" || path[0] != '/' || strings.ContainsAny(path, "?#") {
		return false
	}
	_, err := url.ParseRequestURI(path) // refuses control bytes and bad escapes
	return err == nil
}

// scheme believes X-Forwarded-Proto, which the gateway overwrites. Everything but a plain "http" is https.
func scheme(ev events.APIGatewayProxyRequest) string {
	if header(ev, "X-Forwarded-Proto") == "http" {
		return "http"
	}
	return "https"
}

// host is the name that the client used: the gateway's own word for it, not a forwarding header, which anyone may send.
func host(ev events.APIGatewayProxyRequest) string {
	name := ev.RequestContext.DomainName
	if name == "" {
		name = header(ev, "Host")
	}
	if name == "" || strings.Trim(name, hostBytes) != "" {
		return "localhost"
	}
	return name
}

const hostBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"

// header returns the last value of a header, whatever its case.
func header(ev events.APIGatewayProxyRequest, name string) string {
	for k, vs := range ev.MultiValueHeaders {
		if strings.EqualFold(k, name) && len(vs) > 0 {
			return vs[len(vs)-1]
		}
	}
	for k, v := range ev.Headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// query encodes the decoded query of the event again, in a fixed order: REST events do not carry the query as it was sent.
func query(ev events.APIGatewayProxyRequest) string {
	if len(ev.MultiValueQueryStringParameters) > 0 {
		return url.Values(ev.MultiValueQueryStringParameters).Encode()
	}
	values := make(url.Values, len(ev.QueryStringParameters))
	for k, v := range ev.QueryStringParameters {
		values.Set(k, v)
	}
	return values.Encode()
}

func resource(ev events.APIGatewayProxyRequest) string {
	if ev.RequestContext.ResourcePath != "" {
		return ev.RequestContext.ResourcePath
	}
	return ev.Resource
}

// address returns the zero Addr for what is none.
func address(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

const otherMethod = "OTHER"

// knownMethod keeps what a client invented out of the log and away from the adapter.
func knownMethod(m string) string {
	switch m = strings.ToUpper(m); m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return otherMethod
}
