package blobtest

import (
	"runtime"
	"testing"

	"tresor/shared/blob"
)

// RunBounded checks that writing 100 MB, and reading them, each allocate at most limit bytes in all, and so never hold more. The count is the
// process's, so that t must not be parallel, and what serves the store must be frugal or elsewhere.
func RunBounded(t *testing.T, s blob.Store, limit uint64) {
	t.Helper()
	c := Content{Seed: 10, Size: large}
	write := allocated(func() {
		if _, err := s.Put(t.Context(), "bounded/1", c.Reader()); err != nil {
			t.Errorf("put: %v", err)
		}
	})
	read := allocated(func() { mustBe(t, s, "bounded/1", c) })
	t.Logf("allocated: put %d KB, read %d KB", write>>10, read>>10)
	if write > limit || read > limit {
		t.Errorf("allocated: put %d bytes, read %d, want at most %d", write, read, limit)
	}
}

func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
