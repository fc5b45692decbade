package journal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tresor/shared/compact"
	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// busyVault is a store in which others write while it is read: before each of the first reads of a journal.
type busyVault struct {
	vault.Store
	left  int
	write func()
}

func (b *busyVault) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	if b.left > 0 {
		b.left--
		b.write()
	}
	return b.Store.Tail(ctx, t, after)
}

// TestVerifyWhileOthersWrite: what is written between the reading of the two journals is no finding.
func TestVerifyWhileOthersWrite(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	n := 0
	busy := &busyVault{Store: memory, left: 6, write: func() {
		n++
		s.Do(t, func(tx *vault.Tx) error { // a record of entries, and then one of permissions that names it
			_, err := tx.CreateProject(vault.Project{Name: fmt.Sprintf("project %d", n)})
			return err
		})
		s.Do(t, func(tx *vault.Tx) error { return tx.SetSetting("k", fmt.Sprint(n)) })
	}}
	report, err := journal.Verify(t.Context(), busy, s.Sealer)
	if err != nil || !report.OK() || n != 6 {
		t.Errorf("after %d writes: %+v, %v", n, report, err)
	}
}

// halfShown is a store that hides a record at first, as a read beside a transaction may (law 1).
type halfShown struct {
	vault.Store
	hide vault.Seq
	left int
}

func (h *halfShown) Tail(ctx context.Context, t vault.Table, after vault.Seq) (out []vault.StoredRecord, more bool, err error) {
	page, more, err := h.Store.Tail(ctx, t, after)
	for _, r := range page {
		if t == vault.Permissions && r.Seq == h.hide && h.left > 0 {
			h.left--
			continue
		}
		out = append(out, r)
	}
	return out, more, err
}

func TestVerifyAsksAgainForWhatDoesNotShowYet(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	for i := range 3 {
		s.Do(t, func(tx *vault.Tx) error { return tx.SetSetting("k", fmt.Sprint(i)) })
	}
	if report, err := journal.Verify(t.Context(), &halfShown{memory, 2, 1}, s.Sealer); err != nil || !report.OK() {
		t.Errorf("shown at the second look: %+v, %v", report, err)
	}
	report, err := journal.Verify(t.Context(), &halfShown{memory, 2, 1000}, s.Sealer)
	if err != nil || report.OK() || report.Problems[0] != "permissions record 2 is missing" {
		t.Errorf("never shown: %+v, %v", report, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := journal.Verify(ctx, memory, s.Sealer); !errors.Is(err, vault.Busy) {
		t.Errorf("after the end of its context: %v", err)
	}
}

// lossyHour loses access records of an hour by their place in the list.
type lossyHour struct {
	vault.Store
	hour vault.Hour
	lose int
}

func (l lossyHour) AccessHour(ctx context.Context, h vault.Hour, after string) ([]vault.StoredAccess, error) {
	list, err := l.Store.AccessHour(ctx, h, after)
	if h == l.hour && l.lose < len(list) {
		list = append(list[:l.lose:l.lose], list[l.lose+1:]...)
	}
	return list, err
}

// TestAMissingAccessRecordIsNamed over several hours of one process, of which what is whole is let go.
func TestAMissingAccessRecordIsNamed(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	_, read := s.Revealing(t)
	first := vault.HourOf(s.Clock.Now())
	for range 3 {
		read()
		read()
		s.Clock.Add(time.Hour)
	}
	s.Clock.Add(compact.Grace)
	if n, err := compact.Close(t.Context(), s.Vault, s.Log, s.Clock.Now()); err != nil || n != 3 {
		t.Fatalf("closed %d, %v", n, err)
	}
	if report, err := journal.Verify(t.Context(), memory, s.Sealer); err != nil || !report.OK() || report.Accesses != 6 {
		t.Fatalf("%+v, %v", report, err)
	}
	for h := first; h < first+3; h++ {
		report, err := journal.Verify(t.Context(), lossyHour{memory, h, 0}, s.Sealer)
		if err != nil || report.OK() {
			t.Fatalf("hour %s: %+v, %v", h, report, err)
		}
		all := strings.Join(report.Problems, "\n")
		if !strings.Contains(all, "the access records of "+h.String()+" differ from what the journal holds: 1 now, 2 then") {
			t.Errorf("hour %s: %s", h, all)
		}
		// The newest of a process leaves no hole behind it, if it is gone.
		if h < first+2 && !strings.Contains(all, " is missing") {
			t.Errorf("hour %s: %s; want the record itself named", h, all)
		}
	}
}
