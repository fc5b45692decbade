// Package versitygw runs an S3 server over HTTP and on a disk, for tests and local work. Nothing that runs on AWS imports it.
//
// The one idea: it checks signatures and keeps versions, which fakes in this process do not. infra/tools/versitygw.sh installs it.
package versitygw

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tresor/infra/child"
)

const (
	program     = ".tools/bin/versitygw"
	readyWithin = 20 * time.Second // it takes 0.2 s
	region      = "us-east-1"
	localID     = "local"
	localSecret = "localsecret"
)

// Server is an S3 server.
type Server struct {
	URL        string
	ID, Secret string // of its one user, who may do everything
	process    *child.Process
}

// Connect starts a server, or takes the one that TRESOR_TEST_S3 names.
func Connect(ctx context.Context) (*Server, error) {
	if url := os.Getenv("TRESOR_TEST_S3"); url != "" {
		s := &Server{URL: url, ID: os.Getenv("AWS_ACCESS_KEY_ID"), Secret: os.Getenv("AWS_SECRET_ACCESS_KEY")}
		if s.ID == "" || s.Secret == "" {
			return nil, errors.New("TRESOR_TEST_S3 goes with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
		}
		return s, nil
	}
	return Start(ctx, "127.0.0.1")
}

// Config returns the SDK's configuration with given credentials.
func (s *Server) Config(id, secret string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &s.URL, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	})}
}

// Stop ends the server, if it is this program's.
func (s *Server) Stop() { s.process.Stop() }

// tries is how often to begin: between finding a free port and listening on it, another may take it.
const tries = 3

// Start starts a server on a free port of an address of this machine, with its objects in a temporary folder that goes with it. The working directory must be the module's root.
func Start(ctx context.Context, host string) (s *Server, err error) {
	path, err := filepath.Abs(program)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: infra/tools/versitygw.sh installs it", err)
	}
	for range tries {
		if s, err = begin(ctx, path, host); !errors.Is(err, child.ErrEnded) {
			break
		}
	}
	return s, err
}

func begin(ctx context.Context, path, host string) (*Server, error) {
	port, err := child.FreePort(ctx, host)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "tresor-s3-")
	if err != nil {
		return nil, err
	}
	s, err := beginIn(ctx, work, path, net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(work)) // a server that was started has removed it by itself
	}
	return s, nil
}

func beginIn(ctx context.Context, work, path, address string) (s *Server, err error) {
	objects, versions := filepath.Join(work, "objects"), filepath.Join(work, "versions")
	for _, dir := range []string{objects, versions} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
	}
	s = &Server{URL: "http://" + address, ID: localID, Secret: localSecret}
	s.process, err = child.Start(child.Spec{
		Name: "versitygw", Args: []string{path, "--port", address, "--region", region, "--quiet", "posix", "--versioning-dir", versions, objects},
		Env: append(os.Environ(), "ROOT_ACCESS_KEY="+localID, "ROOT_SECRET_KEY="+localSecret), Log: filepath.Join(work, "log"), After: "rm -rf -- '" + work + "'",
	})
	if err != nil {
		return nil, err
	}
	if err := s.process.Ready(ctx, readyWithin, s.answers); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// answers is nil for any answer.
func (s *Server) answers(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
