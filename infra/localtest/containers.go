package main

import (
	"context"
	"fmt"
	"os"
	"testing"

	"tresor/infra/samlocal"
)

// stage is a deployment on this machine, and callers of its API.
type stage struct{ *samlocal.Stage }

// testContainers runs the functions as they are deployed: each in a container of its own, behind SAM's API and Lambda.
func testContainers(t *testing.T) {
	said := func(text string) { fmt.Fprintln(os.Stderr, "local-test:", text) }
	started, err := samlocal.Start(context.Background(), 0, said) // it outlives the test's context
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{started}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.Log(200) + s.Engine.Log())
		}
		s.Stop()
	})
	t.Run("ASecondInitIsRefused", s.testInit)
	t.Run("OverHTTP", func(t *testing.T) { // beside one another, as clients are; and SAM is slow to answer on a busy machine
		for name, test := range map[string]func(*testing.T){"WrongCredentials": s.testWrongCredentials, "LifeCycle": s.testLifeCycle, "Files": s.testFiles, "Exports": s.testExports, "LargeExport": s.testLargeExport, "DecodedPaths": s.testSAMDecodesPaths} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t)
			})
		}
	})
	t.Run("EveryEvent", s.testEvents)
}

// testInit: the operator's command makes a vault once.
func (s *stage) testInit(t *testing.T) {
	if c, err := s.Services.Init(t.Context(), "bin/tresor"); err == nil {
		t.Errorf("a second vault was made, for %s", c.Admin.Username)
	}
}
