package main

import (
	"os"
	"slices"
	"testing"
)

func TestFunctionsAreAtMostThreeTimesHello(t *testing.T) {
	size := func(name string) int64 {
		info, err := os.Stat(program(t, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	all, err := functions()
	if err != nil {
		t.Fatal(err)
	}
	base := size(hello)
	for name := range all {
		n := size(name)
		t.Logf("%s: %d bytes, %.2f of hello", name, n, float64(n)/float64(base))
		if n > 3*base {
			t.Errorf("%s has %d bytes, more than three times the %d of hello", name, n, base)
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
