package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tresor/shared/vault"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func access(n int) []vault.StoredAccess {
	return []vault.StoredAccess{{Hour: 1, ID: fmt.Sprintf("%03d", n), Sealed: []byte("x")}}
}

// waitFor returns when n callers wait in the batch.
func (q *accessQueue) waitFor(t *testing.T, n int) *accessBatch {
	t.Helper()
	for range 5000 {
		q.mu.Lock()
		b := q.waiting
		if b != nil && len(b.parts) == n {
			q.mu.Unlock()
			return b
		}
		q.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d callers never met in one batch", n)
	return nil
}

func wantAccess(t *testing.T, s *Store, want ...string) {
	t.Helper()
	hour, err := s.AccessHour(t.Context(), 1, "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range hour {
		got = append(got, r.ID)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got access records %v, want %v", got, want)
	}
}

// TestShare: callers who come while the writer is taken share one transaction, which one of them writes.
func TestShare(t *testing.T) {
	s := openTest(t)
	s.writer.slot <- struct{}{}
	var g errgroup.Group
	var want []string
	for n := range 64 {
		want = append(want, fmt.Sprintf("%03d", n))
		g.Go(func() error { return s.PutAccess(t.Context(), access(n)) })
	}
	b := s.access.waitFor(t, 64)
	s.writer.release()
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.done:
	default:
		t.Error("the batch of all was never written")
	}
	if s.access.waiting != nil {
		t.Error("a batch was left behind")
	}
	wantAccess(t, s, want...)
}

// TestLeave: a caller whose context ends takes its records with it and harms none of the others.
func TestLeave(t *testing.T) {
	s := openTest(t)
	s.writer.slot <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	leaving, staying := make(chan error), make(chan error)
	go func() { leaving <- s.PutAccess(ctx, access(1)) }()
	s.access.waitFor(t, 1)
	go func() { staying <- s.PutAccess(t.Context(), access(2)) }()
	s.access.waitFor(t, 2)
	cancel()
	if err := <-leaving; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
	s.writer.release()
	if err := <-staying; err != nil {
		t.Errorf("the one that stayed: %v", err)
	}
	wantAccess(t, s, "002")
}

// TestLeaderLeaves: the one who got the writer's slot gives up while another process writes; the next in the batch takes over.
func TestLeaderLeaves(t *testing.T) {
	s := openTest(t)
	conn, err := s.readers.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(t.Context(), "pragma query_only = 0; begin immediate"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error), make(chan error)
	go func() { first <- s.PutAccess(ctx, access(1)) }()
	s.access.waitFor(t, 1)
	for end := time.Now().Add(time.Minute); len(s.writer.slot) == 0 && time.Now().Before(end); { // until the first has it
		time.Sleep(time.Millisecond)
	}
	go func() { second <- s.PutAccess(t.Context(), access(2)) }()
	s.access.waitFor(t, 2)
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
	if _, err := conn.ExecContext(t.Context(), "rollback; pragma query_only = 1"); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second: %v", err)
	}
	wantAccess(t, s, "002")
}

// TestExpiredAttemptsGo: counters that have expired are removed in passing, a bounded number at a time, and count as 0 meanwhile.
func TestExpiredAttemptsGo(t *testing.T) {
	s := openTest(t)
	now := time.Now()
	add := func(key string, now time.Time) int {
		n, err := s.AddAttempts(t.Context(), key, 1, now, now.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for n := range 150 {
		add(fmt.Sprint(n), now)
	}
	add("last", now.Add(time.Second)) // the last to be removed
	left := func() (n int) {
		if err := s.readers.QueryRowContext(t.Context(), "select count(*) from attempts").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := add("last", now.Add(time.Hour)); n != 1 || left() != 51 {
		t.Errorf("got count %d and %d counters, want 1 and 51", n, left())
	}
	if n := add("last", now.Add(time.Hour)); n != 2 || left() != 1 {
		t.Errorf("got count %d and %d counters, want 2 and 1", n, left())
	}
}
