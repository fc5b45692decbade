package localapi

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tresor/infra/template"

	"github.com/aws/aws-lambda-go/events"
)

// Request is what an event is made of: a request as it came over the wire.
type Request struct {
	Method string
	Target string // the request target, byte for byte: path, or path?query
	Host   string // with port, as in the Host header
	Header http.Header
	Body   []byte
	Source string // the client's address, without port
	TLS    bool
	Stage  string    // its name in the event. It is never part of the URL, as behind a custom domain
	ID     string    // of the request
	Time   time.Time // of its arrival
}

// event makes the event that API Gateway would give the function: the path still percent-encoded, the query decoded, everything
// else in both of its forms. Live captures: hotsock/voker, vokerhttp/testdata/apigwv1-request.json.
func event(q Request, m match, binary []string) events.APIGatewayProxyRequest {
	path, query, hasQuery := strings.Cut(q.Target, "?")
	path = escapeInvalid(path)
	ev := events.APIGatewayProxyRequest{
		Resource:          m.route.Path,
		Path:              path,
		HTTPMethod:        q.Method,
		MultiValueHeaders: headers(q),
		RequestContext:    requestContext(q, m.route, path),
	}
	ev.Headers = last(ev.MultiValueHeaders)
	if hasQuery && query != "" {
		ev.MultiValueQueryStringParameters = parameters(query)
		ev.QueryStringParameters = last(ev.MultiValueQueryStringParameters)
	}
	if len(m.params) > 0 {
		ev.PathParameters = m.params
	}
	ev.Body, ev.IsBase64Encoded = body(q, binary)
	return ev
}

// escapeInvalid percent-encodes the bytes of a path that are no UTF-8. An event is JSON, which would replace them: a password with one would be stored as another.
func escapeInvalid(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	var b strings.Builder
	for len(path) > 0 {
		r, size := utf8.DecodeRuneInString(path)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, "%%%02X", path[0])
		} else {
			b.WriteString(path[:size])
		}
		path = path[size:]
	}
	return b.String()
}

func requestContext(q Request, route template.Route, path string) events.APIGatewayProxyRequestContext {
	name, _, _ := strings.Cut(q.Host, ".")
	return events.APIGatewayProxyRequestContext{
		AccountID:         "123456789012",
		ResourceID:        resourceID(route.Path),
		Stage:             q.Stage,
		DomainName:        q.Host,
		DomainPrefix:      name,
		RequestID:         q.ID,
		ExtendedRequestID: q.ID,
		Protocol:          "HTTP/1.1",
		Identity:          events.APIGatewayRequestIdentity{SourceIP: q.Source, UserAgent: strings.ToValidUTF8(q.Header.Get("User-Agent"), "\uFFFD")},
		ResourcePath:      route.Path,
		Path:              path,
		HTTPMethod:        q.Method,
		RequestTime:       q.Time.UTC().Format("02/Jan/2006:15:04:05 +0000"),
		RequestTimeEpoch:  q.Time.UnixMilli(),
		APIID:             "local",
	}
}

// resourceID gives a resource six letters, as API Gateway does.
func resourceID(path string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path))
	return fmt.Sprintf("%06s", strconv.FormatUint(h.Sum64()%2176782336, 36))
}

// hopByHop are the headers of a connection; a gateway keeps them to itself.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Expect"}

// headers returns what came and what the gateway adds. It overwrites the forwarding headers but X-Forwarded-For, to which it appends.
func headers(q Request) map[string][]string {
	out := make(map[string][]string, len(q.Header)+5)
	for name, values := range q.Header {
		if slices.Contains(hopByHop, name) {
			continue
		}
		valid := make([]string, len(values))
		for i, v := range values {
			valid[i] = strings.ToValidUTF8(v, "\uFFFD")
		}
		out[name] = valid
	}
	proto, port := "http", "80"
	if q.TLS {
		proto, port = "https", "443"
	}
	if _, p, err := net.SplitHostPort(q.Host); err == nil {
		port = p
	}
	out["Host"] = []string{q.Host}
	out["X-Forwarded-For"] = []string{strings.Join(append(slices.Clone(out["X-Forwarded-For"]), q.Source), ", ")}
	out["X-Forwarded-Port"] = []string{port}
	out["X-Forwarded-Proto"] = []string{proto}
	return out
}

// parameters decodes a query as forms are decoded. What cannot be decoded stays as it is. API Gateway splits at ";" too.
func parameters(query string) map[string][]string {
	out := map[string][]string{}
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, text, _ := strings.Cut(pair, "=")
		name = unescape(name)
		out[name] = append(out[name], unescape(text))
	}
	return out
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		s = plain
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// last is the single-valued form of headers and queries: the last value wins.
func last(all map[string][]string) map[string]string {
	out := make(map[string]string, len(all))
	for k, vs := range all {
		out[k] = vs[len(vs)-1]
	}
	return out
}

// body returns the body as text, or as base64 if the API calls its media type a binary one, or if it is no text. (For the latter, a
// deployed API without that media type puts U+FFFD for what is not UTF-8.)
func body(q Request, binary []string) (text string, isBase64 bool) {
	kind, _, _ := strings.Cut(q.Header.Get("Content-Type"), ";")
	if slices.Contains(binary, strings.TrimSpace(kind)) || !utf8.Valid(q.Body) {
		return base64.StdEncoding.EncodeToString(q.Body), true
	}
	return string(q.Body), false
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
