package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"tresor/shared/inbound"
	"tresor/shared/vault"
	"tresor/shared/watch"
)

// Lambda takes and returns at most 6 MB per call (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const (
	// DefaultMaxBody is the largest request body in bytes that a handler can read if Options say nothing else.
	DefaultMaxBody = 6 << 20
	// maxReply leaves room for the headers of an answer.
	maxReply = 6<<20 - 64<<10
)

// Options configure a Handler. The zero value is usable.
type Options struct {
	// Function is the name that log lines carry, such as "tpm-passwords".
	Function string
	// Log takes one line per request; nil means slog.Default() at the time of New.
	Log *slog.Logger
	// MaxBody is the largest body in bytes; 0 means DefaultMaxBody. Reading past it gives an error for which inbound.TooLarge is true.
	MaxBody int64
	// Fail answers, in the dialect's shape, a request whose handler panicked or whose answer cannot be sent. It may use inbound.RequestID and
	// inbound.Overlong. nil answers a fixed JSON text.
	Fail http.HandlerFunc
	// Fronted says that an API Gateway writes an access log: the line of a request then leaves out what that says under the same request id.
	Fronted bool
	// Meter takes the figures of each request; nil: nobody does.
	Meter *watch.Meter
}

// Handler serves API Gateway events with an http.Handler. It is safe for concurrent use.
type Handler struct {
	opts  Options
	serve *httpadapter.HandlerAdapter
	fail  *httpadapter.HandlerAdapter

	dialect string      // as lines carry it
	warm    atomic.Bool // a request was here before
}

// New returns a Handler for h. Give its Proxy method to lambda.Start.
func New(h http.Handler, opts Options) *Handler {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.MaxBody == 0 {
		opts.MaxBody = DefaultMaxBody
	}
	if opts.Fail == nil {
		opts.Fail = failPlainly
	}
	g := &Handler{opts: opts}
	g.dialect, _, _ = strings.Cut(opts.Function, "-")
	g.serve = httpadapter.New(g.prepared(h))
	g.fail = httpadapter.New(g.prepared(opts.Fail))
	return g
}

// Proxy answers one event. The error is always nil: an error would make Lambda log its text, and the gateway answer in a shape that
// no client of any dialect knows.
func (g *Handler) Proxy(ctx context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	start := time.Now()
	in := admit(ev)
	ctx = inbound.With(context.WithValue(ctx, contextKey{}, in), in.facts())
	ctx, ledger := watch.With(ctx)
	out := g.answer(ctx, in)
	harden(&out)
	done := ledger.Figures()
	done.Outcome = outcome(in, out.StatusCode, done.Outcome)
	g.log(ctx, in, out.StatusCode, time.Since(start), done)
	g.opts.Meter.Request(done, !g.warm.Swap(true))
	return out, nil
}

// outcome is what the dialect said of how a request ended, or what can be told without it.
func outcome(in *request, status int, said string) string {
	switch {
	case said == "" && status == http.StatusServiceUnavailable:
		return vault.Busy.Error()
	case in.fault != "", said == "" && status >= http.StatusInternalServerError:
		return vault.Internal.Error()
	case said == "" && status >= http.StatusBadRequest:
		return vault.Invalid.Error()
	case said == "":
		return watch.OK
	}
	return said
}

// answer runs the handler. A panic ends here: aws-lambda-go would log its value, which may be a secret, and end the process.
func (g *Handler) answer(ctx context.Context, in *request) (out events.APIGatewayProxyResponse) {
	defer func() {
		if recover() != nil {
			in.fault = "panic at " + panicSite()
			out = g.failed(ctx, in)
		}
	}()
	out, err := g.serve.ProxyWithContext(ctx, in.event)
	switch {
	case err != nil:
		in.fault = "adapter refused the event"
	case !fits(out):
		in.fault, in.overlong = "answer above the limit of Lambda", true
		ctx = inbound.With(ctx, in.facts())
	default:
		return out
	}
	return g.failed(ctx, in)
}

// failed asks the dialect for its answer to a failure, and does without the dialect if that fails too.
func (g *Handler) failed(ctx context.Context, in *request) (out events.APIGatewayProxyResponse) {
	defer func() {
		if recover() != nil {
			out = events.APIGatewayProxyResponse{StatusCode: http.StatusInternalServerError}
		}
	}()
	out, err := g.fail.ProxyWithContext(ctx, in.event)
	if err != nil {
		return events.APIGatewayProxyResponse{StatusCode: http.StatusInternalServerError}
	}
	return out
}

func (g *Handler) prepared(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fromContext(r.Context()).restore(w, r, g.opts.MaxBody)
		once := &writer{ResponseWriter: w}
		h.ServeHTTP(once, r)
		once.WriteHeader(http.StatusOK) // a handler that wrote nothing means 200, as in net/http; the adapter would say 504
	})
}

// harden sets what every answer of a vault carries.
func harden(out *events.APIGatewayProxyResponse) {
	if out.MultiValueHeaders == nil {
		out.MultiValueHeaders = map[string][]string{}
	}
	h := http.Header(out.MultiValueHeaders)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// fits reports whether an answer is within what Lambda passes on. Only a long one is measured as the JSON it becomes.
func fits(out events.APIGatewayProxyResponse) bool {
	if len(out.Body) < maxReply/6 { // JSON makes at most six bytes of one
		return true
	}
	encoded, err := json.Marshal(out.Body)
	return err == nil && len(encoded) <= maxReply
}

func failPlainly(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": "Internal error", "request_id": inbound.RequestID(r)})
}
