// Package engine finds the Docker engine of this machine, or sets one up: on Debian, as root, from the distribution's packages, in a temporary folder, and
// without a registry of images. It runs no containers itself; SAM does.
//
// The one idea: whoever has Docker is asked for nothing, and whoever has none gets an engine that leaves nothing behind but the packages. What is missing is
// said in words, before anything is built on it.
package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"tresor/infra/child"
)

// Engine is a Docker engine that has the image that SAM runs functions in. It must be stopped.
type Engine struct {
	Host     string // DOCKER_HOST
	Listen   string // the address of this machine to listen on for containers
	Gateway  string // and how containers call it
	Ours     bool   // it was set up here, and goes with Stop
	process  *child.Process
	describe string
}

// base is the image that SAM puts its emulator on.
const base = "public.ecr.aws/lambda/provided:al2023-"

// Image returns its name for this machine.
func Image() string { return base + Architecture() }

// Architecture is what Lambda calls this machine's processor.
func Architecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

const (
	askTimeout  = 20 * time.Second
	pullTimeout = 3 * time.Minute
)

// Find returns an engine. say is told what takes its time.
func Find(ctx context.Context, say func(string)) (*Engine, error) {
	there, err := running(ctx, say)
	if err == nil {
		return there, nil
	}
	if problem := mayInstall(); problem != nil {
		return nil, fmt.Errorf("%w\nand none can be set up here: %w", err, problem)
	}
	return setUp(ctx, say)
}

// Check says early whether Find has a chance: an engine answers, or one can be set up.
func Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if _, err := docker(ctx, "", nil, "version", "--format", "{{.Server.Version}}"); err == nil {
		return nil
	}
	if err := mayInstall(); err != nil {
		return fmt.Errorf("no Docker engine answers, and none can be set up here: %w", err)
	}
	return nil
}

// String says which engine it is.
func (e *Engine) String() string { return e.describe }

// Environment is what the docker command and SAM find it by.
func (e *Engine) Environment() []string { return []string{"DOCKER_HOST=" + e.Host} }

// Docker runs the docker command.
func (e *Engine) Docker(ctx context.Context, args ...string) (string, error) {
	return docker(ctx, e.Host, nil, args...)
}

// Stop ends the engine and all that runs in it, if it is ours.
func (e *Engine) Stop() { e.process.Stop() }

// Log returns the end of the engine's log, if it is ours.
func (e *Engine) Log() string {
	if e.process == nil {
		return ""
	}
	return e.process.Tail(20)
}

func docker(ctx context.Context, host string, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = os.Environ()
	if host != "" {
		cmd.Env = append(cmd.Env, "DOCKER_HOST="+host)
	}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", args[0], err, strings.TrimSpace(problems.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// running returns the engine that the docker command speaks to, with the image.
func running(ctx context.Context, say func(string)) (*Engine, error) {
	if _, err := exec.LookPath("docker"); err != nil {
		return nil, errors.New("there is no docker command here")
	}
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	version, err := docker(asking, "", nil, "version", "--format", "{{.Server.Version}}")
	if err != nil {
		return nil, fmt.Errorf("no Docker engine answers: %w", err)
	}
	e := &Engine{Host: os.Getenv("DOCKER_HOST"), describe: "the Docker engine that runs here, " + version}
	if e.Host == "" { // SAM knows no contexts
		if e.Host, err = docker(asking, "", nil, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"); err != nil {
			return nil, err
		}
	}
	network, err := docker(asking, e.Host, nil, "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}")
	if err != nil {
		return nil, err
	}
	e.Listen, e.Gateway = reach(network, addresses())
	if _, err := docker(asking, e.Host, nil, "image", "inspect", "--format", "{{.Id}}", Image()); err == nil {
		return e, nil
	}
	say("pulling " + Image())
	pulling, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	if _, err := docker(pulling, e.Host, nil, "pull", "--quiet", Image()); err != nil {
		return nil, fmt.Errorf("the Docker engine that runs here has not got the image that SAM needs, and cannot fetch it: %w", err)
	}
	return e, nil
}

// reach returns the address to listen on and the name that containers call it by. Where the engine's bridge is an address of this machine, that is both. Where the engine
// is in a virtual machine (Docker Desktop), it forwards a name of its own to this machine's loopback.
func reach(network string, ours []string) (listen, gateway string) {
	var configs []struct{ Gateway string }
	if err := json.Unmarshal([]byte(network), &configs); err == nil {
		for _, c := range configs {
			for _, a := range ours {
				if a == c.Gateway && net.ParseIP(a).To4() != nil {
					return a, a
				}
			}
		}
	}
	return "127.0.0.1", "host.docker.internal"
}

// addresses returns this machine's own.
func addresses() (list []string) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok {
			list = append(list, n.IP.String())
		}
	}
	return list
}
