package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"tresor/shared/sqlite"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

func benchStore(b *testing.B) *sqlite.Store {
	return openFile(b, filepath.Join(b.TempDir(), "vault.db"))
}

// BenchmarkCommit commits a record and its secret, as the creation of an entry does.
func BenchmarkCommit(b *testing.B) {
	s := benchStore(b)
	n := vault.Seq(0)
	for b.Loop() {
		n++
		tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, n, 700))
		tx.PutSecrets = []vault.StoredSecret{vaulttest.NewSecret(vault.EntryID(n), 1, 300)}
		tx.Absent = []vault.RecordKey{{Table: vault.Permissions, Seq: 1}}
		if err := s.Commit(b.Context(), tx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCatchUp finds that nothing has happened since, in one journal.
func BenchmarkCatchUp(b *testing.B) {
	s := benchStore(b)
	for n := vault.Seq(1); n <= 100; n++ {
		if err := s.Commit(b.Context(), vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, n, 700))); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		if records, _, err := s.Tail(b.Context(), vault.Entries, 100); err != nil || len(records) > 0 {
			b.Fatal(len(records), err)
		}
	}
}

// BenchmarkReveal reads one secret.
func BenchmarkReveal(b *testing.B) {
	s := benchStore(b)
	tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 1, 700))
	tx.PutSecrets = []vault.StoredSecret{vaulttest.NewSecret(1, 1, 300)}
	if err := s.Commit(b.Context(), tx); err != nil {
		b.Fatal(err)
	}
	keys := []vault.SecretKey{{Entry: 1, Version: 1}}
	b.ResetTimer()
	for b.Loop() {
		if found, err := s.Secrets(b.Context(), keys); err != nil || len(found) != 1 {
			b.Fatal(len(found), err)
		}
	}
}

// BenchmarkPutAccess writes one durable access record per operation from so many goroutines at once.
func BenchmarkPutAccess(b *testing.B) {
	for _, perCPU := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("goroutines=%dxCPU", perCPU), func(b *testing.B) {
			s := benchStore(b)
			sealed := make([]byte, 300)
			var n atomic.Int64
			b.SetParallelism(perCPU)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := n.Add(1)
					r := vault.StoredAccess{Hour: 1, Shard: uint8(i % vault.AccessShards), ID: fmt.Sprintf("01J%023d", i), Sealed: sealed}
					if err := s.PutAccess(b.Context(), []vault.StoredAccess{r}); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkAddAttempts(b *testing.B) {
	s := benchStore(b)
	now := time.Now()
	for b.Loop() {
		if _, err := s.AddAttempts(b.Context(), "anna@10.0.0.1", 1, now, now.Add(time.Hour)); err != nil {
			b.Fatal(err)
		}
	}
}
