package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestMissing(t *testing.T) {
	none := func(string) (string, error) { return "", exec.ErrNotFound }
	all := func(name string) (string, error) { return "/bin/" + name, nil }
	if got := missing(all); len(got) != 0 {
		t.Errorf("with all: got %v", got)
	}
	if got := strings.Join(missing(none), " "); got != "docker.io busybox-static iproute2" {
		t.Errorf("with none: got %s", got)
	}
}

// TestWithoutDocker: whoever cannot have containers is told why, at once.
func TestWithoutDocker(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	err := Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "this is no Debian. Install Docker") {
		t.Errorf("check: got %v", err)
	}
	_, err = Find(t.Context(), func(said string) { t.Errorf("it says %q", said) })
	if err == nil || !strings.Contains(err.Error(), "there is no docker command here") || !strings.Contains(err.Error(), "this is no Debian. Install Docker") {
		t.Errorf("find: got %v", err)
	}
}

// TestADockerThatDoesNotAnswer: its words are passed on.
func TestADockerThatDoesNotAnswer(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	_, err := Find(t.Context(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "Cannot connect to the Docker daemon") || !strings.Contains(err.Error(), "none can be set up here") {
		t.Errorf("got %v", err)
	}
}

// fakeIP records calls, and fails those that it is told to.
type fakeIP struct {
	calls []string
	fail  map[string]error
}

func (f *fakeIP) call(_ context.Context, args ...string) error {
	line := strings.Join(args, " ")
	f.calls = append(f.calls, line)
	return f.fail[line]
}

func TestNetworkTakesTheFirstFreeRange(t *testing.T) {
	f := &fakeIP{fail: map[string]error{"link add tresor252 type bridge": errors.New("RTNETLINK answers: File exists")}}
	gateway, bridge, err := network(t.Context(), []string{"127.0.0.1", "172.31.254.7", "172.31.253.1", "fe80::1", "no address"}, f.call)
	if err != nil || gateway != "172.31.251.1" || bridge != "tresor251" {
		t.Errorf("got %s, %s, %v", gateway, bridge, err)
	}
	want := []string{"link add tresor252 type bridge", "link add tresor251 type bridge", "addr add 172.31.251.1/24 dev tresor251", "link set tresor251 up"}
	if fmt.Sprint(f.calls) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", f.calls, want)
	}
}

func TestNetworkLeavesNoBridgeBehind(t *testing.T) {
	no := errors.New("Operation not permitted")
	f := &fakeIP{fail: map[string]error{"link set tresor254 up": no}}
	if _, _, err := network(t.Context(), nil, f.call); !errors.Is(err, no) || f.calls[len(f.calls)-1] != "link del tresor254" {
		t.Errorf("got %v after %q", err, f.calls)
	}
	f = &fakeIP{fail: map[string]error{"link add tresor254 type bridge": no}}
	if _, _, err := network(t.Context(), nil, f.call); !errors.Is(err, no) || len(f.calls) != 1 {
		t.Errorf("not allowed to: got %v after %q", err, f.calls)
	}
	var all []string
	for n := 200; n <= 254; n++ {
		all = append(all, fmt.Sprintf("172.31.%d.9", n))
	}
	if _, _, err := network(t.Context(), all, f.call); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("all in use: got %v", err)
	}
}

func TestReach(t *testing.T) {
	ours := []string{"127.0.0.1", "172.17.0.1", "fd00::1"}
	for network, want := range map[string]string{
		`[{"Subnet":"172.17.0.0/16","Gateway":"172.17.0.1"}]`: "172.17.0.1 172.17.0.1",
		`[{"Gateway":"fd00::1"},{"Gateway":"172.17.0.1"}]`:    "172.17.0.1 172.17.0.1",
		`[{"Gateway":"192.168.65.1"}]`:                        "127.0.0.1 host.docker.internal",
		`[]`:                                                  "127.0.0.1 host.docker.internal", `null`: "127.0.0.1 host.docker.internal", ``: "127.0.0.1 host.docker.internal",
	} {
		if listen, gateway := reach(network, ours); listen+" "+gateway != want {
			t.Errorf("%s: got %s %s, want %s", network, listen, gateway, want)
		}
	}
}

func TestImage(t *testing.T) {
	text, err := image([]byte("#!busybox"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*tar.Header{}
	for r := tar.NewReader(bytes.NewReader(text)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got[h.Name] = h
	}
	for _, name := range []string{"var/task/", "var/runtime/", "var/rapid/", "etc/passwd", "bin/busybox", "bin/sh", "bin/mv", "bin/chmod", "bin/cp", "bin/rm"} {
		if got[name] == nil {
			t.Errorf("no %s", name)
		}
	}
	if h := got["tmp/"]; h == nil || h.Mode != 0o1777 {
		t.Errorf("/tmp: %+v", h)
	}
	if h := got["bin/sh"]; h == nil || h.Linkname != "busybox" {
		t.Errorf("/bin/sh: %+v", h)
	}
}

// TestSweep: what was killed with its watcher is removed by the next; what runs, begins or is somebody else's stays.
func TestSweep(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // no engine is set up there
	}
	folders := t.TempDir()
	put := func(name, pid string) string {
		dir := filepath.Join(folders, name)
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		if pid != "" {
			if err := os.WriteFile(filepath.Join(dir, "pid"), []byte(pid+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	running := exec.CommandContext(t.Context(), "sh", "-c", "read -r line", filepath.Join(folders, prefix+"3"))
	input, err := running.StdinPipe()
	if err == nil {
		err = running.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = input.Close(), running.Wait() }()
	gone := []string{put(prefix+"1", "999999999"), put(prefix+"2", fmt.Sprint(os.Getpid()))} // another process has its number now
	stays := []string{put(prefix+"3", fmt.Sprint(running.Process.Pid)), put(prefix+"4", ""), put("other-5", "999999999")}
	sweep(t.Context(), folders)
	for _, dir := range gone {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is left", dir)
		}
	}
	for _, dir := range stays {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
}
