// Package invoke has Lambda start another function, by one plain signed request, and does not wait for its work. It knows nothing of what is started.
//
// The one idea: an event holds the id of a job and nothing else (design: asynchronous jobs), so one request of a fixed form is all that is needed of Lambda.
package invoke

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tresor/shared/awscall"
	"tresor/shared/vault"
)

// Event is what the function is started with.
type Event struct {
	Job vault.JobID `json:"job"`
}

// Function starts one function. It is safe for concurrent use.
type Function struct {
	lambda *awscall.Service
	path   string
}

// name is what a function may be called; an ARN would have to be escaped.
var name = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// New returns a Function. It sends nothing.
func New(config aws.Config, function string) (*Function, error) {
	lambda, err := awscall.New(config, "lambda")
	if err != nil || !name.MatchString(function) {
		return nil, fmt.Errorf("invoke %q: not the name of a function, or no endpoint", function)
	}
	return &Function{lambda, "/2015-03-31/functions/" + function + "/invocations"}, nil
}

// header asks for an invocation that is not waited for (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
var header = map[string]string{"Content-Type": "application/json", "X-Amz-Invocation-Type": "Event"}

// Invoke starts the function for a job: Lambda has taken the event, and will try again by itself if the function fails.
// Errors: Busy, after which the event may have been taken all the same; Internal (refused); an ended context as it is.
func (f *Function) Invoke(ctx context.Context, id vault.JobID) error {
	body, err := json.Marshal(Event{id})
	if err != nil {
		return fmt.Errorf("invoke a function: %w", err)
	}
	status, _, err := f.lambda.Post(ctx, f.path, header, body)
	if err == nil && status != http.StatusAccepted {
		err = f.lambda.Refused(status)
	}
	if err != nil {
		return fmt.Errorf("invoke a function: %w", err)
	}
	return nil
}
