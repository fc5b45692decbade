package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"tresor/infra/coldstart/runtimeapi"
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
