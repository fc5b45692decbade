package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"tresor/infra/child"
)

// packages are what an engine of ours takes, each with the program that it is installed for.
var packages = [][2]string{{"docker.io", "dockerd"}, {"busybox-static", "busybox"}, {"iproute2", "ip"}}

const (
	prefix         = "tresor-docker-"
	installTimeout = 4 * time.Minute
	readyWithin    = 60 * time.Second // it takes one second
	stopWithin     = 15 * time.Second
)

// mayInstall says why no engine can be set up here; nil if one can.
func mayInstall() error {
	_, noApt := exec.LookPath("apt-get")
	switch {
	case runtime.GOOS != "linux" || noApt != nil && !installed():
		return errors.New("this is no Debian. Install Docker, start it, and come again")
	case os.Geteuid() != 0:
		return errors.New("only root may. Start Docker, or be root")
	}
	return nil
}

func installed() bool { return len(missing(exec.LookPath)) == 0 }

// missing returns the packages whose programs are not there.
func missing(look func(string) (string, error)) (list []string) {
	for _, p := range packages {
		if _, err := look(p[1]); err != nil {
			list = append(list, p[0])
		}
	}
	return list
}

// setUp installs what is missing and starts an engine in a temporary folder, on a network of its own that leads nowhere but to this machine.
func setUp(ctx context.Context, say func(string)) (*Engine, error) {
	if err := install(ctx, say); err != nil {
		return nil, err
	}
	sweep(ctx, "/tmp")
	work, err := os.MkdirTemp("/tmp", prefix) // a socket's path has 108 characters at most, and TMPDIR may be long
	if err != nil {
		return nil, err
	}
	e, err := start(ctx, work)
	if err != nil {
		return nil, fmt.Errorf("%w\nInside a container, an engine needs --privileged", err)
	}
	if err := e.standIn(ctx); err != nil {
		e.Stop()
		return nil, err
	}
	return e, nil
}

// install has apt install the packages. Where that starts an engine of the distribution's, we keep to ours: it is not told to fetch nothing.
func install(ctx context.Context, say func(string)) error {
	list := missing(exec.LookPath)
	if _, err := exec.LookPath("docker"); err != nil && len(list) == 0 {
		list = []string{"docker-cli"} // newer releases of Debian have the command apart
	}
	if len(list) == 0 {
		return nil
	}
	say("installing " + strings.Join(list, " "))
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	aptGet := func(args ...string) error {
		cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-q", "-y", "-o", "DPkg::Lock::Timeout=120"}, args...)...) //nolint:gosec // fixed arguments
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, last(string(out), 10))
		}
		return nil
	}
	arguments := append([]string{"install", "--no-install-recommends"}, list...)
	if err := aptGet(arguments...); err != nil { // the lists may be old, or none
		if err := errors.Join(err, aptGet("update")); err != nil && ctx.Err() != nil {
			return err
		}
		if err := aptGet(arguments...); err != nil {
			return err
		}
	}
	if _, err := exec.LookPath("docker"); err != nil {
		return aptGet("install", "--no-install-recommends", "docker-cli")
	}
	return nil
}

func last(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// start starts dockerd with everything of its in a folder, which goes with it.
func start(ctx context.Context, work string) (*Engine, error) {
	gateway, bridge, err := network(ctx, addresses(), ip)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(work))
	}
	settings := filepath.Join(work, "daemon.json") // not those of /etc/docker, which are for another engine
	err = os.WriteFile(settings, []byte("{}"), 0o600)
	if err == nil {
		err = os.WriteFile(filepath.Join(work, "bridge"), []byte(bridge), 0o600)
	}
	socket := "unix://" + filepath.Join(work, "docker.sock")
	e := &Engine{Host: socket, Listen: gateway, Gateway: gateway, Ours: true, describe: "a Docker engine of our own"}
	if err == nil { // it filters and forwards nothing: containers reach this machine, and it reaches them
		e.process, err = child.Start(child.Spec{
			Name: "dockerd", Args: []string{"dockerd", "--bridge", bridge, "--iptables=false", "--ip-masq=false", "--ip-forward=false",
				"--config-file", settings, "--data-root", filepath.Join(work, "data"), "--exec-root", filepath.Join(work, "exec"), "--pidfile", filepath.Join(work, "pid"), "--host", socket},
			Log: filepath.Join(work, "log"), Grace: stopWithin, After: remove(work),
		})
	}
	if err != nil {
		return nil, errors.Join(err, ip(ctx, "link", "del", bridge), os.RemoveAll(work))
	}
	err = e.process.Ready(ctx, readyWithin, func(ctx context.Context) error { return lastOf(e.Docker(ctx, "version")) })
	if err != nil {
		e.Stop()
		return nil, err
	}
	return e, nil
}

