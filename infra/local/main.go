// Command local is what `make local` and `make serve-dynamodb` run: a whole deployment on this machine, in containers or in one process, on a new vault that is gone
// when it ends.
//
// The one idea: what it starts ends with it (package child), so that Ctrl-C, a crash and kill -9 all leave the machine as it was.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"tresor/infra/child"
	"tresor/infra/engine"
	"tresor/infra/localaws"
	"tresor/infra/samlocal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1:])
	ended := ctx.Err() != nil // what was ended on the way is no error
	stop()
	if err != nil && !ended {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	port := flags.Int("port", 3000, "containers: the port of 127.0.0.1 that the API is on; 0 picks a free one")
	listen := flags.String("listen", "127.0.0.1:8080", "process: where to serve")
	if len(args) == 0 {
		return errors.New("say check, containers or process")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "check": // before what is long
		return engine.Check(ctx)
	case "containers":
		return containers(ctx, *port)
	case "process":
		return process(ctx, *listen)
	}
	return fmt.Errorf("%s is none of check, containers and process", args[0])
}

func say(text string) { fmt.Fprintln(os.Stderr, "local:", text) }

// containers serves the functions under SAM until the context ends.
func containers(ctx context.Context, port int) error {
	s, err := samlocal.Start(ctx, port, say)
	if err != nil {
		return err
	}
	defer s.Stop()
	client, err := s.Services.Demo(ctx, s.Admin)
	if err != nil {
		return err
	}
	fmt.Printf("{\"event\":\"ready\",\"url\":%q}\n\n", s.API.URL)
	s.Admin.People(os.Stdout)
	s.Admin.Calls(os.Stdout, s.API.URL, client)
	fmt.Printf("Ctrl-C ends it all, and the vault with it. What the functions write: %s\n", s.Run.Logs())
	select {
	case <-ctx.Done():
		say("ending")
		return nil
	case <-s.API.Done():
	case <-s.Lambda.Done():
	}
	return fmt.Errorf("SAM ended by itself\n%s", s.Log(20))
}

// process serves the same vault from one process, the command's.
func process(ctx context.Context, listen string) error {
	if err := child.Free(ctx, listen); err != nil {
		return err // before anything takes its time
	}
	runtime.LockOSThread() // on Linux, the child is told when the thread that started it ends
	s, err := localaws.Start(ctx, "127.0.0.1")
	if err != nil {
		return err
	}
	defer s.Stop()
	environment, err := s.Environment()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "bin/tresor", "serve", "--store", "dynamodb", "--listen", listen, "--demo")
	cmd.Env, cmd.Stdout, cmd.Stderr = environment, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it finishes what runs
	cmd.WaitDelay = 40 * time.Second
	cmd.SysProcAttr = own()
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("tresor serve: %w", err)
	}
	return nil
}
