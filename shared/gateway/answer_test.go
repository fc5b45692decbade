package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"tresor/shared/gateway"
	"tresor/shared/inbound"
	"tresor/shared/vault"
	"tresor/shared/watch"
)

func TestEveryAnswerIsHardened(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"nothing written": func(http.ResponseWriter, *http.Request) {},
		"body":            func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") },
		"own header":      func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Cache-Control", "public") },
		"panic":           func(http.ResponseWriter, *http.Request) { panic("x") },
	} {
		out := proxy(t, silent(), event(t), h)
		got := http.Header(out.MultiValueHeaders)
		if got.Get("Cache-Control") != "no-store" || len(got["Cache-Control"]) != 1 || got.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", name, got)
		}
	}
}

func TestStatus(t *testing.T) {
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		want int
		body string
	}{
		"nothing written is 200":  {func(http.ResponseWriter, *http.Request) {}, 200, ""},
		"body alone is 200":       {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }, 200, "x"},
		"the first status holds":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); w.WriteHeader(200) }, 404, ""},
		"a body fixes the status": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x"); w.WriteHeader(500) }, 200, "x"},
		"1xx does not count":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(201) }, 201, ""},
		"204 has no body":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204); _, _ = io.WriteString(w, "x") }, 204, ""},
	} {
		out := proxy(t, silent(), event(t), c.h)
		if out.StatusCode != c.want || out.Body != c.body {
			t.Errorf("%s: got %d %q", name, out.StatusCode, out.Body)
		}
	}
}

func TestHeadersAfterTheStatusAreNotSent(t *testing.T) {
	out := proxy(t, silent(), event(t), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "99")
		w.Header().Set("Early", "1")
		w.WriteHeader(200)
		w.Header().Set("Late", "1")
	})
	h := http.Header(out.MultiValueHeaders)
	if h.Get("Early") != "1" || h.Get("Late") != "" || h.Get("Content-Length") != "" {
		t.Errorf("headers %v", h)
	}
}

func TestBinaryAnswer(t *testing.T) {
	out := proxy(t, silent(), event(t), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0x00}) })
	if !out.IsBase64Encoded || out.Body != "/wA=" {
		t.Errorf("got %q, base64 %v", out.Body, out.IsBase64Encoded)
	}
}

func TestPanicIsAnsweredInTheDialectsShape(t *testing.T) {
	opts := silent()
	opts.Fail = func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "dialect "+inbound.RequestID(r))
	}
	calls := 0
	g := gateway.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 1 {
			_, _ = io.WriteString(w, "half an answer")
			panic(http.ErrAbortHandler)
		}
	}), opts)
	out, _ := g.Proxy(t.Context(), event(t))
	if out.StatusCode != 500 || out.Body != "dialect 7c2af7db-31f3-42b5-8a6d-9ffc74e3b9e0" {
		t.Errorf("got %d %q", out.StatusCode, out.Body)
	}
	if out, _ = g.Proxy(t.Context(), event(t)); out.StatusCode != 200 {
		t.Errorf("after a panic: got %d", out.StatusCode)
	}
}

func TestFailureOfTheFailureAnswer(t *testing.T) {
	opts := silent()
	opts.Fail = func(http.ResponseWriter, *http.Request) { panic("again") }
	if out := proxy(t, opts, event(t), func(http.ResponseWriter, *http.Request) { panic("x") }); out.StatusCode != 500 {
		t.Errorf("got %d", out.StatusCode)
	}
}

func TestAnswerAboveTheLimitOfLambda(t *testing.T) {
	for body, want := range map[string]int{
		strings.Repeat("x", 5<<20):  200,
		strings.Repeat("x", 6<<20):  500,
		strings.Repeat(`"`, 4<<20):  500, // 8 MB as JSON
		strings.Repeat("\n", 2<<20): 200,
	} {
		out := proxy(t, silent(), event(t), func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		if out.StatusCode != want {
			t.Errorf("%d times %q: got %d, want %d", len(body), body[:1], out.StatusCode, want)
		}
	}
}

func TestFailKnowsWhatWasTooLong(t *testing.T) {
	opts := silent()
	opts.Fail = func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, inbound.Overlong(r), inbound.RequestID(r))
	}
	ev := event(t)
	for want, h := range map[string]http.HandlerFunc{
		"true" + ev.RequestContext.RequestID:  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 6<<20)) },
		"false" + ev.RequestContext.RequestID: func(http.ResponseWriter, *http.Request) { panic("x") },
	} {
		if out := proxy(t, opts, ev, h); out.Body != want {
			t.Errorf("got %q, want %q", out.Body, want)
		}
	}
}

// logged passes one event through h and returns the one line that it left.
func logged(t *testing.T, opts gateway.Options, ev events.APIGatewayProxyRequest, h http.HandlerFunc) map[string]any {
	t.Helper()
	var out bytes.Buffer
	opts.Log = slog.New(slog.NewJSONHandler(&out, nil))
	proxy(t, opts, ev, h)
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Fatalf("got %d lines, want 1:\n%s", n, out.String())
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if d, ok := line["ms"].(float64); !ok || d < 0 {
		t.Errorf("ms is %v", line["ms"])
	}
	delete(line, "ms")
	delete(line, "time")
	return line
}

