package dynamodblocal

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// childVar makes the test binary act as the parent of a server that is killed without warning.
const childVar = "DYNAMODBLOCAL_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVar) == "" {
		os.Exit(m.Run())
	}
	s, err := Run(context.Background(), Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.URL)
	select {} // until killed
}

func TestTablesAreTheTemplates(t *testing.T) {
	s, tables := Start(t)
	client := dynamodb.NewFromConfig(s.Config())
	for _, name := range []string{tables.Entries, tables.Permissions} {
		out, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		got := out.Table
		if len(got.KeySchema) != 2 || *got.KeySchema[0].AttributeName != "pk" || *got.KeySchema[1].AttributeName != "sk" {
			t.Errorf("%s: keys %+v, want pk and sk", name, got.KeySchema)
		}
		if got.BillingModeSummary == nil || got.BillingModeSummary.BillingMode != types.BillingModePayPerRequest {
			t.Errorf("%s: billing mode %+v, want on demand", name, got.BillingModeSummary)
		}
		if got.DeletionProtectionEnabled == nil || !*got.DeletionProtectionEnabled {
			t.Errorf("%s: no deletion protection", name)
		}
		if got.StreamSpecification == nil || got.StreamSpecification.StreamViewType == "" {
			t.Errorf("%s: no stream", name)
		}
	}
	ttl, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: &tables.Permissions})
	if err != nil {
		t.Fatal(err)
	}
	if d := ttl.TimeToLiveDescription; d.AttributeName == nil || *d.AttributeName != "ttl" {
		t.Errorf("permissions: time to live %+v, want the attribute ttl", d)
	}
}

func TestStartIsShared(t *testing.T) {
	a, _ := Start(t)
	b, _ := Start(t)
	if a != b {
		t.Errorf("two servers at %s and %s, want one", a.URL, b.URL)
	}
}

func TestStopEndsTheProcess(t *testing.T) {
	s, err := Run(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if s.answers(t.Context()) {
		t.Error("it still answers after Stop")
	}
	if _, err := os.Stat(filepath.Dir(s.log.Name())); !os.IsNotExist(err) {
		t.Errorf("its working directory is left: %v", err)
	}
	s.Stop() // harmless
}

func TestContextEndsTheProcess(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Run(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-s.Done():
	case <-time.After(10 * time.Second):
		t.Error("it runs on after the end of its context")
	}
}

func TestTakenPortIsAnError(t *testing.T) {
	s, _ := Start(t)
	var port int
	if _, err := fmt.Sscanf(s.URL, "http://127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	second, err := Run(t.Context(), Options{Port: port})
	if err == nil {
		second.Stop()
		t.Error("a second server started on a taken port")
	}
}

func TestKilledParentLeavesNoServer(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0]) // this test binary
	cmd.Env = append(os.Environ(), childVar+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := bufio.NewScanner(out)
	line.Scan()
	s := &Server{URL: line.Text()}
	if !s.answers(t.Context()) {
		t.Fatalf("the child's server does not answer: %s", line.Text())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for deadline := time.Now().Add(10 * time.Second); s.answers(t.Context()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server outlived the process that started it")
		}
	}
}
