package teampass_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"tresor/shared/dialect/teampass"
	"tresor/shared/vault"
)

// broken is a log whose store does not answer.
type broken struct{ vault.Log }

func (broken) CatchUp(context.Context) error {
	return &vault.Error{Kind: vault.Busy, Err: errors.New("the table is throttled")}
}

// TestOurFailuresHaveOneAnswer: the generic one, with the id under which the log has the cause.
func TestOurFailuresHaveOneAnswer(t *testing.T) {
	s := newSystem(t)
	s.serve(teampass.NewHandler(vault.New(broken{s.Log}, vault.Options{Now: s.Clock.Now}), s.Auth))
	for _, call := range []string{"read/items/2", "add/item/" + each("l;pw;;1;;;;;"), "info/version", "no/call"} {
		status, body := s.get(t, "admin", call)
		if status != http.StatusInternalServerError || body != `{"err":"Something happen ... but what ?","request_id":"request-1"}` {
			t.Errorf("%s: got %d %s", call, status, body)
		}
	}
	s.serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("lost") }))
	if status, body := s.get(t, "admin", "info/version"); status != http.StatusInternalServerError || body != `{"err":"Something happen ... but what ?","request_id":"request-1"}` {
		t.Errorf("a panic: got %d %s", status, body)
	}
}
