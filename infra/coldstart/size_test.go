package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tresor"
	"tresor/infra/template"
	"tresor/shared/dialect"
)

// readSources makes a result depend on what the programs are built from: the cache of test results sees what this process reads, not what the go command does.
func readSources(t *testing.T) {
	t.Helper()
	for _, root := range []string{"../../shared", "../../functions", "../../go.mod"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".mod")) {
				_, err = os.ReadFile(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestFunctionsAreAtMostThreeTimesHello measures the programs that are deployed, not those that run here.
func TestFunctionsAreAtMostThreeTimesHello(t *testing.T) {
	readSources(t)
	dir := t.TempDir()
	if err := build(t.Context(), "../..", dir, deployed); err != nil {
		t.Fatal(err)
	}
	all, err := measured(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		t.Logf("%s: %d bytes, %.2f of hello", s.name, s.bytes, s.ratio)
		if s.ratio > sizeBudget {
			t.Errorf("%s has %d bytes, more than %d times the %d of hello", s.name, s.bytes, sizeBudget, all[0].bytes)
		}
	}
	if folders, err := filepath.Glob("../../functions/*/main.go"); err != nil || len(folders) != len(all)-1 {
		t.Errorf("%d programs in functions/, %v; the template has %d", len(folders), err, len(all)-1)
	}
}

const clientsOfTheSDK = "github.com/aws/aws-sdk-go-v2/service/"

// linked returns what a package links.
func linked(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+deployed)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}

// superfluous returns what of deps a function has no use for: a client of a service that its role does not let it call, the embedded store, what is for tests.
func superfluous(deps []string, needs map[string]bool) (bad []string) {
	for _, dep := range deps {
		service, isClient := strings.CutPrefix(dep, clientsOfTheSDK)
		service, _, _ = strings.Cut(service, "/")
		switch {
		case isClient && service != "internal" && !needs[service] && !slices.Contains(bad, clientsOfTheSDK+service):
			bad = append(bad, clientsOfTheSDK+service)
		case dep == "testing", dep == "tresor/shared/sqlite", strings.HasPrefix(dep, "modernc.org/"), dep == "tresor/shared/scenario", strings.HasPrefix(dep, "tresor/infra/"), path.Base(dep) == "vaulttest":
			bad = append(bad, dep)
		}
	}
	return bad
}

// TestFunctionsLinkNoClientTheyMayNotUse compares what each program links with what its role lets it do.
func TestFunctionsLinkNoClientTheyMayNotUse(t *testing.T) {
	readSources(t)
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for id, r := range tmpl.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		name, needs := dialect.FunctionName(id), tmpl.Clients(id)
		for service := range needs {
			seen[service]++
		}
		if bad := superfluous(linked(t, "tresor/functions/"+name), needs); len(bad) > 0 {
			t.Errorf("%s links %q; its role is for %v", name, bad, needs)
		}
	}
	if seen["dynamodb"] == 0 || seen["kms"] == 0 || seen["s3"] == 0 || seen["s3"] == seen["dynamodb"] {
		t.Errorf("the roles are for %v: not every function may write objects, and some may", seen)
	}
}

func TestSuperfluousIsFound(t *testing.T) {
	for dep, want := range map[string]bool{
		clientsOfTheSDK + "s3": true, clientsOfTheSDK + "s3/types": true, clientsOfTheSDK + "kms": false, clientsOfTheSDK + "internal/presigned-url": false,
		"tresor/shared/sqlite": true, "modernc.org/libc": true, "tresor/shared/scenario": true, "tresor/shared/vault/vaulttest": true, "testing": true, "net/http": false,
	} {
		if got := superfluous([]string{"context", dep}, map[string]bool{"kms": true}); (len(got) > 0) != want {
			t.Errorf("%s: got %q", dep, got)
		}
	}
}

// The flags are the ones that the Makefile builds with, taken apart as a shell does.
func TestFlagsAreTheMakefiles(t *testing.T) {
	flags, err := lambdaFlags(t.Context(), "../..")
	want := []string{"-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w -buildid="}
	if err != nil || !slices.Equal(flags, want) {
		t.Errorf("got %q, %v, want %q", flags, err, want)
	}
	if _, err := lambdaFlags(t.Context(), t.TempDir()); err == nil {
		t.Error("no error where there is no Makefile")
	}
}
