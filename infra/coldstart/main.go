package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"

	"tresor/infra/coldstart/kmslocal"
	"tresor/infra/dynamodblocal"
)

func main() {
	var o options
	flag.BoolVar(&o.json, "json", false, "print one JSON object")
	flag.BoolVar(&o.sizes, "sizes", false, "print the sizes of the deployed programs, and start nothing")
	flag.IntVar(&o.runs, "runs", 21, "starts of each")
	names := flag.String("functions", "syspass,teampass-items,tpm-passwords", "which")
	flag.Parse()
	o.functions = strings.Split(*names, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "coldstart:", err)
		os.Exit(1)
	}
}

// options of a report.
type options struct {
	functions []string
	runs      int
	json      bool
	sizes     bool
}

// run builds the programs, starts the services, and reports.
func run(ctx context.Context, o options, w io.Writer) error {
	dir, err := os.MkdirTemp("", "coldstart-")
	if err != nil {
		return fmt.Errorf("make a folder for the programs: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, err := dynamodblocal.ModuleRoot()
	if err != nil {
		return err
	}
	if o.sizes {
		return sizes(ctx, root, dir, w)
	}
	if err := build(ctx, root, dir, runtime.GOARCH); err != nil {
		return err
	}
	p, stop, err := open(ctx)
	if err != nil {
		return err
	}
	defer stop()
	return p.report(ctx, o, dir, w)
}

// report measures the programs in dir and prints what it found.
func (p *place) report(ctx context.Context, o options, dir string, w io.Writer) error {
	all, m, err := p.subjects(ctx, dir, o.functions)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := measure(ctx, all, max(1, o.runs)); err != nil {
		return err
	}
	figures := figuresOf(all)
	if o.json {
		return json.NewEncoder(w).Encode(objectOf(figures))
	}
	return table(w, figures)
}

// open starts the services.
func open(ctx context.Context) (_ *place, _ func(), err error) {
	var stops []func()
	stop := func() {
		for _, s := range slices.Backward(stops) {
			s()
		}
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	kms, err := kmslocal.Start()
	if err != nil {
		return nil, nil, err
	}
	stops = append(stops, kms.Close)
	s3, err := startS3()
	if err != nil {
		return nil, nil, err
	}
	stops = append(stops, s3.Close)
	server, err := dynamodblocal.Run(ctx, dynamodblocal.Options{})
	if err != nil {
		return nil, nil, err
	}
	stops = append(stops, server.Stop)
	tables, err := server.CreateTables(ctx, "", "-coldstart")
	if err != nil {
		return nil, nil, err
	}
	return &place{dynamo: server.URL, tables: tables, kms: kms, s3: s3.URL, events: nowhere}, stop, nil
}
