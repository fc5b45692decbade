package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	program     = ".tools/bin/versitygw"
	readyWithin = 20 * time.Second // it takes 0.2 s
	region      = "us-east-1"
	localID     = "local"
	localSecret = "localsecret"
)

// server is an S3 server.
type server struct {
	url        string
	id, secret string
	stop       func() // ends it, if it is this program's
}

// connect starts versitygw, or takes the server that the environment names.
func connect(ctx context.Context) (*server, error) {
	if url := os.Getenv("TRESOR_TEST_S3"); url != "" {
		s := &server{url, os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), func() {}}
		if s.id == "" || s.secret == "" {
			return nil, errors.New("TRESOR_TEST_S3 goes with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
		}
		return s, nil
	}
	return start(ctx)
}

// config returns the SDK's configuration with given credentials.
func (s *server) config(id, secret string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &s.url, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	})}
}

// script runs the server and ends it when its own standard input closes, which is also how a crash of this program ends it. Then it removes the folder $1.
const script = `
trap '' HUP INT TERM
work=$1
shift
"$@" </dev/null &
server=$!
cat >/dev/null
kill -9 $server
wait $server
rm -rf -- "$work"
`

// start starts versitygw on a free port, with its objects in a temporary folder.
func start(ctx context.Context) (*server, error) {
	path, err := filepath.Abs(program)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: make local-test installs it", err)
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "tresor-s3-")
	if err != nil {
		return nil, err
	}
	objects, versions := filepath.Join(work, "objects"), filepath.Join(work, "versions")
	for _, dir := range []string{objects, versions} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-c", script, "versitygw", work, // fixed arguments
		path, "--port", address, "--region", region, "--quiet", "posix", "--versioning-dir", versions, objects)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+localID, "ROOT_SECRET_KEY="+localSecret)
	cmd.Stdout, cmd.Stderr = &log, &log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{"http://" + address, localID, localSecret, func() { end(stdin, cmd) }}
	if err := s.ready(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("versitygw does not answer: %w\n%s", err, log.String())
	}
	return s, nil
}

func end(stdin io.Closer, cmd *exec.Cmd) {
	_ = stdin.Close()
	_ = cmd.Wait() // it is always killed
}

// ready waits for any answer.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			return answer.Body.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
