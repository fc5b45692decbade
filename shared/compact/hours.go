// Package compact closes hours of access records: it writes into the journal how many records an hour holds, the hash over them, and how
// often each secret left. It takes no snapshots and deletes nothing.
//
// The one idea: an hour that is over does not change any more, because records belong to the hour in which they are written. So it
// can be summed up at any time later, by whichever process comes first; closing it twice is prevented by the Update itself.
package compact

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tresor/shared/vault"
)

// Grace is how long after its end an hour is left alone: clocks of writers differ, and a write may be on its way.
const Grace = 15 * time.Minute

const (
	// maxHours bounds one run: six weeks. What is left is the next run's.
	maxHours = 1000
	// idleHours is how many hours without a record are looked at again by each run, before the last of them is closed to mark how far
	// that got. A vault that nobody uses so grows by one record a day and not by one an hour.
	idleHours = 24
)

// Summariser reads an hour's access records. journal.Log is one.
type Summariser interface {
	SummariseHour(ctx context.Context, h vault.Hour) (vault.AccessHour, error)
}

// Close closes the hours that ended at least Grace before now, from the one after the newest closed hour, or from the vault's first. Hours without
// a record are passed over. It returns how many it closed. In a vault that does not exist it does nothing.
func Close(ctx context.Context, v *vault.Vault, s Summariser, now time.Time) (closed int, err error) {
	if err := v.Fresh(ctx); err != nil {
		return 0, fmt.Errorf("close hours of access records: %w", err)
	}
	from, exists := next(v)
	if !exists {
		return 0, nil
	}
	end := min(vault.HourOf(now.Add(-Grace)), from+maxHours)
	idle := 0
	for h := from; h < end; h++ {
		sum, err := s.SummariseHour(ctx, h)
		if err != nil {
			return closed, fmt.Errorf("close hour %s: %w", h, err)
		}
		if idle++; sum.Records == 0 && idle < idleHours {
			continue
		}
		idle = 0
		done, err := write(ctx, v, sum)
		if err != nil {
			return closed, fmt.Errorf("close hour %s: %w", h, err)
		}
		if done {
			closed++
		}
	}
	return closed, nil
}

// next returns the first hour that is not closed.
func next(v *vault.Vault) (from vault.Hour, exists bool) {
	v.Peek(func(s *vault.State) {
		if h, ok := s.NewestClosedHour(); ok {
			from, exists = h+1, true
		} else if at, ok := s.Founded(); ok {
			from, exists = vault.HourOf(at.Time()), true
		}
	})
	return from, exists
}

// write closes one hour, unless another process has come first.
func write(ctx context.Context, v *vault.Vault, sum vault.AccessHour) (bool, error) {
	done, err := record(ctx, v, sum)
	if errors.Is(err, vault.TooLarge) { // so many secrets left that its sums do not fit: the hour's hash matters more than they do
		sum.Reveals, sum.Seen = nil, nil
		done, err = record(ctx, v, sum)
	}
	return done, err
}

func record(ctx context.Context, v *vault.Vault, sum vault.AccessHour) (bool, error) {
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "compact", Writes: true}}
	return vault.Update(ctx, v, req, func(t *vault.Tx) (bool, error) {
		if newest, ok := t.NewestClosedHour(); ok && newest >= sum.Hour {
			return false, nil
		}
		return true, t.CloseHour(sum)
	})
}
