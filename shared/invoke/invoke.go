// Package invoke has Lambda start another function, by one plain signed request, and does not wait for its work. It knows nothing of what is started.
//
// The one idea: an event holds the id of a job and nothing else (design: asynchronous jobs), so one request of a fixed form is all that is needed of Lambda. The
// SDK's client for it would be more code than the functions that use it.
package invoke

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tresor/shared/vault"
)

// Event is what the function is started with.
type Event struct {
	Job vault.JobID `json:"job"`
}

// Function starts one function. It is safe for concurrent use.
type Function struct {
	config aws.Config
	url    string
	client *http.Client
	signer *v4.Signer
	now    func() time.Time
}

// name is what a function may be called; an ARN would have to be escaped.
var name = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// New returns a Function. It sends nothing.
func New(config aws.Config, function string) (*Function, error) {
	base := "https://lambda." + config.Region + ".amazonaws.com"
	if config.BaseEndpoint != nil {
		base = strings.TrimSuffix(*config.BaseEndpoint, "/")
	}
	if _, err := url.Parse(base); err != nil || !name.MatchString(function) {
		return nil, fmt.Errorf("invoke %q: not the name of a function, or no endpoint", function)
	}
	return &Function{config, base + "/2015-03-31/functions/" + function + "/invocations", &http.Client{Transport: transport()}, v4.NewSigner(), time.Now}, nil
}

func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true // one that a frozen process kept is dead, and a POST is not sent again by itself
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = 3*time.Second, 10*time.Second
	return t
}

// Invoke starts the function for a job: Lambda has taken the event, and will try again by itself if the function fails.
// Errors: Busy, after which the event may have been taken all the same; Internal (refused); an ended context as it is.
func (f *Function) Invoke(ctx context.Context, id vault.JobID) error {
	r, err := f.request(ctx, id)
	if err != nil {
		return fmt.Errorf("invoke a function: %w", err)
	}
	answer, err := f.client.Do(r)
	if err != nil {
		return fmt.Errorf("invoke a function: %w", failed(ctx, err))
	}
	_ = answer.Body.Close() // what is in it may name the account
	if answer.StatusCode == http.StatusAccepted {
		return nil
	}
	kind := vault.Internal
	if answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests {
		kind = vault.Busy
	}
	return &vault.Error{Kind: kind, Err: fmt.Errorf("invoke a function: Lambda answers %d", answer.StatusCode)}
}

// request makes a signed request of Lambda's Invoke (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
func (f *Function) request(ctx context.Context, id vault.JobID) (*http.Request, error) {
	body, err := json.Marshal(Event{id})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	credentials, err := f.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, failed(ctx, err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Invocation-Type", "Event")
	sum := sha256.Sum256(body)
	return r, f.signer.SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "lambda", f.config.Region, f.now())
}

// failed is what a request comes to that got no answer: it may be asked again, unless its time is over.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &vault.Error{Kind: vault.Busy, Err: err}
}
