package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"tresor/infra/coldstart/runtimeapi"
)

// process is a running function.
type process struct {
	api    *runtimeapi.API
	cmd    *exec.Cmd
	began  time.Time
	output output
	done   chan struct{} // closed when it has ended
}

// output is all that a process writes, to both streams.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs a program with nothing but env in its environment. It must be ended.
func start(ctx context.Context, program string, env []string) (*process, error) {
	p := &process{api: runtimeapi.New(), cmd: exec.CommandContext(ctx, program), done: make(chan struct{})}
	p.cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + p.api.Address()}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		p.api.Close()
		return nil, fmt.Errorf("start a function: %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.done)
	}()
	return p, nil
}

var errEnded = errors.New("the function's process ended")

// ready waits for the first poll and returns how long after its start it came.
func (p *process) ready(ctx context.Context) (time.Duration, error) {
	select {
	case at := <-p.api.FirstPoll():
		return at.Sub(p.began), nil
	case <-p.done:
		return 0, fmt.Errorf("%w before it polled: %s", errEnded, p.output.String())
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// invoke gives it an event and returns its answer as JSON.
func (p *process) invoke(ctx context.Context, event any) (json.RawMessage, error) {
	body, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode an event: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.done:
			cancel(errEnded)
		case <-ctx.Done():
		}
	}()
	out, err := p.api.Invoke(ctx, body)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return out, err
}

// signal sends it a signal and waits for its end.
func (p *process) signal(s os.Signal) {
	_ = p.cmd.Process.Signal(s) // one that has ended needs none
	<-p.done
}

// end ends it, as Lambda does: without asking.
func (p *process) end() {
	p.signal(syscall.SIGKILL)
	p.api.Close()
}
