package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tresor/shared/dynamo/layout"
	"tresor/shared/vault"
)

// API is what a Store calls of *dynamodb.Client. A transaction needs the rights to put, delete and condition-check items.
type API interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Config says where a vault lies.
type Config = layout.Config

// Store is a vault in DynamoDB. It holds no state but its configuration.
type Store struct {
	api    API
	tables [vault.Permissions + 1]string
	keys   keys
}

var (
	_ vault.Store       = (*Store)(nil)
	_ vault.ResealStore = (*Store)(nil)
)

// New returns the store of one vault. It makes no call. The client must not retry by itself: use NewClient.
func New(client API, c Config) (*Store, error) {
	k, err := c.Keys()
	if err != nil {
		return nil, fmt.Errorf("open dynamodb store: %w", err)
	}
	s := &Store{api: client, keys: keys{k}}
	s.tables[vault.Entries], s.tables[vault.Permissions] = c.Entries, c.Permissions
	return s, nil
}

// Close does nothing: a store holds nothing open but the client's idle connections.
func (s *Store) Close() error { return nil }

// table returns the physical name of a table.
func (s *Store) table(t vault.Table) *string { return &s.tables[t] }
