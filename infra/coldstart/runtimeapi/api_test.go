package runtimeapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tresor/infra/coldstart/runtimeapi"
)

// call makes one request of a function's runtime.
func call(t *testing.T, method, url, body string) (status int, header http.Header, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(answer)
}

func TestEventsAndAnswers(t *testing.T) {
	api := runtimeapi.New()
	defer api.Close()
	base := "http://" + api.Address() + "/2018-06-01/runtime/"
	type result struct {
		body string
		err  error
	}
	got := make(chan result, 2)
	go func() {
		for _, event := range []string{`{"n":1}`, `{"n":2}`} {
			body, err := api.Invoke(context.Background(), []byte(event))
			got <- result{string(body), err}
		}
	}()
	_, header, event := call(t, http.MethodGet, base+"invocation/next", "")
	id := header.Get("Lambda-Runtime-Aws-Request-Id")
	if event != `{"n":1}` || id == "" || header.Get("Lambda-Runtime-Deadline-Ms") == "" {
		t.Fatalf("got %q, %v", event, header)
	}
	if status, _, _ := call(t, http.MethodPost, base+"invocation/other/response", "x"); status != http.StatusBadRequest {
		t.Errorf("an answer to nothing: got %d, want 400", status)
	}
	if status, _, _ := call(t, http.MethodPost, base+"invocation/"+id+"/response", "one"); status != http.StatusAccepted {
		t.Errorf("an answer: got %d, want 202", status)
	}
	if r := <-got; r.body != "one" || r.err != nil {
		t.Errorf("got %+v, want the answer", r)
	}
	_, header, _ = call(t, http.MethodGet, base+"invocation/next", "")
	call(t, http.MethodPost, base+"invocation/"+header.Get("Lambda-Runtime-Aws-Request-Id")+"/error", `{"errorType":"T","errorMessage":"m"}`)
	var failed *runtimeapi.FunctionError
	if r := <-got; !errors.As(r.err, &failed) || failed.Type != "T" || failed.Message != "m" {
		t.Errorf("got %+v, want the function's error", r)
	}
	select {
	case <-api.FirstPoll():
	default:
		t.Error("the first poll was not noticed")
	}
}

func TestNobodyPolls(t *testing.T) {
	api := runtimeapi.New()
	defer api.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := api.Invoke(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that the time is over", err)
	}
}
