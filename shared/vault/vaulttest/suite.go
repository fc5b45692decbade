package vaulttest

import (
	"testing"

	"tresor/shared/vault"
)

// Opener opens the vault called name in the store under test. A second call with the same name gives a second handle on the same
// vault, as another process would have; different names are different vaults. It closes what it opened by t.Cleanup.
type Opener func(t *testing.T, name string) vault.Store

// RunStore checks that a store keeps the contract of vault.Store. Its tests run in parallel, each on vaults of its own.
func RunStore(t *testing.T, open Opener) {
	for _, c := range conformance {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open)
		})
	}
}

// conformance is the suite on one screen.
var conformance = []struct {
	name string
	test func(*testing.T, Opener)
}{
	// journal
	{"append", testAppend},
	{"taken", testTaken},
	{"absent", testAbsent},
	{"order", testOrder},
	{"values", testValues},
	{"pages", testPages},
	{"restore-mark", testRestoreMark},
	{"repair", testRepair},
	// transactions
	{"atomic", testAtomic},
	{"twice", testTwice},
	{"limits", testLimits},
	// marks
	{"marks", testMarks},
	{"marks-expire", testMarksExpire},
	{"marks-twice", testMarksTwice},
	{"marks-concurrent", testMarksConcurrent},
	// the rest of the data
	{"secrets", testSecrets},
	{"secrets-drop", testSecretsDrop},
	{"secrets-large", testSecretsLarge},
	{"keysets", testKeysets},
	{"keysets-drop", testKeysetsDrop},
	{"reseal", testReseal},
	{"reseal-races", testResealRaces},
	{"access", testAccess},
	{"access-after", testAccessAfter},
	{"access-large", testAccessLarge},
	{"attempts", testAttempts},
	{"attempts-concurrent", testAttemptsConcurrent},
	// several at once
	{"vaults-apart", testVaultsApart},
	{"two-writers", testTwoWriters},
	{"twenty-writers", testTwentyWriters},
	{"context-ended", testContextEnded},
	{"context-ends", testContextEnds},
}
