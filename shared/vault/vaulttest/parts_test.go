package vaulttest_test

import (
	"context"
	"fmt"
	"testing"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// view is what a reader sees of a transaction with a record in each table and a secret: three letters, a dash for what is not there.
func view(t *testing.T, s vault.Store) string {
	t.Helper()
	seen := []byte("---")
	for i, tb := range vault.Tables {
		if records, _, err := s.Tail(t.Context(), tb, 0); err != nil {
			t.Error(err)
		} else if len(records) > 0 {
			seen[i] = "EP"[i]
		}
	}
	key := vault.SecretKey{Entry: 1, Version: 1}
	if found, err := s.Secrets(t.Context(), []vault.SecretKey{key}); err != nil {
		t.Error(err)
	} else if found[key] != nil {
		seen[2] = 'S'
	}
	return string(seen)
}

func TestShowInParts(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(40) {
		m := vaulttest.NewMemory()
		f := vaulttest.NewFaulty(m.Open(), seed)
		reader := f.Share(m.Open(), seed+1000)
		tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 10), vaulttest.NewRecord(vault.Permissions, 1, 10))
		tx.PutSecrets = []vault.StoredSecret{vaulttest.NewSecret(1, 1, 10)}
		var steps []int
		f.ShowInParts(func(hidden int) {
			steps = append(steps, hidden)
			v := view(t, reader)
			seen[v] = true
			if hidden == 3 && v != "---" || hidden == 0 && v != "EPS" {
				t.Errorf("with %d hidden a reader sees %s", hidden, v)
			}
			wantErr(t, reader.Commit(t.Context(), tx), vault.Busy) // in flight
		})
		wantErr(t, f.Commit(t.Context(), tx), nil)
		f.ShowInParts(nil)
		if got := fmt.Sprint(steps); got != "[3 2 1 0]" && !t.Failed() {
			t.Errorf("got steps %v", got)
		}
		if v := view(t, reader); v != "EPS" {
			t.Errorf("after the commit a reader sees %s", v)
		}
		wantErr(t, reader.Commit(t.Context(), tx), vault.Conflict)
	}
	for _, v := range []string{"---", "E--", "-P-", "--S", "EP-", "E-S", "-PS", "EPS"} {
		if !seen[v] {
			t.Errorf("no reader saw %s", v)
		}
	}
}

// tailGate says that a Tail has started and lets it read only when the commits are done.
type tailGate struct {
	vault.Store
	reading, commits chan struct{}
}

func (g *tailGate) Tail(ctx context.Context, tb vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	select {
	case <-g.commits:
	default:
		close(g.reading)
		<-g.commits
	}
	return g.Store.Tail(ctx, tb, after)
}

// TestGap: a query that started while N+1 was in flight may show N+2 and not N+1.
func TestGap(t *testing.T) {
	gaps := 0
	for seed := range uint64(20) {
		m := vaulttest.NewMemory()
		f := vaulttest.NewFaulty(m.Open(), seed)
		one, two := transaction(1), transaction(2)
		reading, commits := make(chan struct{}), make(chan struct{})
		reader := f.Share(&tailGate{m.Open(), reading, commits}, seed+7)
		result := make(chan []vault.StoredRecord)
		f.ShowInParts(func(hidden int) {
			if hidden == 2 { // nothing of record 1 shows yet: the query starts
				go func() {
					records, _, err := reader.Tail(t.Context(), vault.Entries, 0)
					if err != nil {
						t.Error(err)
					}
					result <- records
				}()
				<-reading
			}
		})
		wantErr(t, f.Commit(t.Context(), one), nil)
		f.ShowInParts(nil)
		wantErr(t, f.Commit(t.Context(), two), nil)
		close(commits)
		records := <-result
		if len(records) == 1 && records[0].Seq == 2 {
			gaps++
		} else if len(records) != 2 {
			t.Errorf("got %d records", len(records))
		}
		wantRecords(t, reader, one.ID, two.ID)
	}
	if gaps == 0 || gaps == 20 {
		t.Errorf("got %d gaps of 20 reads, want some", gaps)
	}
}

func TestShowInPartsDropsLate(t *testing.T) {
	m, f := newFaulty()
	secret := vaulttest.NewSecret(1, 1, 10)
	put := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 10))
	put.PutSecrets = []vault.StoredSecret{secret}
	wantErr(t, f.Commit(t.Context(), put), nil)
	drop := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 2, 10))
	drop.DropSecrets = []vault.SecretKey{secret.SecretKey}
	f.ShowInParts(func(hidden int) {
		if v := view(t, f); hidden == 2 && v != "E-S" || hidden == 0 && v != "E--" {
			t.Errorf("with %d hidden a reader sees %s", hidden, v)
		}
	})
	wantErr(t, f.Commit(t.Context(), drop), nil)
	if v := view(t, m); v != "E--" {
		t.Errorf("afterwards the store holds %s", v)
	}
}
