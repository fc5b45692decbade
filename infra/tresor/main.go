// Command tresor runs and administers a vault: it serves the three APIs from one file, and makes users and tokens, in that file or on
// AWS. It has no rules of its own: it uses the vault as the dialects do, with an operator's rights, and it alone links the embedded store.
//
// The one idea: every subcommand is a process of its own on the same journals as a running server, so what it changes holds from the
// server's next request on, and there is no admin protocol to secure.
//
// Output is a contract (scripts depend on it): with --json one object on one line of standard output; errors go to standard error; the
// exit status is 1 for them and 2 for wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"tresor/infra/bench"
)

// streams are what a process has.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}

// Exit statuses.
const (
	statusOK    = 0
	statusError = 1
	statusUsage = 2
)

// errReported is an error whose text is on standard error, or in the output, already.
var errReported = errors.New("reported")

// usageError is a wrong use of the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// run carries out a command line and returns the exit status.
func run(ctx context.Context, args []string, std streams) int {
	if len(args) == 1 && args[0] == benchWriter {
		return runWriter(ctx, std)
	}
	c, rest := find(args)
	if c == nil {
		return help(args, std)
	}
	k := newCall(ctx, c, rest, std)
	err := c.run(k)
	var usage *usageError
	switch {
	case err == nil:
		return statusOK
	case errors.Is(err, flag.ErrHelp):
		k.usage(std.out)
		return statusOK
	case errors.As(err, &usage):
		fmt.Fprintf(std.err, "tresor %s: %s\n", c.name, usage.text)
		k.usage(std.err)
		return statusUsage
	case !errors.Is(err, errReported):
		fmt.Fprintf(std.err, "tresor %s: %v\n", c.name, err)
	}
	return statusError
}

// runWriter is a process that bench has started.
func runWriter(ctx context.Context, std streams) int {
	if err := bench.Writer(ctx, std.in, std.out); err != nil {
		fmt.Fprintf(std.err, "tresor %s: %v\n", benchWriter, err)
		return statusError
	}
	return statusOK
}
