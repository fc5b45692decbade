package awscall_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tresor/shared/awscall"
	"tresor/shared/vault"
)

func service(t *testing.T, url string) *awscall.Service {
	t.Helper()
	s, err := awscall.New(aws.Config{Region: "eu-west-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "token")}, "events")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAnswersComeAsTheyAre, whatever their status, and no more of one than is worth reading; a redirect is one, and leads nowhere.
func TestAnswersComeAsTheyAre(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request went elsewhere") }))
	defer elsewhere.Close()
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Security-Token") != "token" || !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/events/aws4_request") {
			t.Errorf("headers %v", r.Header)
		}
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/refuse":
			http.Error(w, "no", http.StatusBadRequest)
		case "/long":
			_, _ = w.Write(make([]byte, 3<<20))
		}
	}))
	defer here.Close()
	for path, want := range map[string]struct{ status, least, most int }{
		"/": {200, 0, 0}, "/redirect": {307, 0, 0}, "/refuse": {400, 3, 3}, "/long": {200, 1 << 20, 1 << 20},
	} {
		status, answer, err := service(t, here.URL).Post(t.Context(), path, nil, []byte("{}"))
		if err != nil || status != want.status || len(answer) < want.least || len(answer) > want.most {
			t.Errorf("%s: got %d with %d bytes, %v; want %+v", path, status, len(answer), err, want)
		}
	}
}

// TestNoAnswer: it may be asked again, unless its time is over.
func TestNoAnswer(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	if _, _, err := service(t, gone.URL).Post(t.Context(), "/", nil, nil); !errors.Is(err, vault.Busy) {
		t.Errorf("got %v, want Busy", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := service(t, gone.URL).Post(ended, "/", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want what ended it", err)
	}
}

func TestRefused(t *testing.T) {
	for status, want := range map[int]vault.Kind{307: vault.Internal, 400: vault.Internal, 403: vault.Internal, 429: vault.Busy, 500: vault.Busy, 503: vault.Busy} {
		if err := service(t, "http://example.org").Refused(status); !errors.Is(err, want) {
			t.Errorf("%d: got %v, want %v", status, err, want)
		}
	}
}
