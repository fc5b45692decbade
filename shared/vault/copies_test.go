package vault_test

import (
	"testing"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// TestWhoWasDeactivatedMeanwhileWasNotThere: the first attempt of an Update runs as a user whom another process deactivates before it commits. The second one is
// refused, and what the first one knew of the caller says nothing any more.
func TestWhoWasDeactivatedMeanwhileWasNotThere(t *testing.T) {
	memory := vaulttest.NewMemory()
	o := newOfficeOn(t, memory.Open())
	rival := o.Another(t, memory.Open())
	user := o.users["full"].AdminID
	runs := 0
	got := o.try(t, "full", "", func(tx *vault.Tx) error {
		runs++
		rival.Do(t, func(tx *vault.Tx) error { return tx.EditUser(user, func(u *vault.User) { u.Disabled = true }) })
		return create(room)(tx)
	})
	if runs != 1 || got != vault.Disabled && got != vault.Unauthenticated {
		t.Fatalf("%d runs, %v: want one run, and a refusal of the second", runs, got)
	}
	if seen := lastSeen(t, o, user); seen != (vault.Seen{}) {
		t.Errorf("last seen %+v", seen)
	}
	if got := o.try(t, "admin", "", create(room)); got != ok {
		t.Fatal(got)
	}
	if seen := lastSeen(t, o, o.users["admin"].AdminID); seen == (vault.Seen{}) {
		t.Error("nobody is ever seen: the test says less than it should")
	}
}
