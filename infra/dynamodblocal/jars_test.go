package dynamodblocal

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fakeModule makes a module with a pom, and a mvn in PATH that notes each call and needs a moment.
func fakeModule(t *testing.T, mvn string) (root string) {
	t.Helper()
	root, bin := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "infra", "dynamodblocal"), 0o750); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(root, "infra", "dynamodblocal", "pom.xml"), "<project/>", 0o600)
	writeFile(t, filepath.Join(bin, "mvn"), "#!/bin/sh\n"+mvn, 0o700)
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	t.Setenv("CALLS", filepath.Join(root, "calls"))
	return root
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

const mvnFetches = `echo call >>"$CALLS"; sleep 0.2
for a; do case $a in -DoutputDirectory=*) mkdir -p "${a#*=}" && touch "${a#*=}/x.jar";; esac; done`

func TestJarsAreFetchedOnce(t *testing.T) {
	root := fakeModule(t, mvnFetches)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			dir, err := jars(t.Context(), root)
			if err != nil {
				t.Error(err)
				return
			}
			if !exists(filepath.Join(dir, "x.jar")) {
				t.Error("the folder was given out before it was complete")
			}
		})
	}
	wg.Wait()
	calls, err := os.ReadFile(filepath.Join(root, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(calls), "call"); n != 1 {
		t.Errorf("mvn ran %d times, want once", n)
	}
}

func TestChangedPomIsFetchedAnew(t *testing.T) {
	root := fakeModule(t, mvnFetches)
	before, err := jars(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(root, "infra", "dynamodblocal", "pom.xml"), "<project></project>", 0o600)
	after, err := jars(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if before == after {
		t.Error("a changed pom gave the old jars")
	}
}

func TestFailedFetchIsToldAndLeavesNothing(t *testing.T) {
	root := fakeModule(t, `echo "could not resolve"; exit 1`)
	for range 2 {
		if _, err := jars(t.Context(), root); err == nil || !strings.Contains(err.Error(), "could not resolve") {
			t.Errorf("got %v, want an error with what mvn said", err)
		}
	}
}

func TestMissingProgramsAreNamed(t *testing.T) {
	root := fakeModule(t, "")
	t.Setenv("PATH", t.TempDir())
	if _, err := jars(t.Context(), root); err == nil || !strings.Contains(err.Error(), install) {
		t.Errorf("without mvn: got %v, want what to install", err)
	}
	if _, err := start(t.Context(), t.TempDir(), 1); err == nil || !strings.Contains(err.Error(), install) {
		t.Errorf("without java: got %v, want what to install", err)
	}
}
