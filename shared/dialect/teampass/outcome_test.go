package teampass

import (
	"fmt"
	"slices"
	"testing"

	"tresor/shared/vault"
)

// TestEveryFaultHasAnOutcome: the log calls by its kind what the vault refused, and a fault by the kind that it is the answer to, where there is one.
func TestEveryFaultHasAnOutcome(t *testing.T) {
	for _, k := range vault.Kinds() {
		if got := kindOf(fmt.Errorf("wrapped: %w", &vault.Error{Kind: k})); got != k {
			t.Errorf("%v: got %v", k, got)
		}
	}
	answers := map[fault][]vault.Kind{}
	for k, f := range kindFaults {
		answers[f] = append(answers[f], k)
	}
	for f := range faultEnd {
		kinds := answers[f]
		if f == faultUnclear || len(kinds) == 0 {
			continue
		}
		if got := kindOf(f); !slices.Contains(kinds, got) && f != faultCredentials {
			t.Errorf("%v: got %v, want one of %v", f, got, kinds)
		}
	}
	if got := kindOf(faultCredentials); got != vault.Unauthenticated {
		t.Errorf("wrong credentials: got %v", got)
	}
}
