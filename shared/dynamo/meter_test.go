package dynamo

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tresor/shared/watch"
)

// billing is an API that consumes 1.5 units of each table of each request that asks for it to be told, and fails if it is to.
type billing struct{ err error }

var errBilling = errors.New("no answer")

func bill[T any](b billing, asked types.ReturnConsumedCapacity, out T) (T, error) {
	var none T
	if b.err != nil || asked != types.ReturnConsumedCapacityTotal {
		return none, errBilling
	}
	return out, nil
}

var one = types.ConsumedCapacity{CapacityUnits: aws.Float64(1.5)}

func (b billing) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return bill(b, in.ReturnConsumedCapacity, &dynamodb.QueryOutput{ConsumedCapacity: &one})
}
func (b billing) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return bill(b, in.ReturnConsumedCapacity, &dynamodb.TransactWriteItemsOutput{ConsumedCapacity: []types.ConsumedCapacity{one, one}})
}
func (b billing) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return bill(b, in.ReturnConsumedCapacity, &dynamodb.BatchGetItemOutput{ConsumedCapacity: []types.ConsumedCapacity{one, {}}})
}
func (b billing) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return bill(b, in.ReturnConsumedCapacity, &dynamodb.GetItemOutput{ConsumedCapacity: &one})
}
func (b billing) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return bill(b, in.ReturnConsumedCapacity, &dynamodb.PutItemOutput{ConsumedCapacity: &one})
}
func (b billing) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return bill(b, in.ReturnConsumedCapacity, &dynamodb.UpdateItemOutput{}) // an answer that does not say
}

// callAll makes one request of each kind and returns how many failed.
func callAll(ctx context.Context, api API) (failed int) {
	_, query := api.Query(ctx, &dynamodb.QueryInput{})
	_, transact := api.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{})
	_, batch := api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{})
	_, get := api.GetItem(ctx, &dynamodb.GetItemInput{})
	_, put := api.PutItem(ctx, &dynamodb.PutItemInput{})
	_, update := api.UpdateItem(ctx, &dynamodb.UpdateItemInput{})
	for _, err := range []error{query, transact, batch, get, put, update} {
		if err != nil {
			failed++
		}
	}
	return failed
}

func TestTheLedgerHoldsWhatDynamoDBBills(t *testing.T) {
	ctx, ledger := watch.With(t.Context())
	if n := callAll(ctx, Metered(billing{})); n != 0 {
		t.Errorf("%d requests did not ask for their capacity", n)
	}
	want := watch.Figures{Calls: 6, ReadUnits: 4.5, WriteUnits: 4.5}
	if got := ledger.Figures(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	ctx, ledger = watch.With(t.Context())
	if n := callAll(ctx, Metered(billing{err: errBilling})); n != 6 {
		t.Errorf("%d requests failed, want all", n)
	}
	if got := ledger.Figures(); got != (watch.Figures{Calls: 6}) {
		t.Errorf("after failures: got %+v, want six calls and no units", got)
	}
	if n := callAll(t.Context(), Metered(billing{})); n != 0 {
		t.Errorf("without a ledger %d requests failed", n)
	}
}
