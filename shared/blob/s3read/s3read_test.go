package s3read

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/blob/s3"
	"tresor/shared/vault"
)

const bucket = "tresor-test"

func configOf(endpoint string) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: keys("local", "localsecret")}
}

func keys(id, secret string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	})
}

// newStores returns a reader and the store that writes what it reads.
func newStores(t *testing.T, prefix string) (*Store, blob.Store) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	reader, err := New(configOf(server.URL), bucket, prefix)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := s3.New(s3.NewClient(configOf(server.URL)), s3.Config{Bucket: bucket, Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	return reader, writer
}

func TestListAndOpen(t *testing.T) {
	for _, prefix := range []string{"", "vault"} {
		reader, writer := newStores(t, prefix)
		if list, err := reader.List(t.Context(), "", "", 0); err != nil || len(list) != 0 {
			t.Fatalf("an empty bucket: got %v, %v", list, err)
		}
		blobtest.RunReader(t, writer, reader)
	}
}

func TestWhatIsRefused(t *testing.T) {
	reader, _ := newStores(t, "vault")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	second := func(_ io.ReadCloser, _ int64, err error) error { return err }
	for what, c := range map[string]struct {
		err  error
		want error
	}{
		"missing":       {second(reader.Open(t.Context(), "none", 0, -1)), vault.NotFound},
		"a part":        {second(reader.Open(t.Context(), "none", 1, -1)), vault.Invalid},
		"a length":      {second(reader.Open(t.Context(), "none", 0, 5)), vault.Invalid},
		"no key":        {second(reader.Open(t.Context(), "../x", 0, -1)), vault.Invalid},
		"ended context": {second(reader.Open(ended, "none", 0, -1)), context.Canceled},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %v", what, c.err, c.want)
		}
	}
	for _, name := range []string{"", "a/b", "a:b", "a?b"} {
		if _, err := New(configOf("http://localhost"), name, ""); err == nil {
			t.Errorf("bucket %q was taken", name)
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for status, want := range map[int]error{403: vault.Internal, 404: vault.NotFound, 500: vault.Busy, 503: vault.Busy, 429: vault.Busy} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<Error><Message>canary</Message></Error>")
		}))
		reader, err := New(configOf(server.URL), bucket, "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = reader.List(t.Context(), "", "", 1)
		if !errors.Is(err, want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d: got %v, want %v", status, err, want)
		}
		server.Close()
		if _, err = reader.List(t.Context(), "", "", 1); !errors.Is(err, vault.Busy) {
			t.Errorf("no server: got %v", err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "no XML") }))
	t.Cleanup(server.Close)
	reader, err := New(configOf(server.URL), bucket, "")
	if err != nil {
		t.Fatal(err)
	}
	if list, err := reader.List(t.Context(), "", "", 1); err == nil {
		t.Errorf("no XML: got %v", list)
	}
}

// seen keeps a request and answers nothing.
type seen struct{ request *http.Request }

func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	s.request = r
	return nil, errors.New("nobody")
}

// TestSignature holds a request to the example of AWS's documentation of Signature Version 4 in headers, "Get Bucket (List Objects)".
func TestSignature(t *testing.T) {
	s, err := New(aws.Config{Region: "us-east-1", Credentials: keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")}, "examplebucket", "")
	if err != nil {
		t.Fatal(err)
	}
	if s.base.Host != "examplebucket.s3.us-east-1.amazonaws.com" {
		t.Errorf("got host %s", s.base.Host)
	}
	wire := new(seen)
	s.client.Transport = wire
	s.now = func() time.Time { return time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC) }
	answer, err := s.get(t.Context(), url.URL{Scheme: "https", Host: "examplebucket.s3.amazonaws.com", Path: "/", RawQuery: "max-keys=2&prefix=J"})
	if err == nil {
		_ = answer.Body.Close()
		t.Fatal("nobody answered")
	}
	const want = "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
	if got := wire.request.Header.Get("Authorization"); !strings.HasSuffix(got, want) || !strings.Contains(got, "SignedHeaders=host;x-amz-content-sha256;x-amz-date,") {
		t.Errorf("got %s, want %s", got, want)
	}
}
