package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

const bucket = "tresor-test"

func configOf(url string) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: &url, Credentials: static("local", "localsecret")}
}

func static(id, secret string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	})
}

// serve starts a server for one test and returns its configuration.
func serve(t testing.TB, h http.Handler) aws.Config {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(t.Output(), "server: ", 0)
	server.Start()
	t.Cleanup(server.Close)
	return configOf(server.URL)
}

// newFake returns S3 in memory, with an empty bucket.
func newFake(t testing.TB) http.Handler {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	return &completing{s3: gofakes3.New(backend).Server()}
}

// completing adds to gofakes3 what it lacks: it completes an upload whatever the condition. And it refuses contents that do not match
// their checksum.
type completing struct {
	s3 http.Handler
	mu sync.Mutex // a condition and what depends on it are one step
}

func (c *completing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut && r.Method != http.MethodPost {
		c.s3.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if want := r.Header.Get("X-Amz-Checksum-Crc64nvme"); r.Method == http.MethodPut && want != *sumOf(body) {
		fail(w, http.StatusBadRequest, "BadDigest")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	if isComplete(r) && r.Header.Get("If-None-Match") == "*" && c.exists(r) {
		fail(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	c.s3.ServeHTTP(w, r)
}

func (c *completing) exists(r *http.Request) bool {
	head := r.Clone(r.Context())
	head.Method, head.Body, head.URL.RawQuery = http.MethodHead, http.NoBody, ""
	w := httptest.NewRecorder()
	c.s3.ServeHTTP(w, head)
	return w.Code == http.StatusOK
}

// fail answers as S3 does.
func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>canary</Message></Error>")
}

func isPut(r *http.Request) bool { return r.Method == http.MethodPut && !r.URL.Query().Has("uploadId") }
func isStart(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("uploads")
}
func isPart(r *http.Request) bool { return r.Method == http.MethodPut && r.URL.Query().Has("uploadId") }
func isDelete(r *http.Request) bool {
	return r.Method == http.MethodDelete && !r.URL.Query().Has("uploadId")
}
func isComplete(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
}

// losing carries out requests, and loses the answers to those that lose names.
func losing(h http.Handler, lose func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !lose(r) {
			h.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
}

// counted is a store that counts its bucket's unfinished uploads.
type counted struct {
	*Store
	client *s3.Client
}

func (c counted) Unfinished(ctx context.Context) (int, error) {
	out, err := c.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &c.bucket, Prefix: &c.prefix})
	if api := smithy.APIError(nil); errors.As(err, &api) && api.ErrorCode() == "NoSuchUpload" {
		return 0, nil // how gofakes3 says that there never was one
	}
	if err != nil {
		return 0, err
	}
	return len(out.Uploads), nil
}

// open returns a store at an endpoint, with time for what it does when its caller's is over.
func open(t testing.TB, cfg aws.Config, c Config) counted {
	t.Helper()
	client := NewClient(cfg)
	s, err := New(client, c)
	if err != nil {
		t.Fatal(err)
	}
	s.grace, s.pause = time.Minute, time.Millisecond // a busy machine is no failure, and nothing is gained by waiting
	return counted{s, client}
}
