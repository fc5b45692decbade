package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tresor/shared/vault"
)

// Tail implements vault.JournalStore by one Query.
func (s *Store) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	what := "read the tail of " + t.String()
	last := s.keys.Record(after)
	out, err := s.api.Query(ctx, &dynamodb.QueryInput{
		TableName:                 s.table(t),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :p AND sk > :s"),
		ExpressionAttributeValues: item{":p": text(last.PK), ":s": text(last.SK)},
	})
	if err != nil {
		return nil, false, readError(ctx, what, err)
	}
	records := make([]vault.StoredRecord, len(out.Items))
	for i, it := range out.Items {
		if records[i], err = s.keys.parseRecordItem(t, it); err != nil {
			return nil, false, fmt.Errorf("%s: %w", what, err)
		}
	}
	return records, len(out.LastEvaluatedKey) > 0, nil
}

// Commit implements vault.JournalStore by one TransactWriteItems with the transaction's id as its token.
//
// DynamoDB remembers a token for ten minutes: in that time the same bytes are carried out once and answered with success each time.
// Later the transaction meets its own records, and the conflict shows them.
func (s *Store) Commit(ctx context.Context, tx vault.Transaction) error {
	if err := ctx.Err(); err != nil { // surely not sent
		return err
	}
	_, err := s.api.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String(tx.ID.String()),
		TransactItems:      s.transactItems(tx),
	})
	if err != nil {
		return s.commitError(tx, err)
	}
	return nil
}

const ifAbsent = "attribute_not_exists(pk)"

// ifUnused lets a mark be put where there is none that counts, or by the transaction that has put it. DynamoDB removes expired ones days later
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html).
const ifUnused = ifAbsent + " OR e <= :now OR x = :txn"

// transactItems puts the records first and then the marks: commitError finds the reasons of their failures by this order.
func (s *Store) transactItems(tx vault.Transaction) []types.TransactWriteItem {
	var items []types.TransactWriteItem
	for _, r := range tx.Put {
		put := s.put(r.Table, s.keys.recordItem(r), aws.String(ifAbsent))
		put.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
		items = append(items, types.TransactWriteItem{Put: put})
	}
	for _, m := range tx.PutMarks {
		put := s.put(vault.Permissions, s.keys.markItem(m, tx.ID), aws.String(ifUnused))
		put.ExpressionAttributeValues = item{":now": number(tx.Now.UnixMicro()), ":txn": binary(tx.ID[:])}
		items = append(items, types.TransactWriteItem{Put: put})
	}
	for _, r := range tx.Absent {
		items = append(items, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: s.table(r.Table), Key: newItem(s.keys.Record(r.Seq)), ConditionExpression: aws.String(ifAbsent),
		}})
	}
	for _, r := range tx.Replace {
		items = append(items, types.TransactWriteItem{Put: s.put(r.Table, s.keys.recordItem(r), nil)})
	}
	for _, k := range tx.DropRecords {
		items = append(items, types.TransactWriteItem{Delete: &types.Delete{TableName: s.table(k.Table), Key: newItem(s.keys.Record(k.Seq))}})
	}
	for _, p := range tx.PutSecrets {
		items = append(items, types.TransactWriteItem{Put: s.put(vault.Entries, s.keys.secretItem(p), nil)})
	}
	for _, k := range tx.DropSecrets {
		items = append(items, types.TransactWriteItem{Delete: &types.Delete{
			TableName: s.table(vault.Entries), Key: newItem(s.keys.Secret(k)),
		}})
	}
	for _, k := range tx.PutKeysets {
		put := s.put(vault.Permissions, s.keys.keysetItem(k), aws.String(ifAbsent))
		items = append(items, types.TransactWriteItem{Put: put})
	}
	for _, k := range tx.DropKeysets {
		items = append(items, types.TransactWriteItem{Delete: &types.Delete{
			TableName: s.table(vault.Permissions), Key: newItem(s.keys.Keyset(k.Purpose, k.Version)),
		}})
	}
	return items
}

func (s *Store) put(t vault.Table, i item, condition *string) *types.Put {
	return &types.Put{TableName: s.table(t), Item: i, ConditionExpression: condition}
}

// queryAll reads a whole partition, strongly consistent, page by page, in the order of the sort keys.
func (s *Store) queryAll(ctx context.Context, t vault.Table, partition string, each func(item) error) error {
	return s.queryAfter(ctx, t, partition, "", each)
}

// queryAfter is queryAll for what follows a sort key; "" is before all of them.
func (s *Store) queryAfter(ctx context.Context, t vault.Table, partition, after string, each func(item) error) error {
	in := &dynamodb.QueryInput{
		TableName:                 s.table(t),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :p"),
		ExpressionAttributeValues: item{":p": text(partition)},
	}
	if after != "" { // an empty key value is refused
		in.KeyConditionExpression = aws.String("pk = :p AND sk > :after")
		in.ExpressionAttributeValues[":after"] = text(after)
	}
	for {
		out, err := s.api.Query(ctx, in)
		if err != nil {
			return err
		}
		for _, i := range out.Items {
			if err := each(i); err != nil {
				return err
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return nil
		}
	}
}

// Keysets implements vault.KeysetStore by one Query.
func (s *Store) Keysets(ctx context.Context) ([]vault.StoredKeyset, error) {
	var all []vault.StoredKeyset
	err := s.queryAll(ctx, vault.Permissions, s.keys.Keysets(), func(i item) error {
		k, err := s.keys.parseKeysetItem(i)
		all = append(all, k)
		return err
	})
	if err != nil {
		return nil, readError(ctx, "read keysets", err)
	}
	return all, nil
}
