package journal_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"tresor/infra/dynamodblocal"
	"tresor/shared/dynamo"
	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// The model: some entries, each a register that holds a password. A write may also be a compare-and-set, decided by the rules in an
// Update; what is undecided may have happened at any time after its call, or never.

type operation struct {
	register int
	kind     string // "read", "write", "swap"
	value    string
	expect   string // for swap
}

type outcome struct {
	value   string
	swapped bool
	unknown bool
}

var registers = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[int][]porcupine.Operation{}
		for _, op := range history {
			r := op.Input.(operation).register
			parts[r] = append(parts[r], op)
		}
		var out [][]porcupine.Operation
		for _, p := range parts {
			out = append(out, p)
		}
		return out
	},
	Init: func() any { return "initial" },
	Step: func(state, input, output any) (bool, any) {
		now, op, out := state.(string), input.(operation), output.(outcome)
		switch {
		case op.kind == "read":
			return out.value == now, now
		case op.kind == "write":
			return true, op.value
		case out.unknown && now == op.expect, out.swapped && now == op.expect:
			return true, op.value
		}
		return out.unknown || now != op.expect && !out.swapped, now
	},
	Equal: func(a, b any) bool { return a == b },
	DescribeOperation: func(input, output any) string {
		return fmt.Sprintf("%+v -> %+v", input, output)
	},
}

const registerCount = 3

