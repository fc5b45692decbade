package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tresor/shared/watch"
)

// Metered returns an API that asks for the capacity that each request consumed and notes it in the ledger of the request's context. What DynamoDB says is
// what it bills; only a failed request, for which it does not say, counts as a request alone. Asking is free.
func Metered(api API) API { return metered{api} }

type metered struct{ api API }

const total = types.ReturnConsumedCapacityTotal

func unitsOf(all ...*types.ConsumedCapacity) (n float64) {
	for _, c := range all {
		if c != nil && c.CapacityUnits != nil {
			n += *c.CapacityUnits
		}
	}
	return n
}

func unitsOfAll(all []types.ConsumedCapacity) (n float64) {
	for i := range all {
		n += unitsOf(&all[i])
	}
	return n
}

// Each call below is one of API, which says what it does.

func (m metered) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.api.Query(ctx, in, o...)
	var units float64
	if out != nil {
		units = unitsOf(out.ConsumedCapacity)
	}
	watch.From(ctx).Stored(units, 0)
	return out, err
}

func (m metered) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.api.TransactWriteItems(ctx, in, o...)
	var units float64
	if out != nil {
		units = unitsOfAll(out.ConsumedCapacity)
	}
	watch.From(ctx).Stored(0, units)
	return out, err
}

func (m metered) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.api.BatchGetItem(ctx, in, o...)
	var units float64
	if out != nil {
		units = unitsOfAll(out.ConsumedCapacity)
	}
	watch.From(ctx).Stored(units, 0)
	return out, err
}

func (m metered) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.api.GetItem(ctx, in, o...)
	var units float64
	if out != nil {
		units = unitsOf(out.ConsumedCapacity)
	}
	watch.From(ctx).Stored(units, 0)
	return out, err
}

func (m metered) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.api.PutItem(ctx, in, o...)
	var units float64
	if out != nil {
		units = unitsOf(out.ConsumedCapacity)
	}
	watch.From(ctx).Stored(0, units)
	return out, err
}

func (m metered) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.api.UpdateItem(ctx, in, o...)
	var units float64
	if out != nil {
		units = unitsOf(out.ConsumedCapacity)
	}
	watch.From(ctx).Stored(0, units)
	return out, err
}
