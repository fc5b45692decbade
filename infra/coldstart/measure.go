package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"time"

	"tresor/shared/watch"
)

// subject is what is measured: a program in an environment.
type subject struct {
	name    string
	program string
	env     []string
	budget  float64 // in multiples of hello; 0: none
	samples []sample
}

// sample is one start.
type sample struct {
	start     time.Duration // process start to first poll
	processor time.Duration // what the process computed meanwhile, on all cores
}

// measure starts every subject n times, in turn, so that what else the machine does meets all alike. The start before the first counts for nothing: it
// brings programs into memory.
func measure(ctx context.Context, subjects []*subject, n int) error {
	for round := range n + 1 {
		for _, s := range subjects {
			r, err := once(ctx, s)
			if err != nil {
				return fmt.Errorf("measure %s: %w", s.name, err)
			}
			if round > 0 {
				s.samples = append(s.samples, r)
			}
		}
	}
	return nil
}

func once(ctx context.Context, s *subject) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	p, err := start(ctx, s.program, s.env)
	if err != nil {
		return sample{}, err
	}
	defer p.end()
	took, err := p.ready(ctx)
	if err != nil {
		return sample{}, err
	}
	if err := started(p.output.String()); err != nil {
		return sample{}, err
	}
	p.signal(syscall.SIGKILL)
	state := p.cmd.ProcessState
	return sample{took, state.UserTime() + state.SystemTime()}, nil
}

// started says whether what a program wrote is that of a good start: nothing, or the one line of it. A start that failed is fast, and measures nothing.
func started(text string) error {
	if text == "" {
		return nil
	}
	var line struct{ Message, Outcome string }
	if json.Unmarshal([]byte(text), &line) != nil || line.Message != "start" || line.Outcome != watch.OK {
		return fmt.Errorf("it does not start well: %s", text)
	}
	return nil
}

func (s *subject) median(of func(sample) time.Duration) time.Duration {
	all := make([]time.Duration, len(s.samples))
	for i, r := range s.samples {
		all[i] = of(r)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (r sample) ofStart() time.Duration     { return r.start }
func (r sample) ofProcessor() time.Duration { return r.processor }

// least is the fastest start: what it takes where nothing else runs.
func (s *subject) least() time.Duration {
	return slices.MinFunc(s.samples, func(a, b sample) int { return int(a.start - b.start) }).start
}
