package expiry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/bus"
	"tresor/shared/expiry"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// taker is a bus that takes up to a number of events, and is told of each.
type taker struct {
	limit int
	got   []bus.Event
}

func (k *taker) Put(_ context.Context, events []bus.Event) (int, error) {
	n := min(k.limit, len(events))
	k.limit -= n
	k.got = append(k.got, events[:n]...)
	if n < len(events) {
		return n, &vault.Error{Kind: vault.Busy}
	}
	return n, nil
}

// world is a vault of 90 entries that expire one a day, the first of them a day ago; 32 of them so far that they are told of.
func world(t *testing.T, store vault.Store) (*scenario.System, time.Time) {
	t.Helper()
	s := scenario.On(t, store)
	now := time.Date(2026, 11, 26, 4, 40, 0, 0, time.UTC)
	_, err := vault.Update(t.Context(), s.Vault, scenario.Operator(), func(x *vault.Tx) (int, error) {
		p, err := x.CreateProject(vault.Project{Name: "P", Manager: s.Founding.AdminID})
		for i := range 90 {
			if err == nil {
				_, err = x.CreateEntry(vault.Entry{Project: p, Manager: s.Founding.AdminID, Name: fmt.Sprint("canary ", i), Expiry: vault.StampOf(now.AddDate(0, 0, i-1))},
					vault.Payload{Password: vault.NewSecret("canary")})
			}
		}
		return 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, now
}

const told = 32 // one expired, one today, thirty soon

func ids(events []bus.Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, e.Detail.ID)
	}
	slices.Sort(list)
	return list
}

func TestOncePerEntryAndDay(t *testing.T) {
	s, now := world(t, vaulttest.NewMemory())
	to := &taker{limit: 1000}
	x := expiry.Events{Vault: s.Vault, Name: "v", Marks: s.Store, Bus: to}
	if n, err := x.Send(t.Context(), now); n != told || err != nil || len(to.got) != told {
		t.Fatalf("got %d, %v, %d events", n, err, len(to.got))
	}
	days := -1
	want := bus.New("entry.expired", now, bus.Detail{ID: "v/expiry/2026-11-26/1/entry.expired", Vault: "v", Kind: "entry", Targets: []uint64{1}, Project: 1, Due: "2026-11-25T04:40:00Z", Days: &days, Rule: "date"})
	want.Detail.ID = fmt.Sprintf("v/expiry/2026-11-26/%d/entry.expired", to.got[0].Detail.Target)
	want.Detail.Target, want.Detail.Targets, want.Detail.Project = to.got[0].Detail.Target, to.got[0].Detail.Targets, to.got[0].Detail.Project
	if diff := cmp.Diff(want, to.got[0]); diff != "" || want.Detail.Target == 0 || want.Detail.Project == 0 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, e := range to.got[1:] {
		if e.Type != "entry.expiring" {
			t.Errorf("%s is %s", e.Detail.ID, e.Type)
		}
	}
	if n, err := x.Send(t.Context(), now.Add(19*time.Hour)); n != 0 || err != nil { // the same day, 23:40
		t.Errorf("a second time: got %d, %v", n, err)
	}
	if n, err := x.Send(t.Context(), now.Add(24*time.Hour)); n != told+1 || err != nil {
		t.Errorf("the next day: got %d, %v", n, err)
	}
	if len(slices.Compact(ids(to.got))) != 2*told+1 {
		t.Error("two events have one id")
	}
}

// TestEndedHalfWay: wherever a run ends, the next one sends the rest, and again only what belongs to the run of ids that was not marked.
func TestEndedHalfWay(t *testing.T) {
	for limit := range told {
		s, now := world(t, vaulttest.NewMemory())
		to := &taker{limit: limit}
		x := expiry.Events{Vault: s.Vault, Name: "v", Marks: s.Store, Bus: to}
		if n, err := x.Send(t.Context(), now); n != limit || !errors.Is(err, vault.Busy) {
			t.Fatalf("after %d: got %d, %v", limit, n, err)
		}
		to.limit = 1000
		if _, err := x.Send(t.Context(), now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		all := ids(to.got)
		if n := len(slices.Compact(slices.Clone(all))); n != told {
			t.Errorf("after %d: %d entries were told of, want %d", limit, n, told)
		}
	}
}

// TestTheStoreIsInTrouble: a mark whose answer was lost, one that another run has put meanwhile, one that cannot be put.
func TestTheStoreIsInTrouble(t *testing.T) {
	memory := vaulttest.NewMemory()
	s, now := world(t, memory)
	f := vaulttest.NewFaulty(memory.Open(), 1)
	to := &taker{limit: 1000}
	x := expiry.Events{Vault: s.Vault, Name: "v", Marks: f, Bus: to}
	f.LoseAnswer(1)
	f.Throttle(vaulttest.Marked, 2)
	if n, err := x.Send(t.Context(), now); n != told || err != nil {
		t.Errorf("a lost answer: got %d, %v", n, err)
	}
	if n, err := x.Send(t.Context(), now); n != 0 || err != nil {
		t.Errorf("again: got %d, %v", n, err)
	}
	tomorrow := now.Add(24 * time.Hour)
	f.Throttle(vaulttest.Commit, 100)
	if n, err := x.Send(t.Context(), tomorrow); n == 0 || !errors.Is(err, vault.Busy) {
		t.Errorf("no mark: got %d, %v", n, err)
	}
	to.got = nil
	f.Throttle(vaulttest.Commit, 0)
	x.Marks = meanwhile{f, func() { // another process, between this one's question and its mark
		other := expiry.Events{Vault: s.Vault, Name: "v", Marks: memory.Open(), Bus: &taker{limit: 1000}}
		if _, err := other.Send(t.Context(), tomorrow); err != nil {
			t.Error(err)
		}
	}}
	if _, err := x.Send(t.Context(), tomorrow); err != nil {
		t.Errorf("two at once: %v", err)
	}
}

// meanwhile lets something happen before each mark is put.
type meanwhile struct {
	expiry.Marks
	do func()
}

func (m meanwhile) Commit(ctx context.Context, tx vault.Transaction) error {
	m.do()
	return m.Marks.Commit(ctx, tx)
}

// TestDays: a day is one of UTC, wherever the clock is, and ends at midnight.
func TestDays(t *testing.T) {
	s, now := world(t, vaulttest.NewMemory())
	to := &taker{limit: 1000}
	x := expiry.Events{Vault: s.Vault, Name: "v", Marks: s.Store, Bus: to}
	east, west := time.FixedZone("", 14*3600), time.FixedZone("", -12*3600)
	midnight := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at   time.Time
		want int
	}{
		{now.In(east), told}, {now.In(west), 0}, {midnight.Add(-time.Nanosecond).In(east), 0}, {midnight.In(west), told + 1}, {midnight.Add(time.Hour), 0},
	} {
		if n, err := x.Send(t.Context(), c.at); n != c.want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", c.at, n, err, c.want)
		}
	}
	for _, e := range to.got[:told] {
		if !strings.HasPrefix(e.Detail.ID, "v/expiry/2026-11-26/") || !strings.HasSuffix(e.Detail.Time, "Z") || !strings.HasSuffix(e.Detail.Due, "Z") {
			t.Errorf("got %+v", e.Detail)
		}
	}
}

