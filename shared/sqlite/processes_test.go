package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// TestTwoProcesses: another process writes the same file without pause; nothing here fails or gets lost, and what the other one
// acknowledged is seen at once.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	s := openFile(t, path)
	acked := acknowledged{access: map[int]bool{}}
	now := time.Now()
	for n := range 5 {
		acked.killAfter(t, path, 200, func(round int) {
			if round > 20 {
				return
			}
			number := vault.Seq(n*20 + round)
			tx := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Permissions, number, 100))
			if err := s.Commit(t.Context(), tx); err != nil {
				t.Errorf("commit %d: %v", number, err)
			}
			if got, err := s.AddAttempts(t.Context(), "k", 1, now, now.Add(time.Hour)); err != nil || got != int(number) {
				t.Errorf("attempt %d: got %d, %v", number, got, err)
			}
			if last, err := lastNumber(s); err != nil || int(last) < acked.record {
				t.Errorf("got records up to %d, %v, want at least %d", last, err, acked.record)
			}
		})
	}
	acked.verify(t, path)
	if records, _, err := s.Tail(t.Context(), vault.Permissions, 0); err != nil || len(records) != 100 {
		t.Errorf("got %d records of permissions, %v, want 100", len(records), err)
	}
}
