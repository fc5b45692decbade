package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"tresor/shared/vault"
)

// outcome is what an error of the SDK says about the request.
type outcome uint8

const (
	strange   outcome = iota // nothing that we know: it may not have been sent, or it may have been carried out
	refused                  // the service did nothing, and would refuse it again
	busy                     // the service did nothing now, and may do it later
	condition                // a condition failed: the service did nothing
	lost                     // it was sent, or may have been, and no answer says what became of it
)

// codes are the errors that the service names. Any other named error is refused, unless its status says that the service failed.
var codes = map[string]outcome{
	"ConditionalCheckFailedException":          condition,
	"ProvisionedThroughputExceededException":   busy,
	"RequestLimitExceeded":                     busy,
	"ThrottlingException":                      busy,
	"TransactionConflictException":             busy,
	"TransactionInProgressException":           busy,
	"ReplicatedWriteConflictException":         busy,
	"InternalServerError":                      lost,
	"IdempotentParameterMismatchException":     refused, // two transactions under one id: a fault of ours
	"ItemCollectionSizeLimitExceededException": refused,
}

// reasons are why a transaction was cancelled, for each of its items. Any other reason is refused.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
var reasons = map[string]outcome{
	"ConditionalCheckFailed":        condition,
	"TransactionConflict":           busy,
	"ThrottlingError":               busy,
	"ProvisionedThroughputExceeded": busy,
}

// outcomeOf sorts an SDK error.
func outcomeOf(err error) outcome {
	if c := (*types.TransactionCanceledException)(nil); errors.As(err, &c) {
		return cancelled(c.CancellationReasons)
	}
	var status int
	if r := (*smithyhttp.ResponseError)(nil); errors.As(err, &r) {
		status = r.HTTPStatusCode()
	}
	if api := smithy.APIError(nil); errors.As(err, &api) {
		if o, known := codes[api.ErrorCode()]; known {
			return o
		}
		if status >= 400 && status < 500 && api.ErrorFault() != smithy.FaultServer {
			return refused
		}
		return lost // also an answer that is no answer of the service, to which the SDK gives a code of its own
	}
	return outcomeWithoutCode(err, status)
}

// cancelled weighs a transaction's reasons. One failed condition decides, whatever else happened: it fails again until the vault has
// caught up. Contention decides only when there is nothing worse beside it.
func cancelled(list []types.CancellationReason) outcome {
	worst := strange
	for _, r := range list {
		if r.Code == nil || *r.Code == "None" {
			continue
		}
		o, known := reasons[*r.Code]
		if o == condition {
			return condition
		}
		if !known {
			o = refused
		}
		if worst != refused {
			worst = o
		}
	}
	if worst == strange { // cancelled for no reason given: nothing was done, and nothing says that it may be sent again
		return refused
	}
	return worst
}

// outcomeWithoutCode sorts an error in which the service has not named a code: a broken connection, a proxy's answer, a request that
// could not be built.
func outcomeWithoutCode(err error, status int) outcome {
	var send *smithyhttp.RequestSendError
	var decode *smithy.DeserializationError
	var encode *smithy.SerializationError
	var params smithy.InvalidParamsError
	switch {
	case status >= 400 && status < 500:
		return refused
	case status != 0, errors.As(err, &send), errors.As(err, &decode):
		return lost
	case errors.As(err, &encode), errors.As(err, &params):
		return refused
	}
	return strange
}

// commitError turns the error of a transaction into what vault.JournalStore promises. An error that does not prove that nothing was
// done is Undecided, an ended context too: the request may be on its way.
func (s *Store) commitError(tx vault.Transaction, err error) error {
	failed := fmt.Errorf("commit: %w", cause(err))
	switch outcomeOf(err) {
	case condition:
		return &vault.ConflictError{Existing: s.conflicting(tx, err), Marks: used(tx, err)}
	case busy:
		return &vault.Error{Kind: vault.Busy, Err: failed}
	case refused:
		return failed
	case lost, strange:
	}
	return &vault.Error{Kind: vault.Undecided, Err: failed}
}

