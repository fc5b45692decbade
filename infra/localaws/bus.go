package localaws

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
)

// Bus is EventBridge, of which it knows PutEvents. It keeps what it was sent and delivers to nobody. Calls to every other service that is not here come to it too, and are refused.
type Bus struct {
	server *httptest.Server
	mu     sync.Mutex
	events []Event
}

// Event is one that was put.
type Event struct {
	EventBusName, Source, DetailType, Detail string
}

// putLimit is how many events EventBridge takes in a call.
const putLimit = 10

func startBus(ctx context.Context, host string) (*Bus, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("start the event bus: %w", err)
	}
	b := &Bus{}
	b.server = httptest.NewUnstartedServer(b)
	_ = b.server.Listener.Close() // its own
	b.server.Listener = listener
	b.server.Start()
	return b, nil
}

// Sent returns the events that were put so far.
func (b *Bus) Sent() []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Event(nil), b.events...)
}

// ServeHTTP answers one call of the JSON 1.1 protocol.
func (b *Bus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	var in struct{ Entries []Event }
	switch {
	case r.Header.Get("X-Amz-Target") != "AWSEvents.PutEvents":
		refuse(w, "UnknownOperationException")
	case json.NewDecoder(r.Body).Decode(&in) != nil:
		refuse(w, "SerializationException")
	case len(in.Entries) == 0 || len(in.Entries) > putLimit:
		refuse(w, "ValidationException")
	default:
		b.put(w, in.Entries)
	}
}

// put takes the events that are whole. As EventBridge does, it answers for each, and with 200 also where it took none.
func (b *Bus) put(w http.ResponseWriter, events []Event) {
	type answer struct {
		EventID   string `json:"EventId,omitempty"`
		ErrorCode string `json:",omitempty"`
	}
	var out struct {
		FailedEntryCount int
		Entries          []answer
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range events {
		if e.Source == "" || e.DetailType == "" || !json.Valid([]byte(e.Detail)) {
			out.FailedEntryCount++
			out.Entries = append(out.Entries, answer{ErrorCode: "MalformedDetail"})
			continue
		}
		b.events = append(b.events, e)
		out.Entries = append(out.Entries, answer{EventID: fmt.Sprintf("00000000-0000-0000-0000-%012d", len(b.events))})
	}
	_ = json.NewEncoder(w).Encode(out) // a client that went away
}

func refuse(w http.ResponseWriter, kind string) {
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind}) // a client that went away
}
