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
	raised, err := samlocal.Raise(context.Background(), 0, said) // it outlives the test's context
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{raised}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.Log(60) + s.Engine.Log())
		}
		s.Stop()
	})
	t.Run("ASecondInitIsRefused", s.testInit)
	t.Run("WrongCredentials", s.testWrongCredentials)
	t.Run("LifeCycle", s.testLifeCycle)
	t.Run("Files", s.testFiles)
	t.Run("Exports", s.testExports)
	t.Run("LargeExport", s.testLargeExport)
	t.Run("EveryEvent", s.testEvents)
	t.Run("AKeyThatIsDisabled", s.testDisabledKey)
}

// testInit: the operator's command makes a vault once.
func (s *stage) testInit(t *testing.T) {
	if c, err := s.Services.Init(t.Context(), "bin/tresor"); err == nil {
		t.Errorf("a second vault was made, for %s", c.Admin.Username)
	}
}
