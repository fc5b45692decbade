package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"tresor/infra/coldstart/kmslocal"
	"tresor/infra/dynamodblocal"
)

// programs are what was built, once for all tests.
var programs struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(programs.dir)
	os.Exit(code)
}

// program returns the path of a function's program.
func program(t *testing.T, name string) string {
	t.Helper()
	programs.once.Do(func() {
		if programs.dir, programs.err = os.MkdirTemp("", "coldstart-test-"); programs.err == nil {
			programs.err = build(context.Background(), "../..", programs.dir, runtime.GOARCH) // not the test's: others need it too
		}
	})
	if programs.err != nil {
		t.Fatal(programs.err)
	}
	return filepath.Join(programs.dir, name)
}

// testPlace returns services of which the KMS is the test's own.
func testPlace(t *testing.T) *place {
	t.Helper()
	server, tables := dynamodblocal.Start(t)
	kms, err := kmslocal.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kms.Close)
	s3, err := startS3()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s3.Close)
	return &place{dynamo: server.URL, tables: tables, kms: kms, s3: s3.URL, events: nowhere}
}

func (p *place) mustFound(t *testing.T) *founded {
	t.Helper()
	f, err := p.found(t.Context(), vaultName(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func vaultName(t *testing.T) string { return fmt.Sprintf("cold-%d", time.Now().UnixNano()) }

// function starts a function's program on a vault, with the keysets that the template gives it.
func (p *place) function(t *testing.T, name, vaultName string) *process {
	t.Helper()
	all, err := functions()
	if err != nil {
		t.Fatal(err)
	}
	f, err := start(t.Context(), program(t, name), p.environment(vaultName, all[name], p.dynamo))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.end)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := f.ready(ctx); err != nil {
		t.Fatal(err)
	}
	return f
}

// request gives a function an event of the API and returns its answer.
func (p *process) request(t *testing.T, ev events.APIGatewayProxyRequest) (out events.APIGatewayProxyResponse) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	body, err := p.invoke(ctx, ev)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", ev.HTTPMethod, ev.Resource, err, p.output.String())
	}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