// remove is the shell that removes what an engine leaves behind: its bridge, what it mounted if it was killed, and its folder.
func remove(work string) string {
	return `ip link del "$(cat '` + work + `/bridge')"
awk -v below='` + work + `/' 'index($2, below) == 1 {print $2}' /proc/mounts | sort -r | while read -r m; do umount -l "$m"; done
rm -rf -- '` + work + `'`
}

// sweep removes what engines have left that were killed together with what watches them, as when a container or a machine ends.
func sweep(ctx context.Context, folders string) {
	dirs, _ := filepath.Glob(filepath.Join(folders, prefix+"*")) // the pattern is well-formed
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(dir, "pid")) // a path of ours
		if err != nil {
			continue // it has just begun, or is ending
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			continue // half written
		}
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && bytes.Contains(command, []byte(dir)) {
			continue
		}
		_ = exec.CommandContext(ctx, "sh", "-c", remove(dir)).Run() //nolint:gosec // a path of ours; what cannot be removed stays
	}
}

func ip(ctx context.Context, args ...string) error {
	if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

func lastOf(_ string, err error) error { return err }

// network makes a bridge with an address that this machine has no other in the range of. Another run may make the same one at the same time: then it takes the next.
func network(ctx context.Context, ours []string, ip func(context.Context, ...string) error) (gateway, bridge string, err error) {
	err = errors.New("all networks from 172.31.200.0 to 172.31.254.0 are in use")
	for n := 254; n >= 200 && ctx.Err() == nil; n-- {
		gateway, bridge = fmt.Sprintf("172.31.%d.1", n), fmt.Sprintf("tresor%d", n)
		if taken(netip.MustParsePrefix(gateway+"/24"), ours) {
			continue
		}
		if err = ip(ctx, "link", "add", bridge, "type", "bridge"); err != nil {
			if strings.Contains(err.Error(), "File exists") {
				continue
			}
			return "", "", err
		}
		if err = ip(ctx, "addr", "add", gateway+"/24", "dev", bridge); err == nil {
			err = ip(ctx, "link", "set", bridge, "up")
		}
		if err != nil {
			return "", "", errors.Join(err, ip(ctx, "link", "del", bridge))
		}
		return gateway, bridge, nil
	}
	return "", "", errors.Join(err, ctx.Err())
}

func taken(p netip.Prefix, ours []string) bool {
	for _, text := range ours {
		if a, err := netip.ParseAddr(text); err == nil && p.Contains(a) {
			return true
		}
	}
	return false
}

// commands are those that SAM runs in the image while it puts its emulator there.
var commands = []string{"sh", "mv", "chmod", "cp", "rm"}

// standIn imports an image in the place of AWS's, under its name: what a static program of ours and SAM's emulator need, which is next to nothing.
func (e *Engine) standIn(ctx context.Context) error {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return fmt.Errorf("make an image: %w", err)
	}
	busybox, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("make an image: %w", err)
	}
	root, err := image(busybox)
	if err != nil {
		return fmt.Errorf("make an image: %w", err)
	}
	_, err = docker(ctx, e.Host, root, "import", "-c", "ENV PATH=/bin", "-c", "ENV LAMBDA_TASK_ROOT=/var/task", "-c", "ENV LAMBDA_RUNTIME_DIR=/var/runtime", "-c", "WORKDIR /var/task", "-", Image())
	return err
}

// image returns the image's files as a tar.
func image(busybox []byte) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	write := func(h tar.Header, content []byte) error {
		h.Size = int64(len(content))
		if err := w.WriteHeader(&h); err != nil {
			return err
		}
		_, err := w.Write(content)
		return err
	}
	var problems []error
	for _, dir := range []string{"bin", "etc", "var", "var/task", "var/runtime", "var/rapid"} {
		problems = append(problems, write(tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}, nil))
	}
	problems = append(problems, write(tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}, nil),
		write(tar.Header{Typeflag: tar.TypeReg, Name: "etc/passwd", Mode: 0o644}, []byte("root:x:0:0:root:/:/bin/sh\n")),
		write(tar.Header{Typeflag: tar.TypeReg, Name: "bin/busybox", Mode: 0o755}, busybox))
	for _, c := range commands {
		problems = append(problems, write(tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + c, Linkname: "busybox", Mode: 0o777}, nil))
	}
	return out.Bytes(), errors.Join(append(problems, w.Close())...)
}
