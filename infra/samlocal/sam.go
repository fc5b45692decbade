// Package samlocal runs the template's functions under the SAM CLI's emulator: as an API, as a Lambda endpoint, or for one event. It builds nothing; `sam build` has.
//
// The one idea: SAM starts containers, and when it is killed it leaves them, so each carries the name of the run that it belongs to, by which they are
// found and removed.
package samlocal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"tresor/infra/child"
	"tresor/infra/engine"
	"tresor/infra/localaws"
)

const (
	program = ".tools/sam/bin/sam"
	// Build is where `sam build` has put what is run.
	Build       = ".aws-sam/local"
	readyWithin = 3 * time.Minute // it takes 4 s for 17 functions
	runVariable = "TRESOR_LOCAL_RUN"
)

// Run is a place where functions are run. It must be closed, after what it started was stopped.
type Run struct {
	engine   *engine.Engine
	name     string
	template string // the bound one
	work     string // logs, and what SAM keeps

	mu   sync.Mutex
	said []string
}

// New binds the built template to services. lambda is the URL of a Lambda endpoint as containers call it; empty for none. The working directory must be the module's root.
func New(e *engine.Engine, s *localaws.Services, lambda string) (*Run, error) {
	r := &Run{engine: e, name: strings.ToLower(rand.Text())}
	var err error
	if r.work, err = os.MkdirTemp("", "tresor-sam-"); err != nil {
		return nil, err
	}
	if err := r.bind(s, lambda); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Run) bind(s *localaws.Services, lambda string) error {
	built, err := os.ReadFile(filepath.Join(Build, "template.yaml")) // a path of ours
	if err != nil {
		return fmt.Errorf("%w: make local builds it", err)
	}
	variables, err := s.Endpoints(r.engine.Gateway)
	if err != nil {
		return err
	}
	variables[runVariable] = r.name
	if lambda != "" {
		variables["AWS_ENDPOINT_URL_LAMBDA"] = lambda
	}
	bound, err := Bind(built, s.Names, variables)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(filepath.Join(Build, "template-"+r.name+".json")) // beside the programs that it names
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, bound, 0o600); err != nil { //nolint:gosec // a path of ours
		return err
	}
	r.template = path
	return nil
}

// Close removes the run's files.
func (r *Run) Close() {
	if r.template != "" {
		_ = os.Remove(r.template)
	}
	_ = os.RemoveAll(r.work)
}

// environment is SAM's: no credentials, which it would try at STS, and no telemetry.
func (r *Run) environment() []string {
	return append(append(localaws.WithoutAWS(os.Environ()), r.engine.Environment()...),
		"SAM_CLI_TELEMETRY=0", "AWS_EC2_METADATA_DISABLED=true", "AWS_DEFAULT_REGION=us-east-1", "NO_COLOR=1", "PYTHONUNBUFFERED=1", "__SAM_CLI_APP_DIR="+r.work,
		"TMPDIR="+r.work) // where SAM locks the image that it builds: a run that was killed at that would have all others wait for five minutes
}

func (r *Run) args(command string, more ...string) []string {
	return append([]string{program, "local", command, "--template", r.template, "--parameter-overrides", "Architecture=" + engine.Architecture(), "--skip-pull-image"}, more...)
}

// sweep is the line of shell that removes the run's containers and files: who is killed cannot.
func (r *Run) sweep() string {
	return `rm -rf -- '` + r.work + `' '` + r.template + `'
for c in $(docker ps -aq --filter label=sam.cli.container.type=lambda 2>/dev/null); do
  docker inspect --format '{{.Config.Env}}' $c 2>/dev/null | grep -q ` + runVariable + `=` + r.name + ` && docker rm -f $c
done >/dev/null 2>&1`
}

// Server is SAM serving. It must be stopped.
type Server struct {
	*child.Process
	URL string
}

// API serves the API on a port of this machine.
func (r *Run) API(ctx context.Context, port int) (*Server, error) {
	return r.serve(ctx, "start-api", "127.0.0.1", port, "--warm-containers", "EAGER", "--no-watch")
}

// Lambda is a Lambda endpoint on an address that containers reach.
func (r *Run) Lambda(ctx context.Context, port int) (*Server, error) {
	return r.serve(ctx, "start-lambda", r.engine.Listen, port, "--warm-containers", "LAZY", "--no-watch")
}

func (r *Run) serve(ctx context.Context, command, host string, port int, flags ...string) (*Server, error) {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	if err := child.Free(ctx, address); err != nil { // another's answer would pass for ours
		return nil, err
	}
	args := r.args(command, append(flags, "--host", host, "--port", strconv.Itoa(port))...)
	p, err := child.Start(child.Spec{Name: "sam " + command, Args: args, Env: r.environment(), Log: filepath.Join(r.work, command+".log"), After: r.sweep()})
	if err != nil {
		return nil, err
	}
	s := &Server{p, "http://" + address}
	if err := p.Ready(ctx, readyWithin, s.answers); err != nil {
		p.Stop()
		return nil, err
	}
	return s, nil
}

// answers is nil for any answer: SAM listens when it has started its containers.
func (s *Server) answers(ctx context.Context) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/none", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// ErrFunction is in the error of a function that failed: it answered with an error, or not at all.
var ErrFunction = errors.New("the function failed")

// Invoke sends an event to a function of a Lambda endpoint and returns its answer.
func (s *Server) Invoke(ctx context.Context, function string, event []byte) (json.RawMessage, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/2015-03-31/functions/"+function+"/invocations", bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	defer func() { _ = answer.Body.Close() }()
	out, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("X-Amz-Function-Error") != "" {
		return nil, fmt.Errorf("invoke %s: %w: %d %s", function, ErrFunction, answer.StatusCode, out)
	}
	return answered(function, out)
}

// answered is an answer that is one: JSON, and no error that the Go runtime reports.
func answered(function string, out []byte) (json.RawMessage, error) {
	out = bytes.TrimSpace(out)
	var failure struct {
		ErrorMessage *string `json:"errorMessage"`
	}
	if !json.Valid(out) {
		return nil, fmt.Errorf("invoke %s: %w: it answers %q", function, ErrFunction, out)
	}
	if err := json.Unmarshal(out, &failure); err == nil && failure.ErrorMessage != nil {
		return nil, fmt.Errorf("invoke %s: %w: %s", function, ErrFunction, *failure.ErrorMessage)
	}
	return out, nil
}

// Once runs `sam local invoke`: a container of its own for one event. The error holds the end of what SAM and the function wrote.
func (r *Run) Once(ctx context.Context, function string, event []byte) (json.RawMessage, error) {
	file, err := os.CreateTemp(r.work, "event-*.json")
	if err == nil {
		_, err = file.Write(event)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return nil, err
	}
	args := r.args("invoke", function, "--event", file.Name())
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // fixed arguments
	cmd.Env = r.environment()
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err = cmd.Run()
	if err == nil {
		var answer json.RawMessage
		if answer, err = answered(function, out.Bytes()); err == nil {
			r.keep(function, log.String())
			return answer, nil
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	return nil, fmt.Errorf("sam local invoke %s: %w\n%s", function, err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

// keep keeps what a function that answered wrote of what did not go well: its answer may be an error of the dialect's.
func (r *Run) keep(function, log string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"level"`) && !strings.Contains(line, `"outcome":"ok"`) {
			r.said = append(r.said, function+": "+strings.TrimSpace(line))
		}
	}
}

// Said returns it.
func (r *Run) Said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, "\n")
}

// Logs is the folder of what SAM and the functions write.
func (r *Run) Logs() string { return r.work }
