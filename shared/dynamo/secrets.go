package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"tresor/shared/vault"
)

// maxBatch is DynamoDB's limit of keys in one BatchGetItem.
const maxBatch = 100

// Asking again for keys that a batch left unprocessed. A batch that answers something has only met the 16 MB limit of an answer and
// goes on at once; one that answers nothing is throttled.
const (
	firstPause = 10 * time.Millisecond
	maxPause   = 500 * time.Millisecond
	fruitless  = 8 // rounds without an answer, about a second in all, before the batch is called busy
)

// Secrets implements vault.SecretStore by BatchGetItems in parallel.
func (s *Store) Secrets(ctx context.Context, wanted []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	distinct := slices.Collect(maps.Keys(setOf(wanted))) // a batch with a key twice is refused
	parts := slices.Collect(slices.Chunk(distinct, maxBatch))
	found := make([][]vault.StoredSecret, len(parts))
	g, gctx := errgroup.WithContext(ctx)
	for i, part := range parts {
		g.Go(func() (err error) {
			found[i], err = s.batch(gctx, part)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, readError(ctx, fmt.Sprintf("read %d secrets", len(distinct)), err)
	}
	all := make(map[vault.SecretKey][]byte, len(distinct))
	for _, f := range slices.Concat(found...) {
		all[f.SecretKey] = f.Sealed
	}
	return all, nil
}

// batch reads at most maxBatch secrets.
func (s *Store) batch(ctx context.Context, wanted []vault.SecretKey) ([]vault.StoredSecret, error) {
	table := *s.table(vault.Entries)
	ask := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
	for _, k := range wanted {
		ask.Keys = append(ask.Keys, newItem(s.keys.Secret(k)))
	}
	var found []vault.StoredSecret
	for idle := 0; ; {
		out, err := s.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{table: ask},
		})
		if err != nil {
			return nil, err
		}
		for _, i := range out.Responses[table] {
			f, err := s.keys.parseSecretItem(i)
			if err != nil {
				return nil, err
			}
			found = append(found, f)
		}
		left := out.UnprocessedKeys[table].Keys
		if len(left) == 0 {
			return found, nil
		}
		if len(left) == len(ask.Keys) {
			if idle++; idle > fruitless {
				return nil, errUnprocessed
			}
			if err := pause(ctx, idle); err != nil {
				return nil, err
			}
		}
		ask.Keys = left
	}
}

// pause waits before the given round: anything up to a limit that doubles.
func pause(ctx context.Context, round int) error {
	return vault.Pause(ctx, min(maxPause, firstPause<<(round-1)))
}

func setOf[K comparable](list []K) map[K]struct{} {
	set := make(map[K]struct{}, len(list))
	for _, k := range list {
		set[k] = struct{}{}
	}
	return set
}
