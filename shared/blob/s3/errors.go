package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"tresor/shared/vault"
)

// outcome is what an error of the SDK says about the request.
type outcome uint8

const (
	strange   outcome = iota // nothing that we know: it may not have been sent, or it may have been carried out
	refused                  // S3 did nothing, and would refuse it again
	busy                     // S3 did nothing now, and may do it later
	condition                // the key is taken: S3 did nothing
	missing                  // there is no such object
	beyond                   // the object has nothing in that range
	tooLong                  // the object is larger than S3 takes
	damaged                  // what arrived is not what was sent: S3 did nothing
	lost                     // it was sent, or may have been, and no answer says what became of it
)

// codes are the errors that S3 names. Any other named error is refused, unless its status says that the service failed.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var codes = map[string]outcome{
	"PreconditionFailed":         condition,
	"NoSuchKey":                  missing,
	"NotFound":                   missing, // the SDK's name for a 404 without a body, the answer to HEAD
	"NoSuchUpload":               lost,    // completed or aborted, by our own request that was sent twice on its way, or by somebody else
	"InvalidRange":               beyond,
	"EntityTooLarge":             tooLong,
	"BadDigest":                  damaged,
	"InvalidDigest":              damaged,
	"IncompleteBody":             damaged,
	"XAmzContentSHA256Mismatch":  damaged,
	"ConditionalRequestConflict": busy, // another write of the key is under way
	"OperationAborted":           busy,
	"SlowDown":                   busy,
	"ServiceUnavailable":         busy,
	"Throttling":                 busy,
	"ThrottlingException":        busy,
	"RequestLimitExceeded":       busy,
	"TooManyRequests":            busy,
	"BandwidthLimitExceeded":     busy,
	"RequestTimeout":             busy, // the body did not arrive in time
	"KMS.ThrottlingException":    busy,
	"InternalError":              lost,
}

// outcomeOf sorts an SDK error.
func outcomeOf(err error) outcome {
	var status int
	if r := (*smithyhttp.ResponseError)(nil); errors.As(err, &r) {
		status = r.HTTPStatusCode()
	}
	if api := smithy.APIError(nil); errors.As(err, &api) {
		if o, known := codes[api.ErrorCode()]; known {
			return o
		}
	}
	return outcomeOfStatus(err, status)
}

// outcomeOfStatus sorts an error that S3 has not named, or in a way that we do not know: HEAD gets no body, and a proxy has its own. An error may also
// come with status 200: completing an upload takes long, and S3 starts the answer before it knows.
func outcomeOfStatus(err error, status int) outcome {
	switch {
	case status == http.StatusPreconditionFailed:
		return condition
	case status == http.StatusRequestedRangeNotSatisfiable:
		return beyond
	case status == http.StatusConflict, status == http.StatusTooManyRequests:
		return busy
	case status >= 300 && status < 500:
		return refused
	case status != 0:
		return lost
	}
	return outcomeWithoutAnswer(err)
}

// outcomeWithoutAnswer sorts a broken connection and a request that could not be built.
func outcomeWithoutAnswer(err error) outcome {
	var send *smithyhttp.RequestSendError
	var decode *smithy.DeserializationError
	var encode *smithy.SerializationError
	var params smithy.InvalidParamsError
	switch {
	case errors.As(err, &send), errors.As(err, &decode):
		return lost
	case errors.As(err, &encode), errors.As(err, &params):
		return refused
	}
	return strange
}

// readError gives the error of a request that may be repeated at will its kind: the context's own error if that has ended, Busy if the request
// may do better later.
func readError(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if o := outcomeOf(err); o == lost || o == damaged {
		return &vault.Error{Kind: vault.Busy, Err: cause(err)}
	}
	return writeError(err)
}

// writeError gives the error of a request to which S3 has answered its kind.
func writeError(err error) error {
	switch outcomeOf(err) {
	case condition:
		return taken(cause(err))
	case missing:
		return &vault.Error{Kind: vault.NotFound, Msg: "there is no such object", Err: cause(err)}
	case tooLong:
		return tooLarge()
	case busy, damaged:
		return &vault.Error{Kind: vault.Busy, Err: cause(err)}
	case strange, refused, beyond, lost:
	}
	return cause(err)
}

func taken(err error) error {
	return &vault.Error{Kind: vault.Exists, Msg: "an object with this key exists", Err: err}
}

// undecided is a write whose answer was lost.
func undecided(err error) error { return &vault.Error{Kind: vault.Undecided, Err: cause(err)} }

// tellable are the errors whose message helps an operator and holds names of roles, buckets and keys only.
var tellable = map[string]bool{
	"AccessDenied": true, "NoSuchBucket": true, "ExpiredToken": true, "InvalidAccessKeyId": true, "KMS.DisabledException": true,
	"KMS.NotFoundException": true, "KMS.KMSInvalidStateException": true, "PermanentRedirect": true,
}

// cause reduces an SDK error to a text that is safe to log. It keeps nothing of the chain: the SDK's types stop here, and so does the HTTP
// client's timeout, which would pass for an ended context. URLs are left out.
func cause(err error) error {
	api := smithy.APIError(nil)
	if !errors.As(err, &api) {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err
		}
		return errors.New(err.Error())
	}
	what := api.ErrorCode()
	if tellable[what] {
		what += ": " + api.ErrorMessage()
	}
	if r := (interface{ ServiceRequestID() string })(nil); errors.As(err, &r) && r.ServiceRequestID() != "" {
		what += fmt.Sprintf(" (request %s)", r.ServiceRequestID())
	}
	return errors.New(what)
}
