package gateway

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"tresor/shared/vault"
	"tresor/shared/watch"
)

// log writes the one line of a request. The list of attributes is complete on purpose: the path holds TeamPass passwords, the query
// its keys, the headers everybody's. Figures that are 0 are left out, and behind an API Gateway what its own log says: a byte here is a dollar for two
// thousand million requests.
func (g *Handler) log(ctx context.Context, in *request, status int, took time.Duration, done watch.Figures) {
	attrs := []slog.Attr{slog.String("request_id", in.requestID), slog.String("resource", in.resource), slog.String("dialect", g.dialect)}
	if !g.opts.Fronted {
		attrs = append(attrs, slog.String("function", g.opts.Function), slog.String("method", in.method), slog.Int("status", status), slog.String("source", in.source.String()))
	}
	attrs = append(attrs, slog.String("outcome", done.Outcome), slog.Float64("ms", float64(took.Round(100*time.Microsecond).Microseconds())/1000))
	attrs = append(attrs, done.Attrs()...)
	if in.refused {
		attrs = append(attrs, slog.Bool("malformed", true))
	}
	level := slog.LevelInfo
	if in.fault != "" {
		attrs = append(attrs, slog.String("fault", in.fault))
	}
	if isOurs(done.Outcome) {
		level = slog.LevelError
	}
	g.opts.Log.LogAttrs(ctx, level, "request", attrs...)
}

// ours are the outcomes that no client is to blame for. The status would not tell: TeamPass answers 500 to a method that it does not know, sysPass 200 to everything.
var ours = []vault.Kind{vault.Internal, vault.Conflict, vault.Busy, vault.Undecided, vault.NewerFormat, vault.Corrupt}

func isOurs(outcome string) bool {
	return slices.ContainsFunc(ours, func(k vault.Kind) bool { return k.Error() == outcome })
}

// panicSite names the function and line that panicked. Called by a deferred function. It tells a reader of the log where to look; the
// panic's value and the arguments on the stack could tell them a secret.
func panicSite() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	panicking := false
	for {
		frame, more := frames.Next()
		if panicking && !strings.HasPrefix(frame.Function, "runtime.") && !strings.HasPrefix(frame.Function, "internal/runtime/") {
			return frame.Function + ":" + strconv.Itoa(frame.Line)
		}
		panicking = panicking || frame.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}