// TestADateIsMoved: what was told of stays told of for the day, and what was moved away is told of no more.
func TestADateIsMoved(t *testing.T) {
	s, now := world(t, vaulttest.NewMemory())
	to := &taker{limit: 5}
	x := expiry.Events{Vault: s.Vault, Name: "v", Marks: s.Store, Bus: to}
	if _, err := x.Send(t.Context(), now); !errors.Is(err, vault.Busy) { // ended half-way
		t.Fatal(err)
	}
	first := vault.EntryID(to.got[0].Detail.Target)
	move := func(id vault.EntryID, to time.Time) {
		t.Helper()
		if _, err := vault.Update(t.Context(), s.Vault, scenario.Operator(), func(x *vault.Tx) (int, error) {
			return 0, x.EditEntry(id, func(e *vault.Entry) error { e.Expiry = vault.StampOf(to); return nil })
		}); err != nil {
			t.Fatal(err)
		}
	}
	move(first, now.AddDate(1, 0, 0))
	move(first+80, now) // was too far away
	to.got, to.limit = nil, 1000
	if n, err := x.Send(t.Context(), now.Add(time.Hour)); n != told || err != nil {
		t.Errorf("the rest of the day: got %d, %v, want %d", n, err, told)
	}
	for _, e := range to.got {
		if e.Detail.Target == uint64(first) {
			t.Errorf("told of %+v, whose date is a year away", e.Detail)
		}
	}
}

// TestManyAreDue: 10,000 on one day, two runs at once, and never two events that differ for one entry.
func TestManyAreDue(t *testing.T) {
	const many = 10_000
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	now := time.Date(2026, 11, 26, 4, 40, 0, 0, time.UTC)
	project := vault.ProjectID(0)
	for n := 0; n < many; n += 1000 {
		if _, err := vault.Update(t.Context(), s.Vault, scenario.Operator(), func(x *vault.Tx) (_ int, err error) {
			if n == 0 {
				if project, err = x.CreateProject(vault.Project{Name: "P", Manager: s.Founding.AdminID}); err != nil {
					return 0, err
				}
			}
			for i := range 1000 {
				if _, err := x.CreateEntry(vault.Entry{Project: project, Manager: s.Founding.AdminID, Name: fmt.Sprint("canary ", n+i), Expiry: vault.StampOf(now)}, vault.Payload{}); err != nil {
					return 0, err
				}
			}
			return 0, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	var runs [2]taker
	var sent [2]int
	var errs [2]error
	var wg sync.WaitGroup
	for i := range runs {
		runs[i].limit = 2 * many
		wg.Go(func() {
			sent[i], errs[i] = expiry.Events{Vault: s.Vault, Name: "v", Marks: memory.Open(), Bus: &runs[i]}.Send(t.Context(), now)
		})
	}
	wg.Wait()
	all := ids(append(runs[0].got, runs[1].got...))
	if n := len(slices.Compact(all)); n != many || errors.Join(errs[:]...) != nil || sent[0]+sent[1] < many {
		t.Errorf("%d and %d sent, %d in all, %v", sent[0], sent[1], n, errs)
	}
	if n, err := (expiry.Events{Vault: s.Vault, Name: "v", Marks: memory.Open(), Bus: &taker{}}).Send(t.Context(), now); n != 0 || err != nil {
		t.Errorf("again: got %d, %v", n, err)
	}
}

func TestNothingToTell(t *testing.T) {
	s := scenario.New(t)
	x := expiry.Events{Vault: s.Vault, Name: "v", Marks: s.Store, Bus: &taker{}}
	if n, err := x.Send(t.Context(), time.Now()); n != 0 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Send(ended, time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: got %v", err)
	}
}
