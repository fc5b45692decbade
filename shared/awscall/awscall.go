// Package awscall sends one plain signed POST to an AWS service. It retries nothing and understands no answer.
//
// The one idea: where a function needs a single call of a service, the request is a fixed form of a dozen lines; the SDK's client for it would be more code than the
// functions that use it.
package awscall

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tresor/shared/vault"
)

// Service sends requests to one service. It is safe for concurrent use.
type Service struct {
	config aws.Config
	name   string // as it is signed
	base   string
	client *http.Client
	signer *v4.Signer
	now    func() time.Time
}

// New returns a Service by the name that its endpoint and its signatures carry ("lambda", "events"). It sends nothing.
func New(config aws.Config, name string) (*Service, error) {
	base := "https://" + name + "." + config.Region + ".amazonaws.com"
	if config.BaseEndpoint != nil {
		base = strings.TrimSuffix(*config.BaseEndpoint, "/")
	}
	if _, err := url.Parse(base); err != nil {
		return nil, fmt.Errorf("no endpoint of %s", name)
	}
	return &Service{config, name, base, &http.Client{Transport: transport(), CheckRedirect: stay}, v4.NewSigner(), time.Now}, nil
}

// At returns the service at a fixed time, for what compares signatures.
func (s *Service) At(now time.Time) *Service {
	at := *s
	at.now = func() time.Time { return now }
	return &at
}

// stay follows no redirect: no service sends one, and a session token goes to nobody else.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true // one that a frozen process kept is dead, and a POST is not sent again by itself
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = 3*time.Second, 10*time.Second
	return t
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// Post sends body to a path of the service and returns the answer, whatever its status. Errors: Busy, after which the service may have got it all the same; an
// ended context as it is.
func (s *Service) Post(ctx context.Context, path string, header map[string]string, body []byte) (status int, answer []byte, err error) {
	r, err := s.Request(ctx, path, header, body)
	if err != nil {
		return 0, nil, err
	}
	a, err := s.client.Do(r)
	if err != nil {
		return 0, nil, failed(ctx, err)
	}
	defer func() { _ = a.Body.Close() }()
	if answer, err = io.ReadAll(io.LimitReader(a.Body, maxAnswer)); err != nil {
		return 0, nil, failed(ctx, err)
	}
	return a.StatusCode, answer, nil
}

// Request returns the signed request that Post sends.
func (s *Service) Request(ctx context.Context, path string, header map[string]string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	credentials, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, failed(ctx, err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	sum := sha256.Sum256(body)
	return r, s.signer.SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), s.name, s.config.Region, s.now())
}

// Refused is the error of an answer that is no success: one that another try may change is Busy. What was answered is not in it: it may name the account.
func (s *Service) Refused(status int) error {
	kind := vault.Internal
	if status >= 500 || status == http.StatusTooManyRequests {
		kind = vault.Busy
	}
	return &vault.Error{Kind: kind, Err: fmt.Errorf("%s answers %d", s.name, status)}
}

// failed is what a request comes to that got no answer: it may be asked again, unless its time is over.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &vault.Error{Kind: vault.Busy, Err: err}
}
