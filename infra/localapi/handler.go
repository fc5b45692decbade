// Package localapi is API Gateway for one machine: an http.Handler that routes by the routes of template.yaml, gives functions the REST
// events that API Gateway would, and passes their answers on. It is no emulator of Lambda: functions are plain Go functions in the
// same process, and the limits kept are those that a client can meet.
//
// The one idea: the local server takes the way that a deployed one takes. A route that is missing in the template is missing here,
// and a handler sees nothing here that it would not see there. So paths are read from the request line, before net/http has
// decoded anything, and no ServeMux, which redirects "//" and "..", is in between.
package localapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"tresor/infra/template"

	"github.com/aws/aws-lambda-go/events"
)

// Limits of a REST API: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const (
	// MaxBody is the largest request body in bytes.
	MaxBody = 10 << 20
	// Timeout is the template's for functions; the context of a call ends then.
	Timeout = 28 * time.Second
)

// Invoke is a function: what lambda.Start is given.
type Invoke func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// Option changes a handler.
type Option func(*api)

// BehindProxy says that every request comes through a proxy that ended TLS: its scheme is https, and its client the last address in
// X-Forwarded-For, which is the one that the proxy put there.
func BehindProxy() Option { return func(a *api) { a.proxied = true } }

type api struct {
	router    *Router
	functions map[string]Invoke
	answers   map[string]answer // of API Gateway itself, by kind
	proxied   bool
}

// NewHandler returns the API of the SAM template text, served by functions, which are named by their logical ids there. It is an error
// if one is missing, or if one has no route.
func NewHandler(text []byte, functions map[string]Invoke, opts ...Option) (http.Handler, error) {
	tmpl, err := template.Parse(text)
	if err != nil {
		return nil, err
	}
	routes, err := tmpl.Routes()
	if err != nil {
		return nil, err
	}
	if err := sameFunctions(routes, functions); err != nil {
		return nil, err
	}
	r, err := NewRouter(tmpl)
	if err != nil {
		return nil, err
	}
	a := &api{router: r, functions: functions, answers: answers(tmpl)}
	for _, o := range opts {
		o(a)
	}
	return a, nil
}

func sameFunctions(routes []template.Route, functions map[string]Invoke) error {
	served := map[string]bool{}
	var problems []error
	for _, r := range routes {
		if functions[r.Function] == nil && !served[r.Function] {
			problems = append(problems, fmt.Errorf("the template's %s is not given", r.Function))
		}
		served[r.Function] = true
	}
	for name := range functions {
		if !served[name] {
			problems = append(problems, fmt.Errorf("%s has no route in the template", name))
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// ServeHTTP answers one request.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := a.read(r)
	w.Header().Set("X-Amzn-Requestid", q.ID)
	path, _, _ := strings.Cut(q.Target, "?")
	m, ok := a.router.find(q.Method, path)
	if !ok {
		a.refuse(w, noRoute)
		return
	}
	var err error
	q.Body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	switch limit := (*http.MaxBytesError)(nil); {
	case errors.As(err, &limit):
		a.refuse(w, tooLarge)
	case err != nil:
		a.refuse(w, unreadable)
	default:
		a.invoke(w, r, m, event(q, m, a.router.binary))
	}
}

// read takes the request as it came. RequestURI is the line's target, which net/http leaves alone.
func (a *api) read(r *http.Request) Request {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") { // absolute form, as sent to proxies, or "*"
		target = r.URL.RequestURI()
	}
	q := Request{Method: r.Method, Target: target, Host: r.Host, Header: r.Header, TLS: r.TLS != nil, Stage: "local", ID: newID(), Time: time.Now()}
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		q.Source = at.Addr().Unmap().WithZone("").String()
	}
	if a.proxied {
		q.TLS = true
		if client, ok := lastForwarded(r.Header); ok {
			q.Source = client
		}
		if host := r.Header.Get("X-Forwarded-Host"); isHost(host) { // what the client called, for links (TPM 2.3)
			q.Host = host
		}
	}
	return q
}

// isHost reports whether a text is a host with or without a port, and nothing else.
func isHost(s string) bool {
	u, err := url.Parse("//" + s)
	return err == nil && s != "" && u.Host == s && !strings.ContainsAny(s, `"<>\ `)
}

// lastForwarded returns the address that the nearest proxy saw.
func lastForwarded(h http.Header) (string, bool) {
	all := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	a, err := netip.ParseAddr(strings.TrimSpace(all[len(all)-1]))
	return a.Unmap().WithZone("").String(), err == nil
}

// invoke calls the function and passes its answer on. An error or a status that is none is a 502, as of API Gateway; its text stays
// here, for it may hold anything.
func (a *api) invoke(w http.ResponseWriter, r *http.Request, m match, ev events.APIGatewayProxyRequest) {
	// Lambda does not learn that a client went away, and a write half sent is better finished.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), Timeout)
	defer cancel()
	out, err := a.functions[m.route.Function](ctx, ev)
	if err != nil || out.StatusCode < 200 || out.StatusCode > 599 {
		slog.ErrorContext(ctx, "function failed", "function", m.route.Function, "resource", m.route.Path, "request_id", ev.RequestContext.RequestID)
		a.refuse(w, badFunction)
		return
	}
	reply(w, out)
}

// reply writes a function's answer. A base64 body stays base64: a REST API decodes it only for binary media types that the client
// accepts.
func reply(w http.ResponseWriter, out events.APIGatewayProxyResponse) {
	h := w.Header()
	for k, v := range out.Headers {
		h.Set(k, v)
	}
	for k, vs := range out.MultiValueHeaders {
		h.Del(k)
		for _, v := range vs {
			h.Add(k, v)
		}
	}
	if h.Get("Content-Type") == "" && out.Body != "" {
		h.Set("Content-Type", "application/json") // what API Gateway says where nobody else does
	}
	w.WriteHeader(out.StatusCode)
	_, _ = io.WriteString(w, out.Body)
}
