package teampass

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// TestFaultsAreTheDocumentedOnes holds the table to the contract's list of errors (teampass 6), written down once more.
func TestFaultsAreTheDocumentedOnes(t *testing.T) {
	const documented = `
500 Something happen ... but what ?|
402 |
200 API access not allowed.|
405 This api_key *** doesn't exist|API_KEY_NOT_FOUND
405 Ip address not allowed.|
405 Method not authorized|METHOD_NOT_AUTHORIZED
200 URL format is not following requirements|
200 No results|
200 No folder specified|
200 No item specified|
200 No parameters given|
200 Provided parameters are not correct|
405 Item definition not complete|
405 Item definition not numeric|
200 Label or Password or Folder ID is missing|
200 Label already exists|
200 Password is too long|
200 Folder ID does not exist|
200 No data exists|NO_DATA_EXIST
200 No data to be stored|
200 No destination folder provided|
200 HTML tags not allowed|
200 Title only with numbers not allowed|
200 Data already exists|
200 complexity level was not reached|
405 User definition not complete|
405 Empty Login given|
405 User already exists|
200 User does not exist|
200 No Personal Folder exists for this user|
404 Bad credentials for user|AUTH_NOT_GRANTED
200 URL needed to grant access|
200 Credentials needed to grant access|AUTH_NO_IDENTIFIER
`
	want := strings.Split(strings.Trim(documented, "\n"), "\n")
	if len(want) != len(faults) {
		t.Fatalf("%d faults, want %d", len(faults), len(want))
	}
	for i, f := range faults {
		if got := fmt.Sprintf("%d %s|%s", f.status, f.text, f.code); got != want[i] {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
}

func TestEveryKindHasAnAnswer(t *testing.T) {
	for _, k := range vault.Kinds() {
		if _, ok := kindFaults[k]; !ok {
			t.Errorf("no answer to %q", k)
		}
	}
	if len(kindFaults) != len(vault.Kinds()) {
		t.Errorf("%d answers for %d kinds", len(kindFaults), len(vault.Kinds()))
	}
}

// TestOnlyOurFailuresAreLogged: and with their cause, which the client does not get.
func TestOnlyOurFailuresAreLogged(t *testing.T) {
	var log strings.Builder
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	for _, k := range vault.Kinds() {
		log.Reset()
		w := httptest.NewRecorder()
		cause := &vault.Error{Kind: k, Err: errors.New("the cause")}
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "/api/read/items/CANARY?apikey=CANARY", nil)
		if err != nil {
			t.Fatal(err)
		}
		fail(w, r, fmt.Errorf("read: %w", cause))
		ours := kindFaults[k] == faultUnclear
		if got := strings.Count(log.String(), "the cause") == 1 && strings.Count(log.String(), "\n") == 1; got != ours {
			t.Errorf("%q: logged %v, want %v: %s", k, got, ours, log.String())
		}
		if ours != (w.Code == http.StatusInternalServerError) || ours != strings.Contains(w.Body.String(), `"request_id":`) {
			t.Errorf("%q: got %d %s", k, w.Code, w.Body)
		}
		if strings.Contains(log.String(), "CANARY") || strings.Contains(w.Body.String(), "cause") {
			t.Errorf("%q: told too much: %s, %s", k, log.String(), w.Body)
		}
	}
}
