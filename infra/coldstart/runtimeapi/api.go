// Package runtimeapi is Lambda's side of a function's process, for tests: it hands out events and takes answers, so that a real bootstrap runs
// as it does on AWS. It is no emulator of Lambda: it freezes nothing, limits nothing and starts nothing by itself.
//
// The protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtimeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// timeout is how long a function has for an event, as in template.yaml.
const timeout = 28 * time.Second

const (
	prefix     = "/2018-06-01/runtime/"
	next       = prefix + "invocation/next"
	initFailed = prefix + "init/error"
)

// API serves one function's process. It must be closed after the process has ended.
type API struct {
	server *httptest.Server
	events chan *invocation
	first  chan time.Time // of the first poll; it holds one

	mu      sync.Mutex
	polled  bool
	number  int
	running map[string]*invocation
}

type invocation struct {
	event  []byte
	answer chan answer // it holds one, so that who gave up waiting blocks nobody
}

type answer struct {
	body []byte
	err  error
}

// New returns an API on a free port.
func New() *API {
	a := &API{events: make(chan *invocation), first: make(chan time.Time, 1), running: map[string]*invocation{}}
	a.server = httptest.NewServer(a)
	return a
}

// Close ends the API.
func (a *API) Close() {
	a.server.CloseClientConnections() // of a poll that waits
	a.server.Close()
}

// Address is the value for AWS_LAMBDA_RUNTIME_API.
func (a *API) Address() string { return strings.TrimPrefix(a.server.URL, "http://") }

// FirstPoll receives the time at which the process asked for its first event: its start ends there.
func (a *API) FirstPoll() <-chan time.Time { return a.first }

// FunctionError is what a function's process reports instead of an answer.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Invoke gives the process an event and returns its answer. Errors: *FunctionError; the context's.
func (a *API) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	i := &invocation{event: event, answer: make(chan answer, 1)}
	select {
	case a.events <- i:
	case <-ctx.Done():
		return nil, fmt.Errorf("the function does not poll: %w", ctx.Err())
	}
	select {
	case out := <-i.answer:
		return out.body, out.err
	case <-ctx.Done():
		return nil, fmt.Errorf("the function does not answer: %w", ctx.Err())
	}
}

// ServeHTTP answers the process.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == next && r.Method == http.MethodGet:
		a.hand(w, r)
	case path == initFailed && r.Method == http.MethodPost:
		w.WriteHeader(http.StatusAccepted) // the process ends by itself
	case strings.HasPrefix(path, prefix+"invocation/") && r.Method == http.MethodPost:
		id, kind, _ := strings.Cut(strings.TrimPrefix(path, prefix+"invocation/"), "/")
		a.take(w, r, id, kind)
	default:
		http.NotFound(w, r)
	}
}

// hand waits for an event and hands it out.
func (a *API) hand(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	if !a.polled {
		a.polled = true
		a.first <- time.Now()
	}
	a.mu.Unlock()
	select {
	case i := <-a.events:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", a.register(i))
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(timeout).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:local")
		_, _ = w.Write(i.event)
	case <-r.Context().Done():
	}
}

func (a *API) register(i *invocation) (id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.number++
	id = fmt.Sprintf("00000000-0000-4000-8000-%012d", a.number)
	a.running[id] = i
	return id
}

// take passes an answer on. An id that is not running is refused, as on AWS.
func (a *API) take(w http.ResponseWriter, r *http.Request, id, kind string) {
	body, err := io.ReadAll(r.Body)
	a.mu.Lock()
	i := a.running[id]
	delete(a.running, id)
	a.mu.Unlock()
	if err != nil || i == nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch kind {
	case "response":
		i.answer <- answer{body: body}
	case "error":
		failed := &FunctionError{}
		if err := json.Unmarshal(body, failed); err != nil {
			failed.Message = "an error that is no JSON"
		}
		i.answer <- answer{err: failed}
	default:
		i.answer <- answer{err: errors.New("the function posts to " + r.URL.Path)}
	}
	w.WriteHeader(http.StatusAccepted)
}
