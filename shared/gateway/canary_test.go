package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tresor/shared/gateway"

	"github.com/aws/aws-lambda-go/events"
)

const canary = "CANARY7f3a"

// everythingWritten runs f and returns all that the process wrote meanwhile: stdout, stderr, package log, slog.
func everythingWritten(t *testing.T, f func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "written"))
	if err != nil {
		t.Fatal(err)
	}
	defer func(out, errs *os.File, l *slog.Logger, lw io.Writer) {
		os.Stdout, os.Stderr = out, errs
		slog.SetDefault(l)
		log.SetOutput(lw)
	}(os.Stdout, os.Stderr, slog.Default(), log.Writer())
	os.Stdout, os.Stderr = file, file
	slog.SetDefault(slog.New(slog.NewJSONHandler(file, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.SetOutput(file)
	f()
	_ = file.Close()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// planted is an event with the canary wherever a client can put something.
func planted(t *testing.T) events.APIGatewayProxyRequest {
	ev := event(t)
	ev.Path = "/index.php/api/v6/" + canary
	ev.PathParameters = map[string]string{"proxy": canary}
	ev.RequestContext.Path = ev.Path
	ev.QueryStringParameters = map[string]string{"apikey": canary, canary: "x"}
	ev.MultiValueQueryStringParameters = map[string][]string{"apikey": {canary}, canary: {"x"}}
	ev.MultiValueHeaders["authorization"] = []string{canary}
	ev.MultiValueHeaders["x-"+canary] = []string{"x"}
	ev.MultiValueHeaders["user-agent"] = []string{canary}
	ev.RequestContext.Identity.UserAgent = canary
	ev.Body = canary
	return ev
}

type stubborn struct{ s string }

func (s stubborn) Error() string { return s.s }

func TestNothingOfARequestIsWritten(t *testing.T) {
	changes := map[string]func(*events.APIGatewayProxyRequest){
		"plain":           func(*events.APIGatewayProxyRequest) {},
		"bad escape":      func(ev *events.APIGatewayProxyRequest) { ev.Path += "%zz" },
		"control byte":    func(ev *events.APIGatewayProxyRequest) { ev.Path += "\x00\n" },
		"raw hash":        func(ev *events.APIGatewayProxyRequest) { ev.Path += "#%" },
		"no slash":        func(ev *events.APIGatewayProxyRequest) { ev.Path = canary + ":%" },
		"bad base64":      func(ev *events.APIGatewayProxyRequest) { ev.Body, ev.IsBase64Encoded = canary+"%", true },
		"bad method":      func(ev *events.APIGatewayProxyRequest) { ev.HTTPMethod = canary + " \n" },
		"invented method": func(ev *events.APIGatewayProxyRequest) { ev.HTTPMethod = canary },
		"bad domain":      func(ev *events.APIGatewayProxyRequest) { ev.RequestContext.DomainName = canary + " %zz" },
		"bad source":      func(ev *events.APIGatewayProxyRequest) { ev.RequestContext.Identity.SourceIP = canary },
	}
	handlers := map[string]http.HandlerFunc{
		"answer":       func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) },
		"panic string": func(_ http.ResponseWriter, r *http.Request) { panic(gateway.RawPath(r) + r.URL.RawQuery) },
		"panic error":  func(http.ResponseWriter, *http.Request) { panic(errors.Join(stubborn{canary})) },
		"panic struct": func(http.ResponseWriter, *http.Request) { panic(struct{ Secret string }{canary}) },
		"map panic":    func(http.ResponseWriter, *http.Request) { panic(map[string]int{canary: 1}) },
		"silent":       func(http.ResponseWriter, *http.Request) {},
	}
	written := everythingWritten(t, func() {
		for _, change := range changes {
			for _, h := range handlers {
				ev := planted(t)
				change(&ev)
				proxy(t, gateway.Options{Function: "test"}, ev, h)
			}
		}
	})
	if at := strings.Index(written, canary); at >= 0 {
		t.Errorf("canary written: %q", written[max(0, at-200):min(len(written), at+100)])
	}
	if got, want := strings.Count(written, "\n"), len(changes)*len(handlers); got != want {
		t.Errorf("got %d lines, want one per request: %d", got, want)
	}
	for line := range strings.Lines(written) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not a structured line: %q", line)
		}
	}
}

// TestCanarySearchFinds shows that the search above sees what the adapter would print without the guard.
func TestCanarySearchFinds(t *testing.T) {
	written := everythingWritten(t, func() {
		log.Print(canary)
		slog.Info(canary)
		_, _ = io.WriteString(os.Stdout, canary)
		_, _ = io.WriteString(os.Stderr, canary)
	})
	if n := strings.Count(written, canary); n != 4 {
		t.Errorf("found %d of 4 canaries in %q", n, written)
	}
}
