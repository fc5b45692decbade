package bench

import (
	"bytes"
	"testing"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// BenchmarkSnapshotLoad is snapshot_load under the profiler's eye:
//
//	go test ./infra/bench -run '^$' -bench SnapshotLoad -benchtime 10x -cpuprofile cpu.out
func BenchmarkSnapshotLoad(b *testing.B) {
	store := vaulttest.NewMemory()
	p, err := foundInMemory(b.Context(), store)
	if err != nil {
		b.Fatal(err)
	}
	p.vault = vault.New(p.log, vault.Options{}) // without ratings of passwords, which take most of the time
	if err := p.fill(b.Context(), 100_000); err != nil {
		b.Fatal(err)
	}
	file, err := p.log.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	before := cpu()
	for b.Loop() {
		other := p.another(store)
		if err := other.log.Adopt(b.Context(), bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
		if err := other.vault.Fresh(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu()-before).Milliseconds())/float64(b.N), "ms-of-CPU/op") // which a busy machine changes less
	b.ReportMetric(float64(len(file))/(1<<20), "MB")
}
