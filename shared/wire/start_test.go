package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"tresor/infra/coldstart/runtimeapi"
	"tresor/shared/vault"
	"tresor/shared/watch"
	"tresor/shared/wire/process"
)

// function starts this test binary as a function's process and returns a way to call it.
func function(t *testing.T) (call func(key string) events.APIGatewayProxyResponse) {
	t.Helper()
	api := runtimeapi.New()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "TRESOR_TEST_FUNCTION=1", "AWS_LAMBDA_RUNTIME_API="+api.Address())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); api.Close() })
	return func(key string) (out events.APIGatewayProxyResponse) {
		t.Helper()
		event, err := json.Marshal(events.APIGatewayProxyRequest{HTTPMethod: http.MethodGet, Path: "/api/index.php", Resource: "/api/index.php",
			Headers: map[string]string{"X-Key": key}})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := api.Invoke(t.Context(), event)
		if err == nil {
			err = json.Unmarshal(answer, &out)
		}
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func TestAFunctionsProcess(t *testing.T) {
	environment(t, newKMS(t), "index secrets")
	f := found(t)
	call := function(t)
	if out := call(f.APIKey); out.StatusCode != http.StatusOK || out.Body != "admin" {
		t.Errorf("got %d %q, want 200 admin", out.StatusCode, out.Body)
	}
	if out := call("wrong"); out.Body != "not authenticated" {
		t.Errorf("got %q, want not authenticated", out.Body)
	}
}

// TestATaskGetsItsEvent, and its error is Lambda's to act on.
func TestATaskGetsItsEvent(t *testing.T) {
	type event struct{ Job int }
	broken, system := errors.New("broken"), &System{}
	h := lambda.NewHandler(taskHandler("test", system, func(_ context.Context, s *System, e event) error {
		if s != system || e.Job != 7 {
			return broken
		}
		return nil
	}))
	if out, err := h.Invoke(t.Context(), []byte(`{"job":7}`)); err != nil || string(out) != "null" {
		t.Errorf("got %s, %v", out, err)
	}
	for _, payload := range []string{`{"job":8}`, `{"job":"7"}`, `[]`, `{`} {
		if out, err := h.Invoke(t.Context(), []byte(payload)); err == nil {
			t.Errorf("%s: got %s", payload, out)
		}
	}
}

// TestAJobsLine fixes its attributes, and what of a job is a metric.
func TestAJobsLine(t *testing.T) {
	var out, metrics bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(process.NewLogger(&out))
	s := &System{meter: watch.NewMeter(&metrics, "stack", time.Now)}
	run := func(ctx context.Context, _ *System, fails bool) error {
		watch.From(ctx).Stored(4, 0)
		watch.From(ctx).CaughtUp(9)
		if fails {
			return vault.Busy
		}
		watch.From(ctx).Revealed(7)
		return nil
	}
	h := lambda.NewHandler(taskHandler("exporter", s, run))
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "id"})
	for _, fails := range []string{"false", "true"} {
		_, _ = h.Invoke(ctx, []byte(fails))
	}
	var lines []map[string]any
	for text := range strings.Lines(out.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if at, err := time.Parse(process.Timestamp, line["timestamp"].(string)); err != nil || time.Since(at) > time.Minute {
			t.Errorf("timestamp is %v: %v", line["timestamp"], err)
		}
		delete(line, "timestamp")
		if line["message"] == "job" && line["ms"] != nil {
			delete(line, "ms")
		}
		lines = append(lines, line)
	}
	want := []map[string]any{
		{"level": "INFO", "message": "job", "function": "exporter", "outcome": "ok", "request_id": "id", "calls": 1.0, "rru": 4.0, "catch_up": 9.0},
		{"level": "ERROR", "message": "job failed", "function": "exporter", "error": "busy"},
		{"level": "INFO", "message": "job", "function": "exporter", "outcome": "busy", "request_id": "id", "calls": 1.0, "rru": 4.0, "catch_up": 9.0},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if text := metrics.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `"Reveals":7}`) {
		t.Errorf("metrics: %s", text)
	}
}

func TestAFunctionsProcessWithWrongConfiguration(t *testing.T) {
	environment(t, newKMS(t), "index")
	t.Setenv("TRESOR_KEY_ID", "")
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "TRESOR_TEST_FUNCTION=1", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1")
	out, err := cmd.Output()
	var line struct{ Level, Message, Error string }
	if err == nil || json.Unmarshal(out, &line) != nil || line.Level != "ERROR" || !strings.Contains(line.Error, "TRESOR_KEY_ID is not set") {
		t.Errorf("got %v, %q; want an end, and one line that says why", err, out)
	}
}
