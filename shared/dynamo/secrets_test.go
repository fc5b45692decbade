package dynamo

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// batches passes each BatchGetItem on with the keys that some function lets through; the others are left unprocessed, as DynamoDB
// leaves what it has no capacity for.
type batches struct {
	API
	calls   atomic.Int32
	through func(call int, keys int) int
}

func (b *batches) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	call := int(b.calls.Add(1))
	left := map[string]types.KeysAndAttributes{}
	ask := map[string]types.KeysAndAttributes{}
	for table, k := range in.RequestItems {
		n := b.through(call, len(k.Keys))
		some, rest := k, k
		some.Keys, rest.Keys = k.Keys[:n], k.Keys[n:]
		if n > 0 {
			ask[table] = some
		}
		if len(rest.Keys) > 0 {
			left[table] = rest
		}
	}
	if len(ask) == 0 {
		return &dynamodb.BatchGetItemOutput{UnprocessedKeys: left}, nil
	}
	out, err := b.API.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: ask}, o...)
	if err == nil {
		out.UnprocessedKeys = left
	}
	return out, err
}

// withSecrets returns a store with n secrets behind b.
func withSecrets(t *testing.T, n int, b *batches) (*Store, []vault.SecretKey, map[vault.SecretKey][]byte) {
	t.Helper()
	s := openStore(t, func(api API) API { b.API = api; return b })
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 10))
	var keys []vault.SecretKey
	want := map[vault.SecretKey][]byte{}
	for i := range n {
		p := vaulttest.NewSecret(vault.EntryID(i+1), 1, 40)
		tx.PutSecrets, keys, want[p.SecretKey] = append(tx.PutSecrets, p), append(keys, p.SecretKey), p.Sealed
	}
	if err := s.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	return s, keys, want
}

func TestUnprocessedKeysAreAskedAgain(t *testing.T) {
	b := &batches{through: func(call, keys int) int {
		if call%2 == 0 { // now and then nothing at all
			return 0
		}
		return (keys + 1) / 2
	}}
	s, keys, want := withSecrets(t, 60, b)
	got, err := s.Secrets(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("secrets differ (-want +got):\n%s", d)
	}
	if b.calls.Load() < 6 {
		t.Errorf("it took %d batches; halving should take more", b.calls.Load())
	}
}

func TestThrottledBatchIsBusy(t *testing.T) {
	b := &batches{through: func(int, int) int { return 0 }}
	s, keys, _ := withSecrets(t, 3, b)
	if got, err := s.Secrets(t.Context(), keys); !errors.Is(err, vault.Busy) {
		t.Errorf("got %d secrets, %v, want busy", len(got), err)
	}
	if n := b.calls.Load(); n != fruitless+1 {
		t.Errorf("asked %d times, want %d", n, fruitless+1)
	}
}

func TestContextEndsWhileThrottled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := &batches{through: func(call, _ int) int {
		if call == 3 {
			cancel()
		}
		return 0
	}}
	s, keys, _ := withSecrets(t, 3, b)
	if _, err := s.Secrets(ctx, keys); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if n := b.calls.Load(); n != 3 {
		t.Errorf("asked %d times, want 3", n)
	}
}

// TestBatchesRunTogether: 250 keys are three batches, all sent before any is answered.
func TestBatchesRunTogether(t *testing.T) {
	together := make(chan struct{})
	b := &batches{}
	b.through = func(call, keys int) int {
		if keys > maxBatch {
			t.Errorf("a batch of %d keys", keys)
		}
		if call == 3 {
			close(together)
		}
		select {
		case <-together:
		case <-time.After(10 * time.Second):
			t.Error("a batch waited for another to be answered")
		}
		return keys
	}
	s, keys, want := withSecrets(t, 90, b)
	for e := range 160 {
		keys = append(keys, vault.SecretKey{Entry: vault.EntryID(e + 1000), Version: 1}, keys[0]) // missing ones, and one over and over
	}
	got, err := s.Secrets(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" || b.calls.Load() != 3 {
		t.Errorf("%d batches; secrets differ (-want +got):\n%s", b.calls.Load(), d)
	}
}
