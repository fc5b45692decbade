package dynamo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// TestNothingIsRetried: whatever the service answers, each call of a store is one request.
func TestNothingIsRetried(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"throttled": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}`)
		},
		"500": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"oops"}`)
		},
		"503 without a body": func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
		"broken connection":  func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				answer(w)
			}))
			defer service.Close()
			s, err := New(NewClient(configOf(service.URL)), Config{Entries: "e", Permissions: "p", Vault: "v"})
			if err != nil {
				t.Fatal(err)
			}
			mustBeOneRequest(t, &requests, s)
		})
	}
}

func mustBeOneRequest(t *testing.T, requests *atomic.Int32, s *Store) {
	t.Helper()
	now, ctx := time.Now(), t.Context()
	for name, call := range map[string]func() error{
		"Tail": func() error { _, _, err := s.Tail(ctx, vault.Entries, 0); return err },
		"Commit": func() error {
			return s.Commit(ctx, vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 10)))
		},
		"Secrets":     func() error { _, err := s.Secrets(ctx, []vault.SecretKey{{Entry: 1}}); return err },
		"PutAccess":   func() error { return s.PutAccess(ctx, []vault.StoredAccess{{ID: "1"}}) },
		"AddAttempts": func() error { _, err := s.AddAttempts(ctx, "k", 1, now, now); return err },
		"Attempts":    func() error { _, err := s.Attempts(ctx, "k", now); return err },
		"Marked":      func() error { _, err := s.Marked(ctx, vault.Hash{1}, now); return err },
		"Keysets":     func() error { _, err := s.Keysets(ctx); return err },
	} {
		requests.Store(0)
		err := call()
		if !errors.Is(err, vault.Busy) && !errors.Is(err, vault.Undecided) {
			t.Errorf("%s: got %v, want busy or undecided", name, err)
		}
		if n := requests.Load(); n != 1 {
			t.Errorf("%s: sent %d requests, want 1", name, n)
		}
	}
}

func configOf(url string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &url,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
	}
}

// TestClientKeepsTransport: what the configuration set on its transport survives the timeouts that are added.
func TestClientKeepsTransport(t *testing.T) {
	cfg := configOf("http://127.0.0.1:1")
	cfg.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.DisableCompression = true })
	c, ok := NewClient(cfg).Options().HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		t.Fatalf("got a client of type %T", NewClient(cfg).Options().HTTPClient)
	}
	if tr := c.GetTransport(); !tr.DisableCompression || tr.MaxIdleConnsPerHost != connections || c.GetTimeout() != requestTimeout {
		t.Errorf("got transport %+v, timeout %s", tr, c.GetTimeout())
	}
}
