package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
)

// memory stands before a DynamoDB and answers what was asked before from memory, as it was answered then. With it, a start of a program
// costs what the program does, and a socket; it is right for what reads the same thing again, and for nothing else.
type memory struct {
	*httptest.Server
	behind string

	mu     sync.Mutex
	known  map[string]remembered
	misses int
}

type remembered struct {
	status int
	header http.Header
	body   []byte
}

// remember starts a memory before an endpoint. It must be closed.
func remember(behind string) *memory {
	m := &memory{behind: behind, known: map[string]remembered{}}
	m.Server = httptest.NewServer(m)
	return m
}

// missed returns how many requests went on to the endpoint.
func (m *memory) missed() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.misses
}

// ServeHTTP answers one request.
func (m *memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	key := r.Header.Get("X-Amz-Target") + ordered(body)
	m.mu.Lock()
	a, known := m.known[key]
	m.mu.Unlock()
	if !known {
		if a, err = m.ask(r.Context(), r.Header, body); err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		m.mu.Lock()
		m.known[key] = a
		m.misses++
		m.mu.Unlock()
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// ordered returns JSON with its members in order: the SDK writes maps in any.
func ordered(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return string(body)
	}
	text, _ := json.Marshal(v) // it was JSON
	return string(text)
}

func (m *memory) ask(ctx context.Context, header http.Header, body []byte) (a remembered, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.behind+"/", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header = header.Clone()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return a, err
	}
	defer func() { _ = res.Body.Close() }()
	a = remembered{status: res.StatusCode, header: res.Header}
	a.body, err = io.ReadAll(res.Body)
	return a, err
}
