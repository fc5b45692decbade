package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// doer is an HTTP client of the SDK's, made of a function.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// openOver returns a store of a new vault whose requests go through an HTTP client of the test's.
func openOver(t *testing.T, c aws.HTTPClient) *Store {
	t.Helper()
	server, cfg := config(t, "v-"+rand.Text())
	aw := server.Config()
	aw.HTTPClient = c
	s, err := New(NewClient(aw), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustTail(t *testing.T, s *Store, tb vault.Table) []vault.StoredRecord {
	t.Helper()
	got, more, err := s.Tail(t.Context(), tb, 0)
	if err != nil || more {
		t.Fatalf("tail of %s: more %v, %v", tb, more, err)
	}
	return got
}

// TestLostRaceShowsTheWinner: the record that a transaction lost to comes with the error, so that losing costs no query.
func TestLostRaceShowsTheWinner(t *testing.T) {
	requests := 0
	s := openOver(t, doer(func(r *http.Request) (*http.Response, error) {
		requests++
		return http.DefaultClient.Do(r)
	}))
	winner := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 5, 800), vaulttest.NewRecord(vault.Permissions, 7, 800))
	if err := s.Commit(t.Context(), winner); err != nil {
		t.Fatal(err)
	}
	loser := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Permissions, 7, 10), vaulttest.NewRecord(vault.Entries, 6, 10))
	requests = 0
	var conflict *vault.ConflictError
	if err := s.Commit(t.Context(), loser); !errors.As(err, &conflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	if d := cmp.Diff(winner.Put[1:], conflict.Existing); d != "" {
		t.Errorf("existing records differ (-want +got):\n%s", d)
	}
	if requests != 1 {
		t.Errorf("losing took %d requests, want 1", requests)
	}
}

// TestTokenRepeats: the token makes DynamoDB answer the same bytes with success again, without doing it again, even when what they
// wrote has changed since.
func TestTokenRepeats(t *testing.T) {
	s := openStore(t, nil)
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 100))
	tx.PutSecrets = []vault.StoredSecret{vaulttest.NewSecret(1, 1, 50)}
	drop := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 2, 100))
	drop.DropSecrets = []vault.SecretKey{tx.PutSecrets[0].SecretKey}
	for i, next := range []vault.Transaction{tx, drop, tx} {
		if err := s.Commit(t.Context(), next); err != nil {
			t.Fatalf("commit %d: %v", i, err)
		}
	}
	if got, err := s.Secrets(t.Context(), drop.DropSecrets); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v: the repeated transaction was carried out again", got, err)
	}
}

// TestTokenOfAnother: one id for two transactions is a fault of the caller's, and the second is not carried out.
func TestTokenOfAnother(t *testing.T) {
	s := openStore(t, nil)
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 100))
	if err := s.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	other := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 2, 100))
	other.ID = tx.ID
	err := s.Commit(t.Context(), other)
	if err == nil || vault.KindOf(err) != vault.Internal || errors.Is(err, vault.Conflict) {
		t.Errorf("got %v, want an internal error", err)
	}
	if got := mustTail(t, s, vault.Entries); len(got) != 1 {
		t.Errorf("got %d records, want 1", len(got))
	}
}

// TestTransactionLimit: DynamoDB takes 100 items; one more is refused whole.
func TestTransactionLimit(t *testing.T) {
	for _, n := range []int{100, 101} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := openStore(t, nil)
			var tx vault.Transaction
			for i := range n {
				tx.Put = append(tx.Put, vaulttest.NewRecord(vault.Entries, vault.Seq(i+1), 10))
			}
			err := s.Commit(t.Context(), vaulttest.NewTransaction(tx.Put...))
			got := len(mustTail(t, s, vault.Entries))
			if n <= 100 && (err != nil || got != n) {
				t.Errorf("got %d records, %v, want %d", got, err, n)
			}
			if n > 100 && (err == nil || vault.KindOf(err) != vault.Internal || got != 0) {
				t.Errorf("got %d records, %v, want an internal error and nothing done", got, err)
			}
		})
	}
}

