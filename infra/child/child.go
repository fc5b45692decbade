// Package child runs programs that end when this one does, however it ends. It is for what local work starts beside itself: servers, the Docker engine, SAM.
//
// The one idea: a shell watches the end of a pipe that this process holds. It closes when this process says so, and when it crashes or is killed; no
// cleanup of ours has to run for that. Children are in process groups of their own, so that Ctrl-C reaches this process alone, which ends them in order.
package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Spec says what to run.
type Spec struct {
	Name  string        // for errors
	Args  []string      // the program and its arguments
	Dir   string        // the working directory; empty: this one's
	Env   []string      // nil: this one's
	Log   string        // the file that both outputs go to
	Grace time.Duration // how long it has after SIGTERM; 0: it is killed at once
	After string        // what a shell runs when it has ended, however that was
}

// Process is a running program. It must be stopped.
type Process struct {
	name  string
	log   *os.File // held open: what comes after may remove it
	stdin io.Closer
	done  chan struct{}
}

// ErrEnded is in the error of a program that ended by itself.
var ErrEnded = errors.New("it ended")

// script runs "$@" until its own standard input closes. Its background process reads; the program has none of the pipe, so that what it leaves behind holds nothing open.
const script = `
grace=$1 after=$2
shift 2
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{
  cat <&3 >/dev/null
  if [ "$grace" -gt 0 ]; then
    kill -TERM $child
    while [ "$grace" -gt 0 ] && kill -0 $child; do sleep 0.1; grace=$((grace - 1)); done
  fi
  kill -KILL $child
} 2>/dev/null &
watch=$!
wait $child
kill -KILL $watch 2>/dev/null
eval "$after"
`

// Start starts a program. Its context is not the call's: it lives until Stop.
func Start(s Spec) (*Process, error) {
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	args := append([]string{"-c", script, s.Name, strconv.Itoa(int(s.Grace / (100 * time.Millisecond))), s.After}, s.Args...)
	cmd := exec.CommandContext(context.Background(), "sh", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.Dir, s.Env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &Process{name: s.Name, log: log, done: make(chan struct{})}
	if p.stdin, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", s.Name, err), log.Close())
	}
	go func() {
		_ = cmd.Wait() // what it had to say is in the log
		close(p.done)
	}()
	return p, nil
}

// Stop ends the program and waits until it has ended and what comes after is done. It may be called again, and for none.
func (p *Process) Stop() {
	if p == nil {
		return
	}
	_ = p.stdin.Close() // closed twice is closed
	<-p.done
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Tail returns the last lines of what the program wrote.
func (p *Process) Tail(lines int) string {
	text, err := io.ReadAll(io.NewSectionReader(p.log, 0, math.MaxInt64))
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// Ready waits until try succeeds. The error holds the end of the log where the program ended first, and the last of try's where the time is over.
func (p *Process) Ready(ctx context.Context, within time.Duration, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("start %s: %w: %w\n%s", p.name, ErrEnded, err, p.Tail(20))
		case <-ctx.Done():
			return fmt.Errorf("start %s: no answer within %v: %w\n%s", p.name, within, err, p.Tail(20))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// FreePort returns a port of a host that nobody listens on. Another may take it before it is used.
func FreePort(ctx context.Context, host string) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port of %s: %w", host, err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close() // a TCP listener has a TCP address
}

// Free says whether a port can be listened on, in words for whoever chose it.
func Free(ctx context.Context, address string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%s is taken: %w", address, err)
	}
	return l.Close()
}
