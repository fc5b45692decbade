package dynamodblocal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// readyWithin is how long the process may take to answer. It takes 2 s on an idle machine with two cores.
const readyWithin = 60 * time.Second

// Server is a running DynamoDB Local. It holds everything in memory.
type Server struct {
	URL string // the endpoint, without a slash at the end

	stdin io.Closer
	log   *os.File
	done  chan struct{} // closed when the process has ended
}

// Options says how to run it. The zero value is right for tests.
type Options struct {
	Port int    // 0 picks a free one
	Root string // the module's root; empty finds it from the working directory
}

// Run fetches DynamoDB Local if need be, starts it, and returns when it answers. The process ends at Stop, when ctx ends, or when
// the calling process does, however that one ends.
func Run(ctx context.Context, o Options) (*Server, error) {
	if o.Root == "" {
		root, err := ModuleRoot()
		if err != nil {
			return nil, err
		}
		o.Root = root
	}
	dir, err := jars(ctx, o.Root)
	if err != nil {
		return nil, err
	}
	return startAt(ctx, dir, o.Port)
}

// Stop ends the process and waits until it has ended.
func (s *Server) Stop() {
	_ = s.stdin.Close() // closed twice is closed
	<-s.done
}

// Done is closed when the process has ended.
func (s *Server) Done() <-chan struct{} { return s.done }

// Config returns an SDK configuration whose DynamoDB endpoint is the server.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(s.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil // any will do, in letters and digits
		}),
	}
}

// startAt starts the server on a port, 0 for any. A free port may be taken by another before the process comes to listen on it: then
// it ends, and the next one is tried.
func startAt(ctx context.Context, jars string, want int) (*Server, error) {
	var failed error
	for range 3 {
		port, err := freePort(ctx, want)
		if err != nil {
			return nil, err
		}
		s, err := start(ctx, jars, port)
		if err == nil {
			return s, nil
		}
		if failed = err; !errors.Is(err, errEnded) {
			break
		}
	}
	return nil, failed
}

var errEnded = errors.New("the process ended")

// script runs a command in the folder $1 and ends it when its own standard input closes, which happens when the process at the
// other end closes it or is gone. A cleanup function alone would leave java behind whenever a test binary panics, times out or
// is killed. Signals are ignored for the same reason: the end of the input is the one way to stop.
const script = `
trap '' HUP INT TERM
cd "$1" || exit 1
shift
exec 3<&0
"$@" </dev/null 3<&- &
java=$!
{ cat <&3 >/dev/null; kill -9 $java; } &
watch=$!
wait $java
kill -9 $watch
rm -rf -- "$PWD"
`

func start(ctx context.Context, jars string, port int) (*Server, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, fmt.Errorf("start DynamoDB Local: java is not in PATH: %s", install)
	}
	work, err := os.MkdirTemp("", "dynamodb-local-") // it writes a metadata file into its working directory
	if err != nil {
		return nil, fmt.Errorf("start DynamoDB Local: %w", err)
	}
	log, err := os.Create(filepath.Join(work, "log")) // a path of ours
	if err != nil {
		return nil, fmt.Errorf("start DynamoDB Local: %w", err)
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", script, "dynamodb-local", work, // fixed arguments
		java, "-Xmx512m", "-Djava.library.path="+jars, "-cp", filepath.Join(jars, "*"),
		"software.amazon.dynamodb.services.local.main.ServerRunner",
		"-inMemory", "-sharedDb", "-disableTelemetry", "-port", strconv.Itoa(port))
	cmd.Stdout, cmd.Stderr = log, log
	s := &Server{URL: "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), log: log, done: make(chan struct{})}
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start DynamoDB Local: %w", err)
	}
	cmd.Cancel = s.stdin.Close
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start DynamoDB Local: %w", err)
	}
	go func() {
		_ = cmd.Wait() // it is always killed; what it had to say is in the log
		close(s.done)
	}()
	return s, s.ready(ctx)
}

// ready waits until the server answers; if it does not, the process is ended.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("start DynamoDB Local: %w (Java 17 or newer?)\n%s", errEnded, s.logTail())
		case <-ctx.Done():
			s.Stop()
			return fmt.Errorf("start DynamoDB Local: no answer: %w\n%s", ctx.Err(), s.logTail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// answers reports whether the server refuses an empty GET with 400, as DynamoDB does.
func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/", http.NoBody)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusBadRequest
}

// logTail returns the end of what the process wrote. The file may be removed by now; it is still open here.
func (s *Server) logTail() []byte {
	size, err := s.log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.NewSectionReader(s.log, 0, size))
	if err != nil {
		return nil
	}
	return tail(out)
}

// freePort checks that nobody listens on a port, or finds such a one for 0. Without the check another DynamoDB Local on that port
// would pass for ours: the answer that says "ready" has no name on it.
func freePort(ctx context.Context, want int) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", ":"+strconv.Itoa(want)) // all addresses, as DynamoDB Local does
	if err != nil {
		return 0, fmt.Errorf("find a free port for DynamoDB Local: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil // a TCP listener has a TCP address
}
