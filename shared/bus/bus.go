// Package bus puts events on an EventBridge bus. It decides nothing about what is an event.
//
// The one idea: events go out in order, in as few requests as the limits allow, and whoever sends them learns how many of the first ones have surely been taken. What it
// sends again it sends with the same id, so that a receiver can tell.
package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tresor/shared/awscall"
	"tresor/shared/vault"
)

// Bus is an event bus. It is safe for concurrent use.
type Bus struct {
	events *awscall.Service
	name   string
	pause  time.Duration // before the second try, at most; it doubles
}

const (
	maxEntries = 10        // of a request
	maxBytes   = 256 << 10 // of all its entries
	tries      = 5         // of a request, or of those of its entries that were refused
	firstPause = time.Second / 10
)

var name = regexp.MustCompile(`^[/.\-_A-Za-z0-9]{1,256}$`)

// Open returns a Bus. It sends nothing.
func Open(config aws.Config, bus string) (*Bus, error) {
	events, err := awscall.New(config, "events")
	if err != nil || !name.MatchString(bus) {
		return nil, fmt.Errorf("event bus %q: not the name of a bus, or no endpoint", bus)
	}
	return &Bus{events, bus, firstPause}, nil
}

// Put sends events, in their order, and returns how many of the first ones were taken; some after those may have been, too. Errors: Busy, Internal, an ended context
// as it is.
func (b *Bus) Put(ctx context.Context, events []Event) (taken int, err error) {
	entries := make([]entry, len(events))
	for i, e := range events {
		if entries[i], err = b.entry(e); err != nil {
			return 0, fmt.Errorf("encode an event: %w", err)
		}
	}
	for taken < len(entries) {
		n, err := b.putUntilTaken(ctx, fitting(entries[taken:]))
		taken += n
		if err != nil {
			return taken, fmt.Errorf("put events: %w", err)
		}
	}
	return taken, nil
}

// fitting returns those of the first entries that one request takes; at least one.
func fitting(entries []entry) []entry {
	size := 0
	for i := range entries {
		if size += entries[i].size(); i > 0 && (i == maxEntries || size > maxBytes) {
			return entries[:i]
		}
	}
	return entries
}

// putUntilTaken sends entries of one request, and those that are refused again. It returns how many of the first ones were taken.
func (b *Bus) putUntilTaken(ctx context.Context, entries []entry) (int, error) {
	left := make([]int, len(entries))
	for i := range left {
		left[i] = i
	}
	for try := 1; ; try++ {
		var err error
		if left, err = b.putOnce(ctx, entries, left); err == nil {
			return len(entries), nil
		}
		if try == tries || !errors.Is(err, vault.Busy) {
			return left[0], err
		}
		if err := vault.Pause(ctx, b.pause<<(try-1)); err != nil {
			return left[0], err
		}
	}
}

// answer is EventBridge's, member by member with the request's entries.
type answer struct {
	Entries []struct{ ErrorCode string }
}

var header = map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSEvents.PutEvents"}

// putOnce sends the entries with the given places and returns the places of those that were not taken, with an error if there are any.
func (b *Bus) putOnce(ctx context.Context, entries []entry, places []int) (refused []int, err error) {
	var request struct{ Entries []entry }
	for _, i := range places {
		request.Entries = append(request.Entries, entries[i])
	}
	body, err := json.Marshal(request)
	if err != nil {
		return places, err
	}
	status, text, err := b.events.Post(ctx, "/", header, body)
	if err != nil {
		return places, err
	}
	if status != http.StatusOK {
		return places, b.refused(status, text)
	}
	var a answer
	if json.Unmarshal(text, &a) != nil || len(a.Entries) != len(places) {
		return places, &vault.Error{Kind: vault.Busy, Err: errors.New("an answer that does not fit the request")}
	}
	code := ""
	for i, e := range a.Entries {
		if e.ErrorCode != "" {
			refused, code = append(refused, places[i]), e.ErrorCode
		}
	}
	if len(refused) > 0 {
		return refused, &vault.Error{Kind: kindOf(code), Err: fmt.Errorf("%d of %d events refused, the last as %.40q", len(refused), len(places), code)}
	}
	return nil, nil
}

// refused is the error of a request that was refused as a whole. EventBridge tells of throttling with status 400, too.
func (b *Bus) refused(status int, text []byte) error {
	var problem struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal(text, &problem) == nil && problem.Type != "" && kindOf(problem.Type) == vault.Busy {
		return b.events.Refused(http.StatusTooManyRequests)
	}
	return b.events.Refused(status)
}

// kindOf says whether another try may help.
func kindOf(code string) vault.Kind {
	switch code {
	case "ThrottlingException", "InternalFailure", "InternalException", "ServiceUnavailable", "LimitExceededException":
		return vault.Busy
	}
	return vault.Internal
}
