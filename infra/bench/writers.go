package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"

	"tresor/shared/seal/keyfile"
	"tresor/shared/sqlite"
	"tresor/shared/vault"
)

// Numbers of writer processes.
const (
	embeddedProcesses = 4
	dynamoProcesses   = 10
)

func embeddedWriters(ctx context.Context, o Options) ([]Figure, error) {
	file := filepath.Join(o.Dir, "writers.db")
	store, err := sqlite.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	return o.writers(ctx, store, &task{File: file}, embeddedProcesses, "embedded", nil)
}

func dynamoWriters(ctx context.Context, o Options) ([]Figure, error) {
	if o.DynamoDB == nil {
		return nil, nil
	}
	t := &task{Tables: *o.DynamoDB, Vault: fmt.Sprintf("bench-%d", time.Now().UnixNano())}
	store, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	return o.writers(ctx, store, t, dynamoProcesses, "dynamodb", atLeast(50))
}

// writers founds a vault, lets n processes write to it at once, and looks whether each write is there once.
func (o *Options) writers(ctx context.Context, store vault.Store, t *task, n int, name string, budget *Budget) ([]Figure, error) {
	t.Key, t.For = filepath.Join(o.Dir, name+".key"), o.For
	key, err := keyfile.Create(t.Key)
	if err != nil {
		return nil, err
	}
	p, err := found(ctx, store, key)
	if err != nil {
		return nil, err
	}
	t.Project, t.Admin = p.project, p.admin.AdminID
	sum, took, err := o.start(ctx, t, n)
	if err != nil {
		return nil, err
	}
	wrong, err := p.audit(ctx, sum)
	if err != nil {
		return nil, err
	}
	return []Figure{
		{fmt.Sprintf("%s_commits_of_%d_processes", name, n), float64(sum.Commits) / took.Seconds(), "commits/s", budget},
		{fmt.Sprintf("%s_lost_or_doubled", name), float64(wrong), "writes", atMost(0)},
		{fmt.Sprintf("%s_refused", name), float64(sum.Busy + sum.Undecided), "writes", atMost(0)}, // nobody may starve
	}, nil
}

// writer is a running process.
type writer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// start runs n writers at once and returns what they did together, and how long it took.
func (o *Options) start(ctx context.Context, t *task, n int) (sum result, took time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // kills what an error left running
	var all []*writer
	for i := range n {
		t.Name = fmt.Sprintf("writer %d", i)
		w, err := o.startOne(ctx, t)
		if err != nil {
			return sum, 0, err
		}
		all = append(all, w)
	}
	for _, w := range all {
		if !w.out.Scan() {
			return sum, 0, fmt.Errorf("a writer did not start: %w", errors.Join(w.out.Err(), w.cmd.Wait()))
		}
	}
	start := time.Now()
	for _, w := range all {
		if _, err := fmt.Fprintln(w.in, "go"); err != nil {
			return sum, 0, err
		}
	}
	for _, w := range all {
		var r result
		w.out.Scan()
		if err := json.Unmarshal(w.out.Bytes(), &r); err != nil {
			return sum, 0, fmt.Errorf("a writer gave no result: %w", errors.Join(err, w.cmd.Wait()))
		}
		sum.Commits, sum.Busy, sum.Undecided = sum.Commits+r.Commits, sum.Busy+r.Busy, sum.Undecided+r.Undecided
	}
	took = time.Since(start)
	for _, w := range all {
		if err := w.cmd.Wait(); err != nil {
			return sum, took, fmt.Errorf("a writer failed: %w", err)
		}
	}
	return sum, took, nil
}

func (o *Options) startOne(ctx context.Context, t *task) (*writer, error) {
	w := &writer{cmd: o.Writer(ctx)}
	w.cmd.Stderr = o.Progress
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewScanner(out)
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	return w, json.NewEncoder(w.in).Encode(t) // ends its line
}

// audit counts entries that are missing or there twice. Each undecided write may be there or not.
func (p *process) audit(ctx context.Context, sum result) (wrong int, err error) {
	return vault.View(ctx, p.vault, operator(), func(r *vault.Reader) (int, error) {
		entries, total := r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, -1)
		names := map[string]bool{}
		for _, e := range entries {
			names[e.Name] = true
		}
		doubled := total - len(names)
		lost := max(0, sum.Commits-len(names))
		surplus := max(0, len(names)-sum.Commits-sum.Undecided)
		return doubled + lost + surplus, nil
	})
}
