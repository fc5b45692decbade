package vault

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

const (
	// SettingSoonDays is how many days before its day an entry expires soon.
	SettingSoonDays = "tpm.expiry_soon_days"
	// DefaultSoonDays is what it is where it is unset. TPM's documented sample needs at least 15 (tpm 5, 9.9).
	DefaultSoonDays = 30
)

// Due is an entry whose secret has to be renewed, soon or long since.
type Due struct {
	Entry    EntryID
	Project  ProjectID
	At       Stamp
	Days     int  // until then, in days of UTC; 0: today; below 0: since then
	Renewal  bool // by its folder's period of renewal, and not by a date of its own
	Archived bool // it, or what it lies in: it takes no change
}

// Expired reports whether the day is over.
func (d *Due) Expired() bool { return d.Days < 0 }

const secondsPerDay = 24 * 60 * 60

// DaysUntil returns how many days of UTC lie between now and a later time; below 0 where it is an earlier one.
func DaysUntil(at, now Stamp) int { return int(at/secondsPerDay - now/secondsPerDay) }

// Due returns every entry that has expired or expires soon, ascending by id. It is one rule for all dialects: an entry expires on its date (sysPass expireDate, TPM
// expiry_date), or where its secret was last changed as many months ago as its folder says (TeamPass renewal_period); what comes first counts. On the day itself it is not
// yet over. What is in the trash, personal entries (which have no date, TPM 6.4) and links (their source expires) are left out.
func (s *State) Due(now time.Time) []Due {
	soon, err := strconv.Atoi(s.Setting(SettingSoonDays, ""))
	if err != nil || soon < 0 {
		soon = DefaultSoonDays
	}
	var all []Due
	for _, row := range s.entries {
		d, ok := s.due(&row.Entry)
		if !ok {
			continue
		}
		if d.Days = DaysUntil(d.At, StampOf(now)); d.Days <= soon {
			d.Archived = row.Archived || s.archived(row.Project)
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b Due) int { return cmp.Compare(a.Entry, b.Entry) })
	return all
}

// due returns when an entry expires; false: never.
func (s *State) due(e *Entry) (Due, bool) {
	p := s.projects[e.Project]
	if e.Trashed.Is() || e.Owner != 0 || e.Source != 0 || p == nil || p.Trashed.Is() {
		return Due{}, false
	}
	d := Due{Entry: e.ID, Project: e.Project, At: e.Expiry}
	if p.RenewalMonths > 0 && e.HasPassword {
		changed := cmp.Or(e.SecretChanged, e.Created)
		if at := StampOf(changed.Time().AddDate(0, int(p.RenewalMonths), 0)); d.At == 0 || at < d.At {
			d.At, d.Renewal = at, true
		}
	}
	return d, d.At != 0
}

// archived reports whether a project or one above it is archived.
func (s *State) archived(id ProjectID) bool {
	depth := 0
	for p := s.projects[id]; p != nil && depth < maxDepth; p = s.projects[p.Parent] {
		if p.Archived {
			return true
		}
		depth++
	}
	return false
}
