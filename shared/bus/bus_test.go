package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"tresor/shared/bus/bustest"
	"tresor/shared/vault"
)

func open(t *testing.T) (*Bus, *bustest.Server) {
	t.Helper()
	s := bustest.Start()
	t.Cleanup(s.Close)
	b, err := Open(configOf(&s.URL), "events-1")
	if err != nil {
		t.Fatal(err)
	}
	b.pause = time.Millisecond
	return b, s
}

func configOf(endpoint *string) aws.Config {
	return aws.Config{Region: "eu-west-1", BaseEndpoint: endpoint, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
	})}
}

func some(n int) (list []Event) {
	for i := range n {
		list = append(list, New("entry.changed", time.Unix(1_800_000_000, 0), Detail{ID: NewID("v", i), Vault: "v", Kind: "entry", Targets: []uint64{uint64(i + 1)}}))
	}
	return list
}

func ids(t *testing.T, events []bustest.Event) (list []string) {
	t.Helper()
	for _, e := range events {
		var d Detail
		if err := json.Unmarshal([]byte(e.Detail), &d); err != nil {
			t.Fatal(err)
		}
		list = append(list, d.ID)
	}
	return list
}

func TestPut(t *testing.T) {
	b, s := open(t)
	if n, err := b.Put(t.Context(), nil); n != 0 || err != nil || s.Requests() != 0 {
		t.Errorf("nothing: %d, %v", n, err)
	}
	n, err := b.Put(t.Context(), some(25))
	got := s.Taken()
	if n != 25 || err != nil || len(got) != 25 || s.Requests() != 3 {
		t.Fatalf("got %d, %v; %d events in %d requests", n, err, len(got), s.Requests())
	}
	want := bustest.Event{Source: "tresor", DetailType: "entry.changed", EventBusName: "events-1", Time: 1_800_000_000,
		Detail: `{"version":1,"id":"v/24","vault":"v","time":"2027-01-15T08:00:00Z","kind":"entry","target":25,"targets":[25]}`}
	if diff := cmp.Diff(want, got[24]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLargeEvents: EventBridge takes 256 KB in a request.
func TestLargeEvents(t *testing.T) {
	b, s := open(t)
	events := some(10)
	for i := range events {
		events[i].Detail.Targets = make([]uint64, 1000)
		for j := range events[i].Detail.Targets {
			events[i].Detail.Targets[j] = 1<<63 + 1<<62 + uint64(j)
		}
		events[i].Detail.Action = strings.Repeat("x", 20<<10)
	}
	if n, err := b.Put(t.Context(), events); n != 10 || err != nil || s.Requests() != 2 {
		t.Errorf("got %d, %v in %d requests", n, err, s.Requests())
	}
}

// TestSomeAreRefused: those alone are sent again, and what was surely taken is counted.
func TestSomeAreRefused(t *testing.T) {
	b, s := open(t)
	s.SetFault(func(n int) bustest.Fault {
		if n == 1 {
			return bustest.Fault{Refuse: []int{3, 7}}
		}
		return bustest.Fault{}
	})
	n, err := b.Put(t.Context(), some(12))
	want := []string{"v/0", "v/1", "v/2", "v/4", "v/5", "v/6", "v/8", "v/9", "v/3", "v/7", "v/10", "v/11"}
	if diff := cmp.Diff(want, ids(t, s.Taken())); n != 12 || err != nil || diff != "" {
		t.Errorf("got %d, %v, (-want +got):\n%s", n, err, diff)
	}
	s.SetFault(func(n int) bustest.Fault { // of the second request, its third entry, for good
		switch n {
		case 1:
			return bustest.Fault{}
		case 2:
			return bustest.Fault{Refuse: []int{2}}
		}
		return bustest.Fault{Refuse: []int{0}}
	})
	n, err = b.Put(t.Context(), some(25))
	if n != 12 || !errors.Is(err, vault.Busy) || s.Requests() != 1+tries || len(s.Taken()) != 19 {
		t.Errorf("got %d, %v after %d requests, want 12 and busy", n, err, s.Requests())
	}
	s.SetFault(func(int) bustest.Fault {
		return bustest.Fault{Refuse: []int{1}, Code: "NotAuthorizedForSourceException"}
	})
	if n, err = b.Put(t.Context(), some(3)); n != 1 || vault.KindOf(err) != vault.Internal || s.Requests() != 1 || strings.Contains(err.Error(), "canary") {
		t.Errorf("for good: got %d, %v after %d requests", n, err, s.Requests())
	}
}

func TestRequestsFail(t *testing.T) {
	b, s := open(t)
	for name, c := range map[string]struct {
		fault    bustest.Fault
		want     vault.Kind
		requests int
	}{
		"throttled":      {bustest.Fault{Status: http.StatusBadRequest, Code: "ThrottlingException"}, vault.Busy, tries},
		"out of order":   {bustest.Fault{Status: http.StatusInternalServerError}, vault.Busy, tries},
		"denied":         {bustest.Fault{Status: http.StatusBadRequest, Code: "AccessDeniedException"}, vault.Internal, 1},
		"no answer":      {bustest.Fault{Lose: true}, vault.Busy, tries},
		"denied quietly": {bustest.Fault{Status: http.StatusForbidden}, vault.Internal, 1},
	} {
		s.SetFault(func(int) bustest.Fault { return c.fault })
		n, err := b.Put(t.Context(), some(2))
		if n != 0 || vault.KindOf(err) != c.want || s.Requests() != c.requests || strings.Contains(fmt.Sprint(err), "canary") {
			t.Errorf("%s: got %d, %v after %d requests", name, n, err, s.Requests())
		}
	}
	s.Taken()
	s.SetFault(func(n int) bustest.Fault { return bustest.Fault{Lose: n == 1} })
	if n, err := b.Put(t.Context(), some(1)); n != 1 || err != nil {
		t.Errorf("after a lost answer: got %d, %v", n, err)
	}
	if got := ids(t, s.Taken()); !cmp.Equal(got, []string{"v/0", "v/0"}) { // the same id tells
		t.Errorf("got %v", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := b.Put(ended, some(1)); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: got %d, %v", n, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, bus := range []string{"", "a b", "arn:aws:events:x", strings.Repeat("x", 257)} {
		if _, err := Open(configOf(nil), bus); err == nil {
			t.Errorf("%q was taken", bus)
		}
	}
}
