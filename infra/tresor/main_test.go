package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asCommand makes a run of this test binary the command itself: tests run it as processes of their own, as users do.
const asCommand = "TRESOR_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

func tresorProcess(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "TRESOR_KEY_FILE=")
	return cmd
}

// hung is how long no command takes, however busy the machine.
const hung = 2 * time.Minute

// outcome is what a command did.
type outcome struct {
	stdout, stderr string
	status         int
}

func runCommand(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hung)
	defer cancel()
	cmd := tresorProcess(ctx, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // says where it stands
	cmd.WaitDelay = 10 * time.Second                                         // for what it started and what holds its output
	var out, err bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &err
	_ = cmd.Run() // its status is looked at below
	if ctx.Err() == context.DeadlineExceeded {
		t.Errorf("tresor %s does not end within %s:\n%s", strings.Join(args, " "), hung, err.String())
	}
	return outcome{out.String(), err.String(), cmd.ProcessState.ExitCode()}
}

// ok runs a command that must succeed and returns its standard output.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	o := runCommand(t, "", args...)
	if o.status != 0 {
		t.Fatalf("tresor %s: status %d\n%s", strings.Join(args, " "), o.status, o.stderr)
	}
	return o.stdout
}

// object decodes output that must be one JSON object on one line.
func object[T any](t *testing.T, out string) (v T) {
	t.Helper()
	if strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, "\n") {
		t.Fatalf("not one line: %q", out)
	}
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decode %q: %v", out, err)
	}
	return v
}

// newVault makes a vault and returns its folder and what init printed.
func newVault(t *testing.T) (dir string, f founding) {
	t.Helper()
	dir = t.TempDir()
	return dir, object[founding](t, ok(t, "init", "--data", dir, "--json"))
}

// server is a running `tresor serve`.
type server struct {
	url string
	cmd *exec.Cmd

	mu  sync.Mutex
	out bytes.Buffer // standard output and error
}

// Write takes standard error.
func (s *server) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(b)
}

func (s *server) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

// startServer starts serve on a free port and returns when it says that it is ready.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{}
	s.cmd = tresorProcess(context.WithoutCancel(t.Context()), append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	s.cmd.Stderr = s
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	lines := bufio.NewReader(stdout)
	late := time.AfterFunc(hung, func() { _ = s.cmd.Process.Signal(syscall.SIGQUIT) }) // says where it stands
	first, err := lines.ReadString('\n')
	late.Stop()
	if err != nil {
		t.Fatalf("the server did not start: %v\n%s", err, s.output())
	}
	s.url = readyURL(t, first)
	go func() { _, _ = io.Copy(s, lines) }()
	return s
}

// readyURL checks the line that scripts wait for, to the byte.
func readyURL(t *testing.T, line string) string {
	t.Helper()
	var ready struct{ Event, URL string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil || line != `{"event":"ready","url":"`+ready.URL+`"}`+"\n" {
		t.Fatalf("got %q, want the ready line", line)
	}
	return ready.URL
}

// stop ends the server as an operator does, and requires that it ends well.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("after SIGTERM: %v\n%s", err, s.output())
		}
	case <-time.After(hung):
		_ = s.cmd.Process.Signal(syscall.SIGQUIT)
		t.Errorf("after SIGQUIT: %v", <-done)
		t.Errorf("still running %s after SIGTERM\n%s", hung, s.output())
	}
}
