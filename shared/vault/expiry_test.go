package vault

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDue: one rule over all dialects' dates.
func TestDue(t *testing.T) {
	now := time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC)
	day := func(month time.Month, d int) Stamp { return StampOf(time.Date(2026, month, d, 0, 0, 0, 0, time.UTC)) }
	s := NewState()
	for _, p := range []Project{{ID: 1}, {ID: 2, RenewalMonths: 3}, {ID: 3, Trashed: Trash{At: 1}}, {ID: 4, Archived: true}, {ID: 5, Parent: 4}} {
		s.setProject(&p)
	}
	for _, e := range []Entry{
		{ID: 1, Project: 1}, // never
		{ID: 2, Project: 1, Expiry: day(3, 31) + 10*3600},                                                // today, and a moment that has passed (sysPass)
		{ID: 3, Project: 1, Expiry: day(3, 30) + secondsPerDay - 1},                                      // yesterday
		{ID: 4, Project: 1, Expiry: day(4, 30)},                                                          // in 30 days
		{ID: 5, Project: 1, Expiry: day(5, 1)},                                                           // not soon
		{ID: 6, Project: 2, HasPassword: true, SecretChanged: day(1, 1), Created: 1},                     // tomorrow, by its folder
		{ID: 7, Project: 2, HasPassword: true, Created: day(1, 10) - 365*secondsPerDay},                  // never changed
		{ID: 8, Project: 2, HasPassword: true, SecretChanged: day(1, 1), Expiry: day(3, 1)},              // its own date comes first
		{ID: 9, Project: 2, HasPassword: true, SecretChanged: day(1, 1), Expiry: day(4, 2)},              // its folder comes first
		{ID: 10, Project: 2, SecretChanged: day(1, 1)},                                                   // there is nothing to renew
		{ID: 11, Project: 1, Expiry: day(3, 1), Trashed: Trash{At: 1}},                                   // gone
		{ID: 12, Project: 3, Expiry: day(3, 1)},                                                          // with its project
		{ID: 13, Owner: 1, Expiry: day(3, 1)},                                                            // personal
		{ID: 14, Project: 1, Expiry: day(3, 1), Source: 3},                                               // a link
		{ID: 15, Project: 1, Expiry: day(3, 1), Archived: true}, {ID: 16, Project: 5, Expiry: day(3, 1)}, // take no change
	} {
		s.setEntry(&e)
	}
	want := []Due{
		{Entry: 2, Project: 1, At: day(3, 31) + 10*3600}, {Entry: 3, Project: 1, At: day(3, 31) - 1, Days: -1}, {Entry: 4, Project: 1, At: day(4, 30), Days: 30},
		{Entry: 6, Project: 2, At: day(4, 1), Days: 1, Renewal: true}, {Entry: 7, Project: 2, At: day(4, 10) - 365*secondsPerDay, Days: -355, Renewal: true},
		{Entry: 8, Project: 2, At: day(3, 1), Days: -30}, {Entry: 9, Project: 2, At: day(4, 1), Days: 1, Renewal: true},
		{Entry: 15, Project: 1, At: day(3, 1), Days: -30, Archived: true}, {Entry: 16, Project: 5, At: day(3, 1), Days: -30, Archived: true},
	}
	if diff := cmp.Diff(want, s.Due(now)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for setting, n := range map[string]int{"0": 6, "1": 8, "30": 9, "31": 10, "x": 9, "": 9, "-5": 9} {
		s.settings[SettingSoonDays] = setting
		if got := s.Due(now); len(got) != n {
			t.Errorf("soon is %q days: got %d, want %d", setting, len(got), n)
		}
	}
	if d := (Due{Days: 0}); d.Expired() {
		t.Error("expired on its last day")
	}
}
