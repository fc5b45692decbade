package trail_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"
	"weak"

	"tresor/shared/trail"
	"tresor/shared/vault"
)

// TestReasonsAreNoContext: what clients write makes no contexts, which are kept for long.
func TestReasonsAreNoContext(t *testing.T) {
	f, now := busyHour(t, 20)
	for i, a := range f.accesses[vault.HourOf(base)] {
		a.User, a.Reason = 1, fmt.Sprint("because ", i)
	}
	for i := range 3 {
		f.write(vault.Entries, now, vault.Change{Entry: &vault.Entry{ID: 1}})
		f.journals[0][i].Ops[0].Reason = fmt.Sprint("change ", i)
	}
	rows := everything(t, caughtUp(t, f), now)
	reasons, contexts := map[string]bool{}, map[*trail.Context]bool{}
	for i := range rows {
		reasons[rows[i].Reason()], contexts[rows[i].Context] = true, true
	}
	if len(reasons) != 20+3+1 || len(contexts) != 2 { // the first user was made without one
		t.Errorf("%d reasons, %d contexts", len(reasons), len(contexts))
	}
}

// TestContextsGoWithTheirHour: a process does not remember for ever who came from where.
func TestContextsGoWithTheirHour(t *testing.T) {
	f := newFake()
	now := f.days(t, 50)
	tr := caughtUp(t, f, trail.Limit(20))
	read := func(hour int) *trail.Rows {
		from := vault.StampOf(base.Add(time.Duration(hour) * time.Hour))
		r, err := tr.Between(t.Context(), now, from, from+3599)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var first weak.Pointer[trail.Context]
	for row := range read(0).All {
		if row.Event == trail.Revealed {
			first = weak.Make(row.Context)
		}
	}
	runtime.GC()
	if first.Value() == nil {
		t.Fatal("the hour was not kept")
	}
	for hour := 1; hour < 20; hour++ {
		read(hour)
	}
	runtime.GC()
	runtime.GC()
	if first.Value() != nil {
		t.Error("the hour was forgotten, but not its contexts")
	}
	runtime.KeepAlive(tr)
}