// recordHistory lets processes read and write the registers at random and records what each saw.
func recordHistory(t *testing.T, processes []*scenario.System, steps int, patience time.Duration, land func()) []porcupine.Operation {
	t.Helper()
	var mu sync.Mutex
	var history []porcupine.Operation
	began := time.Now()
	var wg sync.WaitGroup
	for p, s := range processes {
		wg.Go(func() {
			rng := mathrand.New(mathrand.NewPCG(uint64(p), 7))
			seen := map[int]string{}
			for i := range steps {
				op := operation{register: rng.IntN(registerCount), value: fmt.Sprintf("p%d-%d", p, i)}
				op.kind = []string{"read", "read", "write", "swap"}[rng.IntN(4)]
				op.expect = seen[op.register]
				call := time.Since(began)
				out, err := perform(t, s, op, patience)
				done := time.Since(began)
				if out.value != "" {
					seen[op.register] = out.value
				}
				switch {
				case errors.Is(err, vault.Undecided):
					out.unknown, done = true, time.Hour // it may happen at any later time
				case err != nil:
					continue // a write that was refused must not have happened, and so is no part of the history
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: p, Input: op, Call: call.Nanoseconds(), Output: out, Return: done.Nanoseconds()})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	land()
	return history
}

func perform(t *testing.T, s *scenario.System, op operation, patience time.Duration) (outcome, error) {
	id := vault.EntryID(op.register + 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	switch op.kind {
	case "read":
		return vault.View(ctx, s.Vault, as(s.Founding, reveal), func(r *vault.Reader) (outcome, error) {
			p, err := r.Reveal(id)
			return outcome{value: p.Password.Reveal()}, err
		})
	case "write":
		return vault.Update(ctx, s.Vault, as(s.Founding, write), func(tx *vault.Tx) (outcome, error) {
			return outcome{}, join(tx.SetPassword(id, vault.NewSecret(op.value)), tx.EditEntry(id, func(e *vault.Entry) error { e.Notes = op.value; return nil }))
		})
	}
	return vault.Update(ctx, s.Vault, as(s.Founding, write), func(tx *vault.Tx) (outcome, error) {
		e, _, err := tx.Entry(id)
		if err != nil || e.Notes != op.expect {
			return outcome{}, err
		}
		return outcome{swapped: true}, join(tx.SetPassword(id, vault.NewSecret(op.value)), tx.EditEntry(id, func(e *vault.Entry) error { e.Notes = op.value; return nil }))
	})
}

func join(errs ...error) error { return errors.Join(errs...) }

func checkLinearizable(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	unknown := 0
	for _, op := range history {
		if op.Output.(outcome).unknown {
			unknown++
		}
	}
	t.Logf("%d operations, %d of them undecided", len(history), unknown)
	switch porcupine.CheckOperationsTimeout(registers, history, time.Minute) {
	case porcupine.Illegal:
		t.Error("the history is not linearizable")
	case porcupine.Unknown:
		t.Error("the history could not be checked in a minute")
	case porcupine.Ok:
	}
}

func foundRegisters(t *testing.T, s *scenario.System) {
	t.Helper()
	for i := range registerCount {
		id := create(t, s, fmt.Sprintf("register %d", i), "initial")
		s.Do(t, func(tx *vault.Tx) error {
			return tx.EditEntry(id, func(e *vault.Entry) error { e.Notes = "initial"; return nil })
		})
	}
}

func TestHistoriesAreLinearizable(t *testing.T) {
	memory := vaulttest.NewMemory()
	s := scenario.On(t, memory)
	foundRegisters(t, s)
	var processes []*scenario.System
	for range 6 {
		process := s.Another(t, memory.Open())
		processes = append(processes, process, process) // two clients in each process: shared commits and catch-ups
	}
	checkLinearizable(t, recordHistory(t, processes, 60, time.Minute, func() {}))
}

func TestHistoriesUnderFaultsAreLinearizable(t *testing.T) {
	for seed := range uint64(4) {
		memory := vaulttest.NewMemory()
		s := scenario.On(t, memory)
		foundRegisters(t, s)
		shared := vaulttest.NewFaulty(memory.Open(), seed)
		shared.ShowInParts(vaulttest.Jitter(100 * time.Microsecond))
		var processes []*scenario.System
		var stores []*vaulttest.Faulty
		for p := range 6 {
			f := shared.Share(memory.Open(), seed*100+uint64(p))
			f.SetChaos(vaulttest.Chaos{LoseAnswer: 0.15, LoseRequest: 0.1 + 0.2*float64(seed), Hold: 0.1, Throttle: 0.1, MaxDelay: 500 * time.Microsecond})
			stores = append(stores, f)
			processes = append(processes, s.Another(t, f))
		}
		history := recordHistory(t, processes, 40, 2*time.Second, func() { // leaves a commit 100 ms: some stay undecided
			for _, f := range stores {
				f.Land(t.Context())
			}
		})
		checkLinearizable(t, history)
	}
}

// TestTenProcessesOnDynamoDB runs ten processes, with lost answers among them, against DynamoDB Local: the history is linearizable, both chains
// verify, and there is one record for each acknowledged write, neither more nor fewer.
func TestTenProcessesOnDynamoDB(t *testing.T) {
	open := dynamoVault(t)
	s := scenario.On(t, open())
	foundRegisters(t, s)
	var processes []*scenario.System
	for p := range 10 {
		f := vaulttest.NewFaulty(open(), uint64(p))
		f.SetChaos(vaulttest.Chaos{LoseAnswer: 0.1, LoseRequest: 0.05})
		processes = append(processes, s.Another(t, f))
	}
	before := head(s, vault.Entries)
	began := time.Now()
	history := recordHistory(t, processes, 25, 5*time.Second, func() {})
	t.Logf("%d operations in %v", len(history), time.Since(began))
	checkLinearizable(t, history)
	if err := s.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	written, unknown := vault.Seq(0), vault.Seq(0)
	for _, op := range history {
		in, out := op.Input.(operation), op.Output.(outcome)
		switch {
		case out.unknown:
			unknown++
		case in.kind == "write", out.swapped:
			written++
		}
	}
	if got := head(s, vault.Entries) - before; got < written || got > written+unknown {
		t.Errorf("got %d records for %d acknowledged and %d undecided writes", got, written, unknown)
	}
	report, err := journal.Verify(t.Context(), open(), s.Sealer)
	if err != nil || !report.OK() {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

// dynamoVault returns a function that opens handles to one new vault on DynamoDB Local.
func dynamoVault(t *testing.T) func() vault.Store {
	server, tables := dynamodblocal.Start(t)
	name := "linear-" + rand.Text()
	return func() vault.Store {
		store, err := dynamo.New(dynamo.NewClient(server.Config()), dynamo.Config{Entries: tables.Entries, Permissions: tables.Permissions, Vault: name})
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
}

// TestTheModelCheckerFindsABrokenHistory guards the checker itself: a read of an old value after a newer one was read.
func TestTheModelCheckerFindsABrokenHistory(t *testing.T) {
	at := func(n int64) int64 { return n * 10 }
	history := []porcupine.Operation{
		{ClientId: 0, Input: operation{kind: "write", value: "a"}, Output: outcome{}, Call: at(1), Return: at(2)},
		{ClientId: 1, Input: operation{kind: "read"}, Output: outcome{value: "a"}, Call: at(3), Return: at(4)},
		{ClientId: 1, Input: operation{kind: "read"}, Output: outcome{value: "initial"}, Call: at(5), Return: at(6)},
	}
	if porcupine.CheckOperations(registers, history) {
		t.Error("a stale read passes as linearizable")
	}
}
