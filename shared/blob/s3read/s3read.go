// Package s3read reads objects from S3 by plain signed requests: a list and a get. It writes nothing.
//
// The one idea: every function reads a snapshot when it starts, and most need nothing else of S3. The SDK's client for it would be a third of their
// binaries, and take longer to set up than the read.
package s3read

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

// Store reads the objects of a bucket below a prefix.
type Store struct {
	config aws.Config
	base   url.URL // of the bucket, without a slash at its end
	prefix string  // empty, or ends with a slash
	client *http.Client
	signer *v4.Signer
	now    func() time.Time
}

// New returns a Store. It sends nothing. At an endpoint that the configuration names, the bucket is addressed by path.
func New(config aws.Config, bucket, prefix string) (*Store, error) {
	base := "https://" + bucket + ".s3." + config.Region + ".amazonaws.com"
	if config.BaseEndpoint != nil {
		base = strings.TrimSuffix(*config.BaseEndpoint, "/") + "/" + bucket
	}
	u, err := url.Parse(base)
	if err != nil || bucket == "" || strings.ContainsAny(bucket, "/:?#") {
		return nil, fmt.Errorf("read bucket %q: not the name of a bucket, or no endpoint", bucket)
	}
	if prefix != "" {
		prefix += "/"
	}
	// S3 signs the path as it is on the wire, encoded once.
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	return &Store{config, *u, prefix, &http.Client{Transport: transport()}, signer, time.Now}, nil
}

func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = 3*time.Second, 10*time.Second
	return t
}

// listing is the answer of ListObjectsV2, as far as it is needed.
type listing struct {
	Contents []struct {
		Key          string    `xml:"Key"`
		Size         int64     `xml:"Size"`
		LastModified time.Time `xml:"LastModified"`
	} `xml:"Contents"`
}

// maxListing bounds an answer, in bytes: 1,000 keys take some 300 KB.
const maxListing = 4 << 20

// List is a blob.Store's.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]blob.Object, error) {
	if limit < 1 || limit > blob.MaxList {
		limit = blob.MaxList
	}
	query := url.Values{"list-type": {"2"}, "prefix": {s.prefix + prefix}, "max-keys": {strconv.Itoa(limit)}}
	if after != "" {
		query.Set("start-after", s.prefix+after)
	}
	u := s.base
	u.Path += "/"
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // as it is signed
	answer, err := s.get(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	var l listing
	if err := xml.NewDecoder(io.LimitReader(answer.Body, maxListing)).Decode(&l); err != nil {
		return nil, fmt.Errorf("list objects: %w", failed(ctx, err))
	}
	objects := make([]blob.Object, 0, len(l.Contents))
	for _, o := range l.Contents {
		objects = append(objects, blob.Object{Key: strings.TrimPrefix(o.Key, s.prefix), Size: o.Size, Modified: o.LastModified.UTC()})
	}
	return objects, nil
}

// Open is a blob.Store's, for whole objects: an offset and a length are Invalid.
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	if offset != 0 || length >= 0 {
		return nil, 0, &vault.Error{Kind: vault.Invalid, Err: errors.New("objects are read whole")}
	}
	if err := blob.ValidKey(key); err != nil {
		return nil, 0, err
	}
	u := s.base
	u.Path += "/" + s.prefix + key
	answer, err := s.get(ctx, u)
	if err != nil {
		return nil, 0, fmt.Errorf("open an object: %w", err)
	}
	return answer.Body, answer.ContentLength, nil
}

// emptySHA256 is the hash of the body that a GET does not have.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// get sends a signed request and returns a good answer, whose body is the caller's to close.
func (s *Store) get(ctx context.Context, u url.URL) (*http.Response, error) {
	u.RawPath = escaped(u.Path)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	credentials, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, failed(ctx, err)
	}
	r.Header.Set("X-Amz-Content-Sha256", emptySHA256)
	if err := s.signer.SignHTTP(ctx, credentials, r, emptySHA256, "s3", s.config.Region, s.now()); err != nil {
		return nil, err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, failed(ctx, err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	_ = answer.Body.Close() // what is in it may name the bucket's owner
	kind := vault.Internal
	switch {
	case answer.StatusCode == http.StatusNotFound:
		kind = vault.NotFound
	case answer.StatusCode >= 500, answer.StatusCode == http.StatusTooManyRequests:
		kind = vault.Busy
	}
	return nil, &vault.Error{Kind: kind, Err: fmt.Errorf("S3 answers %d", answer.StatusCode)}
}

// escaped encodes a path as S3 signs it: everything but unreserved characters and slashes.
func escaped(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(p), "+", "%20")
	}
	return strings.Join(parts, "/")
}

// failed is what a request comes to that got no answer: it may be asked again, unless its time is over.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &vault.Error{Kind: vault.Busy, Err: err}
}