// conflicting returns the records that the service found where tx puts its own: the reasons are in the order of the items, and the
// records are the first of them. One that does not parse is left out; whoever reads the tail will be told.
func (s *Store) conflicting(tx vault.Transaction, err error) []vault.StoredRecord {
	c := (*types.TransactionCanceledException)(nil)
	if !errors.As(err, &c) {
		return nil
	}
	var found []vault.StoredRecord
	for i, put := range tx.Put {
		if i >= len(c.CancellationReasons) || len(c.CancellationReasons[i].Item) == 0 {
			continue
		}
		if r, err := s.keys.parseRecordItem(put.Table, c.CancellationReasons[i].Item); err == nil {
			found = append(found, r)
		}
	}
	return found
}

// used returns the marks whose condition failed: their reasons follow those of the records.
func used(tx vault.Transaction, err error) (found []vault.Hash) {
	c := (*types.TransactionCanceledException)(nil)
	if !errors.As(err, &c) {
		return nil
	}
	for i, m := range tx.PutMarks {
		if at := len(tx.Put) + i; at < len(c.CancellationReasons) && isCondition(c.CancellationReasons[at]) {
			found = append(found, m.Hash)
		}
	}
	return found
}

func isCondition(r types.CancellationReason) bool {
	return r.Code != nil && reasons[*r.Code] == condition
}

// errUnprocessed is a batch that the service did not get to.
var errUnprocessed = errors.New("keys were left unprocessed")

// readError turns the error of a request that may be repeated at will into what the vault's interfaces promise: the context's own
// error if that has ended, Busy if the request may do better later, else Internal.
func readError(ctx context.Context, what string, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("%s: %w", what, ended)
	}
	failed := fmt.Errorf("%s: %w", what, cause(err))
	if o := outcomeOf(err); o == busy || o == lost || errors.Is(err, errUnprocessed) {
		return &vault.Error{Kind: vault.Busy, Err: failed}
	}
	return failed
}

// writeError is readError for a request that must not be repeated when its answer was lost. It returns nil for nil.
func writeError(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() == nil && outcomeOf(err) == lost {
		return &vault.Error{Kind: vault.Undecided, Err: fmt.Errorf("%s: %w", what, cause(err))}
	}
	return readError(ctx, what, err)
}

// errCondition is a failed condition of a single request.
var errCondition = errors.New("a condition failed")

// conditionOr returns errCondition for a failed condition and any other error, or nil, as it is.
func conditionOr(err error) error {
	if err != nil && outcomeOf(err) == condition {
		return errCondition
	}
	return err
}

// existing returns the item that made the condition of a single put fail.
func existing(err error) (item, bool) {
	c := (*types.ConditionalCheckFailedException)(nil)
	if !errors.As(err, &c) {
		return nil, false
	}
	return c.Item, true
}

// tellable are the errors whose message helps an operator and holds names of roles and tables only. The message of a validation
// error may quote the request.
var tellable = map[string]bool{
	"AccessDeniedException": true, "ResourceNotFoundException": true, "UnrecognizedClientException": true,
	"ExpiredTokenException": true, "InvalidSignatureException": true, "MissingAuthenticationTokenException": true,
}

// cause reduces an SDK error to a text that is safe to log. It keeps nothing of the chain: the SDK's types stop here, and so does the
// HTTP client's timeout, which would pass for an ended context.
func cause(err error) error {
	api := smithy.APIError(nil)
	if !errors.As(err, &api) {
		return errors.New(err.Error())
	}
	what := api.ErrorCode()
	if tellable[what] {
		what += ": " + api.ErrorMessage()
	}
	if r := (interface{ ServiceRequestID() string })(nil); errors.As(err, &r) && r.ServiceRequestID() != "" {
		what += " (request " + r.ServiceRequestID() + ")"
	}
	return errors.New(what)
}
