package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// answered wraps err as the SDK wraps what came with an HTTP answer.
func answered(status int, err error) error {
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "Any", Err: &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
		},
		RequestID: "REQ1",
	}}
}

func unanswered(err error) error {
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "Any", Err: err}
}

func named(code string) error { return &smithy.GenericAPIError{Code: code, Message: "canary"} }

func cancelledFor(codes ...string) error {
	var list []types.CancellationReason
	for _, c := range codes {
		list = append(list, types.CancellationReason{Code: aws.String(c)})
	}
	return answered(400, &types.TransactionCanceledException{Message: aws.String("canary"), CancellationReasons: list})
}

// sdkErrors is what the SDK may return, and the kind that it is for a commit, for a read, and for a write that is not repeatable.
var sdkErrors = []struct {
	name                string
	err                 error
	commit, read, write vault.Kind
}{
	{"failed condition", cancelledFor("None", "ConditionalCheckFailed"), vault.Conflict, vault.Internal, vault.Internal},
	{"failed condition and contention", cancelledFor("TransactionConflict", "ConditionalCheckFailed", "ThrottlingError"), vault.Conflict, vault.Internal, vault.Internal},
	{"failed condition and an error", cancelledFor("ValidationError", "ConditionalCheckFailed"), vault.Conflict, vault.Internal, vault.Internal},
	{"contention", cancelledFor("None", "TransactionConflict"), vault.Busy, vault.Busy, vault.Busy},
	{"throttled items", cancelledFor("ThrottlingError", "ProvisionedThroughputExceeded"), vault.Busy, vault.Busy, vault.Busy},
	{"contention, then an error", cancelledFor("TransactionConflict", "ValidationError"), vault.Internal, vault.Internal, vault.Internal},
	{"an error, then contention", cancelledFor("ItemCollectionSizeLimitExceeded", "TransactionConflict"), vault.Internal, vault.Internal, vault.Internal},
	{"an unknown reason", cancelledFor("Moon"), vault.Internal, vault.Internal, vault.Internal},
	{"no reason", cancelledFor("None", "None"), vault.Internal, vault.Internal, vault.Internal},

	{"throttled", answered(400, &types.ThrottlingException{}), vault.Busy, vault.Busy, vault.Busy},
	{"throughput exceeded", answered(400, &types.ProvisionedThroughputExceededException{}), vault.Busy, vault.Busy, vault.Busy},
	{"request limit", answered(400, &types.RequestLimitExceeded{}), vault.Busy, vault.Busy, vault.Busy},
	{"conflict with a transaction", answered(400, &types.TransactionConflictException{}), vault.Busy, vault.Busy, vault.Busy},
	{"in progress", answered(400, &types.TransactionInProgressException{}), vault.Busy, vault.Busy, vault.Busy},

	{"token mismatch", answered(400, &types.IdempotentParameterMismatchException{}), vault.Internal, vault.Internal, vault.Internal},
	{"no table", answered(400, &types.ResourceNotFoundException{}), vault.Internal, vault.Internal, vault.Internal},
	{"validation", answered(400, named("ValidationException")), vault.Internal, vault.Internal, vault.Internal},
	{"access denied", answered(400, named("AccessDeniedException")), vault.Internal, vault.Internal, vault.Internal},
	{"unparsable 413 of a proxy", answered(413, errors.New("no json")), vault.Internal, vault.Internal, vault.Internal},
	{"not encodable", unanswered(&smithy.SerializationError{Err: errors.New("x")}), vault.Internal, vault.Internal, vault.Internal},

	{"internal server error", answered(500, &types.InternalServerError{}), vault.Undecided, vault.Busy, vault.Undecided},
	{"service unavailable", answered(503, named("ServiceUnavailable")), vault.Undecided, vault.Busy, vault.Undecided},
	{"unknown code with a 500", answered(500, named("Moon")), vault.Undecided, vault.Busy, vault.Undecided},
	{"no proper answer", answered(0, named("UnknownError")), vault.Undecided, vault.Busy, vault.Undecided},
	{"unparsable 502 of a proxy", answered(502, errors.New("no json")), vault.Undecided, vault.Busy, vault.Undecided},
	{"unreadable 200", answered(200, &smithy.DeserializationError{Err: errors.New("cut")}), vault.Undecided, vault.Busy, vault.Undecided},
	{"connection reset", unanswered(&smithyhttp.RequestSendError{Err: &net.OpError{Op: "read", Err: errors.New("reset")}}), vault.Undecided, vault.Busy, vault.Undecided},
	{"client timeout", unanswered(&smithyhttp.RequestSendError{Err: context.DeadlineExceeded}), vault.Undecided, vault.Busy, vault.Undecided},
	{"cancelled on the way", unanswered(&smithy.CanceledError{Err: context.Canceled}), vault.Undecided, vault.Internal, vault.Internal},
	{"no credentials", unanswered(fmt.Errorf("get identity: %w", errors.New("none"))), vault.Undecided, vault.Internal, vault.Internal},
}