// TestLogLine fixes the log's attributes: whoever adds one has to look here.
func TestLogLine(t *testing.T) {
	ev := event(t)
	ev.Path = "/%zz"
	line := logged(t, gateway.Options{Function: "tpm-passwords"}, ev, func(http.ResponseWriter, *http.Request) { panic("x") })
	if fault, _ := line["fault"].(string); !strings.HasPrefix(fault, "panic at tresor/shared/gateway_test.TestLogLine") {
		t.Errorf("fault is %q, want the place of the panic", fault)
	}
	delete(line, "fault")
	want := map[string]any{
		"level": "ERROR", "msg": "request", "function": "tpm-passwords", "resource": "/index.php/{proxy+}", "method": "POST", "status": 500.0, "dialect": "tpm",
		"request_id": "7c2af7db-31f3-42b5-8a6d-9ffc74e3b9e0", "source": "203.0.113.9", "malformed": true, "outcome": "internal error",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("a panic (-want +got):\n%s", diff)
	}
	line = logged(t, gateway.Options{Function: "syspass", Fronted: true}, event(t), func(_ http.ResponseWriter, r *http.Request) {
		watch.Caller(r.Context(), 12)
		l := watch.From(r.Context())
		l.Stored(3, 0)
		l.Stored(0, 1)
		l.CaughtUp(2)
		l.LostRace()
		l.Revealed(1)
	})
	want = map[string]any{
		"level": "INFO", "msg": "request", "resource": "/index.php/{proxy+}", "dialect": "syspass", "request_id": "7c2af7db-31f3-42b5-8a6d-9ffc74e3b9e0",
		"outcome": "ok", "actor": 12.0, "calls": 2.0, "rru": 3.0, "wru": 1.0, "catch_up": 2.0, "conflicts": 1.0,
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("behind a gateway (-want +got):\n%s", diff)
	}
}

func TestOutcome(t *testing.T) {
	for want, h := range map[string]http.HandlerFunc{
		"ok":              func(http.ResponseWriter, *http.Request) {},
		"not found":       func(_ http.ResponseWriter, r *http.Request) { watch.From(r.Context()).Refused(vault.NotFound) }, // in a 200
		"invalid request": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
		"busy":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"internal error":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"locked": func(w http.ResponseWriter, r *http.Request) {
			watch.From(r.Context()).Refused(vault.Locked)
			w.WriteHeader(500)
		},
	} {
		if got := logged(t, gateway.Options{}, event(t), h)["outcome"]; got != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}

// TestALineIsAnErrorWhereNoClientIsToBlame, whatever the status: TeamPass answers 500 to a client's mistake, and sysPass 200 to a failure.
func TestALineIsAnErrorWhereNoClientIsToBlame(t *testing.T) {
	ours := []vault.Kind{vault.Internal, vault.Conflict, vault.Busy, vault.Undecided, vault.NewerFormat, vault.Corrupt}
	for _, kind := range vault.Kinds() {
		want := "INFO"
		if slices.Contains(ours, kind) {
			want = "ERROR"
		}
		for _, status := range []int{200, 500} {
			got := logged(t, gateway.Options{}, event(t), func(w http.ResponseWriter, r *http.Request) {
				watch.From(r.Context()).Refused(kind)
				w.WriteHeader(status)
			})
			if got["level"] != want {
				t.Errorf("%s with status %d: level %v, want %s", kind.Error(), status, got["level"], want)
			}
		}
	}
}

// One line of metrics says that a process began, and that a caller was refused.
func TestTheMeterSeesEachRequest(t *testing.T) {
	var out bytes.Buffer
	opts := silent()
	now := time.Now()
	opts.Meter = watch.NewMeter(&out, "stack", func() time.Time { return now })
	g := gateway.New(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { watch.From(r.Context()).Refused(vault.Forbidden) }), opts)
	for range 3 {
		_, _ = g.Proxy(t.Context(), event(t))
		now = now.Add(watch.Interval)
	}
	if got := strings.Count(out.String(), `"ColdStarts":1`); got != 1 || strings.Count(out.String(), `"Denials":1`) != 3 {
		t.Errorf("got %s", out.String())
	}
}

func TestPanicSiteOfARuntimeError(t *testing.T) {
	var out bytes.Buffer
	opts := gateway.Options{Log: slog.New(slog.NewJSONHandler(&out, nil))}
	proxy(t, opts, event(t), func(_ http.ResponseWriter, r *http.Request) {
		_ = make([]int, 1)[r.ContentLength]
	})
	if !strings.Contains(out.String(), "panic at tresor/shared/gateway_test.TestPanicSiteOfARuntimeError") {
		t.Errorf("got %s", out.String())
	}
}
