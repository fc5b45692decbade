package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"tresor/shared/vault"
)

// Reseal implements vault.ResealStore by one conditional UpdateItem for each item: half of what a transaction costs, and none is needed. The condition is on the bytes that
// were read, so that a purge, a repair or another reseal that came between is not undone, and an update whose answer was lost is not done twice.
func (s *Store) Reseal(ctx context.Context, items []vault.Resealed) (int, error) {
	if err := cmp.Or(ctx.Err(), vault.CheckResealed(items)); err != nil {
		return 0, err
	}
	var changed atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelPuts)
	for _, i := range items {
		g.Go(func() error {
			done, err := s.reseal(gctx, i)
			if done {
				changed.Add(1)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return int(changed.Load()), readError(ctx, fmt.Sprintf("reseal %d items", len(items)), err) // as repeatable as a read
	}
	return int(changed.Load()), nil
}

func (s *Store) reseal(ctx context.Context, i vault.Resealed) (bool, error) {
	t, k := s.placeOf(i)
	_, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: s.table(t), Key: newItem(k),
		UpdateExpression: aws.String("SET s = :new"), ConditionExpression: aws.String("s = :was"),
		ExpressionAttributeValues: item{":new": binary(i.Sealed), ":was": binary(i.Was)},
	})
	switch err := conditionOr(err); {
	case err == nil:
		return true, nil
	case errors.Is(err, errCondition):
		return false, nil
	default:
		return false, err
	}
}

func (s *Store) placeOf(i vault.Resealed) (vault.Table, key) {
	switch {
	case i.Record != nil:
		return i.Record.Table, s.keys.Record(i.Record.Seq)
	case i.Secret != nil:
		return vault.Entries, s.keys.Secret(*i.Secret)
	}
	return vault.Permissions, s.keys.Access(i.Access.Hour, i.Access.Shard, i.Access.ID)
}
