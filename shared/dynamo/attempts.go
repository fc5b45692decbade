package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tresor/shared/vault"
)

// counter is one change of an attempts counter.
type counter struct {
	key          key
	delta        int
	now, expires int64 // Unix microseconds
	ttl          int64 // Unix seconds: when DynamoDB may remove it, never before it has expired
}

// maxRounds bounds how often AddAttempts loses to others who reset the same expired counter; each of them does it once.
const maxRounds = 10

// AddAttempts implements vault.AttemptStore. Normally it is one UpdateItem; a counter that has expired, or that would fall below 0,
// is replaced by a PutItem instead.
func (s *Store) AddAttempts(ctx context.Context, name string, delta int, now, expires time.Time) (int, error) {
	const what = "add login attempts"
	k, err := s.keys.Attempts(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	c := counter{key: k, delta: delta, now: now.UnixMicro(), expires: expires.UnixMicro(), ttl: timeToLive(expires)}
	for range maxRounds {
		n, err := s.addLive(ctx, c)
		if errors.Is(err, errCondition) {
			n, err = s.restart(ctx, c)
		}
		if !errors.Is(err, errCondition) {
			return n, writeError(ctx, what, err)
		}
	}
	return 0, &vault.Error{Kind: vault.Busy, Err: fmt.Errorf("%s: too many at once", what)}
}

// addLive adds to a counter that counts, or makes a new one.
func (s *Store) addLive(ctx context.Context, c counter) (int, error) {
	condition := "attribute_not_exists(pk) OR e > :now"
	values := item{":d": number(c.delta), ":e": number(c.expires), ":ttl": number(c.ttl), ":now": number(c.now)}
	if c.delta < 0 {
		condition = "e > :now AND n >= :take"
		values[":take"] = number(-c.delta)
	}
	out, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 s.table(vault.Permissions),
		Key:                       newItem(c.key),
		UpdateExpression:          aws.String("SET e = :e, #ttl = :ttl ADD n :d"),
		ConditionExpression:       aws.String(condition),
		ExpressionAttributeNames:  map[string]string{"#ttl": attrTTL}, // a reserved word
		ExpressionAttributeValues: values,
		ReturnValues:              types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, conditionOr(err)
	}
	f := fields{item: out.Attributes}
	return int(f.number(attrCount)), f.err // it was an int
}

// restart sets a counter that counts as 0, or would fall below it, to what it is after the change.
func (s *Store) restart(ctx context.Context, c counter) (int, error) {
	n := max(0, c.delta)
	i := newItem(c.key)
	i[attrCount], i[attrExpires], i[attrTTL] = number(n), number(c.expires), number(c.ttl)
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                 s.table(vault.Permissions),
		Item:                      i,
		ConditionExpression:       aws.String("attribute_not_exists(pk) OR e <= :now OR n < :take"),
		ExpressionAttributeValues: item{":now": number(c.now), ":take": number(max(0, -c.delta))},
	})
	return n, conditionOr(err)
}

// Marked implements vault.MarkStore by one GetItem.
func (s *Store) Marked(ctx context.Context, mark vault.Hash, now time.Time) (bool, error) {
	const what = "read a mark"
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: s.table(vault.Permissions), Key: newItem(s.keys.Mark(mark)), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return false, readError(ctx, what, err)
	}
	f := fields{item: out.Item}
	expires := f.number(attrExpires)
	if f.err != nil {
		return false, fmt.Errorf("%s: %w", what, f.err)
	}
	return int64(expires) > now.UnixMicro(), nil // it was an int64
}

// Attempts implements vault.AttemptStore by one GetItem.
func (s *Store) Attempts(ctx context.Context, name string, now time.Time) (int, error) {
	const what = "read login attempts"
	k, err := s.keys.Attempts(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: s.table(vault.Permissions), Key: newItem(k), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return 0, readError(ctx, what, err)
	}
	f := fields{item: out.Item}
	n, expires := f.number(attrCount), f.number(attrExpires)
	if f.err != nil {
		return 0, fmt.Errorf("%s: %w", what, f.err)
	}
	if int64(expires) <= now.UnixMicro() { // it was an int64
		return 0, nil
	}
	return int(n), nil // it was an int
}
