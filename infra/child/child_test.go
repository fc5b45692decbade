package child_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tresor/infra/child"
)

// TestMain is also the program that is killed in TestAKilledParentLeavesNothing.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TRESOR_TEST_PARENT"); dir != "" {
		if _, err := child.Start(sleeper(dir, 0)); err != nil {
			panic(err)
		}
		select {}
	}
	os.Exit(m.Run())
}

// sleeper writes its process id to dir/pid, and dir/after when it has ended.
func sleeper(dir string, grace time.Duration) child.Spec {
	return child.Spec{Name: "sleeper", Args: []string{"sh", "-c", `trap 'echo polite; exit' TERM; echo $$ >"$0/.pid"; mv "$0/.pid" "$0/pid"; while :; do sleep 0.05; done`, dir},
		Log: filepath.Join(dir, "log"), Grace: grace, After: "touch '" + dir + "/after'"}
}

func pid(t *testing.T, dir string) int {
	t.Helper()
	for range 1500 {
		if text, err := os.ReadFile(filepath.Join(dir, "pid")); err == nil {
			n, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("it does not start")
	return 0
}

func runs(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestStopKillsOrAsks(t *testing.T) {
	for name, grace := range map[string]time.Duration{"kill": 0, "ask": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p, err := child.Start(sleeper(dir, grace))
			if err != nil {
				t.Fatal(err)
			}
			n := pid(t, dir)
			p.Stop()
			p.Stop()
			if runs(n) {
				t.Error("it still runs")
			}
			if asked := strings.Contains(p.Tail(5), "polite"); asked != (grace > 0) {
				t.Errorf("asked to end: %v; log %q", asked, p.Tail(5))
			}
			if _, err := os.Stat(filepath.Join(dir, "after")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhoDoesNotListenIsKilled(t *testing.T) {
	dir := t.TempDir()
	s := sleeper(dir, 300*time.Millisecond)
	s.Args[2] = strings.Replace(s.Args[2], "echo polite; exit", "", 1)
	p, err := child.Start(s)
	if err != nil {
		t.Fatal(err)
	}
	n := pid(t, dir)
	p.Stop()
	if runs(n) {
		t.Error("it still runs")
	}
}

func TestAKilledParentLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), "TRESOR_TEST_PARENT="+dir)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	n := pid(t, dir)
	_ = parent.Process.Kill()
	_ = parent.Wait()
	for range 1500 {
		if _, err := os.Stat(filepath.Join(dir, "after")); err == nil && !runs(n) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("process %d runs: %v, and what comes after did not", n, runs(n))
}

func TestReady(t *testing.T) {
	dir := t.TempDir()
	p, err := child.Start(sleeper(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	tries, no := 0, errors.New("not yet")
	err = p.Ready(t.Context(), 10*time.Second, func(context.Context) error {
		if tries++; tries < 3 {
			return no
		}
		return nil
	})
	if err != nil || tries != 3 {
		t.Errorf("got %v after %d tries", err, tries)
	}
	if err := p.Ready(t.Context(), 100*time.Millisecond, func(context.Context) error { return no }); !errors.Is(err, no) || errors.Is(err, child.ErrEnded) {
		t.Errorf("too late: got %v", err)
	}
}

func TestReadyTellsWhatAnEndedProgramSaid(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p, err := child.Start(child.Spec{Name: "talker", Args: []string{"sh", "-c", "echo the port is taken >&2; exit 3"}, Log: log, After: "rm '" + log + "'"})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Ready(t.Context(), 10*time.Second, func(context.Context) error { return errors.New("no") })
	if !errors.Is(err, child.ErrEnded) || !strings.Contains(fmt.Sprint(err), "the port is taken") {
		t.Errorf("got %v", err)
	}
	p.Stop()
}

func TestAProgramThatIsNotThere(t *testing.T) {
	p, err := child.Start(child.Spec{Name: "none", Args: []string{"/nowhere/none"}, Log: filepath.Join(t.TempDir(), "log")})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(t.Context(), 10*time.Second, func(context.Context) error { return errors.New("no") }); !errors.Is(err, child.ErrEnded) || !strings.Contains(err.Error(), "/nowhere/none") {
		t.Errorf("got %v", err)
	}
	if _, err := child.Start(child.Spec{Name: "no log", Args: []string{"true"}, Log: "/nowhere/log"}); err == nil {
		t.Error("no error without a place for the log")
	}
}

func TestFree(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := child.Free(t.Context(), l.Addr().String()); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("a port in use: got %v", err)
	}
	port, err := child.FreePort(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Free(t.Context(), net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err != nil {
		t.Error(err)
	}
	if _, err := child.FreePort(t.Context(), "192.0.2.250"); err == nil {
		t.Error("a port of a host that is not this machine")
	}
}
