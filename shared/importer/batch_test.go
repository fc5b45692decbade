package importer

import (
	"fmt"
	"slices"
	"testing"

	"tresor/shared/vault"
)

// TestABatchIsHalvedUntilItIsKnownWhoseFaultItIs, whatever the vault's limits are.
func TestABatchIsHalvedUntilItIsKnownWhoseFaultItIs(t *testing.T) {
	var did, refused []int
	tries := 0
	err := inBatches(10, 6, func(int) int { return 1 }, func(from, to int) error {
		tries++
		for i := from; i < to; i++ {
			if i == 3 || i == 9 {
				return fmt.Errorf("commit: %w", vault.TooLarge)
			}
		}
		for i := from; i < to; i++ {
			did = append(did, i)
		}
		return nil
	}, func(i int, why string) {
		if why != "too large" {
			t.Errorf("%d: %q", i, why)
		}
		refused = append(refused, i)
	})
	if err != nil || !slices.Equal(did, []int{0, 1, 2, 4, 5, 6, 7, 8}) || !slices.Equal(refused, []int{3, 9}) || tries > 12 {
		t.Errorf("did %v, refused %v in %d tries, %v", did, refused, tries, err)
	}
}

func TestABatchEndsAtItsBytes(t *testing.T) {
	sizes := []int{bytesInBatch / 2, bytesInBatch / 2, 1, 2 * bytesInBatch, 1, 1}
	var got []string
	err := inBatches(len(sizes), 80, func(i int) int { return sizes[i] }, func(from, to int) error {
		got = append(got, fmt.Sprintf("%d-%d", from, to))
		return nil
	}, nil)
	if want := []string{"0-2", "2-3", "3-4", "4-6"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

// TestWhatDoesNotWorkEndsTheImport: only a no is one thing's fault. The table is for a kind that is added to be decided on.
func TestWhatDoesNotWorkEndsTheImport(t *testing.T) {
	ends := map[vault.Kind]bool{vault.Internal: true, vault.Unauthenticated: true, vault.Disabled: true, vault.Throttled: true, vault.Conflict: true, vault.Busy: true,
		vault.Undecided: true, vault.NewerFormat: true, vault.Corrupt: true}
	for _, k := range vault.Kinds() {
		err := inBatches(2, 1, func(int) int { return 1 }, func(int, int) error { return k }, func(int, string) {})
		if (err != nil) != ends[k] {
			t.Errorf("%v: got %v", k, err)
		}
	}
}