func TestErrorKinds(t *testing.T) {
	s := &Store{keys: mustKeys(t, "v")}
	for _, tt := range sdkErrors {
		t.Run(tt.name, func(t *testing.T) {
			for _, got := range []struct {
				use  string
				err  error
				want vault.Kind
			}{
				{"commit", s.commitError(vault.Transaction{}, tt.err), tt.commit},
				{"read", readError(t.Context(), "read it", tt.err), tt.read},
				{"write", writeError(t.Context(), "write it", tt.err), tt.write},
			} {
				if !isKind(got.err, got.want) {
					t.Errorf("%s: got %v (%v), want %v", got.use, vault.KindOf(got.err), got.err, got.want)
				}
				mustNotCarry(t, got.err)
			}
		})
	}
}

func isKind(err error, k vault.Kind) bool {
	return err != nil && (errors.Is(err, k) || k == vault.Internal && vault.KindOf(err) == k)
}

// mustNotCarry checks that err holds nothing of the SDK, nothing that the request held, and no context error of the HTTP client's.
func mustNotCarry(t *testing.T, err error) {
	t.Helper()
	var op *smithy.OperationError
	var api smithy.APIError
	if errors.As(err, &op) || errors.As(err, &api) {
		t.Errorf("%v carries an SDK error", err)
	}
	if strings.Contains(err.Error(), "canary") && !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("%v quotes a message that may quote the request", err)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("%v passes for an ended context", err)
	}
}

func TestEndedContextComesBackAsItIs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range sdkErrors {
		if err := readError(ctx, "read it", tt.err); !errors.Is(err, context.Canceled) {
			t.Errorf("read, %s: got %v, want the context's error", tt.name, err)
		}
		if err := writeError(ctx, "write it", tt.err); !errors.Is(err, context.Canceled) {
			t.Errorf("write, %s: got %v, want the context's error", tt.name, err)
		}
	}
}

func TestErrorTextsHelp(t *testing.T) {
	for _, tt := range []struct {
		err        error
		want, miss string
	}{
		{answered(400, named("AccessDeniedException")), "AccessDeniedException: canary (request REQ1)", ""},
		{answered(400, named("ValidationException")), "ValidationException (request REQ1)", "canary"},
		{unanswered(errors.New("get identity: no credentials")), "no credentials", ""},
	} {
		err := readError(t.Context(), "read it", tt.err)
		if !strings.Contains(err.Error(), tt.want) || tt.miss != "" && strings.Contains(err.Error(), tt.miss) {
			t.Errorf("got %q, want %q in it", err, tt.want)
		}
	}
}

// TestConflictNamesOnlyRecordsToPut: items of other reasons, and one that does not parse, are left out.
func TestConflictNamesOnlyRecordsToPut(t *testing.T) {
	s := &Store{keys: mustKeys(t, "v")}
	old := vaulttest.NewRecord(vault.Permissions, 3, 50)
	reason := func(i item) types.CancellationReason {
		return types.CancellationReason{Code: aws.String("ConditionalCheckFailed"), Item: i}
	}
	err := answered(400, &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{
		reason(item{attrPK: text("other")}), reason(s.keys.recordItem(old)), reason(s.keys.recordItem(old)),
	}})
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 9, 10), vaulttest.NewRecord(vault.Permissions, 3, 10))
	var conflict *vault.ConflictError
	if !errors.As(s.commitError(tx, err), &conflict) {
		t.Fatal("got no conflict")
	}
	if len(conflict.Existing) != 1 || conflict.Existing[0].RecordKey != old.RecordKey {
		t.Errorf("got %v, want the record at %v", conflict.Existing, old.RecordKey)
	}
}

// TestConflictNamesTheMarks: their reasons stand behind those of the records, whatever else failed.
func TestConflictNamesTheMarks(t *testing.T) {
	s := &Store{keys: mustKeys(t, "v")}
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 9, 10), vaulttest.NewRecord(vault.Permissions, 3, 10))
	tx.PutMarks = []vault.Mark{{Hash: vault.Hash{1}}, {Hash: vault.Hash{2}}, {Hash: vault.Hash{3}}}
	for _, tt := range []struct {
		reasons []string
		want    []vault.Hash
	}{
		{[]string{"None", "None", "None", "ConditionalCheckFailed", "None"}, []vault.Hash{{2}}},
		{[]string{"None", "ConditionalCheckFailed", "ConditionalCheckFailed", "TransactionConflict", "ConditionalCheckFailed"}, []vault.Hash{{1}, {3}}},
		{[]string{"ConditionalCheckFailed", "None", "None", "None", "None", "ConditionalCheckFailed"}, nil},
		{[]string{"ConditionalCheckFailed"}, nil},
	} {
		var conflict *vault.ConflictError
		if !errors.As(s.commitError(tx, cancelledFor(tt.reasons...)), &conflict) || !slices.Equal(conflict.Marks, tt.want) {
			t.Errorf("%v: got %v, want the marks %v", tt.reasons, conflict, tt.want)
		}
	}
}
