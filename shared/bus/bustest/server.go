// Package bustest is an EventBridge that takes events and keeps them, for tests. It checks no signature.
//
// The one idea: it answers as the documentation says, and as a test tells it to: refuse some entries, refuse a request, lose an answer.
package bustest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Event is one that was taken.
type Event struct {
	Source       string
	DetailType   string
	Detail       string
	EventBusName string
	Time         float64
}

// Server is a fake EventBridge.
type Server struct {
	*httptest.Server

	mu       sync.Mutex
	taken    []Event
	requests int
	fault    func(request int) Fault
}

// Fault is what happens to a request: the zero Fault is that all goes well.
type Fault struct {
	Status int    // not 0: the request is refused with it
	Refuse []int  // places of entries that are refused
	Code   string // and as what; "ThrottlingException" if empty
	Lose   bool   // the events are taken, and the answer never comes
}

// Start starts a server. It must be closed.
func Start() *Server {
	s := &Server{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// StartOn is Start on an address that others may reach, such as containers.
func StartOn(ctx context.Context, host string) (*Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("start the event bus: %w", err)
	}
	s := &Server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	_ = s.Listener.Close() // its own
	s.Listener = listener
	s.Server.Start()
	return s, nil
}

// SetFault decides about requests, which are counted from 1.
func (s *Server) SetFault(fault func(request int) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.requests = fault, 0
}

// Taken returns the events taken since the last call.
func (s *Server) Taken() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.taken
	s.taken = nil
	return t
}

// Requests returns how many requests came since the last SetFault.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	body, _ := io.ReadAll(r.Body)
	var request struct{ Entries []Event }
	if r.Method != http.MethodPost || r.Header.Get("X-Amz-Target") != "AWSEvents.PutEvents" || json.Unmarshal(body, &request) != nil || !withinLimits(request.Entries) {
		http.Error(w, `{"__type":"ValidationException","message":"canary"}`, http.StatusBadRequest)
		return
	}
	var f Fault
	if s.fault != nil {
		f = s.fault(s.requests)
	}
	if f.Status != 0 {
		http.Error(w, `{"__type":"`+f.Code+`","message":"canary"}`, f.Status)
		return
	}
	s.answer(w, request.Entries, f)
}

func (s *Server) answer(w http.ResponseWriter, entries []Event, f Fault) {
	type result struct {
		EventID      string `json:"EventId,omitempty"`
		ErrorCode    string `json:",omitempty"`
		ErrorMessage string `json:",omitempty"`
	}
	out := struct {
		FailedEntryCount int
		Entries          []result
	}{len(f.Refuse), make([]result, len(entries))}
	if f.Code == "" {
		f.Code = "ThrottlingException"
	}
	for i := range entries {
		out.Entries[i] = result{EventID: time.Now().String()}
	}
	for _, i := range f.Refuse {
		out.Entries[i] = result{ErrorCode: f.Code, ErrorMessage: "canary"}
	}
	for i, e := range entries {
		if out.Entries[i].ErrorCode == "" {
			s.taken = append(s.taken, e)
		}
	}
	if f.Lose {
		panic(http.ErrAbortHandler)
	}
	_ = json.NewEncoder(w).Encode(out)
}

// withinLimits are those of PutEvents (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
func withinLimits(entries []Event) bool {
	size := 0
	for _, e := range entries {
		if e.Source == "" || e.DetailType == "" || e.EventBusName == "" || !json.Valid([]byte(e.Detail)) {
			return false
		}
		size += 14 + len(e.Source) + len(e.DetailType) + len(e.Detail)
	}
	return len(entries) > 0 && len(entries) <= 10 && size <= 256<<10
}
