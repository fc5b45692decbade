package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"tresor/shared/vault"
)

// parallelPuts bounds the access records that one call writes at the same time.
const parallelPuts = 16

// PutAccess implements vault.AccessStore by one PutItem for each record. BatchWriteItem would need fewer requests, but it takes no
// condition: with one, an access record is never overwritten, whatever a caller does.
func (s *Store) PutAccess(ctx context.Context, records []vault.StoredAccess) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelPuts)
	for _, r := range records {
		g.Go(func() error { return s.putAccess(gctx, r) })
	}
	if err := g.Wait(); err != nil {
		return readError(ctx, fmt.Sprintf("put %d access records", len(records)), err) // as repeatable as a read
	}
	return nil
}

var errOtherAccess = errors.New("another access record has the same id")

func (s *Store) putAccess(ctx context.Context, r vault.StoredAccess) error {
	if r.Shard >= vault.AccessShards || r.ID == "" {
		return errors.New("an access record has no id or no such shard")
	}
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           s.table(vault.Permissions),
		Item:                                s.keys.accessItem(r),
		ConditionExpression:                 aws.String(ifAbsent),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	old, exists := existing(err)
	if !exists {
		return err
	}
	had, err := s.keys.parseAccessItem(old)
	if err == nil && (!bytes.Equal(had.Sealed, r.Sealed) || had.Clear != r.Clear) {
		return errOtherAccess
	}
	return err
}

// AccessHour implements vault.AccessStore by a Query for each shard, in parallel.
func (s *Store) AccessHour(ctx context.Context, h vault.Hour, after string) ([]vault.StoredAccess, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var shards [vault.AccessShards][]vault.StoredAccess
	g, gctx := errgroup.WithContext(ctx)
	for n := range shards {
		g.Go(func() error {
			partition := s.keys.AccessShard(h, uint8(n))
			return s.queryAfter(gctx, vault.Permissions, partition, after, func(i item) error {
				r, err := s.keys.parseAccessItem(i)
				shards[n] = append(shards[n], r)
				return err
			})
		})
	}
	if err := g.Wait(); err != nil {
		return nil, readError(ctx, "read the access records of "+h.String(), err)
	}
	return slices.Concat(shards[:]...), nil
}
