package syspass

import (
	"fmt"
	"testing"

	"tresor/shared/vault"
)

// TestEveryFailureHasAnOutcome: the log calls by its kind what the vault refused, and what sysPass alone knows by the nearest one.
func TestEveryFailureHasAnOutcome(t *testing.T) {
	for _, k := range vault.Kinds() {
		if got := kindOf(fmt.Errorf("wrapped: %w", &vault.Error{Kind: k})); got != k {
			t.Errorf("%v: got %v", k, got)
		}
	}
	for err, want := range map[error]vault.Kind{
		errTokenPass: vault.Unauthenticated, errNotInstalled: vault.Unauthenticated, errNoArray: vault.Invalid, undecoded(nil): vault.Invalid, errInternal: vault.Internal, errLongPassword: vault.TooLarge,
		notKept(vault.Busy, "", "", "unable"): vault.Busy,
	} {
		if got := kindOf(err); got != want {
			t.Errorf("%v: got %v, want %v", err, got, want)
		}
	}
}
