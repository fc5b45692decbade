package dynamo

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tresor/shared/vault"
)

// TestAccessIsNeverOverwritten: the same record again is harmless, another one under its id is an error and changes nothing.
func TestAccessIsNeverOverwritten(t *testing.T) {
	s := openStore(t, nil)
	first := vault.StoredAccess{Hour: 5, Shard: 15, ID: "01J", Sealed: []byte("first")}
	other := first
	other.Sealed = []byte("other")
	for range 2 {
		if err := s.PutAccess(t.Context(), []vault.StoredAccess{first}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutAccess(t.Context(), []vault.StoredAccess{other}); err == nil || vault.KindOf(err) != vault.Internal {
		t.Errorf("another record under the same id: got %v, want an internal error", err)
	}
	got, err := s.AccessHour(t.Context(), 5, "")
	if err != nil || len(got) != 1 || !bytes.Equal(got[0].Sealed, first.Sealed) {
		t.Errorf("got %v, %v, want the first record", got, err)
	}
}

func TestAccessOfNoShard(t *testing.T) {
	s := openStore(t, nil)
	for name, r := range map[string]vault.StoredAccess{
		"shard too high": {Hour: 5, Shard: vault.AccessShards, ID: "01J", Sealed: []byte("x")},
		"no id":          {Hour: 5, Sealed: []byte("x")},
	} {
		if err := s.PutAccess(t.Context(), []vault.StoredAccess{r}); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// attemptsItem reads a counter's item as it lies in the table.
func attemptsItem(t *testing.T, s *Store, name string) item {
	t.Helper()
	k, err := s.keys.Attempts(name)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.api.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: s.table(vault.Permissions), Key: newItem(k)})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item
}

// TestAttemptsTimeToLive: DynamoDB may remove a counter only when it has expired, to the second above.
func TestAttemptsTimeToLive(t *testing.T) {
	s := openStore(t, nil)
	now := time.Unix(1_800_000_000, 0)
	for _, tt := range []struct {
		expires time.Duration
		want    string
	}{{time.Second, "1800000001"}, {1100 * time.Millisecond, "1800000002"}} {
		if _, err := s.AddAttempts(t.Context(), "k", 1, now, now.Add(tt.expires)); err != nil {
			t.Fatal(err)
		}
		if ttl, ok := attemptsItem(t, s, "k")[attrTTL].(*types.AttributeValueMemberN); !ok || ttl.Value != tt.want {
			t.Errorf("expiry after %s: got ttl %v, want %s", tt.expires, ttl, tt.want)
		}
	}
}

// TestAttemptsExpireWithinTheSecond: delays of less than a second work although the time to live is in seconds.
func TestAttemptsExpireWithinTheSecond(t *testing.T) {
	s := openStore(t, nil)
	now := time.Unix(1_800_000_000, 0)
	at := func(ms int) time.Time { return now.Add(time.Duration(ms) * time.Millisecond) }
	if _, err := s.AddAttempts(t.Context(), "k", 3, now, at(300)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ ms, want int }{{299, 3}, {300, 0}} {
		if n, err := s.Attempts(t.Context(), "k", at(tt.ms)); err != nil || n != tt.want {
			t.Errorf("after %d ms: got %d, %v, want %d", tt.ms, n, err, tt.want)
		}
	}
	if n, err := s.AddAttempts(t.Context(), "k", 1, at(300), at(900)); err != nil || n != 1 {
		t.Errorf("after the expiry: got %d, %v, want 1", n, err)
	}
}

// TestExpiredCounterRestartsOnce: many who find the same expired counter count each other.
func TestExpiredCounterRestartsOnce(t *testing.T) {
	s := openStore(t, nil)
	now := time.Unix(1_800_000_000, 0)
	later := now.Add(time.Hour)
	if _, err := s.AddAttempts(t.Context(), "k", 50, now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	const callers = 12
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if _, err := s.AddAttempts(t.Context(), "k", 1, later, later.Add(time.Minute)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, err := s.Attempts(t.Context(), "k", later); err != nil || n != callers {
		t.Errorf("got %d, %v, want %d", n, err, callers)
	}
}

// TestAttemptsKeyStaysInside: a client's text in a counter's key reaches no other item.
func TestAttemptsKeyStaysInside(t *testing.T) {
	s := openStore(t, nil)
	now := time.Now()
	for _, name := range []string{"", "a", "a#b", "../a", "%61", "a\x00", "\xff\xfe", "#journal", "é"} {
		for want := 1; want <= 2; want++ {
			if n, err := s.AddAttempts(t.Context(), name, 1, now, now.Add(time.Hour)); err != nil || n != want {
				t.Errorf("%q: got %d, %v, want %d", name, n, err, want)
			}
		}
	}
}

// TestMarkTimeToLive: a mark may be removed when it has expired, and not before.
func TestMarkTimeToLive(t *testing.T) {
	k := mustKeys(t, "v")
	for ms, want := range map[int64]string{1_800_000_001_000: "1800000001", 1_800_000_001_001: "1800000002"} {
		i := k.markItem(vault.Mark{Expires: time.UnixMilli(ms)}, vault.TxnID{1})
		if ttl, ok := i[attrTTL].(*types.AttributeValueMemberN); !ok || ttl.Value != want {
			t.Errorf("expiry at %d ms: got ttl %v, want %s", ms, ttl, want)
		}
	}
}