// TestLostAnswer: the service has done it and the answer never comes.
func TestLostAnswer(t *testing.T) {
	lose := true
	s := openOver(t, doer(func(r *http.Request) (*http.Response, error) {
		res, err := http.DefaultClient.Do(r)
		if err == nil && lose {
			_ = res.Body.Close()
			return nil, errors.New("connection reset by peer")
		}
		return res, err
	}))
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 100))
	if err := s.Commit(t.Context(), tx); !errors.Is(err, vault.Undecided) {
		t.Fatalf("got %v, want undecided", err)
	}
	lose = false
	if err := s.Commit(t.Context(), tx); err != nil {
		t.Errorf("the same bytes again: %v", err)
	}
	if d := cmp.Diff(tx.Put, mustTail(t, s, vault.Entries)); d != "" {
		t.Errorf("records differ (-want +got):\n%s", d)
	}
}

// TestContextEndsOnTheWay: a commit whose context ends while it is under way is undecided, not cancelled.
func TestContextEndsOnTheWay(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := openOver(t, doer(func(r *http.Request) (*http.Response, error) {
		res, err := http.DefaultClient.Do(r.WithContext(context.WithoutCancel(r.Context())))
		if err != nil || ctx.Err() != nil { // the tail, later
			return res, err
		}
		cancel()
		_ = res.Body.Close()
		return nil, context.Canceled
	}))
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 100))
	err := s.Commit(ctx, tx)
	if !errors.Is(err, vault.Undecided) || errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want undecided", err)
	}
	if got := mustTail(t, s, vault.Entries); len(got) != 1 {
		t.Errorf("got %d records, want the one that was sent", len(got))
	}
}

// TestContextEndedBefore: nothing is sent under an ended context, and the caller may rely on that.
func TestContextEndedBefore(t *testing.T) {
	s := openOver(t, doer(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, errors.New("not sent")
	}))
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 100))
	if err := s.Commit(ctx, tx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, vault.Undecided) {
		t.Errorf("commit: got %v, want the context's error", err)
	}
	if _, _, err := s.Tail(ctx, vault.Entries, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("tail: got %v, want the context's error", err)
	}
	if _, err := s.AddAttempts(ctx, "k", 1, time.Now(), time.Now()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("add attempts: got %v, want the context's error", err)
	}
}

// TestLongTail: a tail above one megabyte comes in pages that go on where the last one ended, each by one request.
func TestLongTail(t *testing.T) {
	s := openStore(t, nil)
	const records = 12
	for n := vault.Seq(1); n <= records; n += 6 {
		var put []vault.StoredRecord
		for i := range vault.Seq(6) {
			put = append(put, vaulttest.NewRecord(vault.Permissions, n+i, 300<<10))
		}
		if err := s.Commit(t.Context(), vaulttest.NewTransaction(put...)); err != nil {
			t.Fatal(err)
		}
	}
	var last vault.Seq
	pages := 0
	for more := true; more; pages++ {
		var page []vault.StoredRecord
		var err error
		if page, more, err = s.Tail(t.Context(), vault.Permissions, last); err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			if r.Seq != last+1 {
				t.Fatalf("got record %d after %d", r.Seq, last)
			}
			last = r.Seq
		}
	}
	if last != records || pages < 3 {
		t.Errorf("got %d records in %d pages, want %d in 3 or more", last, pages, records)
	}
}

// forgetful is a service that has forgotten every token.
type forgetful struct{ API }

func (f forgetful) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	in.ClientRequestToken = aws.String(rand.Text())
	return f.API.TransactWriteItems(ctx, in, o...)
}

// TestMarksOfAForgottenToken: a transaction sent again after its token was forgotten meets its own record, and not its own mark.
func TestMarksOfAForgottenToken(t *testing.T) {
	s := openStore(t, func(api API) API { return forgetful{api} })
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 100))
	tx.Now = time.Now()
	tx.PutMarks = []vault.Mark{{Hash: vault.Hash{1}, Expires: tx.Now.Add(time.Hour)}}
	if err := s.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	var conflict *vault.ConflictError
	if err := s.Commit(t.Context(), tx); !errors.As(err, &conflict) || len(conflict.Existing) != 1 || conflict.Existing[0].Txn != tx.ID || len(conflict.Marks) != 0 {
		t.Errorf("got %v %+v, want a conflict with the own record alone", err, conflict)
	}
	other := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 2, 100))
	other.Now, other.PutMarks = tx.Now, tx.PutMarks
	if err := s.Commit(t.Context(), other); !errors.As(err, &conflict) || len(conflict.Marks) != 1 {
		t.Errorf("another transaction: got %v, want a conflict by the mark", err)
	}
}
