package invoke

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tresor/shared/vault"
)

func configOf(endpoint *string) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: endpoint, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: "session"}, nil
	})}
}

// TestInvoke holds the request to Lambda's documentation: path, type of invocation, payload.
func TestInvoke(t *testing.T) {
	var got *http.Request
	var body []byte
	status := http.StatusAccepted
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"Message":"canary"}`)
	}))
	defer server.Close()
	f, err := New(configOf(&server.URL), "tresor-ExporterFunction-1A2B3C")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Invoke(t.Context(), 17); err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/2015-03-31/functions/tresor-ExporterFunction-1A2B3C/invocations" || got.Header.Get("X-Amz-Invocation-Type") != "Event" || string(body) != `{"job":17}` {
		t.Errorf("got %s %s %v %s", got.Method, got.URL, got.Header, body)
	}
	for answer, want := range map[int]error{200: vault.Internal, 403: vault.Internal, 404: vault.Internal, 429: vault.Busy, 500: vault.Busy, 503: vault.Busy} {
		status = answer
		if err := f.Invoke(t.Context(), 17); !errors.Is(err, want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d: got %v, want %v", answer, err, want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Invoke(ended, 17); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: got %v", err)
	}
	server.Close()
	if err := f.Invoke(t.Context(), 17); !errors.Is(err, vault.Busy) {
		t.Errorf("no server: got %v", err)
	}
}

// TestSignature: the signature is that of a program of its own, written after the documentation of Signature Version 4.
func TestSignature(t *testing.T) {
	f, err := New(configOf(nil), "exporter")
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.lambda.At(time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)).Request(t.Context(), f.path, header, []byte(`{"job":17}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.URL.String() != "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/exporter/invocations" {
		t.Errorf("got %s", r.URL)
	}
	const want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/lambda/aws4_request, " +
		"SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-invocation-type;x-amz-security-token, Signature=69e911a6921e40e1c8d8582f45e54b41862a66be929ea294d06726334b68351a"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, function := range []string{"", "a/b", "arn:aws:lambda:us-east-1:1:function:x", "a?b", strings.Repeat("a", 65)} {
		if _, err := New(configOf(nil), function); err == nil {
			t.Errorf("%q was taken", function)
		}
	}
	broken := "http://%"
	if _, err := New(configOf(&broken), "exporter"); err == nil {
		t.Error("a broken endpoint was taken")
	}
}
