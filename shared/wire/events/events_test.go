package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"tresor/shared/dynamo/layout"
	"tresor/shared/vault"
	"tresor/shared/watch"
	"tresor/shared/wire/process"
)

func environment(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{process.EnvVault: "v", process.EnvEntries: "e", process.EnvPermissions: "p", process.EnvStack: "", process.EnvEventBus: "b"} {
		t.Setenv(name, value)
	}
}

type answer struct{ N int }

// TestABatchsLine: each batch leaves a line as any job does, and one whose rest comes again without an error does not pass for a success.
func TestABatchsLine(t *testing.T) {
	environment(t)
	var out bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(process.NewLogger(&out))
	handle, err := streamHandler("notifier", func(c layout.Config) (Handler[string, answer], error) {
		return func(ctx context.Context, b string) (answer, error) {
			switch b {
			case "rest":
				watch.From(ctx).Refused(vault.Busy)
			case "broken":
				return answer{}, errors.New("broken")
			}
			return answer{len(b)}, nil
		}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	h := lambda.NewHandler(handle)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "id"})
	for _, b := range []string{"all", "rest", "broken"} {
		got, err := h.Invoke(ctx, []byte(`"`+b+`"`))
		if want := map[string]string{"all": `{"N":3}`, "rest": `{"N":4}`}[b]; strings.TrimSpace(string(got)) != want || (err != nil) != (b == "broken") {
			t.Errorf("%s: got %s, %v", b, got, err)
		}
	}
	var lines []map[string]any
	for text := range strings.Lines(out.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		delete(line, "timestamp")
		delete(line, "ms")
		lines = append(lines, line)
	}
	job := func(outcome string) map[string]any {
		return map[string]any{"level": "INFO", "message": "job", "function": "notifier", "outcome": outcome, "request_id": "id"}
	}
	want := []map[string]any{job("ok"), job("busy"), {"level": "ERROR", "message": "job failed", "function": "notifier", "error": "broken"}, job("internal error")}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestWrongConfiguration(t *testing.T) {
	of := func(layout.Config) (Handler[string, answer], error) {
		return func(context.Context, string) (answer, error) { return answer{}, nil }, nil
	}
	for _, name := range []string{process.EnvVault, process.EnvEntries, process.EnvPermissions} {
		environment(t)
		t.Setenv(name, "")
		if _, err := streamHandler("notifier", of); err == nil {
			t.Errorf("without %s there is no error", name)
		}
	}
	environment(t)
	broken := errors.New("broken")
	if _, err := streamHandler("notifier", func(layout.Config) (Handler[string, answer], error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := Bus(); err != nil {
		t.Error(err)
	}
	t.Setenv(process.EnvEventBus, "")
	if _, err := Bus(); err == nil {
		t.Error("a bus without a name was opened")
	}
}
