package journal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// The stress: processes share a store on which everything goes wrong, and their callers are impatient, panic, and ask for too much. Each Update
// makes an entry with a name of its own, so that the journal says afterwards what became of it.

const (
	stressProcesses = 4
	stressCallers   = 8 // in each process
	stressSteps     = 16
	stressLimit     = 20 * time.Second // of an Update whose context has no deadline
	stressSlack     = 3 * time.Second  // for what runs on a busy machine once a context has ended
)

// stress is what the callers found.
type stress struct {
	founded *scenario.System
	shared  vault.EntryID // whose encrypted field everybody changes
	mu      sync.Mutex
	results map[string]error
}

// caller makes one caller's updates.
type caller struct {
	*stress
	t       *testing.T
	process *scenario.System
	store   *vaulttest.Faulty
	rng     *rand.Rand
}

func (c *caller) run(name string) {
	for i := range stressSteps {
		c.update(fmt.Sprintf("%s-%d", name, i))
		if c.rng.IntN(8) == 0 {
			c.store.Land(context.WithoutCancel(c.t.Context()))
		}
	}
}

func (c *caller) update(name string) {
	ctx, limit, cancel := c.patience()
	defer cancel()
	began := time.Now()
	_, err := vault.Update(ctx, c.process.Vault, as(c.founded.Founding, write), c.function(name))
	if took := time.Since(began); took > limit+stressSlack {
		c.t.Errorf("%s: answered after %v, with a limit of %v: %v", name, took, limit, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results[name] = err
}

// patience returns a context that ends soon, late, never, or is cancelled, and how long the Update may take.
func (c *caller) patience() (context.Context, time.Duration, context.CancelFunc) {
	short := time.Duration(1+c.rng.IntN(300)) * time.Millisecond
	switch c.rng.IntN(4) {
	case 0:
		ctx, cancel := context.WithTimeout(c.t.Context(), short)
		return ctx, short, cancel
	case 1:
		ctx, cancel := context.WithCancel(c.t.Context())
		time.AfterFunc(short, cancel)
		return ctx, stressLimit, cancel
	case 2:
		ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
		return ctx, 5 * time.Second, cancel
	}
	return c.t.Context(), stressLimit, func() {}
}

// function returns what an Update does: mostly one entry, sometimes with a change of a payload, sometimes a panic, or so many that they fit
// into a transaction alone, or not even so.
func (c *caller) function(name string) func(*vault.Tx) (int, error) {
	kind := c.rng.IntN(10)
	more := map[int]int{1: 60, 2: 99}[kind]
	return func(tx *vault.Tx) (int, error) {
		_, err := tx.CreateEntry(vault.Entry{Name: name, Project: 1}, vault.Payload{Password: vault.NewSecret(name)})
		for range more {
			_, failed := tx.CreateEntry(vault.Entry{Name: "bulk", Project: 1}, vault.Payload{Password: vault.NewSecret("b")})
			err = errors.Join(err, failed)
		}
		switch kind {
		case 0:
			panic("on purpose")
		case 3, 4:
			err = errors.Join(err, tx.SetSecrets(c.shared, nil, map[uint8]vault.Secret{1: vault.NewSecret(name)}))
		}
		return 0, err
	}
}

func TestLaw6UnderStressEveryUpdateIsAnsweredAndTrulySo(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := &stress{founded: scenario.On(t, memory), results: map[string]error{}}
	s.shared = withTwoSecrets(t, s.founded)
	first := vaulttest.NewFaulty(memory.Open(), 1)
	first.ShowInParts(vaulttest.Jitter(100 * time.Microsecond))
	var stores []*vaulttest.Faulty
	var wg sync.WaitGroup
	for p := range stressProcesses {
		f := first.Share(memory.Open(), uint64(p))
		f.SetChaos(vaulttest.Chaos{LoseAnswer: 0.1, LoseRequest: 0.1, Hold: 0.1, Throttle: 0.1, MaxDelay: time.Millisecond})
		process := s.founded.Another(t, f)
		stores = append(stores, f)
		for n := range stressCallers {
			c := &caller{s, t, process, f, rand.New(rand.NewPCG(uint64(p), uint64(n)))}
			wg.Go(func() { c.run(fmt.Sprintf("%d-%d", p, n)) })
		}
	}
	wg.Wait()
	for _, f := range stores {
		f.Land(t.Context())
	}
	s.check(t, memory)
}

// check compares what the callers were told with what is there.
func (s *stress) check(t *testing.T, store vault.Store) {
	t.Helper()
	found, kinds := map[string]int{}, map[string]int{}
	for _, name := range names(t, s.founded, s.founded.Founding) {
		found[name]++
	}
	for name, err := range s.results {
		n := found[name]
		switch {
		case err == nil && n != 1, errors.Is(err, vault.Undecided) && n > 1, err != nil && !errors.Is(err, vault.Undecided) && n > 0:
			t.Errorf("%s is there %d times, and its caller was told: %v", name, n, err)
		}
		if err == nil {
			kinds["done"]++
		} else {
			kinds[vault.KindOf(err).Error()]++
		}
	}
	t.Logf("%d updates: %v", len(s.results), kinds)
	if got, err := secretOf(t, s.founded, s.founded.Founding, s.shared); got != "keep me" || err != nil {
		t.Errorf("the password that nobody changed is now %q, %v", got, err)
	}
	report, err := journal.Verify(t.Context(), store, s.founded.Sealer)
	if err != nil || !report.OK() {
		t.Errorf("verify: %+v, %v", report, err)
	}
}
